"""The completions that one model writes at the same time; others join and leave between two tokens."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

from .prefixes import Layers, PrefixStore
from .rows import Request, Row


class Batch:
    """Rows stand side by side in one cache, aligned at their ends: shorter ones are padded on the left."""

    def __init__(self, model: Any, prefixes: PrefixStore):
        self._model = model
        self._prefixes = prefixes
        self._cache = DynamicCache()
        self.rows: list[Row] = []

    def join(self, request: Request) -> None:
        """Reads the prompt and writes the first token."""
        row = Row(request)
        cache, logits = self.read(request.prompt_ids)
        row.choose(logits)
        if row.has_ended:
            self.remember(request.prompt_ids, layers_of(cache))
            return
        self._cache = DynamicCache(_beside(layers_of(self._cache), layers_of(cache)))
        self.rows.append(row)

    def read(self, ids: Sequence[int]) -> tuple[DynamicCache, torch.Tensor]:
        """A prompt's keys and values, and the logits of what comes next."""
        # The last token is read anyway: its logits are wanted.
        known, layers = self._prefixes.longest(ids[:-1])
        cache = DynamicCache(layers) if known else DynamicCache()
        return cache, self._run(ids[known:], cache)

    def remember(self, ids: Sequence[int], layers: Layers) -> None:
        self._prefixes.keep(ids, layers)

    def _run(self, ids: Sequence[int], cache: DynamicCache) -> torch.Tensor:
        """Reads tokens into the cache; the logits after the last one."""
        tokens = torch.tensor([ids], device=self._model.device)
        output = self._model(input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return output.logits[0, -1]

    def step(self) -> None:
        """Writes one token in every row; rows that end leave."""
        width = self._cache.get_seq_length()
        lengths = torch.tensor([row.length for row in self.rows], device=self._model.device)
        padded = (lengths < width).any()
        places = torch.arange(width + 1, device=self._model.device)
        output = self._model(
            input_ids=torch.tensor([[row.ids[-1]] for row in self.rows], device=self._model.device),
            attention_mask=(places >= (width - lengths)[:, None]).long() if padded else None,
            position_ids=lengths[:, None],
            past_key_values=self._cache,
            use_cache=True,
        )
        for row, logits in zip(self.rows, output.logits[:, -1], strict=True):
            row.choose(logits)
        self.leave()

    def leave(self) -> None:
        """Drops rows that have ended or are no longer wanted, and remembers what they read."""
        stay = [
            index for index, row in enumerate(self.rows) if not row.has_ended and not row.request.is_cancelled
        ]
        if len(stay) == len(self.rows):
            return
        layers, width = layers_of(self._cache), self._cache.get_seq_length()
        for index, row in enumerate(self.rows):
            # One that failed has read a token more than its ids tell.
            if index not in stay and not row.has_failed:
                ids = [*row.request.prompt_ids, *row.ids[:-1]]
                start = width - len(ids)
                own = [
                    (key[index : index + 1, :, start:].clone(), value[index : index + 1, :, start:].clone())
                    for key, value in layers
                ]
                self.remember(ids, own)
        self.rows = [self.rows[index] for index in stay]
        if not stay:
            self.clear()
            return
        start = width - max(row.length for row in self.rows)
        self._cache = DynamicCache([(key[stay, :, start:], value[stay, :, start:]) for key, value in layers])

    def clear(self) -> None:
        self.rows, self._cache = [], DynamicCache()


def layers_of(cache: DynamicCache) -> Layers:
    return [(layer.keys, layer.values) for layer in cache.layers]


def _beside(left: Layers, right: Layers) -> Layers:
    if not left:
        return right
    width = max(left[0][0].shape[2], right[0][0].shape[2])
    return [
        (torch.cat([_padded(a, width), _padded(b, width)]), torch.cat([_padded(c, width), _padded(d, width)]))
        for (a, c), (b, d) in zip(left, right, strict=True)
    ]


def _padded(part: torch.Tensor, width: int) -> torch.Tensor:
    return torch.nn.functional.pad(part, (0, 0, width - part.shape[2], 0))
