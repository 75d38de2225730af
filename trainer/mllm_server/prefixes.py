"""What a model has read already: keys and values of earlier texts, for prompts that go on from them."""

from collections import OrderedDict
from collections.abc import Sequence

import torch

# One pair a layer, each [1, heads, tokens, width].
Layers = list[tuple[torch.Tensor, torch.Tensor]]

# Shorter beginnings are read again as quickly as they are copied.
WORTHWHILE_TOKENS = 16


class PrefixStore:
    """Keeps the newest texts within a budget of bytes. Not safe for several threads."""

    def __init__(self, budget_bytes: int):
        self.budget_bytes = budget_bytes
        self.size_bytes = 0
        self._texts: OrderedDict[tuple[int, ...], Layers] = OrderedDict()

    def longest(self, ids: Sequence[int]) -> tuple[int, Layers]:
        """How many of `ids` from the start are known, and their keys and values."""
        best, known = None, 0
        for text in self._texts:
            shared = _shared(text, ids)
            if shared > known:
                best, known = text, shared
        if best is None or known < WORTHWHILE_TOKENS:
            return 0, []
        self._texts.move_to_end(best)
        return known, [(key[:, :, :known], value[:, :, :known]) for key, value in self._texts[best]]

    def keep(self, ids: Sequence[int], layers: Layers) -> None:
        """Takes the layers over; beginnings of this text are forgotten, for they are in it."""
        text = tuple(ids)
        for other in [other for other in self._texts if text[: len(other)] == other]:
            self._forget(other)
        self._texts[text] = layers
        self.size_bytes += _size(layers)
        while self.size_bytes > self.budget_bytes:
            self._forget(next(iter(self._texts)))

    def _forget(self, text: tuple[int, ...]) -> None:
        self.size_bytes -= _size(self._texts.pop(text))


def _shared(left: Sequence[int], right: Sequence[int]) -> int:
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))


def _size(layers: Layers) -> int:
    return sum(part.numel() * part.element_size() for pair in layers for part in pair)
