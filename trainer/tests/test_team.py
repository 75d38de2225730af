import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from runner_world import runner_fields, state_of, train_together
from world import attempt, events_of, manifest_of, write_job

pytestmark = pytest.mark.process

TRAINING = {"optim": "adamw_torch", "loss_type": "chunked_nll", "bf16": False, "logging_steps": 1}
# A module that acts up in the second process, at its third optimizer step, and then is the trainer.
FAULTY = """
import os, sys
from mllm_trainer import progress, __main__ as trainer
if os.environ["RANK"] == "1" and not os.path.exists("faulty.done"):
    calls = []
    def on_step_end(*_, **__):
        calls.append(None)
        if len(calls) == 5:
            open("faulty.done", "w").close()
            FAULT
    progress.Progress.on_step_end = on_step_end
sys.exit(trainer.main(sys.argv[1:]))
"""


def train_on_two_machines(job: Path) -> list[int]:
    """Through their runners, as Slurm starts them on a file system that both see."""
    processes = {"nodes": 2, "gpusPerNode": 0}
    (job.parent / "runner.json").write_text(json.dumps(runner_fields(processes=processes)))
    tools = job.parent.parent / "tools"
    tools.mkdir()
    (tools / "scontrol").write_text("#!/bin/sh\necho 127.0.0.1\n")
    (tools / "scontrol").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "SLURM_JOB_NODELIST": "gpu[1-2]",
        "SLURM_JOB_ID": str(os.getpid()),
    }
    command = [sys.executable, "-m", "mllm_runner", str(job.parent)]
    runners = [
        subprocess.Popen(command, env={**environment, "SLURM_NODEID": rank}, stdout=subprocess.DEVNULL)
        for rank in ("0", "1")
    ]
    return [runner.wait(300) for runner in runners]


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    training = TRAINING | {"per_device_train_batch_size": 2}
    job = write_job(tmp_path_factory.mktemp("together") / "job", data, training=training)
    assert train_on_two_machines(job) == [0, 0], (job.parent / "trainer.log").read_text()
    return job


def paths_below(folder: Path) -> set[str]:
    """Those of the trainer."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    return {path for path in found if not path.startswith(("trainer", "runner", "accelerate"))}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    training = TRAINING | {"per_device_train_batch_size": 4}
    job = write_job(tmp_path_factory.mktemp("alone") / "job", data, training=training)
    assert attempt(job) == 0
    return job


def test_two_processes_do_what_one_does(together: Path, alone: Path):
    assert paths_below(together.parent) == paths_below(alone.parent)
    assert [e["type"] for e in events_of(together)] == [e["type"] for e in events_of(alone)]
    for type_ in ("progress", "evaluated"):
        losses = [[event["loss"] for event in events_of(job, type_)] for job in (alone, together)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    done = events_of(together, "done")[-1]
    assert manifest_of(done["best"])["resumeFiles"] == []


def test_two_processes_train_the_same_trees_as_one(step_data: Path, tmp_path: Path):
    jobs = [
        write_job(
            tmp_path / name,
            step_data,
            packing="tree",
            training=TRAINING | {"per_device_train_batch_size": rows},
        )
        for name, rows in (("alone", 4), ("together", 2))
    ]
    assert attempt(jobs[0]) == 0
    assert train_together(jobs[1], "mllm_trainer").returncode == 0, (
        jobs[1].parent / "trainer.log"
    ).read_text()
    for type_ in ("progress", "evaluated"):
        losses = [[event["loss"] for event in events_of(job, type_)] for job in jobs]
        assert losses[0] == pytest.approx(losses[1], rel=2e-3)


def test_of_two_machines_the_first_one_speaks(together: Path):
    assert state_of(together.parent)["exitCode"] == 0 and state_of(together.parent)["starts"] == 1
    assert "step 12/12" in (together.parent / "trainer.log").read_text()
    assert "step" not in (together.parent / "trainer-1.log").read_text()


def write_faulty(folder: Path, fault: str) -> None:
    (folder / "faulty.py").write_text(FAULTY.replace("FAULT", fault))


def test_two_processes_go_on_where_they_were_killed(together: Path, data: Path, tmp_path: Path):
    broken = write_job(tmp_path / "job", data, training=TRAINING | {"per_device_train_batch_size": 2})
    write_faulty(broken.parent, f"os.kill(os.getpid(), {int(signal.SIGKILL)})")
    assert train_together(broken, "faulty").returncode != 0
    assert train_together(broken, "faulty").returncode == 0
    assert [event["fromStep"] for event in events_of(broken, "started")] == [0, 3]
    losses = [events_of(job, "done")[-1]["validationLoss"] for job in (together, broken)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_weights_in_parts_learn_the_same_and_go_on_where_they_were_killed(
    alone: Path, data: Path, tmp_path: Path
):
    training = TRAINING | {"per_device_train_batch_size": 2}
    # With the loss that is used where none is named, not with TRL's.
    training.pop("loss_type")
    job = write_job(tmp_path / "job", data, training=training, sharding="fsdp")
    write_faulty(job.parent, f"os.kill(os.getpid(), {int(signal.SIGKILL)})")
    assert train_together(job, "faulty").returncode != 0
    files = manifest_of(job.parent / "checkpoints/checkpoint-3")["resumeFiles"]
    assert {"optimizer.bin", "pytorch_model_fsdp.bin"} <= {file["path"] for file in files}
    result = train_together(job, "faulty")
    assert result.returncode == 0, result.stderr
    assert [event["fromStep"] for event in events_of(job, "started")] == [0, 3]
    assert paths_below(job.parent) - {"faulty.py", "faulty.done", "__pycache__"} >= paths_below(alone.parent)
    losses = [events_of(each, "done")[-1]["validationLoss"] for each in (alone, job)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_the_failure_of_another_process_is_the_jobs(data: Path, tmp_path: Path):
    job = write_job(tmp_path / "job", data, training=TRAINING | {"per_device_train_batch_size": 2})
    write_faulty(job.parent, "raise MemoryError('not enough memory')")
    assert train_together(job, "faulty").returncode != 0
    assert [event["reason"] for event in events_of(job, "failed")] == ["out_of_memory"]


def test_trees_are_trained_on_weights_in_parts(step_data: Path, tmp_path: Path):
    losses = []
    for sharding, rows in ((None, 4), ("fsdp", 2)):
        training = TRAINING | {"per_device_train_batch_size": rows, "max_steps": 3, "eval_strategy": "no"}
        options = {"packing": "tree", "training": training, "sharding": sharding}
        job = write_job(tmp_path / str(rows), step_data, **options)
        if sharding is None:
            assert attempt(job) == 0
        else:
            result = train_together(job, "mllm_trainer")
            assert result.returncode == 0, result.stderr
        losses.append([event["loss"] for event in events_of(job, "progress")])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
