"""One completion under way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from .grammar import Matcher
from .texts import TextWriter


@dataclass(frozen=True)
class Piece:
    """New text, and how the completion ended where this is the last piece."""

    text: str
    finish_reason: str | None = None
    completion_tokens: int = 0
    error: str | None = None


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
    _generator: torch.Generator | None = None

    @property
    def length(self) -> int:
        """Tokens that the model has read."""
        return len(self.request.prompt_ids) + len(self.ids) - 1

    def choose(self, logits: torch.Tensor) -> None:
        """Takes the next token from the model's logits for it."""
        request = self.request
        if request.matcher is not None:
            logits = request.matcher.restrict(logits)
        token = int(logits.argmax()) if request.temperature <= 0 else self._sample(logits)
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
            if writer.is_stopped:
                self.finish_reason = "stop"
            elif len(self.ids) >= request.max_tokens:
                self.finish_reason = "length"
        if self.finish_reason is not None:
            piece += writer.finish()
        if piece or self.finish_reason is not None:
            request.tell(Piece(piece, self.finish_reason, len(self.ids)))
