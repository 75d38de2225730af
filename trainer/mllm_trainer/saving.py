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
        self.seal(facts, progress)
        keep_best_and_last(complete_checkpoints(self._job))

    def seal(self, facts: dict[str, Any], progress: dict[str, Any]) -> None:
        """The same for a folder that has its name already; all others are kept."""
        folder = self._job.checkpoint_folder(facts["globalStep"])
        (folder / "profile.json").write_bytes(self._profile.content)
        write_json(folder / PROGRESS, progress)
        told = {"globalStep": facts["globalStep"], "path": str(folder)}
        self._events.emit("checkpoint", id=seal(folder, self._job, facts).manifest["id"], **told)


def saved_progress(checkpoint: Checkpoint) -> dict[str, Any]:
    """What `complete` was given with it."""
    return json.loads((checkpoint.folder / PROGRESS).read_text(encoding="utf-8"))
