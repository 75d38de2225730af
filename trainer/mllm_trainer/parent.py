"""The stage-1 checkpoint that a job of stage 2 continues from."""

from dataclasses import replace
from pathlib import Path

from .checkpoints import Checkpoint, read_checkpoint
from .events import read_events
from .failures import Failure
from .job import Job

HINT = "Let the job of stage 1 run to its end, then run the same command again."


def with_parent(job: Job) -> Job:
    """The job as if it had named its parent. Raises Failure("bad_model") where that is not there."""
    if job.parent is None:
        return job
    if job.parent["hash"] is not None:
        known = {"parent": {key: job.parent[key] for key in ("id", "hash")}}
    else:
        parent = _best_of(Path(job.model))
        reference = {key: parent.manifest[key] for key in ("id", "hash")}
        known = {"model": str(parent.folder), "parent": reference}
    return replace(job, **known, parts=tuple(replace(part, **known) for part in job.parts))


def _best_of(folder: Path) -> Checkpoint:
    ends = [event for event in read_events(folder / "events.jsonl") if event["type"] == "done"]
    if not ends:
        raise Failure("bad_model", f"{folder}: the job of stage 1 has not ended well", HINT)
    # The path is of the machine that trained it.
    best = folder / "checkpoints" / Path(ends[-1]["best"]).name
    checkpoint = read_checkpoint(best)
    if checkpoint is None:
        raise Failure("bad_model", f"{best}, the best checkpoint of stage 1, is gone or not complete", HINT)
    return checkpoint
