import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from world import attempt, events_of, manifest_of, write_job

pytestmark = pytest.mark.process

# What torchrun does with `--standalone --nproc-per-node=2`; gloo, since there need be no GPU.
LAUNCHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
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


def train_together(job: Path, module: str = "mllm_trainer") -> subprocess.CompletedProcess:
    packages = os.pathsep.join([str(Path(__file__).resolve().parents[1]), str(job.parent)])
    return subprocess.run(
        [*LAUNCHER, "-m", module, str(job)],
        cwd=job.parent,
        env={**os.environ, "PYTHONPATH": packages, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )


def paths_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")} - {"trainer.log"}


def test_two_processes_do_what_one_does(data: Path, tmp_path: Path):
    alone = write_job(tmp_path / "alone", data, training=TRAINING | {"per_device_train_batch_size": 4})
    both = write_job(tmp_path / "both", data, training=TRAINING | {"per_device_train_batch_size": 2})
    assert attempt(alone) == 0
    result = train_together(both)
    assert result.returncode == 0, result.stderr
    assert paths_below(both.parent) == paths_below(alone.parent)
    assert [e["type"] for e in events_of(both)] == [e["type"] for e in events_of(alone)]
    for type_ in ("progress", "evaluated"):
        losses = [[event["loss"] for event in events_of(job, type_)] for job in (alone, both)]
        assert losses[0] == pytest.approx(losses[1], rel=2e-3)
    done = events_of(both, "done")[-1]
    assert manifest_of(done["best"])["resumeFiles"] == []
    assert attempt(both) == 0
    assert len(events_of(both, "started")) == 1


def write_faulty(folder: Path, fault: str) -> None:
    (folder / "faulty.py").write_text(FAULTY.replace("FAULT", fault))


def test_two_processes_go_on_where_they_were_killed(data: Path, tmp_path: Path):
    training = TRAINING | {"per_device_train_batch_size": 2}
    whole, broken = (write_job(tmp_path / name, data, training=training) for name in ("whole", "broken"))
    assert train_together(whole).returncode == 0
    write_faulty(broken.parent, f"os.kill(os.getpid(), {int(signal.SIGKILL)})")
    assert train_together(broken, "faulty").returncode != 0
    assert train_together(broken, "faulty").returncode == 0
    assert [event["fromStep"] for event in events_of(broken, "started")] == [0, 3]
    losses = [events_of(job, "done")[-1]["validationLoss"] for job in (whole, broken)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_the_failure_of_another_process_is_the_jobs(data: Path, tmp_path: Path):
    job = write_job(tmp_path / "job", data, training=TRAINING | {"per_device_train_batch_size": 2})
    write_faulty(job.parent, "raise MemoryError('not enough memory')")
    assert train_together(job, "faulty").returncode != 0
    assert [event["reason"] for event in events_of(job, "failed")] == ["out_of_memory"]
