"""Attention for trees: each segment looks at the tokens on its way from the root, causally, and at no others.

Registered with Transformers under NAME. Without trees in the batch it is plain causal attention.
"""

from typing import Any

import torch
from torch.nn import functional
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

NAME = "mllm_tree"


def tree_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    tree_queries: torch.Tensor | None = None,
    tree_keys: torch.Tensor | None = None,
    tree_places: torch.Tensor | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Shapes as in Transformers: (1, heads, tokens, size) in, (1, tokens, heads, size) out."""
    if tree_queries is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **options)
    if len(tree_places):
        key, value = key.index_select(2, tree_places), value.index_select(2, tree_places)
    attend = _by_kernel if query.is_cuda else _by_segment
    return attend(query, key, value, tree_queries, tree_keys, scaling), None


def _by_segment(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    query_borders: torch.Tensor,
    key_borders: torch.Tensor,
    scaling: float | None,
) -> torch.Tensor:
    parts = []
    lengths = [borders.diff().tolist() for borders in (query_borders, key_borders, key_borders)]
    pieces = [tensor.split(sizes, 2) for tensor, sizes in zip((query, key, value), lengths, strict=True)]
    for q, k, v in zip(*pieces, strict=True):
        above = k.shape[2] - q.shape[2]
        mask = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool).tril(above) if above else None
        options = {"attn_mask": mask, "is_causal": mask is None, "scale": scaling}
        parts.append(functional.scaled_dot_product_attention(q, k, v, enable_gqa=True, **options))
    return torch.cat(parts, 2).transpose(1, 2)


def _by_kernel(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    query_borders: torch.Tensor,
    key_borders: torch.Tensor,
    scaling: float | None,
) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    # Norms over queries and keys may have left float32 behind.
    query, key = query.to(value.dtype), key.to(value.dtype)
    longest = int(query_borders.diff().max()), int(key_borders.diff().max())
    output = varlen_attn(
        *(tensor[0].transpose(0, 1) for tensor in (query, key, value)),
        query_borders,
        key_borders,
        *longest,
        scale=scaling,
        # Causal, aligned at the end: a segment's last token sees its whole way.
        window_size=(-1, 0),
        enable_gqa=True,
    )
    return output[None]


AttentionInterface.register(NAME, tree_attention)
