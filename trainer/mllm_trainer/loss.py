"""The loss without TRL's chunks, which pay for memory with time: a small model on a CPU lacks only time."""

from typing import Any

import torch
from torch.nn import functional
from trl import SFTConfig

from .packing import IGNORED, Batch

# All logits of a batch are held at once, so there must not be many.
SMALL_VOCABULARY = 16_384
# With these a head's output is not yet the logits; TRL's own loss knows them.
SPECIAL_LOGITS = ("final_logit_softcapping", "logit_scale", "output_multiplier", "output_router_logits")


def suits_direct_loss(model: torch.nn.Module, arguments: SFTConfig) -> bool:
    config = model.config.get_text_config()
    is_plain = all(getattr(config, name, None) is None for name in SPECIAL_LOGITS)
    is_small = config.vocab_size <= SMALL_VOCABULARY
    return is_plain and is_small and arguments.device.type == "cpu" and arguments.world_size == 1


def direct_loss(
    model: Any, accelerator: Any, inputs: Batch, num_items_in_batch: torch.Tensor
) -> torch.Tensor:
    """The trained tokens' losses over `num_items_in_batch`; the head sees trained positions only."""
    causal_model = model.get_base_model() if hasattr(model, "get_base_model") else model
    wanted = inputs["labels"][:, 1:]
    is_wanted = wanted != IGNORED
    with accelerator.autocast():
        states = causal_model.base_model(
            input_ids=inputs["input_ids"], position_ids=inputs["position_ids"], use_cache=False
        ).last_hidden_state
        logits = causal_model.get_output_embeddings()(states[:, :-1][is_wanted])
    return functional.cross_entropy(logits.float(), wanted[is_wanted], reduction="sum") / num_items_in_batch
