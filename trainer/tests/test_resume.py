import json
import shutil
import signal
from pathlib import Path

import pytest
from safetensors.numpy import load_file
from world import attempt, events_of, manifest_of, write_data, write_job

pytestmark = pytest.mark.process

# 12 optimizer steps, a checkpoint every 3.
MOMENTS = {
    "before the first checkpoint": ("mllm_trainer.progress:Progress.on_step_end", 2),
    "before the weights of the first checkpoint are written": (
        "transformers:PreTrainedModel.save_pretrained",
        1,
    ),
    "while the first checkpoint is written": ("mllm_trainer.saving:seal", 1),
    "after a checkpoint, before older ones go": ("mllm_trainer.saving:keep_best_and_last", 2),
    "in the second epoch": ("mllm_trainer.progress:Progress.on_step_end", 8),
    "after the last step, before its checkpoint": ("mllm_trainer.saving:seal", 4),
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


@pytest.fixture(scope="module")
def early_best(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The job.json of a finished job whose best checkpoint is not its last: it learns two rows by heart."""
    data = write_data(tmp_path_factory.mktemp("two"), rows=2)
    training = {"num_train_epochs": 12, "learning_rate": 2e-2}
    job = write_job(tmp_path_factory.mktemp("early"), data, training=training)
    assert attempt(job) == 0
    done = events_of(job, "done")[-1]
    assert done["best"] != done["last"]
    return job


def copy_of(finished: Path, folder: Path) -> Path:
    """The same job elsewhere, without the memory of having ended."""
    shutil.copytree(finished.parent, folder)
    (folder / "events.jsonl").unlink()
    return folder / "job.json"


@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_job_that_lost_its_best_checkpoint_is_trained_again(
    early_best: Path, tmp_path: Path, is_damaged: bool
):
    best = Path(events_of(early_best, "done")[-1]["best"]).name
    job = copy_of(early_best, tmp_path / "job")
    folder = tmp_path / "job/checkpoints" / best
    if is_damaged:
        (folder / "model.safetensors").write_bytes(b"short")
    else:
        shutil.rmtree(folder)
    assert attempt(job) == 0
    assert [event["fromStep"] for event in events_of(job, "started")] == [0]
    assert result(job) == result(early_best)


@pytest.mark.parametrize(
    "moment",
    [
        ("mllm_trainer.saving:keep_best_and_last", 4),
        ("mllm_trainer.completion:drop_resume_files", 1),
        ("mllm_trainer.checkpoints:write_json", 6),
        ("mllm_trainer.completion:_done_fields", 1),
    ],
)
def test_losing_the_best_while_the_end_is_made_final_is_noticed(
    early_best: Path, tmp_path: Path, moment: tuple[str, int]
):
    (tmp_path / "job").mkdir()
    job = Path(shutil.copy(early_best, tmp_path / "job"))
    assert attempt(job, moment) == -signal.SIGKILL
    shutil.rmtree(tmp_path / "job/checkpoints" / Path(events_of(early_best, "done")[-1]["best"]).name)
    assert attempt(job) == 0
    assert [event["fromStep"] for event in events_of(job, "started")] == [0, 0]
    assert result(job) == result(early_best)


def test_a_job_that_lost_only_its_last_checkpoint_keeps_the_best(early_best: Path, tmp_path: Path):
    done = events_of(early_best, "done")[-1]
    job = copy_of(early_best, tmp_path / "job")
    shutil.rmtree(tmp_path / "job/checkpoints" / Path(done["last"]).name)
    assert attempt(job) == 0
    assert not events_of(job, "started")
    again = events_of(job, "done")[-1]
    assert Path(again["best"]).name == Path(again["last"]).name == Path(done["best"]).name


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
