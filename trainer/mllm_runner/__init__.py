"""Runs one job on the machine it was sent to: waits, prepares, trains, bounds it, says how it ended."""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - old systems should read this, not a SyntaxError
    sys.exit("mllm_runner needs Python 3.10 or later")
