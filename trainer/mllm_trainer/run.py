"""One job from data to checkpoints. Imported late: it needs torch and the libraries above it."""

import os
import platform
from pathlib import Path
from typing import Any

import peft
import torch
import transformers
import trl

from . import __version__
from .arguments import create_arguments
from .artifacts import sha256_of_json
from .checkpoints import Checkpoint
from .encoding import Encoder
from .events import EventLog
from .failures import Failure
from .job import Job
from .models import load_model
from .overflow import FittedRows, fit_rows, token_limit
from .rows import read_profile, read_rows
from .trainer import RoleTrainer, Setup

VERSIONS = {
    "mllm_trainer": __version__,
    "torch": torch.__version__,
    "transformers": transformers.__version__,
    "trl": trl.__version__,
    "peft": peft.__version__,
    "python": platform.python_version(),
}


def run(job: Job, events: EventLog, attempt: int, resume_from: Checkpoint | None) -> None:
    """Trains from `resume_from` or from the start; leaves the best and the last checkpoint."""
    events.emit(
        "started",
        pid=os.getpid(),
        attempt=attempt,
        fromStep=resume_from.step if resume_from else 0,
        versions=VERSIONS,
    )
    transformers.utils.logging.disable_progress_bar()
    transformers.set_seed(job.seed)
    profile = read_profile(job.profile_path)
    loaded = load_model(job, profile)
    encoder = Encoder(loaded.tokenizer, profile["endOfTurn"])
    limit = token_limit(job.overflow_policy, job.max_tokens, loaded.positions)
    train = _prepare(job, "train", job.train_path, encoder, limit, events)
    validation = FittedRows()
    if job.validation_path:
        validation = _prepare(job, "validation", job.validation_path, encoder, limit, events)
    setup = Setup(
        job=job,
        loaded=loaded,
        arguments=create_arguments(job, bool(validation.rows)),
        rows=train.rows,
        validation_rows=validation.rows,
        limit=limit,
        events=events,
        facts=_facts(job, profile, encoder),
    )
    RoleTrainer(setup).train_from(resume_from)


def _prepare(job: Job, split: str, path: Path, encoder: Encoder, limit: int, events: EventLog) -> FittedRows:
    rows = list(read_rows(path))
    encoded = list(encoder.encode(rows))
    encoder.check_whole_rows(rows, encoded, job.seed)
    fitted = fit_rows(encoded, job.overflow_policy, limit)
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
    if split == "train" and not rows:
        raise Failure("bad_data", f"{path} holds no rows", "Make the data set from more trajectories.")
    if split == "train" and not fitted.rows:
        raise Failure(
            "no_trained_tokens",
            f"Of {len(rows)} rows in {path} none is left with a trained token within {limit} tokens",
            "Raise overflow.max_tokens, or use overflow.policy: keep-end.",
        )
    return fitted


def _facts(job: Job, profile: dict[str, Any], encoder: Encoder) -> dict[str, Any]:
    return {
        "kind": "adapter" if job.method == "lora" else "full",
        "profileHash": sha256_of_json(profile),
        "endOfTurnToken": encoder.end_token,
        "versions": VERSIONS,
    }
