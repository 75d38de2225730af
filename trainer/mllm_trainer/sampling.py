"""Which rows make up an optimizer step: a function of seed and epoch, so that a resumed job keeps to it.

A step is counted in rows, whatever the packing; units (packing.py) are shuffled as wholes.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch.utils.data import Sampler

from .packing import Packing, Size, Unit

# Rows are sorted by length within this many steps: little padding, and still a random mix.
STEPS_SORTED_TOGETHER = 50
# A micro-batch: numbers of units. The flag is off for one that is there for the other processes' sake only.
MicroBatch = tuple[list[int], bool]


@dataclass(frozen=True)
class Share:
    """One process of those that train together."""

    index: int
    count: int


ALONE = Share(0, 1)


@dataclass(frozen=True)
class Order:
    # Of all processes.
    step_rows: int
    strategy: str
    seed: int


def spread(units: Sequence[Unit], packing: Packing, size: Size, share: Share) -> list[list[MicroBatch]]:
    """Each process's micro-batches of these units: as many for each, since they wait for each other."""
    loads = [[0, process] for process in range(share.count)]
    parts: list[list[int]] = [[] for _ in loads]
    for index in sorted(range(len(units)), key=lambda i: -units[i].tokens):
        lightest = min(loads)
        lightest[0] += 1 if packing.pads else units[index].tokens
        parts[lightest[1]].append(index)
    split = [
        [[part[i] for i in batch] for batch in packing.split([units[index] for index in part], size)]
        for part in parts
    ]
    most = max(map(len, split))
    # The smallest unit there is, whose loss then counts nothing.
    spare = [min(range(len(units)), key=lambda i: units[i].tokens)]
    return [[*((batch, True) for batch in one), *[(spare, False)] * (most - len(one))] for one in split]


class StepSampler(Sampler[list[MicroBatch]]):
    """For each optimizer step the micro-batches of one process."""

    def __init__(
        self,
        units: Sequence[Unit],
        packing: Packing,
        size: Size,
        order: Order,
        share: Share = ALONE,
    ):
        self.units, self.packing, self.size, self.share = units, packing, size, share
        self.step_rows, self.strategy, self.seed = order.step_rows, order.strategy, order.seed
        rows = sum(len(unit.rows) for unit in units)
        self.steps = min(-(-rows // self.step_rows), len(units))
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[list[MicroBatch]]:
        for step in self._steps():
            own = spread([self.units[number] for number in step], self.packing, self.size, self.share)
            yield [([step[i] for i in batch], counts) for batch, counts in own[self.share.index]]

    def _steps(self) -> list[list[int]]:
        order = list(range(len(self.units)))
        if self.strategy == "sequential":
            return self._cut(order)
        chance = random.Random(f"{self.seed} {self.epoch}")
        chance.shuffle(order)
        if self.strategy == "random" or not self.packing.pads:
            return self._cut(order)
        steps = self._cut(self._sorted_nearby(order))
        # Only the last step may be short.
        full = [step for step in steps if len(step) == len(steps[0])]
        short = [step for step in steps if len(step) < len(steps[0])]
        chance.shuffle(full)
        return full + short

    def _sorted_nearby(self, order: list[int]) -> list[int]:
        size = self.step_rows * STEPS_SORTED_TOGETHER
        parts = [order[start : start + size] for start in range(0, len(order), size)]
        return [index for part in parts for index in sorted(part, key=lambda i: -self.units[i].tokens)]

    def _cut(self, order: list[int]) -> list[list[int]]:
        """As many steps in every epoch; each takes units until it and those before it have their rows."""
        steps: list[list[int]] = [[]]
        rows = 0
        for place, number in enumerate(order):
            left = len(order) - place
            is_full = rows >= len(steps) * self.step_rows or left <= self.steps - len(steps)
            if steps[-1] and is_full and len(steps) < self.steps:
                steps.append([])
            steps[-1].append(number)
            rows += len(self.units[number].rows)
        return steps
