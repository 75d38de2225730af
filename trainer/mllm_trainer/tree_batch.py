"""Trees as tensors: one line of tokens, what each segment looks back at, and what is predicted where."""

from collections.abc import Sequence

import torch

from .encoding import EncodedRow
from .tree import NO_PARENT, Tree, build_tree

Batch = dict[str, torch.Tensor]


def join_trees(trees: Sequence[Sequence[EncodedRow]]) -> Batch:
    """The model's input for trees, each given as its rows in tree order.

    `tree_queries` and `tree_keys` are the borders of the segments among the tokens and among `tree_places`,
    which lists the tokens that each segment may look at: the way from the root to its own end. Without any
    branch that is the segment itself, and `tree_places` is empty.
    """
    built = [build_tree(rows) for rows in trees]
    offsets = [0]
    for tree in built:
        offsets.append(offsets[-1] + len(tree))
    starts = list(zip(built, offsets, strict=False))
    ways = [way + offset for tree, offset in starts for way in _ways(tree)]
    queries = [segment.end - segment.start for tree in built for segment in tree.segments]
    is_branched = any(len(way) != length for way, length in zip(ways, queries, strict=True))
    return {
        "input_ids": torch.cat([torch.from_numpy(tree.tokens).long() for tree in built])[None],
        "position_ids": torch.cat([torch.from_numpy(tree.positions) for tree in built])[None],
        "sources": torch.cat([torch.from_numpy(tree.sources) + offset for tree, offset in starts]),
        "targets": torch.cat([torch.from_numpy(tree.labels).long() for tree in built]),
        "weights": torch.cat([torch.from_numpy(tree.weights) for tree in built]).float(),
        "tree_queries": _borders(queries),
        "tree_keys": _borders([len(way) for way in ways]),
        "tree_places": torch.cat(ways) if is_branched else torch.empty(0, dtype=torch.long),
    }


def _ways(tree: Tree) -> list[torch.Tensor]:
    """For each segment the places of the tokens from the root to its end."""
    ways: list[torch.Tensor] = []
    for segment in tree.segments:
        own = torch.arange(segment.start, segment.end)
        ways.append(own if segment.parent == NO_PARENT else torch.cat([ways[segment.parent], own]))
    return ways


def _borders(lengths: list[int]) -> torch.Tensor:
    return torch.tensor([0, *lengths], dtype=torch.int32).cumsum(0, dtype=torch.int32)


def with_mask(batch: Batch) -> Batch:
    """For attention that knows nothing of trees."""
    rest = {key: value for key, value in batch.items() if not key.startswith("tree_")}
    return rest | {"attention_mask": dense_mask(batch)}


def dense_mask(batch: Batch) -> torch.Tensor:
    """The same as a mask: a token looks at itself and at those above it; shape (1, 1, tokens, tokens)."""
    size = batch["input_ids"].shape[1]
    places = batch["tree_places"] if len(batch["tree_places"]) else torch.arange(size)
    mask = torch.zeros(size, size, dtype=torch.bool)
    queries, keys = batch["tree_queries"].tolist(), batch["tree_keys"].tolist()
    for first, end, key_first, key_end in zip(queries, queries[1:], keys, keys[1:], strict=False):
        way = places[key_first:key_end]
        lower = torch.ones(end - first, len(way), dtype=torch.bool).tril(len(way) - (end - first))
        mask[first:end, way] = lower
    return mask[None, None]
