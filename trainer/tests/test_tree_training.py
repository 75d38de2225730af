"""The same rows as trees, packed, padded and alone, through the real trainer."""

import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from world import attempt, events_of, manifest_of, write_job

pytestmark = pytest.mark.process
LORA = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "target_modules": "all-linear"}
# Every row is long enough to fill a micro-batch of 4 rows in several ways.
TRAINING = {
    "num_train_epochs": 1,
    "max_steps": 3,
    "learning_rate": 1e-2,
    "optim": "adamw_torch",
    "per_device_train_batch_size": 4,
    "gradient_accumulation_steps": 2,
    "train_sampling_strategy": "sequential",
    "bf16": False,
    "logging_steps": 1,
    "save_steps": 100,
    "seed": 1,
}


def last(job: Path) -> dict:
    assert events_of(job)[-1]["type"] == "done", (job.parent / "trainer.log").read_text()
    return manifest_of(events_of(job, "done")[-1]["last"])


def weights(job: Path) -> dict[str, torch.Tensor]:
    folder = Path(events_of(job, "done")[-1]["last"])
    return load_file(next(folder.glob("*model.safetensors")))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"method": "lora", "lora": LORA, "training": TRAINING | {"gradient_checkpointing": True}},
    ],
    ids=["full", "lora and checkpointing"],
)
def test_trees_train_the_same_model_as_padded_rows(
    finished: Path, step_data: Path, tmp_path: Path, options: dict
):
    options = {"training": TRAINING, "model": events_of(finished, "done")[-1]["last"]} | options
    jobs = {name: write_job(tmp_path / name, step_data, packing=name, **options) for name in ("none", "tree")}
    for job in jobs.values():
        assert attempt(job) == 0, (job.parent / "trainer.log").read_text()
    manifest = last(jobs["tree"])
    assert manifest["packing"]["packing"] == "tree" and manifest["packing"]["attention"] == "segments"
    assert manifest["packing"]["check"]["loss"] < 1e-5
    for type_ in ("progress", "evaluated"):
        losses = [[event["loss"] for event in events_of(job, type_)] for job in jobs.values()]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert len(events_of(jobs["tree"], "progress")) == 3
    separate, tree = (weights(job) for job in jobs.values())
    # Adam divides by the root of the squared gradient, so rounding shows in weights that hardly have one.
    for name, weight in separate.items():
        torch.testing.assert_close(tree[name], weight, atol=2e-4, rtol=1e-3)


def test_a_job_of_trees_that_was_killed_goes_on_to_the_same_end(step_data: Path, tmp_path: Path):
    whole, broken = (write_job(tmp_path / name, step_data, packing="tree") for name in ("whole", "broken"))
    assert attempt(whole) == 0, (whole.parent / "trainer.log").read_text()
    assert attempt(broken, ("mllm_trainer.progress:Progress.on_step_end", 8)) == -signal.SIGKILL
    assert attempt(broken) == 0
    assert [event["fromStep"] for event in events_of(broken, "started")] == [0, 6]
    assert last(broken)["metrics"] == last(whole)["metrics"]
    assert last(broken)["hash"] == last(whole)["hash"]
    assert last(broken)["packing"] == last(whole)["packing"]


def test_accumulated_batches_are_the_same_step_as_one(finished: Path, step_data: Path, tmp_path: Path):
    start, losses = events_of(finished, "done")[-1]["last"], []
    for rows, times in ((8, 1), (2, 4)):
        training = TRAINING | {"per_device_train_batch_size": rows, "gradient_accumulation_steps": times}
        options = {"model": start, "packing": "tree", "training": training}
        job = write_job(tmp_path / str(rows), step_data, **options)
        assert attempt(job) == 0, (job.parent / "trainer.log").read_text()
        losses.append([event["loss"] for event in events_of(job, "progress")])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
