"""The seam for packing: how rows become sequences, and how a batch of sequences becomes tensors."""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from .encoding import EncodedRow

IGNORED = -100
Batch = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Packing:
    """`arrange`: row lengths and a capacity to sequences of row numbers; `collate`: the model's input."""

    arrange: Callable[[Sequence[int], int], list[list[int]]]
    collate: Callable[[Sequence[Sequence[EncodedRow]], int], Batch]


def one_row_each(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    return [[index] for index in range(len(lengths))]


def best_fit_decreasing(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Longest rows first, each into the fullest sequence that still has room for it."""
    sequences: list[list[int]] = []
    # (room, sequence), sorted: the first entry with enough room is the best fit.
    rooms: list[tuple[int, int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        place = bisect_left(rooms, (lengths[index], -1))
        if place == len(rooms):
            room, sequence = capacity, len(sequences)
            sequences.append([])
        else:
            room, sequence = rooms.pop(place)
        sequences[sequence].append(index)
        insort(rooms, (room - lengths[index], sequence))
    return sequences


def pad_right(batch: Sequence[Sequence[EncodedRow]], pad_id: int) -> Batch:
    """One row a line. Causal attention never looks at padding on the right, so no mask is needed; one set of
    ascending positions tells the attention that nothing is packed."""
    rows = [row for sequence in batch for row in sequence]
    width = max(len(row) for row in rows)
    input_ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    labels = torch.full((len(rows), width), IGNORED, dtype=torch.long)
    for line, row in enumerate(rows):
        input_ids[line, : len(row)] = torch.from_numpy(row.input_ids)
        labels[line, : len(row)] = _labels(row)
    return {"input_ids": input_ids, "labels": labels, "position_ids": torch.arange(width)[None]}


def join_rows(batch: Sequence[Sequence[EncodedRow]], pad_id: int) -> Batch:
    """All rows in one line, positions starting again at each row: attention keeps such rows apart."""
    rows = [row for sequence in batch for row in sequence]
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


PACKINGS: dict[str, Packing] = {
    "none": Packing(one_row_each, pad_right),
    "bfd": Packing(best_fit_decreasing, join_rows),
}
