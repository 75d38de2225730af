"""Commands in process groups of their own, written to the log and echoed."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from .endings import Ending
from .watch import POLL_SECONDS, Watch

GRACE_SECONDS = 60
PACKAGES = Path(__file__).absolute().parents[1]


class Log:
    """A file that commands write to themselves: nothing is lost when this process is. Echoed to stdout."""

    def __init__(self, path: Path):
        self._path = path
        self.file = open(path, "ab")  # noqa: SIM115
        self._position = self.file.seek(0, 2)
        # A stdout that leads into the same file would feed itself.
        self._is_echoed = not _is_same_file(self.file.fileno(), sys.stdout.fileno())
        self._lock = threading.Lock()

    def line(self, text: str) -> None:
        self.file.write(f"{text}\n".encode())
        self.file.flush()

    def echo(self) -> None:
        with self._lock:
            if not self._is_echoed:
                return
            try:
                with open(self._path, "rb") as file:
                    file.seek(self._position)
                    while block := file.read(1 << 16):
                        self._position += len(block)
                        _write_all(sys.stdout.fileno(), block)
            except OSError:
                # Nobody listens any more; the file has everything.
                self._is_echoed = False


def run(command: Sequence[str], log: Log, watch: Watch, **options) -> int:
    """The exit code, negative for a signal. Raises the Ending where the job has to end before that."""
    bound = [sys.executable, "-m", "mllm_runner.bound", str(os.getpid()), *command]
    options.setdefault("env", environment())
    process = subprocess.Popen(
        bound,
        stdin=subprocess.DEVNULL,
        stdout=log.file,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        **options,
    )
    try:
        while process.poll() is None:
            log.echo()
            watch.pause()
    except Ending:
        # It ended by itself in the meantime, and well.
        if _stop(process, log) == 0:
            return 0
        raise
    finally:
        _signal_group(process.pid, signal.SIGKILL)
        log.echo()
    return process.returncode


def environment() -> dict[str, str]:
    """Ours, in which our packages are found wherever a command runs."""
    paths = [str(PACKAGES), os.environ.get("PYTHONPATH")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def _stop(process: subprocess.Popen, log: Log) -> int:
    _signal_group(process.pid, signal.SIGTERM)
    end = time.monotonic() + GRACE_SECONDS
    while process.poll() is None and time.monotonic() < end:
        log.echo()
        time.sleep(POLL_SECONDS)
    _signal_group(process.pid, signal.SIGKILL)
    return process.wait()


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _is_same_file(one: int, other: int) -> bool:
    try:
        return os.path.sameopenfile(one, other)
    except OSError:
        return False


def _write_all(descriptor: int, block: bytes) -> None:
    while block:
        block = block[os.write(descriptor, block) :]
