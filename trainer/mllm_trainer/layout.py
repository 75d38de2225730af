"""Which packing a job really gets, with which attention, and why: written into its checkpoints' manifests."""

import inspect
from dataclasses import asdict, dataclass, replace
from typing import Any

from . import tree_attention
from .adapters import adapters_of, below_adapter
from .failures import Failure
from .loss import special_loss
from .packing import BRANCHED, JOINED, PACKINGS, Packing


@dataclass(frozen=True)
class Layout:
    packing: str
    # plain: the model's own. segments, varlen, mask: ours for trees (tree_attention.py).
    attention: str
    # Why it is not what the job asked for.
    reason: str | None = None
    # How far trees were from separate rows when they were compared (self_check.py).
    check: dict[str, float] | None = None
    # Whether each trained turn is a branch, on which alone an adapter acts (branches.py).
    has_branches: bool = False

    @property
    def joins_trees(self) -> bool:
        return self.attention != "plain"

    def of_rows(self) -> Packing:
        if self.has_branches:
            return BRANCHED[self.packing]
        return PACKINGS[self.packing] if self.joins_trees or self.packing == "none" else JOINED

    def facts(self) -> dict[str, Any]:
        facts = asdict(self)
        has_branches = facts.pop("has_branches")
        return facts | ({"has_branches": True} if has_branches else {})


def known_layout(facts: dict[str, Any], accelerator: Any) -> Layout:
    """That of a checkpoint, on the machine that goes on from it."""
    layout = Layout(**facts)
    if not layout.joins_trees:
        return layout
    return replace(layout, attention=_attention(accelerator, has_branches=layout.has_branches))


def branch_layout(packing: str, model: Any, accelerator: Any) -> Layout:
    """That of activated adapters. Raises Failure("bad_model") where the model cannot have them."""
    if reason := refusal(model, accelerator):
        message = f"method alora: trunk and branches need full attention of our own, and {reason}"
        raise Failure("bad_model", message, "Use method: lora.")
    return Layout(packing, _attention(accelerator, has_branches=True), has_branches=True)


def first_layout(packing: str, model: Any, accelerator: Any) -> Layout:
    """Trees where the model can have them; else rows in one line, which the model itself keeps apart."""
    if packing == "none":
        return Layout("none", "plain")
    if reason := refusal(model, accelerator):
        return Layout("bfd", "plain", reason if packing == "tree" else None)
    return Layout(packing, _attention(accelerator))


def _attention(accelerator: Any, *, has_branches: bool = False) -> str:
    if accelerator.device.type != "cuda":
        return "segments"
    is_half = accelerator.mixed_precision in ("bf16", "fp16")
    if is_half and tree_attention.has_kernel(accelerator.device):
        return "varlen"
    # Branches look at keys of another pass, which the model's own attention cannot.
    return "segments" if has_branches else "mask"


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
