"""`python -m mllm_trainer.plan JOB.json`: what the trainer would do, counted and not trained; writes nothing.

With `-` it reads requests from the standard input, one a line: `{"job", "processes", "tokenizer"}`, which are
the content of a job.json, how many processes train it together, and the folder of its tokenizer (null: the
model's own). Prints a line for each job: a WorkPlan (src/recipe/work-plan.ts), or `{"failure"}`, which is
what the trainer would fail with.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from math import ceil
from pathlib import Path
from typing import Any

from .failures import Failure, failure_of
from .job import Job, parse_job, read_job

# As Transformers has it, for a job that says neither epochs nor steps.
DEFAULT_EPOCHS = 3.0
# The first optimizer steps are told one by one: a calibration measures these.
FIRST_STEPS = 20


@dataclass(frozen=True)
class MicroBatch:
    """What one process sees at once: `tokens` that count, `positions` with padding, in lines of `width`."""

    tokens: int
    positions: int
    width: int
    trained: int


@dataclass(frozen=True)
class Schedule:
    """An optimizer step is a list of micro-batches, of all processes."""

    steps_per_epoch: int
    optimizer_steps: int
    steps: list[list[MicroBatch]]


def plan(job: Job, processes: int, tokenizer_folder: str | None) -> dict[str, Any]:
    """Reads, tokenises, fits and arranges the rows as the trainer does."""
    from .encoding import Encoder
    from .overflow import fit_rows, token_limit
    from .rows import read_profile, read_rows

    profile = read_profile(job.profile.path, job.profile.sha256)
    rows = list(read_rows(job.train.path, job.train.sha256))
    tokenizer, positions = _read_model(job, tokenizer_folder, profile, rows)
    encoder = Encoder(tokenizer, profile.end_of_turn)
    limit = token_limit(job.overflow_policy, job.max_tokens, positions)
    encoded = list(encoder.encode(rows))
    encoder.check_whole_rows(rows, encoded, job.seed)
    train = fit_rows(encoded, job.overflow_policy, limit)
    if not train.rows:
        message = f"Of {len(rows)} rows in {job.train.path} none has a trained token within {limit} tokens"
        raise Failure("no_trained_tokens", message, "Raise overflow.max_tokens.")
    held_out = read_rows(job.validation.path, job.validation.sha256) if job.validation else []
    validation = fit_rows(encoder.encode(held_out), job.overflow_policy, limit)
    schedule = schedule_of(job, Order(job, train.rows, limit, processes))
    evaluations, saves = _pauses(job, schedule, bool(validation.rows))
    batches = [batch for step in schedule.steps for batch in step]
    return {
        "rows": len(train.rows),
        "droppedRows": train.dropped,
        "cutRows": train.cut,
        "tokens": train.tokens,
        "trainedTokens": train.trained_tokens,
        "validationRows": len(validation.rows),
        "validationTokens": validation.tokens,
        "optimizerSteps": schedule.optimizer_steps,
        "processedTokens": sum(batch.tokens for batch in batches),
        "processedPositions": sum(batch.positions for batch in batches),
        "evaluations": evaluations,
        "saves": saves,
        "largest": {
            # The most memory is taken by one of these.
            "positions": max(batch.positions for batch in batches),
            "width": max(batch.width for batch in batches),
            "trained": max(batch.trained for batch in batches),
        },
        "evaluated": _largest_evaluated(job, validation.rows),
        "firstPositions": [sum(batch.positions for batch in step) for step in schedule.steps[:FIRST_STEPS]],
    }


def _read_model(job: Job, folder: str | None, profile: Any, rows: list[Any]) -> tuple[Any, int | None]:
    """The tokenizer, and how many positions the model has."""
    from transformers import AutoConfig, AutoTokenizer

    from . import tiny

    if job.model == "tiny-scratch":
        texts = tiny.segment_texts(rows, profile.end_of_turn)
        return tiny.train_tokenizer(texts, profile.markers), tiny.POSITIONS
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
    return tokenizer, getattr(config, "max_position_embeddings", None)


class Order:
    """Which rows each process sees in each turn of an epoch, by the trainer's own packing and order."""

    def __init__(self, job: Job, rows: Sequence[Any], limit: int, processes: int):
        from torch.utils.data import BatchSampler

        from .packing import PACKINGS
        from .sampling import SeededSampler

        training = job.training
        self.rows, self.processes = rows, processes
        self.accumulated = training.get("gradient_accumulation_steps", 1)
        # Unpacked lines are filled up to the longest one; packed ones are joined.
        self.is_padded = job.packing == "none"
        size = training.get("per_device_train_batch_size", 8)
        strategy = training.get("train_sampling_strategy", "random")
        self.sequences = PACKINGS[job.packing].arrange([len(row) for row in rows], limit)
        lengths = [sum(len(rows[index]) for index in sequence) for sequence in self.sequences]
        self.sampler = SeededSampler(lengths, strategy, size * self.accumulated * processes, job.seed)
        self.batches = BatchSampler(self.sampler, size, drop_last=False)

    def epoch(self, number: int) -> list[tuple[MicroBatch, ...]]:
        from accelerate.data_loader import BatchSamplerShard

        self.sampler.set_epoch(number)
        shares = [BatchSamplerShard(self.batches, self.processes, index) for index in range(self.processes)]
        return [tuple(map(self._micro_batch, turn)) for turn in zip(*shares, strict=True)]

    def _micro_batch(self, numbers: Iterable[int]) -> MicroBatch:
        lines = [[self.rows[index] for index in self.sequences[number]] for number in numbers]
        lengths = [sum(map(len, line)) for line in lines]
        tokens, trained = sum(lengths), sum(row.trained_tokens for line in lines for row in line)
        width = max(lengths) if self.is_padded else tokens
        return MicroBatch(tokens, width * len(lines) if self.is_padded else width, width, trained)


