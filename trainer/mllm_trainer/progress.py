"""How far a job is: progress events, and the train loss that manifests report."""

import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers import TrainerCallback

from .events import EventLog, PartLog
from .failures import Failure

# The train loss is the mean over so many of the latest optimizer steps.
RECENT_STEPS = 20


class Progress(TrainerCallback):
    """Rates count training time only; evaluating and saving run within `paused`."""

    def __init__(self, events: EventLog | PartLog):
        self.events = events
        self.tokens = 0
        self._recent: deque[float] = deque(maxlen=RECENT_STEPS)
        # None: no target of this step is its own, as it may be among roles that are trained together.
        self._step_loss: float | None = None
        self._window: list[float] = []
        self._window_tokens = 0
        self._pauses = self._window_pauses = 0.0
        self._began = self._window_began = 0.0
        self._first_step = 0

    @property
    def train_loss(self) -> float | None:
        return sum(self._recent) / len(self._recent) if self._recent else None

    def state(self) -> dict[str, Any]:
        """What a resumed job needs to report the same train loss."""
        return {"recentLosses": list(self._recent)}

    def restore(self, state: dict[str, Any]) -> None:
        self._recent.extend(state["recentLosses"])

    @contextmanager
    def paused(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._pauses += time.monotonic() - began

    def add_loss(self, loss: float, step: int) -> None:
        """The loss of optimizer step `step`. Raises Failure("diverged")."""
        self._step_loss = (self._step_loss or 0.0) + self.finite(loss, step)

    def finite(self, loss: float, step: int) -> float:
        """The loss, if it is a number; else raises Failure("diverged")."""
        if not math.isfinite(loss):
            raise Failure(
                "diverged",
                f"The loss is {loss} at step {step}",
                "Lower training.learning_rate, raise training.warmup_steps,"
                " or set training.max_grad_norm to 1.",
            )
        return loss

    def on_train_begin(self, args, state, control, **_: Any) -> None:
        self._first_step = state.global_step
        self._began = self._window_began = time.monotonic()
        self._pauses = self._window_pauses = 0.0
        self.tokens = self._window_tokens = 0

    def on_step_end(self, args, state, control, **_: Any) -> None:
        if self._step_loss is None:
            return
        self._recent.append(self._step_loss)
        self._window.append(self._step_loss)
        self._step_loss = None

    def on_log(self, args, state, control, logs: dict[str, float] | None = None, **_: Any) -> None:
        if not self._window or "learning_rate" not in (logs or {}):
            return
        now = time.monotonic()
        seconds = max(now - self._window_began - (self._pauses - self._window_pauses), 1e-9)
        per_step = (now - self._began - self._pauses) / max(state.global_step - self._first_step, 1)
        rate = (self.tokens - self._window_tokens) / seconds
        loss = sum(self._window) / len(self._window)
        self.events.emit(
            "progress",
            globalStep=state.global_step,
            totalSteps=state.max_steps,
            epoch=round(state.epoch or 0.0, 4),
            loss=loss,
            learningRate=logs["learning_rate"],
            tokensPerSecond=round(rate, 1),
            secondsLeft=round(per_step * (state.max_steps - state.global_step), 1),
        )
        print(f"step {state.global_step}/{state.max_steps} loss {loss:.4f} {rate:.0f} tokens/s", flush=True)
        self._window = []
        self._window_began, self._window_pauses, self._window_tokens = now, self._pauses, self.tokens
