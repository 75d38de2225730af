"""One job from data to checkpoints. Imported late: it needs torch and the libraries above it."""

import ctypes
import gc
import os
import platform
import sys
from dataclasses import dataclass
from typing import Any

import peft
import torch
import transformers
import trl

from . import __version__, team
from .activated_trainer import ActivatedTrainer, Part
from .arguments import create_arguments
from .artifacts import sha256_of_json
from .branches import Invocation, insist_on_one_process, invocation_of
from .checkpoints import Checkpoint
from .encoding import Encoder
from .events import EventLog, PartLog
from .extras import insist_on_extras
from .job import Job
from .models import LoadedModel, load_model, trainable
from .overflow import FittedRows
from .rows import Profile, Row, check_file, read_profile
from .splits import Fitter, read_splits
from .trainer import RoleTrainer, Setup

VERSIONS = {
    "mllm_trainer": __version__,
    "torch": torch.__version__,
    "transformers": transformers.__version__,
    "trl": trl.__version__,
    "peft": peft.__version__,
    "python": platform.python_version(),
}


def run(job: Job, events: EventLog, attempt: int, left: list[tuple[Job, Checkpoint | None]]) -> None:
    """Trains what is left of the job, from its checkpoints or from the start; leaves best and last.

    Parts follow one another on one copy of the base, which no adapter changes. So each comes to what it would
    come to as a job of its own, in the memory of one. Activated adapters are trained together instead.
    """
    first, checkpoint = left[0]
    _log_of(first, events).emit(
        "started",
        pid=os.getpid(),
        attempt=attempt,
        fromStep=checkpoint.step if checkpoint else 0,
        versions=VERSIONS,
    )
    transformers.utils.logging.disable_progress_bar()
    for part, _ in left:
        insist_on_extras(part)
        # Not after the hours that the parts before it take.
        for file in (part.profile, part.train, part.validation):
            if file:
                check_file(file.path, file.sha256)
    if job.is_activated:
        train_together(job, events, checkpoint)
        return
    base: LoadedModel | None = None
    for part, resume_from in left:
        transformers.set_seed(part.seed)
        profile = read_profile(part.profile.path, part.profile.sha256)
        # Before the model, which takes longer: data that were changed are told at once.
        splits = read_splits(part)
        if base is None:
            with team.main_of_machine_first():
                base = load_model(part, profile, splits["train"])
        with trainable(part, base) as loaded:
            setup, _ = prepare(Materials(part, profile, splits, loaded), _log_of(part, events))
            RoleTrainer(setup).train_from(resume_from)
        _free_memory()


def train_together(job: Job, events: EventLog, resume_from: Checkpoint | None) -> None:
    """Activated adapters on one tree, of all parts of the job."""
    insist_on_one_process(job, team.SIZE)
    transformers.set_seed(job.seed)
    profiles = [read_profile(part.profile.path, part.profile.sha256) for part in job.each]
    splits = [read_splits(part) for part in job.each]
    with team.main_of_machine_first():
        base = load_model(job, profiles[0], splits[0]["train"])
    with trainable(job, base) as loaded:
        parts = []
        for number, (part, *rest) in enumerate(zip(job.each, profiles, splits, strict=True), start=1):
            setup, invocation = prepare(Materials(part, *rest, loaded), _log_of(part, events), number)
            parts.append(Part(setup, invocation.tokens))
        ActivatedTrainer(job, parts).train_from(resume_from)


@dataclass(frozen=True)
class Materials:
    """What a job is trained with. `splits` is emptied: texts need not stay in memory while it trains."""

    job: Job
    profile: Profile
    splits: dict[str, list[Row]]
    loaded: LoadedModel


def prepare(
    materials: Materials, events: EventLog | PartLog, adapter: int = 1
) -> tuple[Setup, Invocation | None]:
    """What a trainer works with. `adapter`: the number of the role among those trained together."""
    job, profile, splits, loaded = materials.job, materials.profile, materials.splits, materials.loaded
    encoder = Encoder(loaded.tokenizer, profile.end_of_turn)
    invocation = invocation_of(job, profile, encoder, adapter)
    fitter = Fitter(job, encoder, loaded.positions, invocation)
    train = fitter.fit(splits.pop("train"))
    _tell_data("train", train, encoder, events)
    fitter.insist_on_training(train)
    validation = FittedRows()
    if splits:
        validation = fitter.fit(splits.pop("validation"))
        _tell_data("validation", validation, encoder, events)
    return Setup(
        job=job,
        loaded=loaded,
        arguments=create_arguments(job, bool(validation.rows)),
        profile=profile,
        rows=train.rows,
        validation_rows=validation.rows,
        events=events,
        facts=_facts(job, profile, encoder),
    ), invocation


def _log_of(job: Job, events: EventLog) -> EventLog | PartLog:
    return events.of(job.subset) if job.is_part else events


def _free_memory() -> None:
    """Of the trainer that is done: its parts hold each other, so only the collector finds them."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        # glibc keeps a hundred megabytes for itself.
        libc.malloc_trim(0)


def _tell_data(split: str, fitted: FittedRows, encoder: Encoder, events: EventLog | PartLog) -> None:
    print(
        f"{split}: {len(fitted.rows)} rows, {fitted.tokens} tokens; {fitted.dropped} dropped,"
        f" {fitted.cut} cut; {encoder.forged} special tokens in texts broken up so far",
        flush=True,
    )
    events.emit(
        "data",
        split=split,
        rows=len(fitted.rows),
        tokens=fitted.tokens,
        trainedTokens=fitted.trained_tokens,
        dropped=fitted.dropped,
        cut=fitted.cut,
    )


def _facts(job: Job, profile: Profile, encoder: Encoder) -> dict[str, Any]:
    return {
        "kind": "full" if job.method == "full" else "adapter",
        "quantization": job.quantization,
        "profileHash": sha256_of_json(profile.values),
        "endOfTurnToken": encoder.end_token,
        "versions": VERSIONS,
    }
