"""Rows of activated adapters (aLoRA): a trunk that no adapter touches, and a branch for each trained turn.

A branch begins with the invocation tokens, which are the marker right before the trained tokens, and ends
with these; in it, and nowhere else, the role's adapter acts. What follows a branch in its row sees the turn
as the trunk has it. So the prompt before a turn is read in the same way for every role, as a server reads it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from .encoding import EncodedRow, Encoder
from .failures import Failure
from .job import Job
from .overflow import FittedRows
from .rows import Profile
from .tree import in_tree_order, tree_size


@dataclass(frozen=True)
class Invocation:
    """Which adapter, counted from 1, and the tokens that call it."""

    adapter: int
    tokens: np.ndarray


def invocation_of(job: Job, profile: Profile, encoder: Encoder, adapter: int = 1) -> Invocation | None:
    """The marker of the job's role, as it is tokenised after a turn; None where its method has none.

    Raises Failure("bad_job") where the profile names none.
    """
    if not job.is_activated:
        return None
    role = job.subset
    turns = profile.values.get("turns")
    turn = turns.get(role) if isinstance(turns, dict) else None
    marker = turn.get("marker") if isinstance(turn, dict) else None
    if not isinstance(marker, str) or not marker:
        message = f"method alora: the profile names no marker of the {role}, which would call its adapter"
        raise Failure("bad_job", message, "Use method: lora, or data made with a profile that has markers.")
    return Invocation(adapter, np.array(encoder.ids_after_turn(marker), dtype=np.int32))


def insist_on_one_process(job: Job, processes: int) -> None:
    """Raises Failure("bad_job") where activated adapters would be trained by several."""
    if job.is_activated and processes > 1:
        message = f"method alora: expected one process, found {processes}"
        raise Failure("bad_job", message, "Use one GPU on one machine, or method: lora.")


def with_branches(fitted: FittedRows, invocation: Invocation) -> FittedRows:
    """The rows with the flags of their branches; those that a cut left without any are dropped."""
    marked = [row for row in (_with_branches(row, invocation) for row in fitted.rows) if row.trained_tokens]
    lost = len(fitted.rows) - len(marked)
    return FittedRows(marked, fitted.dropped + lost, max(0, fitted.cut - lost))


def _with_branches(row: EncodedRow, invocation: Invocation) -> EncodedRow:
    length = len(invocation.tokens)
    trained, adapters = row.trained.copy(), np.zeros(len(row), dtype=np.int8)
    for start, end in _runs(row.trained):
        if start < length:
            # A cut took its marker away, without which it is not called.
            trained[start:end] = False
            continue
        if not np.array_equal(row.input_ids[start - length : start], invocation.tokens):
            message = f"Row {row.id}: trained text stands there without the role's marker right before it"
            hint = "Use method: lora, or make the data again with `mllm split-data`."
            raise Failure("bad_data", message, hint)
        adapters[start - length : end] = invocation.adapter
    return replace(row, trained=trained, adapters=adapters)


def branches_of(row: EncodedRow) -> list[EncodedRow]:
    """Each branch as a row of its own, with the trunk before it."""
    found = []
    for start, end in _runs(row.trained):
        # The marker before it: up to the turn before, or to where no adapter acts.
        first = start
        while first and row.adapters[first - 1] and not row.trained[first - 1]:
            first -= 1
        adapters, trained = np.zeros(end, dtype=np.int8), np.zeros(end, dtype=bool)
        adapters[first:], trained[start:] = row.adapters[start], True
        found.append(replace(row, input_ids=row.input_ids[:end], trained=trained, adapters=adapters))
    return found


def in_branches(rows: Sequence[EncodedRow]) -> list[EncodedRow]:
    """The branches of rows of one trajectory, in tree order."""
    branches = list(chain.from_iterable(map(branches_of, rows)))
    return [branches[number] for number in in_tree_order(branches, range(len(branches)))]


def trunk_size(branches: Sequence[EncodedRow]) -> int:
    """How many tokens of the tree of branches in tree order no adapter acts on."""
    trunks = [
        replace(row, input_ids=row.input_ids[: row.adapters.argmax()], trained=row.trained[:0], adapters=None)
        for row in branches
    ]
    return tree_size([trunks[number] for number in in_tree_order(trunks, range(len(trunks)))])


def cut_into_branches(rows: Sequence[EncodedRow], numbers: Sequence[int], capacity: int) -> list[list[int]]:
    """The rows of one trajectory, as few trees of at most `capacity` tokens; a larger row stands alone."""
    trees: list[list[int]] = []
    for number in in_tree_order(rows, numbers):
        together = [*trees[-1], number] if trees else []
        if together and tree_size(in_branches([rows[each] for each in together])) <= capacity:
            trees[-1].append(number)
        else:
            trees.append([number])
    return trees


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Where each run of true flags begins, and where it ends."""
    edges = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    return list(zip((edges == 1).nonzero()[0].tolist(), (edges == -1).nonzero()[0].tolist(), strict=True))
