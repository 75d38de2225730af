"""`python -m mllm_trainer.forecast JOB.json`: what the trainer would do, counted only; writes nothing.

With `-` it reads requests from the standard input, one a line: `{"job", "processes", "tokenizer"}`, which are
the content of a job.json, how many processes train it together, and the folder of its tokenizer (null: the
model's own). Prints a line for each job: a WorkPlan (src/recipe/work-plan.ts), or `{"failure"}`, which is
what the trainer would fail with.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from math import ceil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .failures import Failure, failure_of
from .job import Job, parse_job, read_job

# As Transformers has it, for a job that says neither epochs nor steps.
DEFAULT_EPOCHS = 3.0
# The first optimizer steps are told one by one: a calibration measures these.
FIRST_STEPS = 20


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


def forecast(job: Job, processes: int, tokenizer_folder: str | None) -> dict[str, Any]:
    """Reads, tokenises, fits and arranges the rows as the trainer does."""
    from .batches import Batches
    from .encoding import Encoder
    from .overflow import FittedRows
    from .rows import read_profile
    from .splits import Fitter, read_splits

    profile = read_profile(job.profile.path, job.profile.sha256)
    splits = read_splits(job)
    tokenizer, config, positions = _read_model(job, tokenizer_folder, profile, splits["train"])
    fitter = Fitter(job, Encoder(tokenizer, profile.end_of_turn), positions)
    train = fitter.fit(splits["train"])
    fitter.insist_on_training(train)
    validation = fitter.fit(splits["validation"]) if job.validation else FittedRows()
    layout = _layout(job, config)
    options = {"pad_id": tokenizer.pad_token_id or 0, "wants_targets": False}
    own, eval_rows = (job.training.get(f"per_device_{kind}_batch_size", 8) for kind in ("train", "eval"))
    batches = Batches(train.rows, layout, own, **options)
    held_out_batches = Batches(validation.rows, layout, eval_rows, **options)
    schedule = schedule_of(job, Order(job, batches, processes))
    evaluations, saves = _pauses(job, schedule, bool(validation.rows))
    loads = [load for step in schedule.steps for load in step]
    evaluated = _evaluated(held_out_batches)
    return {
        "rows": len(train.rows),
        "droppedRows": train.dropped,
        "cutRows": train.cut,
        "tokens": train.tokens,
        "trainedTokens": train.trained_tokens,
        "validationRows": len(validation.rows),
        "validationTokens": validation.tokens,
        "validationPositions": sum(load.positions for load in evaluated),
        "packing": layout.packing,
        "optimizerSteps": len(schedule.steps),
        "processedTokens": sum(load.tokens for load in loads),
        "processedPositions": sum(load.positions for load in loads),
        "evaluations": evaluations,
        "saves": saves,
        "largest": _largest(batches, loads),
        "evaluated": _largest(held_out_batches, evaluated),
        "firstPositions": [sum(load.positions for load in step) for step in schedule.steps[:FIRST_STEPS]],
    }


def _layout(job: Job, config: Any) -> Any:
    """As the trainer lays rows out, before it has checked itself."""
    import torch
    from transformers import AutoModelForCausalLM

    from .layout import Layout, first_layout

    if config is None or job.packing == "none":
        return Layout(job.packing, "plain" if job.packing == "none" else "segments")
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    # How it attends depends on the machine, what it attends to does not.
    return first_layout(job.packing, model, SimpleNamespace(device=torch.device("cpu")))


def _read_model(job: Job, folder: str | None, profile: Any, rows: list[Any]) -> tuple[Any, Any, int | None]:
    """Tokenizer, configuration, and how many positions the model has."""
    from transformers import AutoConfig, AutoTokenizer

    from . import tiny

    if job.model == "tiny-scratch":
        texts = tiny.segment_texts(rows, profile.end_of_turn)
        return tiny.train_tokenizer(texts, profile.markers), None, tiny.POSITIONS
    if folder is None:
        from .models import resolve_model

        folder = resolve_model(job.model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        has_config = not os.path.isdir(folder) or os.path.exists(os.path.join(folder, "config.json"))
        config = AutoConfig.from_pretrained(folder) if has_config else None
    except (OSError, ValueError, KeyError) as error:
        words = " ".join(str(error).split())[:300]
        raise Failure("bad_model", f"the tokenizer of {job.model} cannot be loaded: {words}") from error
    return tokenizer, config, getattr(config, "max_position_embeddings", None)


class Order:
    """Which rows each process sees in each optimizer step, by the trainer's own packing and sampler."""

    def __init__(self, job: Job, batches: Any, processes: int):
        from .sampling import Order, Share, StepSampler

        training, self.batches = job.training, batches
        size = training.get("per_device_train_batch_size", 8)
        step_rows = size * training.get("gradient_accumulation_steps", 1) * processes
        order = Order(step_rows, training.get("train_sampling_strategy", "random"), job.seed)
        shares = [Share(index, processes) for index in range(processes)]
        parts = batches.units, batches.packing, batches.size, order
        self.samplers = [StepSampler(*parts, share) for share in shares]

    def epoch(self, number: int) -> Iterator[list[Load]]:
        for sampler in self.samplers:
            sampler.set_epoch(number)
        for step in zip(*self.samplers, strict=True):
            yield [self._load(*micro_batch) for own in step for micro_batch in own]

    def _load(self, numbers: list[int], counts: bool) -> Load:
        lengths = [self.batches.units[number].tokens for number in numbers]
        positions = max(lengths) * len(lengths) if self.batches.packing.pads else sum(lengths)
        return Load(tuple(numbers), sum(lengths) if counts else 0, positions)


