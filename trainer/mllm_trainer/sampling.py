"""The order of sequences: a function of seed and epoch alone, so that a resumed job keeps to it."""

import random
from collections.abc import Iterator, Sequence

from torch.utils.data import Sampler

# Rows are sorted by length within this many batches: little padding, and still a random mix.
BATCHES_SORTED_TOGETHER = 50


class SeededSampler(Sampler[int]):
    def __init__(self, lengths: Sequence[int], strategy: str, batch_size: int, seed: int):
        self.lengths, self.strategy, self.batch_size, self.seed = lengths, strategy, batch_size, seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        order = list(range(len(self.lengths)))
        if self.strategy == "sequential":
            return iter(order)
        chance = random.Random(f"{self.seed} {self.epoch}")
        chance.shuffle(order)
        if self.strategy == "random":
            return iter(order)
        return iter(self._grouped(order, chance))

    def _grouped(self, order: list[int], chance: random.Random) -> list[int]:
        batches = []
        size = self.batch_size * BATCHES_SORTED_TOGETHER
        for start in range(0, len(order), size):
            near = sorted(order[start : start + size], key=lambda index: -self.lengths[index])
            batches += [near[i : i + self.batch_size] for i in range(0, len(near), self.batch_size)]
        # Only the last batch may be short: the trainer cuts the list into batches again.
        full = [batch for batch in batches if len(batch) == self.batch_size]
        short = [batch for batch in batches if len(batch) < self.batch_size]
        chance.shuffle(full)
        return [index for batch in full + short for index in batch]
