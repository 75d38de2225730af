import json
from pathlib import Path

import pytest
from world import END, attempt, write_data, write_job, write_rows

from mllm_trainer.forecast import forecast
from mllm_trainer.job import read_job
from mllm_trainer.schedule import schedule_of

# What the model is given, step by step, written beside the job.
COUNTED = """
from mllm_trainer.trainer import RoleTrainer
def counted(self, model, inputs, *rest, **options):
    import json
    sizes = [batch["input_ids"].numel() for batch in inputs]
    padding = sum(int((batch["input_ids"] == self.processing_class.pad_token_id).sum()) for batch in inputs)
    with open(self.job.folder / "steps.jsonl", "a") as file:
        file.write(json.dumps({"positions": sum(sizes), "padding": padding, "largest": max(sizes)}) + "\\n")
    return self.plain_step(model, inputs, *rest, **options)
RoleTrainer.plain_step, RoleTrainer.training_step = RoleTrainer.training_step, counted
"""


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A row for each step of a trajectory, each beginning with what the one before it began with."""
    folder = write_data(tmp_path_factory.mktemp("steps"))
    rows = []
    for number in range(13):
        prompt = f"Tools: weather {number}{END}user: and now?{END}"
        for step in range(1 + number % 4):
            target = {"text": f"planner: I look {step} times.{END}", "train": True}
            segments = [{"text": prompt, "train": False}, target]
            rows.append({"id": f"{number}-{step}", "trajectory": f"t{number}", "segments": segments})
            prompt += f"observation: {step}{END}"
    write_rows(folder / "backbone.jsonl", rows)
    return folder


@pytest.mark.process
@pytest.mark.parametrize("packing", ["none", "bfd", "tree"])
def test_the_trainer_does_what_was_forecast(steps: Path, tmp_path: Path, packing: str):
    # Steps of several micro-batches, and an epoch that is not ended.
    training = {"num_train_epochs": 1.5, "gradient_accumulation_steps": 2, "per_device_train_batch_size": 3}
    job = write_job(tmp_path / "j", steps, packing=packing, training=training)
    expected = forecast(read_job(job), 1, None)
    assert {path.name for path in job.parent.iterdir()} == {"job.json"}
    assert attempt(job, prelude=COUNTED) == 0, (job.parent / "trainer.log").read_text()
    done = [json.loads(line) for line in (job.parent / "steps.jsonl").read_text().splitlines()]
    assert [step["positions"] for step in done] == expected["firstPositions"]
    assert len(done) == expected["optimizerSteps"]
    assert sum(step["positions"] for step in done) == expected["processedPositions"]
    assert sum(step["positions"] - step["padding"] for step in done) == expected["processedTokens"]
    assert max(step["largest"] for step in done) == expected["largest"]["positions"]


def test_processes_share_the_same_steps(steps: Path, tmp_path: Path):
    training = {"num_train_epochs": 1, "gradient_accumulation_steps": 4, "per_device_train_batch_size": 2}
    alone = forecast(read_job(write_job(tmp_path / "a", steps, packing="bfd", training=training)), 1, None)
    training |= {"gradient_accumulation_steps": 2}
    together = forecast(read_job(write_job(tmp_path / "b", steps, packing="bfd", training=training)), 2, None)
    for key in ("optimizerSteps", "processedTokens"):
        assert together[key] == alone[key]


def test_max_steps_go_over_epochs(steps: Path, tmp_path: Path):
    class Epochs:
        steps = 3

        def epoch(self, number: int):
            return [[number]] * 3

    job = read_job(write_job(tmp_path / "j", steps, training={"max_steps": 7}))
    assert [step for [step] in schedule_of(job, Epochs()).steps] == [0, 0, 0, 1, 1, 1, 2]
