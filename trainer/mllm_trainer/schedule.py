"""A whole training laid out beforehand: what is computed in each optimizer step, and when it pauses.

The steps are the trainer's own; how many there are, and when it evaluates and saves, as Transformers has it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from math import ceil

from .batches import Batches
from .job import Job
from .sampling import MicroBatch, Share

# As Transformers has it, for a job that says neither epochs nor steps.
DEFAULT_EPOCHS = 3.0


@dataclass(frozen=True)
class Load:
    """What a process computes at once: `tokens` that count, `positions` with all padding."""

    units: tuple[int, ...]
    tokens: int
    positions: int


@dataclass(frozen=True)
class Schedule:
    """The micro-batches of each optimizer step, of all processes."""

    steps_per_epoch: int
    steps: list[list[Load]]


class Epochs:
    """The steps of each epoch, of all processes."""

    def __init__(self, job: Job, batches: Batches, processes: int):
        self._batches = batches
        self._samplers = [batches.sampler(job, Share(index, processes)) for index in range(processes)]

    @property
    def steps(self) -> int:
        return len(self._samplers[0])

    def epoch(self, number: int) -> Iterator[list[Load]]:
        for sampler in self._samplers:
            sampler.set_epoch(number)
        for step in zip(*self._samplers, strict=True):
            yield [load_of(self._batches, micro_batch) for own in step for micro_batch in own]


def load_of(batches: Batches, micro_batch: MicroBatch) -> Load:
    numbers, _ = micro_batch
    return Load(tuple(numbers), batches.tokens([micro_batch]), batches.positions(numbers))


def evaluation_loads(batches: Batches) -> list[Load]:
    """Of one evaluation, by a process alone."""
    split = batches.packing.split(batches.units, batches.size) if batches.units else []
    return [load_of(batches, (numbers, True)) for numbers in split]


def schedule_of(job: Job, epochs: Epochs) -> Schedule:
    """Every optimizer step of the whole training."""
    steps_per_epoch = max(1, epochs.steps)
    wanted = job.training.get("max_steps", -1)
    if wanted <= 0:
        wanted = ceil(job.training.get("num_train_epochs", DEFAULT_EPOCHS) * steps_per_epoch)
    steps = (step for number in count() for step in epochs.epoch(number))
    return Schedule(steps_per_epoch, list(islice(steps, wanted)))


def pauses(job: Job, schedule: Schedule, has_validation: bool) -> tuple[int, int]:
    """How often the trainer evaluates and saves; each checkpoint is evaluated, no step twice."""
    last = len(schedule.steps)
    saves = _steps_of(job, "save", schedule) | {last}
    if not has_validation:
        return 0, len(saves)
    return len({0} | saves | _steps_of(job, "eval", schedule)), len(saves)


def _steps_of(job: Job, act: str, schedule: Schedule) -> set[int]:
    strategy = job.training.get(f"{act}_strategy", "no" if act == "eval" else "steps")
    last = len(schedule.steps)
    if strategy == "no":
        return set()
    if strategy == "epoch":
        return {*range(schedule.steps_per_epoch, last + 1, schedule.steps_per_epoch), last}
    default = job.training.get("logging_steps", 10) if act == "eval" else 0.25
    every = job.training.get(f"{act}_steps", default)
    every = max(1, ceil(last * every) if every < 1 else int(every))
    return set(range(every, last + 1, every))
