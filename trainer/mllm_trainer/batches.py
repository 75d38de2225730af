"""Rows as batches: one is all that a process does for one optimizer step."""

from collections.abc import Sequence

import torch
from torch.utils.data import DataLoader, Dataset

from .encoding import EncodedRow
from .job import Job
from .layout import Layout
from .loss import as_targets
from .packing import IGNORED, Batch, Size
from .sampling import MicroBatch, Order, Share, StepSampler
from .tree_batch import with_mask


class Batches:
    """The rows of a split in one layout; `wants_targets`: for our loss (loss.py), not for TRL's."""

    def __init__(
        self,
        rows: Sequence[EncodedRow],
        layout: Layout,
        batch_rows: int,
        *,
        pad_id: int,
        wants_targets: bool,
    ):
        self.rows, self.layout, self.pad_id, self.wants_targets = rows, layout, pad_id, wants_targets
        self.packing = layout.of_rows()
        # Never more than padded rows take at their worst; and the longest row has room.
        self.size = Size(batch_rows, batch_rows * max(map(len, rows), default=0))
        self.units = self.packing.units(rows, self.size.tokens)

    def tensors(self, micro_batch: MicroBatch) -> Batch:
        numbers, counts = micro_batch
        unit_rows = [[self.rows[row] for row in self.units[number].rows] for number in numbers]
        batch = self.packing.collate(unit_rows, self.pad_id)
        if not counts:
            nothing = {"labels": IGNORED} if "labels" in batch else {"weights": 0.0}
            batch |= {key: torch.full_like(batch[key], value) for key, value in nothing.items()}
        if self.layout.attention == "mask":
            batch = with_mask(batch)
        return as_targets(batch) if self.wants_targets else batch

    def sampler(self, job: Job, share: Share) -> StepSampler:
        """The job's optimizer steps, as one process has them; a step counts the rows of all."""
        step_rows = self.size.rows * job.training.get("gradient_accumulation_steps", 1) * share.count
        order = Order(step_rows, job.training.get("train_sampling_strategy", "random"), job.seed)
        return StepSampler(self.units, self.packing, self.size, order, share)

    def positions(self, numbers: Sequence[int]) -> int:
        """What a micro-batch of these units is computed for: their tokens and all padding."""
        lengths = [self.units[number].tokens for number in numbers]
        return max(lengths) * len(lengths) if self.packing.pads else sum(lengths)

    def forward_positions(self, numbers: Sequence[int]) -> int:
        """Those of them that have no gradient: the trunks of activated adapters."""
        return sum(self.units[number].forward_tokens for number in numbers)

    def tokens(self, step: Sequence[MicroBatch]) -> int:
        return sum(self.units[number].tokens for numbers, counts in step if counts for number in numbers)


class _AsGiven(Dataset):
    """Its items are what it is asked for."""

    def __init__(self, length: int):
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, micro_batch: MicroBatch) -> MicroBatch:
        return micro_batch


class StepLoader(DataLoader):
    """Gives `collate` the micro-batches of each step."""

    def __init__(self, sampler: StepSampler, collate):
        super().__init__(_AsGiven(len(sampler.units)), batch_sampler=sampler, collate_fn=collate)

    def set_epoch(self, epoch: int) -> None:
        self.batch_sampler.set_epoch(epoch)
