"""The progress of several roles that are trained together, each told as its own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from transformers import TrainerCallback

from .progress import Progress


class JointProgress(TrainerCallback):
    """The progress of each role; all of them take every token."""

    def __init__(self, each: Sequence[Progress]):
        self.each = each

    @property
    def tokens(self) -> int:
        return self.each[0].tokens

    @tokens.setter
    def tokens(self, tokens: int) -> None:
        for progress in self.each:
            progress.tokens = tokens

    @contextmanager
    def paused(self) -> Iterator[None]:
        with ExitStack() as stack:
            for progress in self.each:
                stack.enter_context(progress.paused())
            yield

    def on_train_begin(self, *given: Any, **options: Any) -> None:
        for progress in self.each:
            progress.on_train_begin(*given, **options)

    def on_step_end(self, *given: Any, **options: Any) -> None:
        for progress in self.each:
            progress.on_step_end(*given, **options)

    def on_log(self, *given: Any, **options: Any) -> None:
        for progress in self.each:
            progress.on_log(*given, **options)
