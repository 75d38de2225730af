"""One completion under way."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from .grammar import Matcher
from .texts import TextWriter

# Below it only the most probable token is left, and the numbers overflow.
LEAST_TEMPERATURE = 1e-5


@dataclass(frozen=True)
class Piece:
    """New text, and how the completion ended where this is the last piece."""

    text: str
    finish_reason: str | None = None
    completion_tokens: int = 0
    error: str | None = None


def failure(error: Any) -> Piece:
    words = " ".join(str(error).split())[:300]
    return Piece("", error=f"{type(error).__name__}: {words}")


@dataclass
class Request:
    prompt_ids: Sequence[int]
    max_tokens: int
    temperature: float
    seed: int | None
    # Told each piece, on the engine's thread.
    tell: Callable[[Piece], None]
    writer: TextWriter
    stop_ids: frozenset[int]
    matcher: Matcher | None = None
    # Set by whoever no longer wants it, on any thread.
    is_cancelled: bool = False


@dataclass
class Row:
    request: Request
    # Of the completion so far; all but the last have been read by the model.
    ids: list[int] = field(default_factory=list)
    finish_reason: str | None = None
    has_failed: bool = False
    _generator: torch.Generator | None = None

    @property
    def length(self) -> int:
        """Tokens that the model has read."""
        return len(self.request.prompt_ids) + len(self.ids) - 1

    def choose(self, logits: torch.Tensor) -> None:
        """Takes the next token from the model's logits for it; where that fails, no other row ends."""
        try:
            self._choose(logits)
        except Exception as error:
            traceback.print_exc()
            self.has_failed = True
            self.request.tell(failure(error))

    @property
    def has_ended(self) -> bool:
        return self.has_failed or self.finish_reason is not None

    def _choose(self, logits: torch.Tensor) -> None:
        request = self.request
        if request.matcher is not None:
            logits = request.matcher.restrict(logits)
        token = int(logits.argmax()) if request.temperature < LEAST_TEMPERATURE else self._sample(logits)
        if request.matcher is not None:
            request.matcher.advance(token)
        self.ids.append(token)
        self._settle(token)

    def _sample(self, logits: torch.Tensor) -> int:
        if self._generator is None:
            self._generator = torch.Generator()
            if self.request.seed is None:
                self._generator.seed()
            else:
                self._generator.manual_seed(self.request.seed)
        chances = torch.softmax(logits.float().cpu() / self.request.temperature, dim=-1)
        return int(torch.multinomial(chances, 1, generator=self._generator))

    def _settle(self, token: int) -> None:
        request, writer = self.request, self.request.writer
        piece = ""
        if token in request.stop_ids:
            self.finish_reason = "stop"
        else:
            piece = writer.push(token)
            has_all = request.matcher is not None and request.matcher.is_complete
            if writer.is_stopped or has_all:
                self.finish_reason = "stop"
            elif len(self.ids) >= request.max_tokens:
                self.finish_reason = "length"
        if self.finish_reason is not None:
            piece += writer.finish()
        if piece or self.finish_reason is not None:
            request.tell(Piece(piece, self.finish_reason, len(self.ids)))
