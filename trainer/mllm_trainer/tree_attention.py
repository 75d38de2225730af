"""Attention for trees: each segment looks at the tokens on its way from the root, causally, and at no others.

Registered with Transformers under NAME. Without trees in the batch it is plain causal attention.
"""

from typing import Any

import torch
from torch.nn import functional
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

NAME = "mllm_tree"
# Query, key, value; the latter two already along the ways of the segments.
States = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def tree_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    tree: dict[str, Any] | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Shapes as in Transformers: (1, heads, tokens, size) in, (1, tokens, heads, size) out. `tree`: see
    join_trees."""
    if tree is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **options)
    if "keep" in tree:
        tree["keep"][module] = (key, value)
    if module in tree.get("kept", ()):
        # Of trunks, before which nothing else stands in the line (branch_batch.py).
        key, value = (torch.cat(pair, 2) for pair in zip(tree["kept"][module], (key, value), strict=True))
    if len(tree["places"]):
        key, value = key.index_select(2, tree["places"]), value.index_select(2, tree["places"])
    attend = _by_kernel if value.dtype != torch.float32 and has_kernel(value.device) else _by_segment
    return attend((query, key, value), tree, scaling), None


def has_kernel(device: torch.device) -> bool:
    """Made for half precision, and for GPUs from Ampere on."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def _by_segment(states: States, tree: dict[str, Any], scaling: float | None) -> torch.Tensor:
    lengths = [tree[borders].diff().tolist() for borders in ("queries", "keys", "keys")]
    pieces = [tensor.split(sizes, 2) for tensor, sizes in zip(states, lengths, strict=True)]
    parts = []
    for query, key, value in zip(*pieces, strict=True):
        above = key.shape[2] - query.shape[2]
        mask = _causal(query, key) if above else None
        options = {"attn_mask": mask, "is_causal": mask is None, "scale": scaling, "enable_gqa": True}
        parts.append(functional.scaled_dot_product_attention(query, key, value, **options))
    return torch.cat(parts, 2).transpose(1, 2)


def _causal(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    """Aligned at the end: a segment's last token sees its whole way."""
    lengths = query.shape[2], key.shape[2]
    return torch.ones(lengths, dtype=torch.bool, device=query.device).tril(lengths[1] - lengths[0])


def _by_kernel(states: States, tree: dict[str, Any], scaling: float | None) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    # Norms over queries and keys may have left float32 behind.
    dtype = states[2].dtype
    output = varlen_attn(
        *(tensor[0].transpose(0, 1).to(dtype) for tensor in states),
        tree["queries"],
        tree["keys"],
        *tree["longest"],
        scale=scaling,
        # Causal, and like flash attention aligned at the end.
        window_size=(-1, 0),
        enable_gqa=True,
    )
    return output[None]


AttentionInterface.register(NAME, tree_attention)
