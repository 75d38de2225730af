"""`python -m mllm_trainer.forecast JOB.json`: what the trainer would do, counted only; writes nothing.

With `-` it reads requests from the standard input, one a line: `{"job", "processes", "tokenizer"}`, which are
the content of a job.json, how many processes train it together, and the folder of its tokenizer (null: the
model's own). Prints a line for each job: a WorkPlan (src/recipe/work-plan.ts), or `{"failure"}`, which is
what the trainer would fail with.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import team
from .failures import Failure, failure_of
from .job import Job, parse_job, read_job

if TYPE_CHECKING:
    from .batches import Batches
    from .layout import Layout
    from .overflow import FittedRows
    from .rows import Profile, Row
    from .schedule import Load, Schedule

# The first optimizer steps are told one by one: a calibration measures these.
FIRST_STEPS = 20


def forecast(job: Job, processes: int, tokenizer_folder: str | None) -> dict[str, Any]:
    """Reads, tokenises, fits and arranges the rows as the trainer does."""
    from .batches import Batches
    from .branches import insist_on_one_process
    from .rows import read_profile
    from .schedule import Epochs, pauses, schedule_of
    from .splits import read_splits

    insist_on_one_process(job, processes)
    profile = read_profile(job.profile.path, job.profile.sha256)
    together = job.each if job.is_activated else (job,)
    splits = [read_splits(part) for part in together]
    tokenizer, config, positions = _read_model(job, tokenizer_folder, profile, splits[0]["train"])
    train, validation = _fit(together, splits, profile, (tokenizer, positions))
    layout = _layout(job, config)
    own, eval_rows = (
        len(together) * job.training.get(f"per_device_{kind}_batch_size", 8) for kind in ("train", "eval")
    )
    options = {"pad_id": tokenizer.pad_token_id or 0, "wants_targets": False}
    batches = Batches(train.rows, layout, own, **options)
    schedule = schedule_of(job, Epochs(job, batches, processes))
    evaluations, saves = pauses(job, schedule, bool(validation.rows))
    return {
        "rows": len(train.rows),
        "droppedRows": train.dropped,
        "cutRows": train.cut,
        "tokens": train.tokens,
        "trainedTokens": train.trained_tokens,
        "validationRows": len(validation.rows),
        "validationTokens": validation.tokens,
        "packing": layout.packing,
        "evaluations": evaluations,
        "saves": saves,
        **_training_work(schedule, batches),
        **_evaluation_work(Batches(validation.rows, layout, eval_rows, **options)),
    }


def _fit(
    together: "Sequence[Job]", splits: list[dict[str, Any]], profile: "Profile", model: tuple[Any, int | None]
) -> "tuple[FittedRows, FittedRows]":
    """The rows of all that are trained together; `model` is its tokenizer and its positions."""
    from .branches import invocation_of
    from .encoding import Encoder
    from .overflow import FittedRows
    from .splits import Fitter

    tokenizer, positions = model
    train, validation = FittedRows(), FittedRows()
    for number, (part, own) in enumerate(zip(together, splits, strict=True), start=1):
        encoder = Encoder(tokenizer, profile.end_of_turn)
        fitter = Fitter(part, encoder, positions, invocation_of(part, profile, encoder, number))
        fitted = fitter.fit(own["train"])
        fitter.insist_on_training(fitted)
        train = train.joined(fitted)
        validation = validation.joined(fitter.fit(own.get("validation", [])))
    return train, validation


def _training_work(schedule: "Schedule", batches: "Batches") -> dict[str, Any]:
    loads = [load for step in schedule.steps for load in step]
    return {
        "optimizerSteps": len(schedule.steps),
        "processedTokens": sum(load.tokens for load in loads),
        "processedPositions": sum(load.positions for load in loads),
        "forwardPositions": sum(batches.forward_positions(load.units) for load in loads),
        "largest": _largest(batches, loads),
        "firstPositions": [sum(load.positions for load in step) for step in schedule.steps[:FIRST_STEPS]],
    }


def _evaluation_work(batches: "Batches") -> dict[str, Any]:
    from .schedule import evaluation_loads

    loads = evaluation_loads(batches)
    positions = sum(load.positions for load in loads)
    return {"validationPositions": positions, "evaluated": _largest(batches, loads)}


def _largest(batches: "Batches", loads: "Sequence[Load]") -> dict[str, int]:
    """The most memory is taken by the micro-batch with the most positions that are not forward only."""

    def kept(load: "Load") -> int:
        return load.positions - batches.forward_positions(load.units)

    load = max(loads, key=kept, default=None)
    if load is None:
        return {"positions": 0, "places": 0, "trained": 0}
    rows = [row for number in load.units for row in batches.units[number].rows]
    tensors = batches.tensors((list(load.units), True))
    places = len(tensors.get("tree", {}).get("places", ()))
    trained = sum(batches.rows[row].trained_tokens for row in rows)
    return {"positions": kept(load), "places": places, "trained": trained}


def _layout(job: Job, config: Any) -> "Layout":
    """As the trainer lays rows out, before it has checked itself."""
    import torch
    from transformers import AutoModelForCausalLM

    from .layout import Layout, branch_layout, first_layout

    if config is None or job.packing == "none":
        attention = "plain" if job.packing == "none" else "segments"
        return Layout(job.packing, attention, has_branches=job.is_activated)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    # How it attends depends on the machine, what it attends to does not.
    layout = branch_layout if job.is_activated else first_layout
    return layout(job.packing, model, SimpleNamespace(device=torch.device("cpu")))


def _read_model(
    job: Job, folder: str | None, profile: "Profile", rows: "list[Row]"
) -> tuple[Any, Any, int | None]:
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


def answer(read: Callable[[], Job], processes: int, tokenizer: str | None) -> dict[str, Any]:
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
        found = answer(lambda: read_job(Path(arguments[0])), team.SIZE, None)
        print(json.dumps(found))
        return 1 if "failure" in found else 0
    for line in sys.stdin:
        request = json.loads(line)
        path = Path(request["job"]["outputDir"]) / "job.json"
        read = partial(parse_job, json.dumps(request["job"]), path)
        print(json.dumps(answer(read, request["processes"], request["tokenizer"])), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
