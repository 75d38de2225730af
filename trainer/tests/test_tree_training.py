"""The same rows as trees, packed, padded and alone, through the real trainer."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from world import PROFILE, attempt, events_of, example, manifest_of, write_job, write_rows

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


def step_rows(number: int) -> list[dict]:
    """A row a step: what came before is context."""
    whole = example(number)
    rows, context = [], ""
    for index, segment in enumerate(whole["segments"]):
        if segment["train"]:
            pieces = [{"text": context, "train": False}, {"text": segment["text"], "train": True}]
            rows.append({"id": f"{number}.{index}", "trajectory": whole["trajectory"], "segments": pieces})
        context += segment["text"]
    return rows


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("steps")
    for name, numbers in (("backbone.jsonl", range(12)), ("validation/backbone.jsonl", range(50, 54))):
        write_rows(folder / name, [row for number in numbers for row in step_rows(number)])
    (folder / "profile.json").write_text(json.dumps(PROFILE), encoding="utf-8")
    return folder


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
        {"training": TRAINING | {"gradient_checkpointing": True}},
        {"method": "lora", "lora": LORA},
        {"method": "lora", "lora": LORA, "training": TRAINING | {"gradient_checkpointing": True}},
    ],
    ids=["full", "checkpointing", "lora", "lora and checkpointing"],
)
def test_trees_train_the_same_model_as_padded_rows(
    finished: Path, steps: Path, tmp_path: Path, options: dict
):
    options = {"training": TRAINING, "model": events_of(finished, "done")[-1]["last"]} | options
    jobs = {name: write_job(tmp_path / name, steps, packing=name, **options) for name in ("none", "tree")}
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
