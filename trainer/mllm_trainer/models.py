"""From a job's `model` to a tokenizer and a model ready to train."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import AutoPeftModelForCausalLM, LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PreTrainedModel, set_seed

from . import tiny
from .activated import add_adapters
from .arguments import uses_bf16
from .failures import Failure, failure_of
from .job import Job
from .rows import Profile, Row

TINY_FOLDER = Path(__file__).resolve().parents[2] / "data" / "tiny"
HINT = "Give a Hugging Face id, a folder with config.json and weights, tiny, or tiny-scratch."


@dataclass(frozen=True)
class LoadedModel:
    model: PreTrainedModel | PeftModel
    tokenizer: Any

    @property
    def positions(self) -> int | None:
        return getattr(self.model.config, "max_position_embeddings", None)


def resolve_model(name: str) -> str:
    """The folder or Hugging Face id behind `model`."""
    if name != "tiny":
        return name
    if not (TINY_FOLDER / "config.json").exists():
        raise Failure("bad_model", f"model tiny: {TINY_FOLDER} holds no model", "Use model tiny-scratch.")
    return str(TINY_FOLDER)


def load_model(job: Job, profile: Profile, rows: Sequence[Row]) -> LoadedModel:
    """What the job starts from, still without its adapter. Raises Failure("bad_model").

    Only tiny-scratch looks at the rows.
    Weights are float32, or bfloat16 below an adapter on a GPU; matrices there have 4 bits where the job asks.
    """
    if job.model == "tiny-scratch":
        return _load_scratch(job, profile, rows)
    name = resolve_model(job.model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = _load_weights(job, name)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        if failure_of(error).reason != "bug":  # a full disk or memory is not the model's fault
            raise
        words = " ".join(str(error).split())[:600]
        raise Failure("bad_model", f"model {job.model} cannot be loaded: {words}", HINT) from error
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        message = (
            f"model {job.model}: its tokenizer has more tokens ({len(tokenizer)}) than it has embeddings"
        )
        raise Failure("bad_model", message, "Use the tokenizer that belongs to the model.")
    return LoadedModel(model, tokenizer)


@contextmanager
def trainable(job: Job, loaded: LoadedModel) -> Iterator[LoadedModel]:
    """The model below new adapters, where the method is not full; it is as it was when these are trained."""
    if job.method == "full":
        yield loaded
        return
    base = loaded.model
    forward = vars(base).get("forward")
    model = _add_adapters(job, base)
    try:
        yield LoadedModel(model, loaded.tokenizer)
    finally:
        model.unload()
        # TRL puts its loss into the base's own forward.
        vars(base).pop("forward", None)
        vars(base).update({"forward": forward} if forward else {})
        vars(base).pop("token_adapters", None)


def _load_scratch(job: Job, profile: Profile, rows: Sequence[Row]) -> LoadedModel:
    if job.method != "full":
        message = "model tiny-scratch cannot take an adapter: its random base would be stored nowhere"
        raise Failure("bad_job", message, "Set method: full, or choose a trained model.")
    tokenizer = tiny.train_tokenizer(tiny.segment_texts(rows, profile.end_of_turn), profile.markers)
    return LoadedModel(tiny.create_model(tokenizer, job.seed), tokenizer)


def _load_weights(job: Job, name: str) -> PreTrainedModel:
    is_light = job.method != "full" and torch.cuda.is_available() and uses_bf16(job)
    dtype = torch.bfloat16 if is_light else torch.float32
    options = {"dtype": dtype} | _quantized(job)
    if not os.path.exists(os.path.join(name, "adapter_config.json")):
        return AutoModelForCausalLM.from_pretrained(name, **options)
    if job.method == "full":
        return _merge_adapter(name, dtype)
    # The new adapter needs a base that exists: the parent's base with the parent's adapter merged in.
    base = job.folder / (f"base-{job.parent['hash'][:12]}" if job.parent else "base")
    if not (base / "config.json").exists():
        temporary = job.folder / "base.tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        _merge_adapter(name, dtype).save_pretrained(temporary)
        AutoTokenizer.from_pretrained(name).save_pretrained(temporary)
        temporary.rename(base)
    return AutoModelForCausalLM.from_pretrained(base, **options)


def _quantized(job: Job) -> dict[str, Any]:
    """As QLoRA has it: NF4, its scales quantised again, and computing in bfloat16 where that is fast."""
    if job.quantization is None:
        return {}
    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=job.quantization,
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if uses_bf16(job) else torch.float32,
    )
    return {"quantization_config": config}


def _add_adapters(job: Job, model: PreTrainedModel) -> PeftModel:
    def begin() -> None:
        # The first weights of an adapter depend on the job alone, whatever was trained on this base before.
        set_seed(job.seed)

    try:
        if job.is_activated:
            adapted = add_adapters(model, job.lora, [part.subset for part in job.each], begin)
        else:
            begin()
            adapted = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **job.lora))
    except ValueError as error:
        raise Failure(
            "bad_job", f"lora: {error}", "Name modules of this model in lora.target_modules, or all-linear."
        ) from error
    for config in adapted.peft_config.values():
        if isinstance(config.target_modules, set):
            # Sets are written in another order by every process, and equal adapters would get unequal hashes.
            config.target_modules = sorted(config.target_modules)
    return adapted


def _merge_adapter(name: str, dtype: torch.dtype) -> PreTrainedModel:
    merged = AutoPeftModelForCausalLM.from_pretrained(name, dtype=dtype).merge_and_unload()
    # PEFT froze the base below its adapter.
    return merged.requires_grad_(True)
