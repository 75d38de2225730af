import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("huggingface_hub")
from huggingface_hub import CommitOperationAdd
from huggingface_hub.hf_api import RepoFile

from mllm_runner import __main__ as runner
from mllm_runner import sync as sync_module
from mllm_runner.config import Storage
from mllm_runner.endings import Ending
from mllm_runner.hub import Hub, patiently
from mllm_runner.sync import Sync
from mllm_runner.watch import Watch


class FakeApi:
    """The Hub's client, with a repository in memory; `trouble` is called at each moment that may go wrong."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.commits: list[list[str]] = []
        self.trouble: Callable[[str], None] = lambda moment: None

    def get_paths_info(self, paths: list[str], **_: Any) -> list[RepoFile]:
        self.trouble("read")
        return [self._entry(path) for path in paths if path in self.files]

    def list_repo_tree(self, path_in_repo: str, **_: Any) -> Iterator[RepoFile]:
        return (self._entry(path) for path in self.files if path.startswith(f"{path_in_repo}/"))

    def hf_hub_download(self, filename: str, local_dir: Path, **_: Any) -> None:
        path = local_dir / filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.files[filename])

    def preupload_lfs_files(self, additions: list[CommitOperationAdd], **_: Any) -> None:
        self.trouble("upload")

    def create_commit(self, operations: list[Any], commit_message: str, **_: Any) -> None:
        self.trouble("before")
        for operation in operations:
            if isinstance(operation, CommitOperationAdd):
                with operation.as_file() as file:
                    self.files[operation.path_in_repo] = file.read()
            else:
                del self.files[operation.path_in_repo]
        self.commits.append([operation.path_in_repo for operation in operations])
        self.trouble("after")

    def _entry(self, path: str) -> RepoFile:
        return RepoFile(path=path, size=len(self.files[path]), oid="0" * 40)

    def below(self, folder: str) -> set[str]:
        prefix = f"jobs/a/{folder}/"
        return {path.removeprefix(prefix) for path in self.files if path.startswith(prefix)}


class Machine:
    def __init__(self, folder: Path, api: FakeApi):
        self.job = folder / "jobs/a"
        self.job.mkdir(parents=True)
        self.hub = Hub(Storage("somebody/mllm-w", folder, ("data/x", "kit/k"), 3600), self.job)
        self.hub.api = api
        self.watch = Watch()
        self.sync = Sync(self.hub, self.job, 3600, self.watch)

    def save(self, step: int, text: str = "weights", is_complete: bool = True) -> Path:
        folder = self.job / f"checkpoints/checkpoint-{step}"
        folder.mkdir(parents=True)
        (folder / "model").write_text(text)
        file = {"path": "model", "sha256": hashlib.sha256(text.encode()).hexdigest()}
        if is_complete:
            (folder / "checkpoint.json").write_text(json.dumps({"files": [file], "resumeFiles": []}))
        return folder


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def machine(tmp_path: Path, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(sync_module, "SIGNAL_SECONDS", 0)
    # The handlers of whoever runs the tests stay.
    monkeypatch.setattr("mllm_runner.watch.signal.signal", lambda *_: None)
    return Machine(tmp_path / "machine", api)


def checkpoint(*steps: int) -> set[str]:
    return {f"checkpoint-{step}/{name}" for step in steps for name in ("model", "checkpoint.json")}


def test_words_are_brought_when_there_are_new_ones(machine: Machine, api: FakeApi):
    machine.sync.say()
    assert api.commits == []
    (machine.job / "events.jsonl").write_text("one\n")
    (machine.job / "runner-state.json").write_text('{"state": "running", "heartbeatAt": 1}')
    machine.sync.say()
    (machine.job / "runner-state.json").write_text('{"state": "running", "heartbeatAt": 2}')
    machine.sync.say()
    assert api.commits == [["jobs/a/events.jsonl", "jobs/a/runner-state.json"]]
    (machine.job / "runner-state.json").write_text('{"state": "ended", "heartbeatAt": 2}')
    machine.sync.say()
    assert api.commits[1:] == [["jobs/a/runner-state.json"]]


def test_only_complete_checkpoints_are_brought(machine: Machine, api: FakeApi):
    machine.save(2)
    machine.save(4, is_complete=False)
    machine.sync.bring_checkpoints()
    assert api.below("checkpoints") == checkpoint(2)
    machine.sync.bring_checkpoints()
    assert len(api.commits) == 1


def test_a_checkpoint_comes_with_the_words_that_led_to_it(machine: Machine, api: FakeApi):
    (machine.job / "events.jsonl").write_text("started\n")
    machine.save(2)
    machine.sync.bring_checkpoints()
    assert len(api.commits) == 1 and api.files["jobs/a/events.jsonl"] == b"started\n"
    machine.sync.say()
    assert len(api.commits) == 1


def test_a_checkpoint_goes_in_the_commit_in_which_the_next_one_comes(machine: Machine, api: FakeApi):
    first = machine.save(2)
    machine.sync.bring_checkpoints()
    shutil.rmtree(first)
    machine.sync.bring_checkpoints()
    assert api.below("checkpoints") == checkpoint(2)
    machine.save(4)
    machine.sync.bring_checkpoints()
    assert api.below("checkpoints") == checkpoint(4) and len(api.commits) == 2


def test_a_checkpoint_deleted_while_it_is_brought_is_whole_there(machine: Machine, api: FakeApi):
    folder = machine.save(2)
    api.trouble = lambda moment: shutil.rmtree(folder) if moment == "upload" else None
    machine.sync.bring_checkpoints()
    assert api.files["jobs/a/checkpoints/checkpoint-2/model"] == b"weights"
    assert not (machine.job / ".sync").exists()


def test_a_commit_that_was_carried_out_although_it_failed_does_no_harm(machine: Machine, api: FakeApi):
    first = machine.save(2)
    machine.sync.bring_checkpoints()
    shutil.rmtree(first)
    machine.save(4)

    def fail_once(moment: str) -> None:
        if moment == "after":
            api.trouble = lambda moment: None
            raise ConnectionError("cut off")

    api.trouble = fail_once
    with pytest.raises(ConnectionError):
        machine.sync.bring_checkpoints()
    machine.sync.bring_checkpoints()
    assert api.below("checkpoints") == checkpoint(4)


def test_the_threads_bring_everything_and_the_end_waits_for_it(machine: Machine, api: FakeApi):
    machine.sync.start()
    first = machine.save(2)
    machine.sync.wake()
    (machine.job / "trainer.log").write_text("a line")
    machine.save(4)
    shutil.rmtree(first)
    machine.sync.finish(60)
    assert api.below("checkpoints") == checkpoint(4)
    assert api.files["jobs/a/trainer.log"] == b"a line"


def test_a_success_whose_weights_cannot_be_brought_is_none(machine: Machine, api: FakeApi):
    def fail(_moment: str) -> None:
        raise ConnectionError("no way")

    api.trouble = fail
    machine.save(2)
    machine.sync.start()
    machine.watch.signalled_at = 0
    ending = runner.bring_results(machine.sync, Ending(0, None))
    assert (ending.exit_code, ending.reason) == (None, "storage_failed") and "no way" in ending.message
    assert runner.bring_results(machine.sync, Ending(3, "trainer")).exit_code == 3


def test_a_machine_that_could_not_fetch_deletes_nothing(machine: Machine, api: FakeApi):
    api.files = {"jobs/a/checkpoints/checkpoint-2/model": b"weights"}
    machine.sync.finish(60)
    assert api.below("checkpoints") == {"checkpoint-2/model"}


def test_another_machine_goes_on_with_what_was_brought(machine: Machine, api: FakeApi, tmp_path: Path):
    machine.save(2)
    (machine.job / "events.jsonl").write_text("one\n")
    machine.sync.bring_checkpoints()
    machine.sync.say()
    api.files |= {"data/x": b"rows", "kit/k/trainer/a.py": b"", "jobs/b/job.json": b"{}"}
    other = Machine(tmp_path / "other", api)
    (other.job / "trainer.log").write_text("newer")
    api.files["jobs/a/trainer.log"] = b"older"
    patiently(other.hub.fetch, "reading", other.watch)
    found = {path.relative_to(tmp_path / "other").as_posix() for path in (tmp_path / "other").rglob("*.*")}
    assert {"jobs/a/events.jsonl", "kit/k/trainer/a.py"} <= found and "jobs/b/job.json" not in found
    assert (tmp_path / "other/data/x").read_bytes() == b"rows"
    assert (other.job / "checkpoints/checkpoint-2/model").read_text() == "weights"
    assert (other.job / "trainer.log").read_text() == "newer"


class Refusal(Exception):
    def __init__(self, status: int):
        self.response = type("Response", (), {"status_code": status})()


def test_reading_is_tried_again_but_not_after_a_refusal(machine: Machine):
    answers: list[Exception] = [Refusal(401), Refusal(503), ConnectionError("reset")]
    calls = []

    def read() -> None:
        calls.append(None)
        if answers:
            raise answers.pop()

    with pytest.raises(Ending) as raised:
        patiently(read, "The Hub could not be read", machine.watch)
    assert raised.value.reason == "storage_failed" and len(calls) == 3
