"""What ends an attempt from outside: signals, and the deadline. Both leave the `failed` event."""

import faulthandler
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from . import team
from .events import EventLog
from .failures import Failure

# How long a deadline waits for the polite end before the process is cut off.
HARD_STOP_SECONDS = 15


def stop_on_signals(events: EventLog, folder: Path) -> None:
    def stop(number: int, _frame: Any) -> None:
        name = signal.Signals(number).name
        hint = "Run the same command again: it goes on from the last complete checkpoint."
        if not events.is_closed:
            cancelled = Failure("cancelled", f"Stopped by {name}", hint)
            events.emit("failed", **(team.told_failure(folder) or cancelled).facts())
            print(cancelled.message, file=sys.stderr, flush=True)
        # What is half-written has no manifest, so there is nothing to tidy up.
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def arm_deadline(seconds: int, events: EventLog) -> None:
    def stop() -> None:
        if not events.is_closed:
            late = Failure(
                "deadline_exceeded",
                f"The job did not end within {seconds} seconds",
                "Raise resources.max_hours and run the same command again:"
                " it goes on from the last complete checkpoint.",
            )
            events.emit("failed", **late.facts())
            print(late.message, file=sys.stderr, flush=True)
            os._exit(1)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    # Should the interpreter itself hang, this ends it from a thread of its own.
    faulthandler.dump_traceback_later(seconds + HARD_STOP_SECONDS, exit=True)
