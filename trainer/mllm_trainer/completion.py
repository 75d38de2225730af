"""The end of a job, and how a new attempt finds out how far the one before it came. Needs no torch."""

import json
from typing import Any

from .checkpoints import Checkpoint, best_of, complete_checkpoints, drop_resume_files, keep_best_and_last
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


def finish(job: Job, events: EventLog) -> None:
    """Leaves best and last without what only a resuming job needs; says `done`. Safe to repeat."""
    kept = drop_resume_files(keep_best_and_last(complete_checkpoints(job)))
    events.emit("done", **_done_fields(kept, events))


def _done_fields(kept: list[Checkpoint], events: EventLog) -> dict[str, Any]:
    best, last = best_of(kept), kept[-1]
    return {
        "globalStep": last.step,
        "best": str(best.folder),
        "last": str(last.folder),
        "trainLoss": last.manifest["metrics"]["trainLoss"],
        "validationLoss": best.validation_loss,
        "initialValidationLoss": best.manifest["metrics"]["initialValidationLoss"],
        "seconds": round(seconds_spent(read_events(events.path)), 3),
    }
