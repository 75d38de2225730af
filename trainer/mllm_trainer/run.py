"""One job from data to checkpoints. Imported late: it needs torch and the libraries above it."""

import os
import platform
from typing import Any

import peft
import torch
import transformers
import trl

from . import __version__, team
from .arguments import create_arguments
from .artifacts import sha256_of_json
from .checkpoints import Checkpoint
from .encoding import Encoder
from .events import EventLog
from .extras import insist_on_extras
from .failures import Failure
from .job import Job
from .models import load_model
from .overflow import FittedRows, fit_rows, token_limit
from .rows import Profile, Row, read_profile, read_rows
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
    insist_on_extras(job)
    transformers.utils.logging.disable_progress_bar()
    transformers.set_seed(job.seed)
    profile = read_profile(job.profile.path, job.profile.sha256)
    # Before the model, which takes longer: data that were changed are told at once.
    splits = {"train": list(read_rows(job.train.path, job.train.sha256))}
    if job.validation:
        splits["validation"] = list(read_rows(job.validation.path, job.validation.sha256))
    with team.main_of_machine_first():
        loaded = load_model(job, profile, splits["train"])
    encoder = Encoder(loaded.tokenizer, profile.end_of_turn)
    limit = token_limit(job.overflow_policy, job.max_tokens, loaded.positions)
    # Taken out one after the other: the texts need not stay in memory while the model trains.
    train = _prepare(job, "train", splits.pop("train"), encoder, limit, events)
    validation = FittedRows()
    if splits:
        validation = _prepare(job, "validation", splits.pop("validation"), encoder, limit, events)
    setup = Setup(
        job=job,
        loaded=loaded,
        arguments=create_arguments(job, bool(validation.rows)),
        profile=profile,
        rows=train.rows,
        validation_rows=validation.rows,
        events=events,
        facts=_facts(job, profile, encoder),
    )
    RoleTrainer(setup).train_from(resume_from)


def _prepare(
    job: Job, split: str, rows: list[Row], encoder: Encoder, limit: int, events: EventLog
) -> FittedRows:
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
        raise Failure(
            "bad_data", f"{job.train.path} holds no rows", "Make the data set from more trajectories."
        )
    if split == "train" and not fitted.rows:
        raise Failure(
            "no_trained_tokens",
            f"Of {len(rows)} rows in {job.train.path} none has a trained token within {limit} tokens",
            "Raise overflow.max_tokens, or use overflow.policy: keep-end.",
        )
    return fitted


def _facts(job: Job, profile: Profile, encoder: Encoder) -> dict[str, Any]:
    return {
        "kind": "adapter" if job.method == "lora" else "full",
        "quantization": job.quantization,
        "profileHash": sha256_of_json(profile.values),
        "endOfTurnToken": encoder.end_token,
        "versions": VERSIONS,
    }
