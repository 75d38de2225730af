"""Checkpoint folders to models that can be served."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from .activated import ActivatedAdapter, SharedBase

# Layers that keep no keys and values of each token cannot be batched and continued as this server does.
KNOWN_LAYERS = {"full_attention", "sliding_attention", "chunked_attention"}
UNKNOWN_CONTEXT_TOKENS = 2048


class ModelError(ValueError):
    """A folder that cannot be served."""


@dataclass(frozen=True)
class ServedModel:
    model: Any
    tokenizer: Any
    # Where the model is the base of activated adapters: the one that acts.
    adapter: ActivatedAdapter | None = None

    @property
    def width(self) -> int:
        """How many logits it gives."""
        return self.model.get_output_embeddings().weight.shape[0]

    @property
    def context_tokens(self) -> int:
        return getattr(self.model.config, "max_position_embeddings", None) or UNKNOWN_CONTEXT_TOKENS

    @property
    def end_ids(self) -> frozenset[int]:
        """The tokens that end a completion unasked."""
        ends = self.model.generation_config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        return frozenset(end for end in [self.tokenizer.eos_token_id, *ends] if end is not None)


def load_models(wanted: Iterable[tuple[str, str | None]], device: str) -> dict[Any, ServedModel]:
    """Each pair of a folder and its base, once; activated adapters of one base share that."""
    bases: dict[str, SharedBase] = {}
    return {pair: load_model(*pair, device, bases) for pair in dict.fromkeys(wanted)}


def load_model(
    folder: str, base: str | None, device: str, bases: dict[str, SharedBase] | None = None
) -> ServedModel:
    """A full checkpoint, or an adapter merged into `base` or into the base that it names.

    An activated one cannot be merged; `bases` are those that such adapters are on already, by their names.
    """
    adapter = None
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        if is_activated(folder):
            adapter = _load_activated(folder, base, device, {} if bases is None else bases)
        model = adapter.base.model if adapter else _load_weights(folder, base, device)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise ModelError(f"{folder} cannot be loaded: {' '.join(str(error).split())[:400]}") from error
    layers = set(getattr(model.config.get_text_config(), "layer_types", None) or [])
    if unknown := layers - KNOWN_LAYERS:
        raise ModelError(f"{folder}: this server cannot run layers of kind {', '.join(unknown)}")
    return ServedModel(model.to(device).eval(), tokenizer, adapter)


def is_activated(folder: str) -> bool:
    """Whether a folder holds an adapter that acts from some tokens on, which cannot be merged."""
    config = Path(folder, "adapter_config.json")
    return config.exists() and bool(json.loads(config.read_text()).get("alora_invocation_tokens"))


def _load_activated(
    folder: str, base: str | None, device: str, bases: dict[str, SharedBase]
) -> ActivatedAdapter:
    name = base or json.loads(Path(folder, "adapter_config.json").read_text())["base_model_name_or_path"]
    if name not in bases:
        bases[name] = SharedBase(AutoModelForCausalLM.from_pretrained(name, dtype=_dtype(device)))
    return bases[name].add(folder, device)


def _dtype(device: str) -> torch.dtype:
    # Half precision is slow on a CPU.
    return torch.float32 if device == "cpu" else torch.bfloat16


def _load_weights(folder: str, base: str | None, device: str) -> Any:
    dtype = _dtype(device)
    if not (Path(folder) / "adapter_config.json").exists():
        return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    from peft import AutoPeftModelForCausalLM, PeftModel

    if base is None:
        return AutoPeftModelForCausalLM.from_pretrained(folder, dtype=dtype).merge_and_unload()
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    return PeftModel.from_pretrained(model, folder).merge_and_unload()
