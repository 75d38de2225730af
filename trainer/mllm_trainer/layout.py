"""Which packing a job really gets, with which attention, and why: written into its checkpoints' manifests."""

import inspect
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from . import tree_attention
from .adapters import adapters_of, below_adapter
from .loss import special_loss
from .packing import JOINED, PACKINGS, Packing


@dataclass(frozen=True)
class Layout:
    packing: str
    # plain: the model's own. segments, varlen, mask: ours for trees (tree_attention.py).
    attention: str
    # Why it is not what the job asked for.
    reason: str | None = None
    # How far trees were from separate rows when they were compared (self_check.py).
    check: dict[str, float] | None = None

    @property
    def joins_trees(self) -> bool:
        return self.attention != "plain"

    def of_rows(self) -> Packing:
        return PACKINGS[self.packing] if self.joins_trees or self.packing == "none" else JOINED

    def facts(self) -> dict[str, Any]:
        return asdict(self)


def known_layout(facts: dict[str, Any], accelerator: Any) -> Layout:
    """That of a checkpoint, on the machine that goes on from it."""
    layout = Layout(**facts)
    return replace(layout, attention=_attention(accelerator)) if layout.joins_trees else layout


def first_layout(packing: str, model: Any, accelerator: Any) -> Layout:
    """Trees where the model can have them; else rows in one line, which the model itself keeps apart."""
    if packing == "none":
        return Layout("none", "plain")
    if reason := refusal(model, accelerator):
        return Layout("bfd", "plain", reason if packing == "tree" else None)
    return Layout(packing, _attention(accelerator))


def _attention(accelerator: Any) -> str:
    if accelerator.device.type != "cuda":
        return "segments"
    # The kernel is made for half precision, and for GPUs from Ampere on.
    is_half = accelerator.mixed_precision in ("bf16", "fp16")
    is_new = torch.cuda.get_device_capability(accelerator.device) >= (8, 0)
    return "varlen" if is_half and is_new else "mask"


def refusal(model: Any, accelerator: Any) -> str | None:
    """What keeps a model from trees."""
    base = below_adapter(model)
    config = base.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ()) - {"full_attention"}
    if kinds:
        return f"the model has layers other than full attention: {', '.join(sorted(kinds))}"
    if _has_window(config):
        return "the model's attention has a sliding window"
    if "position_ids" not in inspect.signature(base.base_model.forward).parameters:
        return "the model takes no positions"
    if not (getattr(base, "_supports_attention_backend", False) and getattr(base, "_supports_sdpa", False)):
        return "the model does not let its attention be replaced"
    if getattr(config, "attention_dropout", 0.0):
        return "the model has dropout in its attention"
    if special := special_loss(base):
        return f"the model's loss is special: {special}"
    if any(getattr(config, "is_prompt_learning", False) for config in adapters_of(model)):
        return "prompt learning adds tokens of its own"
    parallel = getattr(accelerator, "parallelism_config", None)
    if parallel is not None and (parallel.cp_enabled or parallel.sp_enabled):
        return "context parallelism cuts sequences apart"
    return None


def _has_window(config: Any) -> bool:
    window = getattr(config, "sliding_window", None) or getattr(config, "attention_chunk_size", None)
    return window is not None and getattr(config, "use_sliding_window", True)


def use_layout(layout: Layout, model: Any) -> None:
    """Makes the model attend as the layout says."""
    base = below_adapter(model)
    if layout.attention in ("segments", "varlen"):
        base.set_attn_implementation(tree_attention.NAME)
    elif layout.attention == "mask" or base.config._attn_implementation == tree_attention.NAME:
        base.set_attn_implementation("sdpa")
