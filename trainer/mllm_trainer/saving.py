"""From what Transformers saved to a checkpoint of the job."""

import json
from typing import Any

from .artifacts import write_json
from .checkpoints import PROGRESS, Checkpoint, complete_checkpoints, keep_best_and_last, seal
from .events import EventLog, PartLog
from .job import Job
from .rows import Profile


class CheckpointWriter:
    """Names, completes and seals a saved folder; of all checkpoints keeps the best one and the last."""

    def __init__(self, job: Job, profile: Profile, events: EventLog | PartLog):
        self._job, self._profile, self._events = job, profile, events

    def complete(self, facts: dict[str, Any], progress: dict[str, Any]) -> None:
        """`facts` is what the manifest says beside the job."""
        step = facts["globalStep"]
        folder = self._job.checkpoint_folder(step)
        # Transformers has its own idea of the name; without a manifest nobody takes it for a checkpoint.
        (self._job.checkpoints / f"checkpoint-{step}").rename(folder)
        # A pickle with this machine's paths in it: of no use to anyone.
        (folder / "training_args.bin").unlink(missing_ok=True)
        (folder / "profile.json").write_bytes(self._profile.content)
        write_json(folder / PROGRESS, progress)
        checkpoint = seal(folder, self._job, facts)
        self._events.emit("checkpoint", id=checkpoint.manifest["id"], globalStep=step, path=str(folder))
        keep_best_and_last(complete_checkpoints(self._job))


def saved_progress(checkpoint: Checkpoint) -> dict[str, Any]:
    """What `complete` was given with it."""
    return json.loads((checkpoint.folder / PROGRESS).read_text(encoding="utf-8"))
