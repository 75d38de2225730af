"""Runs another server for as long as stdin stays open: `python -m mllm_server.guard COMMAND...`."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

from .parent import when_parent_ends

PATIENCE_SECONDS = 10


def main(command: list[str]) -> int:
    if not command:
        print("usage: python -m mllm_server.guard COMMAND...", file=sys.stderr)
        return 2
    # A group of its own, so that its workers end with it.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    when_parent_ends(lambda: _end(process))
    for number in (signal.SIGTERM, signal.SIGINT):
        # A thread, because this one is in the midst of waiting.
        signal.signal(number, lambda *_: threading.Thread(target=_end, args=[process], daemon=True).start())
    code = process.wait()
    # Workers may outlive the one that started them.
    _signal(process, signal.SIGKILL)
    return code


def _end(process: "subprocess.Popen[bytes]") -> None:
    _signal(process, signal.SIGTERM)
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
