"""The end of a job, and how a new attempt finds out how far the one before it came. Needs no torch."""

import json
import shutil
from typing import Any

from .checkpoints import (
    SHARED,
    Checkpoint,
    best_of,
    complete_checkpoints,
    drop_after,
    drop_other_parents,
    drop_resume_files,
    keep_best_and_last,
)
from .events import EventLog, read_events, seconds_spent
from .job import Job


def is_trained(checkpoints: list[Checkpoint]) -> bool:
    """Whether the last optimizer step was done, and the best checkpoint is among them.

    Resume files go only after that step; without the best checkpoint the others are not complete either.
    """
    if not checkpoints:
        return False
    if not all(checkpoint.is_resumable for checkpoint in checkpoints):
        return True
    state = json.loads((checkpoints[-1].folder / "trainer_state.json").read_text(encoding="utf-8"))
    return state["global_step"] >= state["max_steps"]


def find_joint_work(job: Job) -> list[tuple[Job, Checkpoint | None]]:
    """Of roles that are trained together: all of them, each from the last step that all of them have."""
    shutil.rmtree(job.checkpoints / SHARED, ignore_errors=True)
    found = []
    for part in job.each:
        drop_other_parents(part)
        found.append(complete_checkpoints(part))
    if all(map(is_trained, found)):
        return []
    common = set.intersection(
        *({checkpoint.step for checkpoint in each if checkpoint.is_resumable} for each in found)
    )
    step = max(common, default=0)
    left = []
    for part, checkpoints in zip(job.each, found, strict=True):
        drop_after(checkpoints, step)
        left.append((part, next((each for each in checkpoints if each.step == step), None)))
    return left


def settle(job: Job) -> list[Checkpoint]:
    """Leaves best and last without what only a resuming job needs. Safe to repeat."""
    return drop_resume_files(keep_best_and_last(complete_checkpoints(job)))


def finish(job: Job, events: EventLog) -> None:
    """Says `done`, with what came of each part. Safe to repeat."""
    results = [_done_fields(settle(part)) for part in job.each]
    parts = [{"subset": part.subset, **result} for part, result in zip(job.parts, results, strict=False)]
    seconds = round(seconds_spent(read_events(events.path)), 3)
    events.emit("done", **results[0], seconds=seconds, **({"parts": parts} if parts else {}))


def _done_fields(kept: list[Checkpoint]) -> dict[str, Any]:
    best, last = best_of(kept), kept[-1]
    return {
        "globalStep": last.step,
        "best": str(best.folder),
        "last": str(last.folder),
        "trainLoss": last.manifest["metrics"]["trainLoss"],
        "validationLoss": best.validation_loss,
        "initialValidationLoss": best.manifest["metrics"]["initialValidationLoss"],
    }
