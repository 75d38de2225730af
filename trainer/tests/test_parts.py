import json
import signal
from pathlib import Path
from typing import Any

import pytest
from runner_world import train_together
from world import attempt, events_of, job_fields, manifest_of, write_data, write_job

from mllm_trainer.failures import Failure
from mllm_trainer.job import read_job

pytestmark = pytest.mark.process

ROLES = ("planner", "caller", "summarizer")
LORA = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.1, "target_modules": "all-linear"}
# 6 optimizer steps, a checkpoint every 2.
TRAINING = {"num_train_epochs": 1, "save_steps": 2, "optim": "adamw_torch"}
RATES = {"planner": 5e-3, "caller": 1e-2, "summarizer": 2e-3}


@pytest.fixture(scope="module")
def shared(finished: Path) -> dict[str, Any]:
    """What the three have in common: the backbone below their adapters."""
    best = events_of(finished, "done")[-1]["best"]
    manifest = manifest_of(best)
    parent = {"jobId": "job-a", "id": manifest["id"], "hash": manifest["hash"]}
    return {"stage": 2, "model": best, "parent": parent, "method": "lora", "lora": LORA, "packing": "tree"}


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Rows of each role: of unlike number."""
    return {
        role: write_data(tmp_path_factory.mktemp(role), rows=24 - index) for index, role in enumerate(ROLES)
    }


def part_of(role: str, folder: Path, sets: dict[str, Path]) -> dict[str, Any]:
    seed = {"seed": ROLES.index(role) + 1, "learning_rate": RATES[role]}
    fields = job_fields(folder, sets[role], training=TRAINING | seed)
    key = str(ROLES.index(role) + 5) * 64
    return {"subset": role, "jobKey": key, "data": fields["data"], "training": fields["training"]}


def write_joint(folder: Path, sets: dict[str, Path], shared: dict[str, Any]) -> Path:
    parts = [part_of(role, folder, sets) for role in ROLES]
    return write_job(folder, sets["planner"], **shared, subset="roles", jobId="job-roles", parts=parts)


@pytest.fixture(scope="module")
def joint(tmp_path_factory: pytest.TempPathFactory, sets: dict, shared: dict, finished: Path) -> Path:
    """The job.json of a job of three roles that nothing interrupted."""
    # It was planned when the backbone was still at work.
    unknown = {"model": str(finished.parent), "parent": {"jobId": "job-a", "id": None, "hash": None}}
    job = write_joint(tmp_path_factory.mktemp("joint"), sets, shared | unknown)
    result = job.parent / "base.json"
    assert attempt(job, prelude=WATCH_BASE.format(path=str(result))) == 0, (
        job.parent / "trainer.log"
    ).read_text()
    return job


# Notes whether the base has the same bits when all adapters are trained.
WATCH_BASE = """
import torch
import mllm_trainer.run as module

def load(*given, kept=module.__dict__.setdefault("kept", {{}}), original=module.load_model):
    loaded = original(*given)
    before = {{name: value.clone() for name, value in loaded.model.state_dict().items()}}
    kept.setdefault("models", []).append((loaded.model, before))
    return loaded

def run(*given, kept=module.kept, original=module.run, equal=torch.equal):
    original(*given)
    [(model, before)] = kept["models"]
    now = model.state_dict()
    same = list(now) == list(before) and all(equal(now[name], before[name]) for name in before)
    open("{path}", "w").write("true" if same and type(model).__name__ == "LlamaForCausalLM" else "false")

