"""Trees of trunks and branches as tensors: one line of tokens, the trunks first, then all branches."""

from collections import Counter
from collections.abc import Iterator, Sequence

import torch

from .branches import in_branches
from .encoding import EncodedRow
from .tree import NO_PARENT, Tree, build_tree
from .tree_batch import Batch, looks, ways_of

# How many tokens, and the places that they look at.
Look = tuple[int, torch.Tensor]


def join_branches(units: Sequence[Sequence[EncodedRow]], pad_id: int) -> Batch:
    """The model's input for units of rows.

    `trunk` and `tree` tell attention what trunks and branches look at (see join_trees), by places in the
    whole line. `adapters` says for each branch token which adapter acts on it, `target_adapters` the same
    for each target. Sources are counted within the branches.
    """
    trees = [build_tree(in_branches(rows)) for rows in units]
    offsets = [0]
    for tree in trees:
        offsets.append(offsets[-1] + len(tree))
    starts = list(zip(trees, offsets, strict=False))
    adapters = torch.cat([torch.from_numpy(tree.adapters).long() for tree in trees])
    order = torch.cat([(adapters == 0).nonzero()[:, 0], adapters.nonzero()[:, 0]])
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    trunk_size = len(order) - int(adapters.count_nonzero())
    sources = torch.cat([torch.from_numpy(tree.sources) + offset for tree, offset in starts])

    def look(find) -> dict | None:
        found = [(length, place[way + offset]) for tree, offset in starts for length, way in find(tree)]
        return looks([length for length, _ in found], [way for _, way in found]) if found else None

    return {
        "input_ids": torch.cat([torch.from_numpy(tree.tokens).long() for tree in trees])[order][None],
        "position_ids": torch.cat([torch.from_numpy(tree.positions) for tree in trees])[order][None],
        "sources": place[sources] - trunk_size,
        "targets": torch.cat([torch.from_numpy(tree.labels).long() for tree in trees]),
        "weights": torch.cat([torch.from_numpy(tree.weights) for tree in trees]).float(),
        "target_adapters": adapters[sources],
        "adapters": adapters[order][trunk_size:],
        "trunk": look(_trunk_looks),
        "tree": look(_branch_looks),
    }


def join_alone(branch: EncodedRow) -> Batch:
    """One branch and its trunk in one go, as any model reads a row: for comparison."""
    adapters = torch.from_numpy(branch.adapters).long()
    places = torch.from_numpy(branch.trained).nonzero()[:, 0]
    return {
        "input_ids": torch.from_numpy(branch.input_ids).long()[None],
        "position_ids": torch.arange(len(branch))[None],
        "sources": places - 1,
        "targets": torch.from_numpy(branch.input_ids).long()[places],
        "weights": torch.ones(len(places)),
        "target_adapters": adapters[places],
        "adapters": adapters,
    }


def _trunk_looks(tree: Tree) -> Iterator[Look]:
    """Segments between which nothing but branches leaves the trunk are one: they stand side by side."""
    ways = ways_of(tree)
    is_trunk = [tree.adapters[segment.start] == 0 for segment in tree.segments]
    below = Counter(segment.parent for segment, is_own in zip(tree.segments, is_trunk, strict=True) if is_own)
    runs: dict[int, list[int]] = {}
    run_of: dict[int, int] = {}
    for number, segment in enumerate(tree.segments):
        if is_trunk[number]:
            goes_on = segment.parent != NO_PARENT and below[segment.parent] == 1
            run_of[number] = run_of[segment.parent] if goes_on else number
            runs.setdefault(run_of[number], []).append(number)
    for run in runs.values():
        yield sum(tree.segments[number].end - tree.segments[number].start for number in run), ways[run[-1]]


def _branch_looks(tree: Tree) -> Iterator[Look]:
    for segment, way in zip(tree.segments, ways_of(tree), strict=True):
        if tree.adapters[segment.start]:
            yield segment.end - segment.start, way
