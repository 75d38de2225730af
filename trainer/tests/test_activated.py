"""Jobs of activated adapters, through the trainer itself."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from world import (
    PROFILE,
    attempt,
    events_of,
    example,
    job_fields,
    manifest_of,
    write_job,
    write_rows,
)

from mllm_trainer.failures import Failure
from mllm_trainer.forecast import forecast
from mllm_trainer.job import read_job

ROLES = ("planner", "caller")
LORA = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.1, "target_modules": "all-linear"}
# 4 optimizer steps, a checkpoint every 2.
TRAINING = {
    "num_train_epochs": 1,
    "save_steps": 2,
    "optim": "adamw_torch",
    "learning_rate": 1e-2,
    "per_device_train_batch_size": 6,
}


def row(number: int, role: str) -> dict[str, Any]:
    whole = example(number)
    segments = [dict(segment) for segment in whole["segments"]]
    segments[1 if role == "caller" else 3]["train"] = False
    return {**whole, "segments": segments}


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folders = {role: tmp_path_factory.mktemp(role) for role in ROLES}
    for role, folder in folders.items():
        write_rows(folder / "backbone.jsonl", [row(number, role) for number in range(24)])
        write_rows(folder / "validation/backbone.jsonl", [row(1000 + number, role) for number in range(6)])
        (folder / "profile.json").write_text(json.dumps(PROFILE), encoding="utf-8")
    return folders


@pytest.fixture(scope="module")
def shared(finished: Path) -> dict[str, Any]:
    best = events_of(finished, "done")[-1]["best"]
    manifest = manifest_of(best)
    parent = {"jobId": "job-a", "id": manifest["id"], "hash": manifest["hash"]}
    return {"stage": 2, "model": best, "parent": parent, "method": "alora", "lora": LORA, "packing": "tree"}


def write_joint(
    folder: Path, sets: dict[str, Path], shared: dict[str, Any], training: dict[str, Any] = TRAINING
) -> Path:
    parts = []
    for number, role in enumerate(ROLES):
        fields = job_fields(folder, sets[role], training=training)
        key = str(number + 5) * 64
        parts.append({"subset": role, "jobKey": key, "data": fields["data"], "training": fields["training"]})
    options = {**shared, "subset": "roles", "jobId": "job-roles", "parts": parts}
    return write_job(folder, sets["planner"], **options, training=training)


@pytest.fixture(scope="module")
def joint(tmp_path_factory: pytest.TempPathFactory, sets: dict, shared: dict) -> Path:
    job = write_joint(tmp_path_factory.mktemp("joint"), sets, shared)
    assert attempt(job) == 0, (job.parent / "trainer.log").read_text()
    return job


def weights_of(job: Path) -> list[bytes]:
    parts = events_of(job, "done")[-1]["parts"]
    return [(Path(part["last"]) / "adapter_model.safetensors").read_bytes() for part in parts]


@pytest.mark.process
def test_roles_trained_together_learn_and_leave_an_adapter_each(joint: Path):
    done = events_of(joint, "done")[-1]
    assert [part["subset"] for part in done["parts"]] == list(ROLES)
    for part in done["parts"]:
        assert part["globalStep"] == 4
        assert part["validationLoss"] < part["initialValidationLoss"]
        manifest = manifest_of(part["best"])
        assert manifest["kind"] == "adapter"
        assert manifest["resumeFiles"] == []
        assert manifest["packing"]["has_branches"] is True
        assert manifest["packing"]["check"]["loss"] < 1e-3
        config = json.loads((Path(part["best"]) / "adapter_config.json").read_text())
        assert config["alora_invocation_tokens"]
    wanted = {part[name] for part in done["parts"] for name in ("best", "last")}
    assert {str(path) for path in (joint.parent / "checkpoints").iterdir()} == wanted


MOMENTS = {
    "when one role's checkpoint is written and another's is not": (
        ("mllm_trainer.saving:seal", 4),
        2,
    ),
    "while the end is made final": (("mllm_trainer.completion:_done_fields", 2), None),
}


@pytest.mark.process
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_job_goes_on_from_the_last_step_of_all_its_roles(
    moment: str, joint: Path, sets: dict, shared: dict, tmp_path: Path
):
    kill_at, step = MOMENTS[moment]
    job = write_joint(tmp_path / "job", sets, shared)
    assert attempt(job, kill_at) == -signal.SIGKILL
    before = len(events_of(job))
    # As a crash leaves it before it is taken apart.
    shared_files = job.parent / "checkpoints/checkpoint-shared"
    shared_files.mkdir(exist_ok=True)
    assert attempt(job) == 0, (job.parent / "trainer.log").read_text()
    assert not shared_files.exists()
    started = [event["fromStep"] for event in events_of(job)[before:] if event["type"] == "started"]
    assert started == ([] if step is None else [step])
    assert weights_of(job) == weights_of(joint)


@pytest.mark.process
def test_a_role_alone_takes_the_steps_that_its_forecast_counts(sets: dict, shared: dict, tmp_path: Path):
    options = {**shared, "subset": "caller", "packing": "bfd"}
    job = write_job(tmp_path / "caller", sets["caller"], **options, training=TRAINING)
    assert attempt(job) == 0, (job.parent / "trainer.log").read_text()
    done, planned = events_of(job, "done")[-1], forecast(read_job(job), 1, None)
    assert done["globalStep"] == planned["optimizerSteps"] == 4
    assert Path(done["best"]).name.startswith("checkpoint-")
    rows = [event for event in events_of(job, "data") if event["split"] == "train"]
    assert (rows[0]["rows"], rows[0]["trainedTokens"]) == (planned["rows"], planned["trainedTokens"])


@pytest.mark.process
def test_a_role_without_rows_in_a_step_stays_as_it_is(sets: dict, shared: dict, tmp_path: Path):
    rare = tmp_path / "caller"
    shutil.copytree(sets["caller"], rare)
    write_rows(rare / "backbone.jsonl", [row(number, "caller") for number in range(3)])
    training = TRAINING | {"per_device_train_batch_size": 2, "save_steps": 1, "logging_steps": 1}
    job = write_joint(tmp_path / "job", {"planner": sets["planner"], "caller": rare}, shared, training)
    # Nor has the planner, which comes first, any rows to be evaluated with.
    fields = json.loads(job.read_text())
    for names in (fields["parts"][0]["data"], fields["parts"][0]["data"]["sha256"]):
        names["validation"] = None
    job.write_text(json.dumps(fields))
    assert attempt(job) == 0, (job.parent / "trainer.log").read_text()
    planned = forecast(read_job(job), 1, None)
    evaluated = {event["globalStep"]: event["loss"] for event in events_of(job, "evaluated")}
    assert len(evaluated) == planned["evaluations"] == 8
    told = {event["globalStep"] for event in events_of(job, "progress") if event["subset"] == "caller"}
    assert 0 < len(told) <= 3
    for step in range(1, planned["optimizerSteps"] + 1):
        assert (evaluated[step] != evaluated[step - 1]) == (step in told)
    assert events_of(job, "done")[-1]["parts"][1]["trainLoss"] > 1


def test_several_processes_are_refused(joint: Path):
    with pytest.raises(Failure, match="expected one process, found 2"):
        forecast(read_job(joint), 2, None)


def test_the_forecast_of_a_joint_tree_counts_its_trunk_once(joint: Path):
    job = read_job(joint)
    together, alone = forecast(job, 1, None), [forecast(part, 1, None) for part in job.parts]
    assert together["optimizerSteps"] == events_of(joint, "done")[-1]["globalStep"]
    assert together["rows"] == sum(part["rows"] for part in alone)
    # The planner's trunk is the beginning of the caller's.
    assert together["forwardPositions"] == max(part["forwardPositions"] for part in alone)
    branches = [part["processedPositions"] - part["forwardPositions"] for part in alone]
    assert together["processedPositions"] - together["forwardPositions"] == sum(branches)


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        ({"packing": "none"}, "packing: expected tree or bfd"),
        ({"quantization": "nf4"}, "quantization: expected null, since method is alora"),
        ({"sharding": "ddp"}, "sharding: expected null, since method is alora"),
        ({"lora": None}, "lora: expected an object, since method is alora"),
    ],
)
def test_what_it_cannot_do_is_refused(change: dict, mistake: str, joint: Path, tmp_path: Path):
    job = tmp_path / "job.json"
    job.write_text(json.dumps(json.loads(joint.read_text()) | change))
    with pytest.raises(Failure, match=mistake):
        read_job(job)


def test_roles_with_unlike_training_are_not_trained_together(joint: Path, tmp_path: Path):
    fields = json.loads(joint.read_text())
    fields["parts"][1]["training"]["learning_rate"] = 1e-4
    (tmp_path / "job.json").write_text(json.dumps(fields))
    with pytest.raises(Failure, match="parts: expected the same training in each"):
        read_job(tmp_path / "job.json")
