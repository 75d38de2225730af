"""Runs another server for as long as stdin stays open: `python -m mllm_server.guard COMMAND...`."""

import os
import signal
import subprocess
import sys

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
        signal.signal(number, lambda *_: _end(process))
    return process.wait()


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
