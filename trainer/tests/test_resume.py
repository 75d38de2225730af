import json
import shutil
import signal
from pathlib import Path

import pytest
from safetensors.numpy import load_file
from world import attempt, events_of, manifest_of, write_job

pytestmark = pytest.mark.process

# 12 optimizer steps, a checkpoint every 3.
MOMENTS = {
    "before the first checkpoint": ("mllm_trainer.progress:Progress.on_step_end", 2),
    "before the weights of the first checkpoint are written": (
        "transformers:PreTrainedModel.save_pretrained",
        1,
    ),
    "while the first checkpoint is written": ("mllm_trainer.trainer:seal", 1),
    "after a checkpoint, before older ones go": ("mllm_trainer.trainer:keep_best_and_last", 2),
    "in the second epoch": ("mllm_trainer.progress:Progress.on_step_end", 8),
    "after the last step, before its checkpoint": ("mllm_trainer.trainer:seal", 4),
    "before the end is made final": ("mllm_trainer.__main__:finish", 1),
    "while the end is made final": ("mllm_trainer.completion:_done_fields", 1),
}


def result(job: Path) -> dict:
    done = events_of(job, "done")[-1]
    best, last = manifest_of(done["best"]), manifest_of(done["last"])
    return {"metrics": [best["metrics"], last["metrics"]], "hashes": [best["hash"], last["hash"]]} | {
        key: done[key] for key in ("globalStep", "trainLoss", "validationLoss", "initialValidationLoss")
    }


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_job_killed_goes_on_to_the_same_end(moment: str, finished: Path, data: Path, tmp_path: Path):
    job = write_job(tmp_path / "job", data)
    assert attempt(job, MOMENTS[moment]) == -signal.SIGKILL
    assert not events_of(job, "done")
    assert attempt(job) == 0
    expected, found = result(finished), result(job)
    assert found["trainLoss"] == pytest.approx(expected["trainLoss"], abs=1e-4)
    assert found["validationLoss"] == pytest.approx(expected["validationLoss"], abs=1e-4)
    assert found == expected


def test_it_says_from_which_step_it_goes_on_and_counts_attempts(data: Path, tmp_path: Path):
    job = write_job(tmp_path / "job", data)
    attempt(job, ("mllm_trainer.progress:Progress.on_step_end", 8))
    (job.parent / "events.jsonl").open("a").write('{"time": "2026-01-01T00:0')
    attempt(job)
    text = (job.parent / "events.jsonl").read_text()
    whole = [line for line in text.splitlines() if line.endswith("}")]
    started = [event for event in map(json.loads, whole) if event["type"] == "started"]
    assert [(event["attempt"], event["fromStep"]) for event in started] == [(1, 0), (2, 6)]
    assert json.loads((job.parent / "process.json").read_text())["attempt"] == 2
    assert len(text.splitlines()) == len(whole) + 1


def test_a_checkpoint_that_lost_a_file_is_not_used(data: Path, finished: Path, tmp_path: Path):
    job = write_job(tmp_path / "job", data)
    attempt(job, ("mllm_trainer.progress:Progress.on_step_end", 8))
    (job.parent / "checkpoints/checkpoint-6/optimizer.pt").write_bytes(b"short")
    assert attempt(job) == 0
    assert events_of(job, "started")[-1]["fromStep"] in (0, 3)
    assert result(job) == result(finished)


def test_a_finished_job_says_done_again_and_trains_nothing(finished: Path, tmp_path: Path):
    folder = tmp_path / "job"
    shutil.copytree(finished.parent, folder)
    before = len(events_of(folder / "job.json"))
    assert attempt(folder / "job.json") == 0
    assert [event["type"] for event in events_of(folder / "job.json")[before:]] == ["done"]


def test_only_best_and_last_are_kept_without_resume_files(finished: Path):
    done = events_of(finished, "done")[-1]
    folders = {str(path) for path in (finished.parent / "checkpoints").iterdir()}
    assert folders == {done["best"], done["last"]}
    for folder in folders:
        manifest = manifest_of(folder)
        names = {file["path"] for file in manifest["files"]} | {"checkpoint.json"}
        assert {path.name for path in Path(folder).iterdir()} == names
        assert manifest["resumeFiles"] == []
        assert {"model.safetensors", "config.json", "tokenizer.json", "profile.json"} <= names
        assert load_file(Path(folder) / "model.safetensors")
