"""What a job computes when: the layout of its rows, the batches of each split, the order of the steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accelerate import DistributedType
from trl import SFTConfig

from . import team
from .batches import Batches, StepLoader
from .encoding import EncodedRow
from .job import Job
from .layout import Layout, branch_layout, first_layout, known_layout, use_layout
from .packing import Batch
from .progress import Progress
from .sampling import MicroBatch, Share, spread
from .self_check import checked

# A model in parts is whole only while it trains.
SHARDED = (DistributedType.FSDP, DistributedType.DEEPSPEED)


@dataclass(frozen=True)
class Given:
    """What a plan is made for."""

    job: Job
    rows: Sequence[EncodedRow]
    validation_rows: Sequence[EncodedRow]
    arguments: SFTConfig
    pad_id: int
    # For our loss, not for TRL's.
    wants_targets: bool


class Plan:
    def __init__(self, given: Given, layout: Layout):
        self.layout = layout
        self._job = given.job
        self.share = Share(given.arguments.process_index, given.arguments.world_size)
        options = {"pad_id": given.pad_id, "wants_targets": given.wants_targets}
        # Roles that are trained together have as many rows each as one of them would have alone.
        roles = len(given.job.each) if layout.has_branches else 1
        self.train = Batches(given.rows, layout, roles * given.arguments.train_batch_size, **options)
        eval_rows = roles * given.arguments.per_device_eval_batch_size
        self.validation = Batches(given.validation_rows, layout, eval_rows, **options)

    def loader(self, progress: Progress) -> StepLoader:
        def collate(step: list[MicroBatch]) -> list[Batch]:
            progress.tokens += self.train.tokens(step) * self.share.count
            return [self.train.tensors(micro_batch) for micro_batch in step]

        return StepLoader(self.train.sampler(self._job, self.share), collate)

    def validation_batches(self) -> list[MicroBatch]:
        """This process's part."""
        batches = self.validation
        return spread(batches.units, batches.packing, batches.size, self.share)[self.share.index]


def create_plan(given: Given, known: dict[str, Any] | None, model: Any, accelerator: Any) -> Plan:
    """Lets the model attend as its layout says. `known`: the layout of the checkpoint that a job goes on
    from, which it keeps, and with it the order of its rows."""
    first = branch_layout if given.job.is_activated else first_layout
    layout = known_layout(known, accelerator) if known else first(given.job.packing, model, accelerator)
    use_layout(layout, model)
    plan = Plan(given, layout)
    if known or not layout.joins_trees or accelerator.distributed_type in SHARDED:
        return plan
    if given.arguments.gradient_checkpointing:
        model.gradient_checkpointing_enable(given.arguments.gradient_checkpointing_kwargs)
    found = team.agree(checked(layout, model, accelerator, plan.train))
    use_layout(found, model)
    return Plan(given, found)
