"""What may end a job from outside: signals, and the deadline."""

import signal
import time
from collections.abc import Callable
from typing import Any

from .endings import DEADLINE_CODE, SIGNAL_CODE, Ending
from .state import StateFile

POLL_SECONDS = 0.05


class Watch:
    """Handlers only leave notes: whoever waits, waits through `pause` and so finds them."""

    def __init__(self) -> None:
        self._signal: str | None = None
        self.signalled_at = float("inf")
        self._is_sync_wanted = False
        self.deadline_seconds = float("inf")
        self.state: StateFile | None = None
        self.on_sync: Callable[[], None] | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)
        signal.signal(signal.SIGUSR1, self._note_sync)

    def _note(self, number: int, _frame: Any) -> None:
        self._signal = signal.Signals(number).name
        self.signalled_at = min(self.signalled_at, time.monotonic())

    def _note_sync(self, _number: int, _frame: Any) -> None:
        self._is_sync_wanted = True

    def check(self) -> None:
        """Raises the Ending, if it is time for it."""
        if self._is_sync_wanted:
            self._is_sync_wanted = False
            if self.on_sync:
                self.on_sync()
        if self._signal:
            raise Ending(SIGNAL_CODE, "signal", f"Stopped by {self._signal}")
        if self.state and self.state.spent_seconds >= self.deadline_seconds:
            message = f"The job did not end within {self.deadline_seconds} seconds"
            raise Ending(DEADLINE_CODE, "deadline", message)

    def forget(self) -> None:
        """From now on only a new signal counts."""
        self._signal, self.state, self.on_sync = None, None, None

    def pause(self, seconds: float = POLL_SECONDS) -> None:
        end = time.monotonic() + seconds
        while True:
            self.check()
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, POLL_SECONDS))
