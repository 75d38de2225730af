import fcntl
import hashlib
import json
import signal
from pathlib import Path

import pytest
from world import attempt, events_of, manifest_of, write_data, write_job, write_rows

pytestmark = pytest.mark.process
LORA = {"r": 2, "lora_alpha": 4, "lora_dropout": 0, "target_modules": ["nowhere"]}


def failed(job: Path) -> dict:
    return events_of(job)[-1] | {"log": (job.parent / "trainer.log").read_text()}


def test_events_tell_the_story_in_order(finished: Path):
    types = [event["type"] for event in events_of(finished)]
    assert types[:4] == ["started", "data", "data", "evaluated"] and types[-1] == "done"
    assert events_of(finished, "evaluated")[0]["globalStep"] == 0
    steps = [event["globalStep"] for event in events_of(finished, "progress")]
    assert steps == [2, 4, 6, 8, 10, 12]
    last = events_of(finished, "progress")[-1]
    assert last["totalSteps"] == 12 and last["epoch"] == 2 and last["tokensPerSecond"] > 0
    assert [event["globalStep"] for event in events_of(finished, "checkpoint")] == [3, 6, 9, 12]


def test_the_best_checkpoint_has_the_lowest_validation_loss(finished: Path):
    done = events_of(finished, "done")[-1]
    losses = {event["globalStep"]: event["loss"] for event in events_of(finished, "evaluated")}
    saved = {event["globalStep"]: losses[event["globalStep"]] for event in events_of(finished, "checkpoint")}
    assert done["validationLoss"] == min(saved.values()) < done["initialValidationLoss"] == losses[0]
    manifest = manifest_of(done["best"])
    assert manifest["globalStep"] == min(saved, key=saved.get)
    suffix = hashlib.sha256(f"{manifest['jobKey']}{manifest['hash']}".encode()).hexdigest()[:8]
    assert manifest["id"] == f"backbone-{manifest['globalStep']}-{suffix}"
    assert manifest["endOfTurnToken"] == "</s>" and manifest["kind"] == "full"


def test_equal_weights_of_two_jobs_have_ids_of_their_own(finished: Path, data: Path, tmp_path: Path):
    job = write_job(tmp_path / "job", data, jobKey="3" * 64)
    assert attempt(job) == 0
    one, other = (manifest_of(events_of(path, "done")[-1]["best"]) for path in (finished, job))
    assert one["hash"] == other["hash"] and one["id"] != other["id"]


def test_a_second_process_leaves_a_running_job_alone(data: Path, tmp_path: Path):
    job = write_job(tmp_path / "job", data)
    with open(tmp_path / "job/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert attempt(job) == 75
    assert sorted(path.name for path in (tmp_path / "job").iterdir()) == ["job.json", "lock", "trainer.log"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_cancels(data: Path, tmp_path: Path, number: int, code: int):
    job = write_job(tmp_path / "job", data)
    assert attempt(job, ("mllm_trainer.progress:Progress.on_step_end", 4), signal_number=number) == code
    assert failed(job)["reason"] == "cancelled"


def test_the_deadline_ends_a_job(data: Path, tmp_path: Path):
    job = write_job(tmp_path / "job", data, deadlineSeconds=1, training={"num_train_epochs": 10000})
    assert attempt(job) == 1
    assert failed(job)["reason"] == "deadline_exceeded"


def test_a_full_disk_leaves_nothing_that_looks_complete(data: Path, finished: Path, tmp_path: Path):
    job = write_job(tmp_path / "job", data)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))"
    assert attempt(job, prelude=limit) == 1
    assert failed(job)["reason"] == "disk_full"
    assert list((job.parent / "checkpoints").iterdir()) == []
    assert attempt(job) == 0
    assert events_of(job, "done")[-1]["trainLoss"] == events_of(finished, "done")[-1]["trainLoss"]


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"training": {"learning_rate": 1e25, "max_grad_norm": 0.0}}, "diverged", "The loss is"),
        ({"overflow": {"policy": "full", "maxTokens": 9}}, "no_trained_tokens", "24 rows"),
        ({"overflow": {"policy": "full", "maxTokens": 5000}}, "bad_job", "2048 positions"),
        ({"model": "/nowhere/model"}, "bad_model", "/nowhere/model"),
        ({"method": "lora", "lora": LORA}, "bad_job", "adapter"),
        ({"training": {"lr_scheduler_type": "linnear"}}, "bad_job", "linnear"),
        ({"training": {"optim": "muon", "optim_args": "speed=3"}}, "bad_job", "speed"),
        ({"training": {"bf16": True, "fp16": True}}, "bad_job", "bf16 or fp16"),
        ({"training": {"fp16": True}}, "bad_job", "training.fp16"),
        ({"colour": "red"}, "bad_job", "colour: unknown key"),
    ],
)
def test_a_failure_is_one_event_with_a_reason(
    data: Path, tmp_path: Path, changes: dict, reason: str, words: str
):
    job = write_job(tmp_path / "job", data, **changes)
    assert attempt(job) == 1
    event = failed(job)
    assert (event["type"], event["reason"]) == ("failed", reason), event
    assert words in event["message"] and event["hint"]
    assert len(events_of(job, "failed")) == 1