module.load_model, module.run = load, run
"""


def weights_of(folder: str | Path) -> bytes:
    return (Path(folder) / "adapter_model.safetensors").read_bytes()


def result_of(job: Path) -> list[dict[str, Any]]:
    parts = events_of(job, "done")[-1]["parts"]
    return [
        {**part, **{name: manifest_of(part[name])["hash"] for name in ("best", "last")}} for part in parts
    ]


def test_each_role_comes_to_what_it_comes_to_in_a_job_of_its_own(
    joint: Path, sets: dict, shared: dict, tmp_path: Path
):
    done = events_of(joint, "done")[-1]
    assert [part["subset"] for part in done["parts"]] == list(ROLES)
    for role, part in zip(ROLES, done["parts"], strict=True):
        own = {key: value for key, value in part_of(role, tmp_path, sets).items() if key != "data"}
        job = write_job(tmp_path / role, sets[role], **shared, **own)
        assert attempt(job) == 0, (job.parent / "trainer.log").read_text()
        alone = events_of(job, "done")[-1]
        for name in ("best", "last"):
            assert weights_of(part[name]) == weights_of(alone[name])
            ours, theirs = manifest_of(part[name]), manifest_of(alone[name])
            assert ours == {**theirs, "jobId": "job-roles"}
            assert Path(part[name]).name == f"checkpoint-{role}-{ours['globalStep']}"
        same = {key: alone[key] for key in part.keys() - {"subset", "best", "last"}}
        assert same == {key: part[key] for key in same}
        ours = [event["loss"] for event in events_of(joint, "progress") if event["subset"] == role]
        assert ours == [event["loss"] for event in events_of(job, "progress")]


def test_the_base_is_loaded_once_and_not_changed(joint: Path):
    assert json.loads((joint.parent / "base.json").read_text()) is True


def test_only_best_and_last_of_each_role_are_left(joint: Path):
    done = events_of(joint, "done")[-1]
    wanted = {part[name] for part in done["parts"] for name in ("best", "last")}
    assert {str(path) for path in (joint.parent / "checkpoints").iterdir()} == wanted
    assert all(manifest_of(folder)["resumeFiles"] == [] for folder in wanted)
    assert done["best"] == done["parts"][0]["best"]
    told = {event["subset"] for event in events_of(joint) if event["type"] not in ("done", "started")}
    assert told == set(ROLES)


STEP = "mllm_trainer.progress:Progress.on_step_end"
MOMENTS = {
    "in the first role, before a checkpoint": ((STEP, 2), "planner", 0),
    "in the second role": ((STEP, 11), "caller", 4),
    "while a checkpoint of the third role is written": (("mllm_trainer.saving:seal", 8), "summarizer", 2),
    "between two roles": (("mllm_trainer.run:_free_memory", 1), "caller", 0),
    "while the end is made final": (("mllm_trainer.completion:_done_fields", 2), None, 0),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_job_of_roles_that_is_killed_goes_on_where_it_was(
    moment: str, joint: Path, sets: dict, shared: dict, tmp_path: Path
):
    kill_at, subset, step = MOMENTS[moment]
    job = write_joint(tmp_path / "job", sets, shared)
    assert attempt(job, kill_at) == -signal.SIGKILL
    assert not events_of(job, "done")
    before = len(events_of(job))
    assert attempt(job) == 0, (job.parent / "trainer.log").read_text()
    started = [event for event in events_of(job)[before:] if event["type"] == "started"]
    assert [(event["subset"], event["fromStep"]) for event in started] == ([(subset, step)] if subset else [])
    assert result_of(job) == result_of(joint)
    told = {event.get("subset") for event in events_of(job)[before:] if event["type"] == "progress"}
    assert told == (set(ROLES[ROLES.index(subset) :]) if subset else set())


def test_two_processes_train_the_roles_that_one_trains(sets: dict, shared: dict, tmp_path: Path):
    # Each process drops other elements.
    steady = shared | {"lora": LORA | {"lora_dropout": 0.0}}
    jobs = []
    for name, rows in (("alone", 4), ("together", 2)):
        job = write_joint(tmp_path / name, sets, steady)
        fields = json.loads(job.read_text())
        for part in (fields, *fields["parts"]):
            part["training"]["per_device_train_batch_size"] = rows
        job.write_text(json.dumps(fields))
        jobs.append(job)
    assert attempt(jobs[0]) == 0
    assert train_together(jobs[1]).returncode == 0, (jobs[1].parent / "trainer.log").read_text()
    for type_ in ("progress", "evaluated"):
        alone, together = ([event["loss"] for event in events_of(job, type_)] for job in jobs)
        assert alone == pytest.approx(together, rel=2e-3)
    names = [{path.name for path in (job.parent / "checkpoints").iterdir()} for job in jobs]
    assert names[0] == names[1]


def test_data_of_a_later_role_that_were_changed_are_told_at_once(sets: dict, shared: dict, tmp_path: Path):
    job = write_joint(tmp_path / "job", sets, shared)
    fields = json.loads(job.read_text())
    fields["parts"][2]["data"]["sha256"]["train"] = "9" * 64
    job.write_text(json.dumps(fields))
    assert attempt(job) == 1
    assert events_of(job)[-1]["reason"] == "bad_data"
    assert not events_of(job, "progress")


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        ({"parts": []}, "parts: expected a list"),
        ({"parts": [{"subset": "planner"}]}, "parts: expected a list"),
        ({"method": "full", "lora": None}, "parts: expected subset roles and method lora"),
        ({"subset": "caller"}, "parts: expected subset roles and method lora"),
    ],
)
def test_parts_that_are_wrong_are_named(change: dict, mistake: str, sets: dict, shared: dict, tmp_path: Path):
    job = write_joint(tmp_path / "job", sets, shared)
    job.write_text(json.dumps(json.loads(job.read_text()) | change))
    with pytest.raises(Failure, match=mistake):
        read_job(job)
