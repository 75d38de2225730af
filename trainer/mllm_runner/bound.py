"""`python -m mllm_runner.bound PID COMMAND...`: becomes COMMAND, which then does not outlive the process PID.

Linux only; elsewhere the trainer's own lock keeps a second one away while the first still lives.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    die_with_parent()
    # It may have ended before the line above.
    if os.getppid() != int(sys.argv[1]):
        sys.exit(75)
    os.execvp(sys.argv[2], sys.argv[2:])