def test_bfloat16_is_not_emulated(data: Path, tmp_path: Path):
    plain = write_job(tmp_path / "plain", data, training={"bf16": False})
    asked = write_job(tmp_path / "asked", data, training={"bf16": True})
    without = "import mllm_trainer.arguments as arguments; arguments.has_fast_bf16 = lambda: False"
    assert attempt(plain) == attempt(asked, prelude=without) == 0
    logs = [(job.parent / "trainer.log").read_text() for job in (plain, asked)]
    assert ["float32" in log for log in logs] == [False, True]
    one, other = (manifest_of(events_of(job, "done")[-1]["best"]) for job in (plain, asked))
    assert one["hash"] == other["hash"]


def test_an_adapter_for_modules_the_model_lacks_is_refused(finished: Path, data: Path, tmp_path: Path):
    model = events_of(finished, "done")[-1]["last"]
    job = write_job(tmp_path / "job", data, model=model, method="lora", lora=LORA)
    assert attempt(job) == 1
    assert failed(job)["reason"] == "bad_job" and "nowhere" in failed(job)["message"]


def test_special_tokens_in_data_are_broken_up_and_counted_in_the_log(tmp_path: Path):
    data = write_data(tmp_path / "data")
    text = (data / "backbone.jsonl").read_text().replace("the weather", "</s> the weather <s>")
    (data / "backbone.jsonl").write_text(text)
    job = write_job(tmp_path / "job", data)
    assert attempt(job) == 0
    assert "train: 24 rows" in (job.parent / "trainer.log").read_text()
    assert "48 special tokens" in (job.parent / "trainer.log").read_text()


def test_bad_rows_and_no_rows_are_told(tmp_path: Path):
    data = write_data(tmp_path / "data")
    (data / "backbone.jsonl").write_text("{}\n")
    job = write_job(tmp_path / "job", data)
    assert attempt(job) == 1
    assert failed(job)["reason"] == "bad_data" and "backbone.jsonl:1:" in failed(job)["message"]
    write_rows(data / "backbone.jsonl", [])
    assert attempt(write_job(tmp_path / "job", data)) == 1
    assert failed(job)["reason"] == "bad_data" and "no rows" in failed(job)["message"]


@pytest.mark.parametrize("name", ["backbone.jsonl", "validation/backbone.jsonl", "profile.json"])
def test_data_changed_after_the_job_was_planned_are_not_trained_on(tmp_path: Path, name: str):
    data = write_data(tmp_path / "data")
    job = write_job(tmp_path / "job", data)
    (data / name).write_text((data / name).read_text().replace("weather", "whether").replace("kind", "sort"))
    assert attempt(job) == 1
    event = failed(job)
    assert event["reason"] == "bad_data" and f"{name} was changed after" in event["message"]
    assert "mllm train" in event["hint"]


def test_a_checkpoint_has_the_profile_that_was_read(data: Path, finished: Path, tmp_path: Path):
    own = write_data(tmp_path / "data")
    job = write_job(tmp_path / "job", own)
    profile = str(own / "profile.json")
    forget = "import mllm_trainer.run as run; run.load_model = lambda *given, load=run.load_model:"
    assert attempt(job, prelude=f"{forget} os.unlink({profile!r}) or load(*given)") == 0
    assert not (own / "profile.json").exists()
    one, other = (manifest_of(events_of(path, "done")[-1]["best"]) for path in (finished, job))
    assert one["hash"] == other["hash"]


def test_a_bug_has_its_traceback_in_the_log(data: Path, tmp_path: Path):
    job = write_job(tmp_path / "job", data)
    broken = "import mllm_trainer.splits as splits; splits.fit_rows = None"
    assert attempt(job, prelude=broken) == 1
    assert failed(job)["reason"] == "bug" and "NoneType" in failed(job)["message"]
    assert "Traceback" in failed(job)["log"] and "fit_rows" in failed(job)["log"]


def test_a_folder_with_checkpoints_of_another_job_is_refused(finished: Path, data: Path, tmp_path: Path):
    job = write_job(tmp_path / "job", data, jobKey="9" * 64)
    (tmp_path / "job/checkpoints").symlink_to(finished.parent / "checkpoints")
    assert attempt(job) == 1
    assert failed(job)["reason"] == "bad_job" and "another job" in failed(job)["message"]


def test_without_validation_rows_the_last_checkpoint_is_the_best(data: Path, tmp_path: Path):
    job = write_job(tmp_path / "job", data)
    spec = json.loads(job.read_text())
    spec["data"]["validation"] = spec["data"]["sha256"]["validation"] = None
    job.write_text(json.dumps(spec))
    assert attempt(job) == 0
    done = events_of(job, "done")[-1]
    assert done["best"] == done["last"] and done["validationLoss"] is None
    assert not events_of(job, "evaluated")
