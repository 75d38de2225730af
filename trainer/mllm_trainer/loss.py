"""The loss of (source, target, weight): what the state at a place has to predict, and how often that counts.

A tree needs it, since two rows may go on differently after one token. The head sees trained places only, and
not too many at once.
"""

import types
from typing import Any

import torch
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers.modeling_outputs import CausalLMOutput

from .adapters import below_adapter
from .branch_pass import branch_states
from .packing import IGNORED, Batch

# Held at once: 128 MiB in float32.
LOGITS_AT_ONCE = 2**25
# As many as there are roles.
MOST_ADAPTERS = 3
# With these a head's output is not yet the logits; TRL's own loss knows some of them.
SPECIAL_LOGITS = ("final_logit_softcapping", "logit_scale", "logits_scaling", "output_multiplier")


def special_loss(model: Any) -> str | None:
    """The setting that keeps a model from our loss."""
    config = model.config.get_text_config()
    if getattr(config, "output_router_logits", False):
        return "output_router_logits"
    return next((name for name in SPECIAL_LOGITS if getattr(config, name, None) not in (None, 1.0)), None)


def add_loss(model: Any) -> None:
    """Lets `model` return the loss where it is given targets: in forward, which DDP, FSDP, autocast wrap."""
    causal_model = below_adapter(model)
    plain_forward = causal_model.forward

    def forward(self: Any, *inputs: Any, targets: torch.Tensor | None = None, **options: Any) -> Any:
        if targets is None:
            return plain_forward(*inputs, **options)
        sources, weights, items = (options.pop(key) for key in ("sources", "weights", "num_items_in_batch"))
        options.pop("labels", None)
        of_adapters = options.pop("target_adapters", None)
        options |= {"use_cache": False}
        if of_adapters is None:
            states = self.base_model(*inputs, **options).last_hidden_state
        else:
            states = branch_states(self, options)
        states = states.flatten(0, 1).index_select(0, sources)
        at_once = max(256, LOGITS_AT_ONCE // self.config.get_text_config().vocab_size)
        losses = _losses(self.get_output_embeddings(), states, targets, at_once)
        if of_adapters is None:
            return CausalLMOutput(loss=(losses * weights).sum() / items)
        # One for each adapter, of its own targets.
        sums = losses.new_zeros(len(items)).index_add(0, of_adapters - 1, losses * weights)
        return CausalLMOutput(loss=sums / items.clamp(min=1))

    causal_model.forward = types.MethodType(forward, causal_model)


def _losses(head: torch.nn.Module, states: torch.Tensor, targets: torch.Tensor, at_once: int) -> torch.Tensor:
    """A part of the logits at a time; backward makes them again."""

    def losses_of(states: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(head(states).float(), targets, reduction="none")

    if len(targets) <= at_once:
        return losses_of(states, targets)
    parts = zip(states.split(at_once), targets.split(at_once), strict=True)
    return torch.cat([checkpoint(losses_of, *part, use_reentrant=False) for part in parts])


def as_targets(batch: Batch) -> Batch:
    """A batch of labels, where each token is the label of the place before it, as one of targets."""
    if "targets" in batch:
        return batch
    rest = {key: value for key, value in batch.items() if key != "labels"}
    labels = functional.pad(batch["labels"][:, 1:], (0, 1), value=IGNORED).flatten()
    sources = (labels != IGNORED).nonzero()[:, 0]
    return rest | {"sources": sources, "targets": labels[sources], "weights": torch.ones(len(sources))}


def item_counts(batch: Batch) -> torch.Tensor:
    """What `num_items_in_batch` is of this batch: how many predictions, or how many of each adapter."""
    if "target_adapters" not in batch:
        return target_count(batch)
    adapters = batch["target_adapters"] - 1
    return torch.zeros(MOST_ADAPTERS, device=adapters.device).index_add(0, adapters, batch["weights"])


def target_count(batch: Batch) -> torch.Tensor:
    """How many predictions a batch is trained on."""
    return batch["weights"].sum() if "weights" in batch else (batch["labels"][:, 1:] != IGNORED).sum()
