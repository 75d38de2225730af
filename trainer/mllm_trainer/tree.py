"""Rows of one trajectory as one prefix tree: what rows have in common, token by token, lies there once.

The tree's tokens are in depth-first order, so the tokens below any token follow it without a gap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .encoding import EncodedRow

NO_PARENT = -1


@dataclass(frozen=True)
class Segment:
    """A stretch of tokens without a branch; `parent` is the segment above, NO_PARENT where there is none."""

    start: int
    end: int
    parent: int


@dataclass(frozen=True)
class Tree:
    """Several rows may begin with different tokens: then it has more than one root."""

    tokens: np.ndarray
    # Depth: what the token's position is in every row that goes through it.
    positions: np.ndarray
    # In order of start, so that a parent stands before its children.
    segments: tuple[Segment, ...]
    # What is predicted: `labels[i]` from the state at `sources[i]`, counted `weights[i]` times: so many rows
    # train it. Two rows may go on differently after one token, which then is the source of two labels.
    sources: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    # For each row, where its tokens lie.
    paths: tuple[np.ndarray, ...]
    # Which activated adapter acts on each token, 0 for none; the same within a segment.
    adapters: np.ndarray

    def __len__(self) -> int:
        return len(self.tokens)


def common_prefix(one: np.ndarray, other: np.ndarray) -> int:
    """How many tokens both begin with."""
    length = min(len(one), len(other))
    differs = one[:length] != other[:length]
    return int(differs.argmax()) if differs.any() else length


def in_tree_order(rows: Sequence[EncodedRow], numbers: Iterable[int]) -> list[int]:
    """Sorted by tokens: then a row shares with all before it what it shares with the one right before."""
    # Big-endian bytes sort as the numbers do.
    return sorted(numbers, key=lambda number: (rows[number].keys.astype(">i4").tobytes(), number))


def build_tree(rows: Sequence[EncodedRow]) -> Tree:
    """The rows have to be in tree order."""
    paths: list[np.ndarray] = []
    pieces, positions, adapters = [], [], []
    borders = {0}
    size = 0
    for index, row in enumerate(rows):
        shared = common_prefix(rows[index - 1].keys, row.keys) if index else 0
        before = paths[-1] if index else np.empty(0, dtype=np.int64)
        if shared < len(before):
            # Where the row before goes on alone, and where this one does.
            borders |= {size, int(before[shared])}
        new = np.arange(size, size + len(row) - shared)
        paths.append(np.concatenate([before[:shared], new]))
        pieces.append(row.input_ids[shared:])
        positions.append(np.arange(shared, len(row)))
        adapters.append(_adapters(row)[shared:])
        # Where an adapter begins to act, or ends.
        borders |= {int(new[0]) + place for place in np.diff(adapters[-1]).nonzero()[0] + 1}
        size += len(new)
    sources, places, weights = _predictions(rows, paths, size)
    tokens = np.concatenate(pieces)
    return Tree(
        tokens,
        np.concatenate(positions),
        _segments(paths, sorted(borders), size),
        sources,
        tokens[places],
        weights,
        tuple(paths),
        np.concatenate(adapters),
    )


def _adapters(row: EncodedRow) -> np.ndarray:
    return np.zeros(len(row), dtype=np.int8) if row.adapters is None else row.adapters


def _segments(paths: Sequence[np.ndarray], borders: list[int], size: int) -> tuple[Segment, ...]:
    number = {start: index for index, start in enumerate(borders)}
    parents = [NO_PARENT] * len(borders)
    for path in paths:
        # Where this row enters a segment; the segment before on its way is the parent.
        entered = [number[place] for place in path[np.isin(path, borders)].tolist()]
        for above, below in pairwise(entered):
            parents[below] = above
    ends = [*borders[1:], size]
    return tuple(map(Segment, borders, ends, parents))


def _predictions(
    rows: Sequence[EncodedRow], paths: Sequence[np.ndarray], size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(sources, places of the labels, weights). Before a place is one place, in whichever row."""
    above = np.empty(size, dtype=np.int64)
    for path in paths:
        above[path[1:]] = path[:-1]
    trained = [path[1:][row.trained[1:]] for row, path in zip(rows, paths, strict=True)]
    places, counts = np.unique(np.concatenate(trained), return_counts=True)
    return above[places], places, counts


def cut_into_trees(rows: Sequence[EncodedRow], numbers: Iterable[int], capacity: int) -> list[list[int]]:
    """The rows of one trajectory, in tree order, as few trees of at most `capacity` tokens.

    A row that is longer stands alone.
    """
    trees: list[list[int]] = []
    size = 0
    for number in in_tree_order(rows, numbers):
        row = rows[number]
        shared = common_prefix(rows[trees[-1][-1]].keys, row.keys) if trees else 0
        size += len(row) - shared
        if not trees or size > capacity:
            trees.append([])
            size = len(row)
        trees[-1].append(number)
    return trees


def tree_size(rows: Sequence[EncodedRow]) -> int:
    """How many tokens the tree of rows in tree order has."""
    shared = sum(common_prefix(a.keys, b.keys) for a, b in pairwise(rows))
    return sum(map(len, rows)) - shared
