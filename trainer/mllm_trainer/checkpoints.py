"""Checkpoint folders and their manifests (src/core/checkpoint.ts). No manifest: no checkpoint."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .artifacts import hash_of_file, sha256_of_json, sync_file, sync_folder, write_json
from .failures import Failure
from .job import Job

MANIFEST = "checkpoint.json"
PROGRESS = "progress.json"
# What roles that are trained together saved, until each has its own checkpoint of it.
SHARED = "checkpoint-shared"
RESUME_FILES = (
    "optimizer.pt",
    # FSDP's own copies of optimizer and weights.
    "optimizer.bin",
    "pytorch_model_fsdp",
    # DeepSpeed's: each process its part.
    "global_step",
    "latest",
    "zero_to_fp32.py",
    "scheduler.pt",
    "scaler.pt",
    "trainer_state.json",
    PROGRESS,
    "rng_state",
)


@dataclass(frozen=True)
class Checkpoint:
    folder: Path
    manifest: dict[str, Any]

    @property
    def step(self) -> int:
        return self.manifest["globalStep"]

    @property
    def validation_loss(self) -> float | None:
        return self.manifest["metrics"]["validationLoss"]

    @property
    def best_step(self) -> int:
        return self.manifest["bestStep"]

    @property
    def is_resumable(self) -> bool:
        return bool(self.manifest["resumeFiles"])


def complete_checkpoints(job: Job) -> list[Checkpoint]:
    """In order of step. Folders that a crash left half-written, or that lost files, are deleted.

    So are checkpoints that outlived the best one: to go on from them would make a worse one the best.
    """
    found = _read_checkpoints(job)
    whole = {checkpoint.folder for checkpoint in found}
    for folder in job.checkpoints.glob(f"{job.checkpoint_prefix}*"):
        if folder not in whole:
            shutil.rmtree(folder)
    steps = {checkpoint.step for checkpoint in found}
    for checkpoint in found:
        if checkpoint.best_step not in steps:
            best = f"the best checkpoint, of step {checkpoint.best_step}"
            print(f"{checkpoint.folder} is deleted: {best}, is gone", flush=True)
            _remove(checkpoint.folder)
    return [checkpoint for checkpoint in found if checkpoint.best_step in steps]


def drop_other_parents(job: Job) -> None:
    """Deletes checkpoints of this job that continued from another stage-1 checkpoint, since trained anew."""
    wanted = job.parent and job.parent["hash"]
    for checkpoint in _read_checkpoints(job):
        parent = checkpoint.manifest["parent"]
        if (parent and parent["hash"]) != wanted:
            print(f"{checkpoint.folder} is deleted: its parent was another one", flush=True)
            _remove(checkpoint.folder)


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """None where the folder is not a complete checkpoint."""
    manifest = _read_manifest(folder)
    return manifest and Checkpoint(folder, manifest)


def _read_checkpoints(job: Job) -> list[Checkpoint]:
    found = []
    for folder in job.checkpoints.glob(f"{job.checkpoint_prefix}*"):
        checkpoint = read_checkpoint(folder)
        if checkpoint is None:
            continue
        if checkpoint.manifest["jobKey"] != job.job_key:
            raise Failure(
                "bad_job",
                f"{folder} belongs to another job (jobKey {checkpoint.manifest['jobKey']})",
                "Use an empty folder for this job.",
            )
        found.append(checkpoint)
    return sorted(found, key=lambda checkpoint: checkpoint.step)


def best_of(checkpoints: list[Checkpoint]) -> Checkpoint:
    """The lowest validation loss, the earlier one where two are equal; without validation the last."""
    losses = [checkpoint.validation_loss for checkpoint in checkpoints]
    if any(loss is None for loss in losses):
        return checkpoints[-1]
    return checkpoints[losses.index(min(losses))]


def keep_best_and_last(checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    best, last = best_of(checkpoints), checkpoints[-1]
    for checkpoint in checkpoints:
        if checkpoint not in (best, last):
            _remove(checkpoint.folder)
    return [best] if best is last else [best, last]


def drop_after(checkpoints: list[Checkpoint], step: int) -> None:
    """Deletes those of later steps."""
    for checkpoint in checkpoints:
        if checkpoint.step > step:
            print(f"{checkpoint.folder} is deleted: other roles have not come as far", flush=True)
            _remove(checkpoint.folder)


def drop_resume_files(checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    """First no manifest names the files, then they go: a manifest never promises what is not there."""
    for checkpoint in checkpoints:
        write_json(checkpoint.folder / MANIFEST, {**checkpoint.manifest, "resumeFiles": []})
    for checkpoint in checkpoints:
        for path in checkpoint.folder.iterdir():
            if path.name.startswith(RESUME_FILES):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    return [Checkpoint(old.folder, {**old.manifest, "resumeFiles": []}) for old in checkpoints]


def seal(folder: Path, job: Job, facts: dict[str, Any]) -> Checkpoint:
    """Writes the manifest of a folder that is otherwise ready; `facts` holds what the job does not say."""
    files, resume_files = [], []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        sync_file(path)
        name = path.relative_to(folder).as_posix()
        (resume_files if name.startswith(RESUME_FILES) else files).append(hash_of_file(folder, name))
    sync_folder(folder)
    hash_ = sha256_of_json([[file["path"], file["sha256"]] for file in files])
    manifest = {
        "version": 1,
        "id": f"{job.subset}-{facts['globalStep']}-{id_suffix(job.job_key, hash_)}",
        "hash": hash_,
        "stage": job.stage,
        "subset": job.subset,
        "jobId": job.job_id,
        "jobKey": job.job_key,
        "recipe": job.recipe,
        "baseModel": job.base_model,
        "parent": job.parent,
        "dataHash": job.data_hash,
        **facts,
        "files": files,
        "resumeFiles": resume_files,
    }
    manifest["bestStep"] = best_of([*_read_checkpoints(job), Checkpoint(folder, manifest)]).step
    write_json(folder / MANIFEST, manifest)
    sync_folder(folder.parent)
    return Checkpoint(folder, manifest)


def id_suffix(job_key: str, hash_: str) -> str:
    """Tells apart equal weights of different jobs; a job trained again gets the same ids."""
    return hashlib.sha256((job_key + hash_).encode()).hexdigest()[:8]


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    """None where it is missing, lacks a fact, or names files that are not all there."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        listed = manifest["files"] + manifest["resumeFiles"]
        is_whole = all((folder / file["path"]).stat().st_size == file["sizeBytes"] for file in listed)
        has_facts = (
            isinstance(manifest["globalStep"], int)
            and {"jobKey", "metrics", "bestStep", "parent"} <= manifest.keys()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return manifest if is_whole and has_facts else None


def _remove(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    shutil.rmtree(folder)