def schedule_of(job: Job, order: Order) -> Schedule:
    """Every micro-batch of the whole training."""
    epochs = (order.epoch(number) for number in count())
    first = next(epochs)
    steps_per_epoch = max(1, ceil(len(first) / order.accumulated))
    wanted = job.training.get("max_steps", -1)
    if wanted <= 0:
        wanted = ceil(job.training.get("num_train_epochs", DEFAULT_EPOCHS) * steps_per_epoch)

    def steps() -> Iterator[list[MicroBatch]]:
        epoch = first
        while True:
            # The last step of an epoch may be shorter; it never reaches into the next one.
            for start in range(0, len(epoch), order.accumulated):
                yield [batch for turn in epoch[start : start + order.accumulated] for batch in turn]
            epoch = next(epochs)

    return Schedule(steps_per_epoch, wanted, list(islice(steps(), wanted)))


def _largest_evaluated(job: Job, rows: Sequence[Any]) -> dict[str, int]:
    """The trainer evaluates the longest rows first."""
    size = job.training.get("per_device_eval_batch_size", 8)
    longest = sorted(rows, key=lambda row: -len(row))[:size]
    width = max(map(len, longest), default=0)
    trained = sum(row.trained_tokens for row in longest)
    return {"positions": width * len(longest), "width": width, "trained": trained}


def _pauses(job: Job, schedule: Schedule, has_validation: bool) -> tuple[int, int]:
    """How often the trainer evaluates and saves; each checkpoint is evaluated, no step twice."""
    last = schedule.optimizer_steps
    saves = _steps_of(job, "save", schedule) | {last}
    if not has_validation:
        return 0, len(saves)
    return len({0} | saves | _steps_of(job, "eval", schedule)), len(saves)


def _steps_of(job: Job, act: str, schedule: Schedule) -> set[int]:
    strategy = job.training.get(f"{act}_strategy", "no" if act == "eval" else "steps")
    last = schedule.optimizer_steps
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
        return plan(read(), processes, tokenizer)
    except Exception as error:
        failure = failure_of(error)
        return {"failure": {"reason": failure.reason, "message": failure.message, "hint": failure.hint}}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m mllm_trainer.plan JOB.json | -", file=sys.stderr)
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
