"""A job's `training` as TRL's SFTConfig."""

from typing import Any

import torch
from trl import SFTConfig

from .failures import Failure
from .job import Job


def has_fast_bf16() -> bool:
    """Processors without bfloat16 instructions emulate them, slower than float32."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    is_supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return bool(is_supported())


def uses_bf16(job: Job) -> bool:
    """As the job says, but only where it is fast; where the job says nothing, wherever it is."""
    return has_fast_bf16() and job.training.get("bf16", not job.training.get("fp16", False))


def create_arguments(job: Job, has_validation: bool) -> SFTConfig:
    """Passes TRL's keys on unchanged; raises Failure("bad_job") where TRL refuses them."""
    training = _fitting(job)
    if not has_validation:
        training["eval_strategy"] = "no"
    fixed: dict[str, Any] = {
        "output_dir": str(job.checkpoints),
        "use_cpu": not torch.cuda.is_available(),
        "max_length": None,
        "dataset_kwargs": {"skip_prepare_dataset": True},
        "remove_unused_columns": False,
        # A batch is a whole optimizer step here, which the trainer cuts into micro-batches by itself.
        "gradient_accumulation_steps": 1,
        "disable_tqdm": True,
        "report_to": "none",
        "logging_nan_inf_filter": False,
        "include_num_input_tokens_seen": "no",
        "ddp_find_unused_parameters": False,
        "dataloader_pin_memory": torch.cuda.is_available(),
    }
    defaults = {
        "seed": job.seed,
        # Recomputing activations saves memory that a CPU has in plenty, for time that it has not.
        "gradient_checkpointing": torch.cuda.is_available(),
        # A share of all steps; each checkpoint is evaluated.
        "save_steps": 0.25,
    }
    try:
        return SFTConfig(**(defaults | training | fixed))
    except (ValueError, TypeError) as error:
        raise Failure("bad_job", f"training: {error}", "Correct the recipe's training keys.") from error


def _fitting(job: Job) -> dict[str, Any]:
    """The job's keys for this machine and for what the trainer does by itself."""
    training = job.training | {"bf16": uses_bf16(job)}
    if job.training.get("bf16") and not training["bf16"]:
        print("bf16: this processor has no bfloat16 instructions; training in float32", flush=True)
    if training.get("fp16") and not torch.cuda.is_available():
        message = "training.fp16 is true, but there is no GPU, and processors do not have it"
        raise Failure("bad_job", message, "Leave training.fp16 out, or use a machine with a GPU.")
    if training.get("optim") == "muon":
        # Built by RoleTrainer.create_optimizer; optim_args are Muon's then, not AdamW's.
        training |= {"optim": "adamw_torch", "optim_args": None}
    if training.get("use_liger_kernel"):
        # Its own loss is a chunked one, and takes the place of TRL's.
        training = {"loss_type": "nll"} | training
    return training
