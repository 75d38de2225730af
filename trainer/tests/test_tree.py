import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mllm_trainer.encoding import EncodedRow
from mllm_trainer.tree import NO_PARENT, Tree, build_tree, cut_into_trees, in_tree_order, tree_size
from mllm_trainer.tree_batch import dense_mask, join_trees


def row(ids: list[int], trained: list[int] | None = None) -> EncodedRow:
    places = range(1, len(ids)) if trained is None else trained
    return EncodedRow("r", np.array(ids, dtype=np.int32), np.isin(np.arange(len(ids)), list(places)), "t")


def ordered(rows: list[EncodedRow]) -> list[EncodedRow]:
    return [rows[number] for number in in_tree_order(rows, range(len(rows)))]


def predictions(tree: Tree) -> dict[tuple[int, int], int]:
    pairs = zip(tree.sources.tolist(), tree.labels.tolist(), strict=True)
    return dict(zip(pairs, tree.weights.tolist(), strict=True))


# Few different tokens and short rows: prefixes, equal rows and branches everywhere.
ROWS = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=2, max_size=9), min_size=1, max_size=8
).map(lambda rows: [row([t for t, _ in one], [i for i, (_, yes) in enumerate(one) if yes]) for one in rows])


@given(ROWS)
def test_every_row_can_be_read_back_from_its_path(rows: list[EncodedRow]):
    rows = ordered(rows)
    tree = build_tree(rows)
    assert len(tree) == tree_size(rows)
    for one, path in zip(rows, tree.paths, strict=True):
        assert tree.tokens[path].tolist() == one.input_ids.tolist()
        assert tree.positions[path].tolist() == list(range(len(one)))


@given(ROWS)
def test_no_two_tokens_with_the_same_way_from_the_root_are_equal(rows: list[EncodedRow]):
    tree = build_tree(ordered(rows))
    ways = {tuple(tree.tokens[path[: end + 1]].tolist()) for path in tree.paths for end in range(len(path))}
    assert len(tree) == len(ways)


@given(ROWS)
def test_each_row_trains_what_it_trained_alone(rows: list[EncodedRow]):
    rows = ordered(rows)
    tree = build_tree(rows)
    expected: dict[tuple[int, int], int] = {}
    for one, path in zip(rows, tree.paths, strict=True):
        for place in range(1, len(one)):
            if one.trained[place]:
                pair = int(path[place - 1]), int(one.input_ids[place])
                expected[pair] = expected.get(pair, 0) + 1
    assert predictions(tree) == expected


@given(ROWS)
def test_a_token_sees_its_own_way_from_the_root_and_nothing_else(rows: list[EncodedRow]):
    rows = ordered(rows)
    tree, batch = build_tree(rows), join_trees([rows, rows])
    mask = dense_mask(batch)[0, 0]
    size = len(tree)
    expected = torch.zeros_like(mask)
    for path in tree.paths:
        for end, place in enumerate(path.tolist()):
            for start in (0, size):
                expected[start + place, start + path[: end + 1]] = True
    assert torch.equal(mask, expected)


@given(ROWS, st.integers(5, 30))
def test_cutting_keeps_every_row_and_the_capacity(rows: list[EncodedRow], capacity: int):
    trees = cut_into_trees(rows, range(len(rows)), capacity)
    assert sorted(number for tree in trees for number in tree) == list(range(len(rows)))
    for tree in trees:
        members = [rows[number] for number in tree]
        assert tree_size(members) == len(build_tree(members))
        assert tree_size(members) <= capacity or len(tree) == 1


def test_a_branch_point_may_have_to_predict_two_tokens():
    tree = build_tree([row([1, 2, 3], [2]), row([1, 2, 4], [2])])
    assert tree.tokens.tolist() == [1, 2, 3, 4]
    assert predictions(tree) == {(1, 3): 1, (1, 4): 1}


def test_a_shared_token_counts_for_each_row_that_trains_it():
    tree = build_tree([row([1, 2, 3], [1, 2]), row([1, 2, 3], [2]), row([1, 2, 4], [1])])
    assert tree.tokens.tolist() == [1, 2, 3, 4]
    assert predictions(tree) == {(0, 2): 2, (1, 3): 2}


@pytest.mark.parametrize(
    "rows", [[[1, 2, 3]], [[1, 2, 3], [1, 2, 3]], [[1, 2], [1, 2, 3], [1, 2, 3, 4, 5]]], ids=str
)
def test_rows_that_go_on_from_each_other_have_no_branch(rows: list[list[int]]):
    members = [row(ids) for ids in rows]
    tree = build_tree(members)
    assert [(one.start, one.end, one.parent) for one in tree.segments] == [(0, len(rows[-1]), NO_PARENT)]
    assert join_trees([members])["tree"]["places"].tolist() == []


def test_rows_that_share_nothing_have_roots_of_their_own():
    tree = build_tree([row([1, 2]), row([3, 2])])
    assert tree.positions.tolist() == [0, 1, 0, 1]
    assert [one.parent for one in tree.segments] == [NO_PARENT, NO_PARENT]
