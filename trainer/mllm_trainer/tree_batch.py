"""Trees as tensors: one line of tokens, what each segment looks back at, and what is predicted where."""

from collections.abc import Sequence
from typing import Any

import torch

from .encoding import EncodedRow
from .tree import NO_PARENT, Tree, build_tree

# Tensors, and `tree` (see join_trees).
Batch = dict[str, Any]


def join_trees(trees: Sequence[Sequence[EncodedRow]]) -> Batch:
    """The model's input for trees, each given as its rows in tree order.

    What attention needs is under `tree`: `queries` and `keys` are the borders of the segments among the
    tokens and among `places`, which lists what each segment may look at: the tokens on the way from the root
    to its own end. Without any branch that is the segment itself, and `places` is empty.
    """
    built = [build_tree(rows) for rows in trees]
    offsets = [0]
    for tree in built:
        offsets.append(offsets[-1] + len(tree))
    starts = list(zip(built, offsets, strict=False))
    ways = [way + offset for tree, offset in starts for way in ways_of(tree)]
    queries = [segment.end - segment.start for tree in built for segment in tree.segments]
    return {
        "input_ids": torch.cat([torch.from_numpy(tree.tokens).long() for tree in built])[None],
        "position_ids": torch.cat([torch.from_numpy(tree.positions) for tree in built])[None],
        "sources": torch.cat([torch.from_numpy(tree.sources) + offset for tree, offset in starts]),
        "targets": torch.cat([torch.from_numpy(tree.labels).long() for tree in built]),
        "weights": torch.cat([torch.from_numpy(tree.weights) for tree in built]).float(),
        "tree": looks(queries, ways),
    }


def looks(queries: list[int], ways: list[torch.Tensor]) -> dict[str, Any]:
    """What attention has to know: how many tokens each segment has, and the places that it looks at."""
    is_branched = any(len(way) != length for way, length in zip(ways, queries, strict=True))
    return {
        "queries": _borders(queries),
        "keys": _borders([len(way) for way in ways]),
        "places": torch.cat(ways) if is_branched else torch.empty(0, dtype=torch.long),
        # Known here, so that a GPU need not be asked in every layer.
        "longest": (max(queries), max(map(len, ways))),
    }


def ways_of(tree: Tree) -> list[torch.Tensor]:
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
    rest = {key: value for key, value in batch.items() if key != "tree"}
    return rest | {"attention_mask": dense_mask(batch)}


def dense_mask(batch: Batch) -> torch.Tensor:
    """The same as a mask: a token looks at itself and at those above it; shape (1, 1, tokens, tokens)."""
    size, tree = batch["input_ids"].shape[1], batch["tree"]
    places = tree["places"] if len(tree["places"]) else torch.arange(size)
    mask = torch.zeros(size, size, dtype=torch.bool)
    queries, keys = tree["queries"].tolist(), tree["keys"].tolist()
    for first, end, key_first, key_end in zip(queries, queries[1:], keys, keys[1:], strict=False):
        way = places[key_first:key_end]
        lower = torch.ones(end - first, len(way), dtype=torch.bool).tril(len(way) - (end - first))
        mask[first:end, way] = lower
    return mask[None, None]
