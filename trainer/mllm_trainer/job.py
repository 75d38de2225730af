"""`job.json` (src/core/job-spec.ts), read strictly: every wrong or unknown key is named, all at once."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .failures import Failure
from .job_schema import mistakes_of


@dataclass(frozen=True)
class DataFile:
    """A file as it was when the job was planned."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Job:
    """A checked job; `folder` is where job.json lies and everything is written.

    Of a job of several roles `parts` has each as a job of its own, with the key that it would have as one;
    what stands beside `parts` and is a part's own affair is the first one's.
    """

    folder: Path
    job_id: str
    job_key: str
    recipe: dict[str, str]
    stage: int
    subset: str
    model: str
    base_model: str
    # Without hash, `model` is the folder of the job that makes the parent; see parent.py.
    parent: dict[str, str | None] | None
    train: DataFile
    validation: DataFile | None
    profile: DataFile
    data_hash: str
    method: str
    lora: dict[str, Any] | None
    quantization: str | None
    packing: str
    overflow_policy: str
    max_tokens: int
    training: dict[str, Any]
    deadline_seconds: int
    parts: tuple["Job", ...] = ()
    # One of several roles, whose checkpoints lie side by side.
    is_part: bool = False

    @property
    def each(self) -> tuple["Job", ...]:
        """What is trained, each to checkpoints of its own: the parts, or the job itself."""
        return self.parts or (self,)

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def checkpoint_prefix(self) -> str:
        return f"checkpoint-{self.subset}-" if self.is_part else "checkpoint-"

    def checkpoint_folder(self, step: int) -> Path:
        return self.checkpoints / f"{self.checkpoint_prefix}{step}"

    @property
    def is_activated(self) -> bool:
        """Whether adapters act from a marker on, and parts are trained together, on one tree."""
        return self.method == "alora"

    @property
    def seed(self) -> int:
        return self.training.get("seed", 42)


def read_job(path: Path) -> Job:
    """Raises Failure("bad_job") that lists every mistake."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Failure(
            "bad_job", f"{path} cannot be read: {error.strerror}", "Give the path of a job.json."
        ) from error
    return parse_job(text, path)


def parse_job(text: str, path: Path) -> Job:
    """Raises Failure("bad_job") that lists every mistake; `path` is where the text would lie."""
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise Failure("bad_job", f"{path} is not JSON: {error}", "Let `mllm train` write it anew.") from error
    if mistakes := mistakes_of(raw):
        raise Failure(
            "bad_job",
            f"{path}: " + "; ".join(mistakes),
            "Correct these keys of job.json, or of the recipe that it was made from.",
        )
    folder = path.absolute().parent
    parts = [_to_job({**raw, **part}, folder) for part in raw.get("parts", [])]
    return replace(_to_job(raw, folder), parts=tuple(replace(part, is_part=True) for part in parts))


def _to_job(raw: dict[str, Any], folder: Path) -> Job:
    data = raw["data"]

    def file(name: str) -> DataFile | None:
        return DataFile(Path(data[name]), data["sha256"][name]) if data[name] is not None else None

    return Job(
        folder=folder,
        job_id=raw["jobId"],
        job_key=raw["jobKey"],
        recipe=raw["recipe"],
        stage=raw["stage"],
        subset=raw["subset"],
        model=raw["model"],
        base_model=raw["baseModel"],
        parent=raw["parent"],
        train=file("train"),
        validation=file("validation"),
        profile=file("profile"),
        data_hash=data["hash"],
        method=raw["method"],
        lora=raw["lora"],
        quantization=raw["quantization"],
        packing=raw["packing"],
        overflow_policy=raw["overflow"]["policy"],
        max_tokens=raw["overflow"]["maxTokens"],
        training=raw["training"],
        deadline_seconds=raw["deadlineSeconds"],
    )
