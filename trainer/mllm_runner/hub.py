"""The tree of jobs in a private Hub data set (src/providers/remote/layout.ts), fetched from there."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .config import Storage
from .endings import Ending
from .watch import Watch

REFUSALS = (401, 403, 404)
FETCH_SECONDS = 600
DOWNLOADS_AT_ONCE = 8


class Hub:
    """Token and address come from HF_TOKEN and HF_ENDPOINT. Only jobs with a storage need huggingface_hub."""

    def __init__(self, storage: Storage, folder: Path):
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        try:
            from huggingface_hub import HfApi
        except ImportError as error:
            raise Ending(None, "storage_failed", f"huggingface_hub is not installed: {error}") from error
        if not folder.is_relative_to(storage.root):
            raise Ending(None, "storage_failed", f"{folder} does not lie in {storage.root}")
        self.api = HfApi(token=os.environ.get("HF_TOKEN") or None)
        self.where: dict[str, Any] = {"repo_id": storage.repository, "repo_type": "dataset"}
        self.root, self.inputs = storage.root, storage.inputs
        self.job = folder.relative_to(storage.root).as_posix()

    def files(self, path: str) -> dict[str, int]:
        """Sizes of the file of this path, or of all below it."""
        from huggingface_hub.errors import EntryNotFoundError
        from huggingface_hub.hf_api import RepoFile

        found = self.api.get_paths_info(paths=[path], **self.where)
        if not any(isinstance(entry, RepoFile) for entry in found):
            try:
                found = list(self.api.list_repo_tree(path_in_repo=path, recursive=True, **self.where))
            except EntryNotFoundError:
                return {}
        return {entry.path: entry.size for entry in found if isinstance(entry, RepoFile)}

    def fetch_state(self) -> None:
        """What an earlier start said last, where this machine does not know it."""
        self._download(path for path in self.files(f"{self.job}/runner-state.json") if self._is_missing(path))

    def fetch(self) -> None:
        """Inputs, and of the job's folder what earlier starts elsewhere left: nothing here is overwritten."""
        wanted = [path for path in self.files(self.job) if self._is_missing(path)]
        for place in self.inputs:
            wanted += [path for path, size in self.files(place).items() if self._size(path) != size]
        self._download(wanted)

    def _download(self, paths: Iterable[str]) -> None:
        def download(path: str) -> None:
            self.api.hf_hub_download(filename=path, local_dir=self.root, **self.where)

        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            list(pool.map(download, paths))

    def _is_missing(self, path: str) -> bool:
        return self._size(path) is None

    def _size(self, path: str) -> int | None:
        try:
            return (self.root / path).stat().st_size
        except OSError:
            return None


def patiently(action: Callable[[], None], what: str, watch: Watch) -> None:
    """Runs it beside the watch, again while the Hub cannot be reached; raises storage_failed at last."""
    began, delay = time.monotonic(), 1.0
    while error := _beside(action, watch):
        is_over = status_of(error) in REFUSALS or time.monotonic() - began > FETCH_SECONDS
        if is_over:
            raise Ending(None, "storage_failed", f"{what}: {describe(error)}") from error
        print(f"{what}, trying again: {describe(error)}", file=sys.stderr, flush=True)
        watch.pause(delay)
        delay = min(delay * 2, 60)


def _beside(action: Callable[[], None], watch: Watch) -> Exception | None:
    """In a thread of its own, since a transfer that hangs must not outlast the deadline."""
    errors: list[Exception] = []

    def act() -> None:
        try:
            action()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    while thread.is_alive():
        watch.pause()
    return errors[0] if errors else None


def status_of(error: Exception) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def describe(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:400]
