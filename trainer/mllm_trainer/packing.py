"""The seam for packing: which rows stay together, what a micro-batch holds, and how that becomes tensors."""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from .branch_batch import join_branches
from .branches import cut_into_branches, in_branches, trunk_size
from .encoding import EncodedRow
from .tree import cut_into_trees, tree_size
from .tree_batch import Batch, join_trees

IGNORED = -100


@dataclass(frozen=True)
class Unit:
    """Row numbers that stay together, and the tokens that they come to; some may have no gradient."""

    rows: tuple[int, ...]
    tokens: int
    forward_tokens: int = 0


@dataclass(frozen=True)
class Size:
    """What a micro-batch holds at most: rows where each has a line of its own, tokens where all share one."""

    rows: int
    tokens: int


@dataclass(frozen=True)
class Packing:
    # Rows and the tokens a unit may have to units.
    units: Callable[[Sequence[EncodedRow], int], list[Unit]]
    # Units to micro-batches, each as indices into the units.
    split: Callable[[Sequence[Unit], Size], list[list[int]]]
    # The rows of each unit, and the padding token, to the model's input.
    collate: Callable[[Sequence[Sequence[EncodedRow]], int], Batch]
    # Whether it pads, so that rows of like lengths go well together.
    pads: bool = False


def single_rows(rows: Sequence[EncodedRow], capacity: int) -> list[Unit]:
    return [Unit((number,), len(row)) for number, row in enumerate(rows)]


def trees(rows: Sequence[EncodedRow], capacity: int) -> list[Unit]:
    """One tree a trajectory, in the order of its first row; several where it would be over the capacity."""
    groups = by_trajectory(rows).values()
    cut = (tree for numbers in groups for tree in cut_into_trees(rows, numbers, capacity))
    return [Unit(tuple(tree), tree_size([rows[number] for number in tree])) for tree in cut]


def by_trajectory(rows: Sequence[EncodedRow]) -> dict[str, list[int]]:
    """The numbers of each trajectory's rows, in the order of their first ones."""
    trajectories: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        trajectories.setdefault(row.trajectory or f"row {number}", []).append(number)
    return trajectories


def by_count(units: Sequence[Unit], size: Size) -> list[list[int]]:
    """Longest first, so that rows of like lengths are padded together."""
    order = sorted(range(len(units)), key=lambda index: -units[index].tokens)
    return [order[start : start + size.rows] for start in range(0, len(order), size.rows)]


def best_fit(units: Sequence[Unit], size: Size) -> list[list[int]]:
    """Longest first, each into the fullest micro-batch that still has room for it."""
    batches: list[list[int]] = []
    # (room, batch), sorted: the first entry with enough room is the best fit.
    rooms: list[tuple[int, int]] = []
    for index in sorted(range(len(units)), key=lambda i: (-units[i].tokens, i)):
        place = bisect_left(rooms, (units[index].tokens, -1))
        if place == len(rooms):
            room, batch = size.tokens, len(batches)
            batches.append([])
        else:
            room, batch = rooms.pop(place)
        batches[batch].append(index)
        insort(rooms, (room - units[index].tokens, batch))
    return batches


def pad_right(batch: Sequence[Sequence[EncodedRow]], pad_id: int) -> Batch:
    """One row a line. Causal attention never looks at padding on the right, so no mask is needed; one set of
    ascending positions tells the attention that nothing is packed."""
    rows = [row for unit in batch for row in unit]
    width = max(len(row) for row in rows)
    input_ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    labels = torch.full((len(rows), width), IGNORED, dtype=torch.long)
    for line, row in enumerate(rows):
        input_ids[line, : len(row)] = torch.from_numpy(row.input_ids)
        labels[line, : len(row)] = _labels(row)
    return {"input_ids": input_ids, "labels": labels, "position_ids": torch.arange(width)[None]}


def join_rows(batch: Sequence[Sequence[EncodedRow]], pad_id: int) -> Batch:
    """All rows in one line, positions starting again at each row: attention keeps such rows apart."""
    rows = [row for unit in batch for row in unit]
    return {
        "input_ids": torch.cat([torch.from_numpy(row.input_ids).long() for row in rows])[None],
        "labels": torch.cat([_labels(row) for row in rows])[None],
        "position_ids": torch.cat([torch.arange(len(row)) for row in rows])[None],
    }


def _labels(row: EncodedRow) -> torch.Tensor:
    labels = torch.from_numpy(row.input_ids).long()
    labels[~torch.from_numpy(row.trained)] = IGNORED
    # In a joined line the token before is another row's.
    labels[0] = IGNORED
    return labels


def join(batch: Sequence[Sequence[EncodedRow]], pad_id: int) -> Batch:
    return join_trees(batch)


def single_branched(rows: Sequence[EncodedRow], capacity: int) -> list[Unit]:
    return [_branched_unit(rows, [number]) for number in range(len(rows))]


def branched(rows: Sequence[EncodedRow], capacity: int) -> list[Unit]:
    """One tree a trajectory, of the branches of all its rows; several where it would be over the capacity."""
    groups = by_trajectory(rows).values()
    cut = (tree for numbers in groups for tree in cut_into_branches(rows, numbers, capacity))
    return [_branched_unit(rows, tree) for tree in cut]


def _branched_unit(rows: Sequence[EncodedRow], numbers: Sequence[int]) -> Unit:
    branches = in_branches([rows[number] for number in numbers])
    return Unit(tuple(numbers), tree_size(branches), trunk_size(branches))


PACKINGS: dict[str, Packing] = {
    "none": Packing(single_rows, by_count, pad_right, pads=True),
    # A row is a tree without branches.
    "bfd": Packing(single_rows, best_fit, join),
    "tree": Packing(trees, best_fit, join),
}
# For activated adapters.
BRANCHED = {
    "bfd": Packing(single_branched, best_fit, join_branches),
    "tree": Packing(branched, best_fit, join_branches),
}
# For models that cannot have trees.
JOINED = Packing(single_rows, best_fit, join_rows)