def schedule_of(job: Job, order: Order) -> Schedule:
    """Every optimizer step of the whole training."""
    steps_per_epoch = max(1, len(order.samplers[0]))
    wanted = job.training.get("max_steps", -1)
    if wanted <= 0:
        wanted = ceil(job.training.get("num_train_epochs", DEFAULT_EPOCHS) * steps_per_epoch)
    steps = (step for number in count() for step in order.epoch(number))
    return Schedule(steps_per_epoch, list(islice(steps, wanted)))


def _largest(batches: Any, loads: Iterable[Load]) -> dict[str, int]:
    """The most memory is taken by the micro-batch with the most positions."""
    load = max(loads, key=lambda load: load.positions, default=None)
    if load is None:
        return {"positions": 0, "places": 0, "trained": 0}
    rows = [row for number in load.units for row in batches.units[number].rows]
    tensors = batches.tensors((list(load.units), True))
    places = len(tensors.get("tree", {}).get("places", ()))
    trained = sum(batches.rows[row].trained_tokens for row in rows)
    return {"positions": load.positions, "places": places, "trained": trained}


def _evaluated(batches: Any) -> list[Load]:
    units = batches.units
    found = []
    for numbers in batches.packing.split(units, batches.size) if units else []:
        lengths = [units[number].tokens for number in numbers]
        positions = max(lengths) * len(lengths) if batches.packing.pads else sum(lengths)
        found.append(Load(tuple(numbers), sum(lengths), positions))
    return found


def _pauses(job: Job, schedule: Schedule, has_validation: bool) -> tuple[int, int]:
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


def answer(read: Any, processes: int, tokenizer: str | None) -> dict[str, Any]:
    try:
        return forecast(read(), processes, tokenizer)
    except Exception as error:
        return {"failure": failure_of(error).facts()}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m mllm_trainer.forecast JOB.json | -", file=sys.stderr)
        return 2
    # Nothing is loaded but what lies here.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if arguments[0] != "-":
        processes = int(os.environ.get("WORLD_SIZE", "1"))
        found = answer(lambda: read_job(Path(arguments[0])), processes, None)
        print(json.dumps(found))
        return 1 if "failure" in found else 0
    for line in sys.stdin:
        request = json.loads(line)
        text, folder = json.dumps(request["job"]), Path(request["job"]["outputDir"]) / "job.json"

        def read(text: str = text, folder: Path = folder) -> Job:
            return parse_job(text, folder)

        print(json.dumps(answer(read, request["processes"], request["tokenizer"])), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
