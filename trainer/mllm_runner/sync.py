"""Brings a job's folder to the Hub: its words regularly, each checkpoint as soon as it is whole."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .endings import Ending
from .hub import Hub, describe
from .results import Files, checkpoint_files, pinned, sha256, state_mark, unpin
from .state import FILE as STATE_FILE
from .watch import Watch

WORDS = ("events.jsonl", "trainer.log", "process.json", STATE_FILE)
# The Hub takes 128 commits an hour from a user, and three jobs may share that: rarer, the longer it lasts.
SLOWEST_SECONDS = 180
LOOK_SECONDS = 2
LONGEST_PAUSE_SECONDS = 300
# How long uploads may go on after a signal.
SIGNAL_SECONDS = 60


class Sync:
    """Failures are told on stderr and tried again; they never end the training."""

    def __init__(self, hub: Hub, folder: Path, seconds: int, watch: Watch):
        self._hub, self._folder, self._seconds, self._watch = hub, folder, seconds, watch
        self._began = time.monotonic()
        self._commit_lock = threading.Lock()
        self._wakes = (threading.Event(), threading.Event())
        self._is_stopped = False
        self._threads: list[threading.Thread] = []
        self._said: dict[str, str] = {}
        # Paths and hashes of the checkpoints' files there; an empty hash where only the path is known.
        self._known: dict[str, str] | None = None

    def start(self) -> None:
        unpin(self._folder)
        for step, wake, interval in (
            (self.say, self._wakes[0], self._interval),
            (self.bring_checkpoints, self._wakes[1], lambda: min(LOOK_SECONDS, self._seconds)),
        ):
            thread = threading.Thread(target=self._repeat, args=(step, wake, interval), daemon=True)
            thread.start()
            self._threads.append(thread)

    def wake(self) -> None:
        for event in self._wakes:
            event.set()

    def finish(self, seconds: float) -> None:
        """Everything that is there now. Raises storage_failed where that takes longer than `seconds`.

        Whoever sends a signal will not wait that long.
        """
        end = time.monotonic() + seconds
        self._is_stopped = True
        self.wake()
        for thread in self._threads:
            while thread.is_alive() and not self._is_late(end):
                thread.join(0.2)
        if self._threads:
            # Only then all that was there is here, and what is missing here was deleted by the trainer.
            self._insist(lambda: self.bring_checkpoints(is_final=True), end)
        self._insist(self.say, end)

    def say_last(self, seconds: float) -> None:
        self._insist(self.say, time.monotonic() + seconds)

    def _insist(self, step: Callable[[], None], end: float) -> None:
        delay = 1.0
        while True:
            try:
                return step()
            except Exception as error:
                if self._is_late(end):
                    message = f"The results could not be brought to the Hub: {describe(error)}"
                    raise Ending(None, "storage_failed", message) from error
                self._tell(error)
            again = time.monotonic() + delay
            while time.monotonic() < again and not self._is_late(end):
                time.sleep(0.1)
            delay = min(delay * 2, 60)

    def _is_late(self, end: float) -> bool:
        return time.monotonic() > min(end, self._watch.signalled_at + SIGNAL_SECONDS)

    def _repeat(self, step: Callable[[], None], wake: threading.Event, interval: Callable[[], float]) -> None:
        failures = 0
        while not self._is_stopped:
            wake.wait(min(2**failures, LONGEST_PAUSE_SECONDS) if failures else interval())
            wake.clear()
            try:
                step()
                failures = 0
            except Exception as error:
                failures = min(failures + 1, 10)
                self._tell(error)

    def _tell(self, error: Exception) -> None:
        print(f"The Hub cannot be written to, trying again: {describe(error)}", file=sys.stderr, flush=True)

    def _interval(self) -> float:
        return max(self._seconds, min((time.monotonic() - self._began) / 20, SLOWEST_SECONDS))

    def say(self) -> None:
        with self._commit_lock:
            self._commit_with_news([], "log")

    def _commit_with_news(self, operations: list[Any], what: str) -> None:
        """Only under the lock: two commits must not both take themselves for the one that said it."""
        news = self._news()
        words = self._additions({name: content for name, (content, _) in news.items()})
        if operations or words:
            self._commit([*operations, *words], what)
            self._said |= {name: mark for name, (_, mark) in news.items()}

    def _news(self) -> dict[str, tuple[bytes, str]]:
        """Files whose content there is another one, and marks to tell by."""
        news = {}
        for name in WORDS:
            try:
                content = (self._folder / name).read_bytes()
            except OSError:
                continue
            mark = state_mark(content) if name == STATE_FILE else sha256(content)
            if self._said.get(name) != mark:
                news[name] = (content, mark)
        return news

    def bring_checkpoints(self, is_final: bool = False) -> None:
        """Deletes what is gone here as well, but not in a commit of its own before the end."""
        wanted = checkpoint_files(self._folder)
        if self._known is None and (wanted or is_final):
            prefix = f"{self._hub.job}/"
            listed = self._hub.files(f"{prefix}checkpoints")
            self._known = {path.removeprefix(prefix): "" for path in listed}
        known = self._known or {}
        added = {path: each for path, each in wanted.items() if known.get(path) != each[0]}
        gone = [path for path in known if path not in wanted]
        if not added and not (gone and is_final):
            return
        try:
            self._send_checkpoints(added, gone)
        except BaseException:
            # It may have been carried out all the same; what is there has to be looked up.
            self._known = None
            raise
        self._known = {path: mark for path, (mark, _) in wanted.items()}

    def _send_checkpoints(self, added: Files, gone: list[str]) -> None:
        from huggingface_hub import CommitOperationDelete

        try:
            contents = {
                path: pinned(self._folder, path) if text is None else text
                for path, (_, text) in added.items()
            }
            additions = self._additions(contents)
            # The long part, outside the lock: the words go on being brought.
            self._hub.api.preupload_lfs_files(additions=additions, **self._hub.where)
            deletions = [CommitOperationDelete(f"{self._hub.job}/{path}") for path in gone]
            with self._commit_lock:
                # With the words that led to it: when a machine dies, the next attempt has both or none.
                self._commit_with_news([*additions, *deletions], "checkpoints")
        finally:
            unpin(self._folder)

    def _additions(self, contents: dict[str, Any]) -> list[Any]:
        from huggingface_hub import CommitOperationAdd

        return [CommitOperationAdd(f"{self._hub.job}/{path}", each) for path, each in contents.items()]

    def _commit(self, operations: list[Any], what: str) -> None:
        message = f"{self._hub.job}: {what}"
        self._hub.api.create_commit(operations=operations, commit_message=message, **self._hub.where)
