import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from world import MARKERS

from mllm_trainer import tiny
from mllm_trainer.encoding import EncodedRow
from mllm_trainer.packing import IGNORED, JOINED, PACKINGS, Size, Unit, best_fit

NONE = PACKINGS["none"]


def row(ids: list[int], trained: list[int]) -> EncodedRow:
    return EncodedRow("r", np.array(ids, dtype=np.int32), np.isin(np.arange(len(ids)), trained))


def units_of(lengths: list[int]) -> list[Unit]:
    return [Unit((number,), length) for number, length in enumerate(lengths)]


@given(st.lists(st.integers(1, 100), max_size=60))
def test_best_fit_loses_no_unit_and_fills_no_batch_over_its_capacity(lengths: list[int]):
    batches = best_fit(units_of(lengths), Size(4, 100))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(0 < sum(lengths[index] for index in batch) <= 100 for batch in batches)


def test_best_fit_takes_the_fullest_batch_with_room():
    assert best_fit(units_of([6, 5, 4, 3, 2]), Size(1, 10)) == [[0, 2], [1, 3, 4]]


def test_rows_are_padded_with_rows_of_like_length():
    assert NONE.split(units_of([1, 9, 2, 8, 7]), Size(2, 99)) == [[1, 3], [4, 2], [0]]


def test_labels_are_set_on_trained_tokens_only():
    batch = NONE.collate([[row([1, 2, 3], [2])], [row([4, 5], [1])]], 9)
    assert batch["input_ids"].tolist() == [[1, 2, 3], [4, 5, 9]]
    assert batch["labels"].tolist() == [[IGNORED, IGNORED, 3], [IGNORED, 5, IGNORED]]


def test_a_row_in_a_joined_line_starts_at_position_0_and_is_not_predicted_from_the_row_before():
    batch = JOINED.collate([[row([1, 2, 3], [2]), row([4, 5], [0, 1])]], 9)
    assert batch["input_ids"].tolist() == [[1, 2, 3, 4, 5]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 0, 1]]
    assert batch["labels"].tolist() == [[IGNORED, IGNORED, 3, IGNORED, 5]]


def test_the_rows_of_a_trajectory_are_one_unit_unless_that_is_too_large():
    def of(trajectory: str, *ids: int) -> EncodedRow:
        return EncodedRow("r", np.array(ids, dtype=np.int32), np.ones(len(ids), dtype=bool), trajectory)

    rows = [of("a", 1, 2, 3), of("b", 1, 2), of("a", 1, 2, 4), of("", 1, 2), of("", 1, 2)]
    assert PACKINGS["tree"].units(rows, 4) == [
        Unit((0, 2), 4),
        Unit((1,), 2),
        Unit((3,), 2),
        Unit((4,), 2),
    ]
    assert PACKINGS["tree"].units(rows, 3)[:2] == [Unit((0,), 3), Unit((2,), 3)]


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_joined_padded_and_single_rows_have_the_same_loss_and_gradient(attention: str):
    chance = np.random.default_rng(0)
    rows = [
        EncodedRow("r", chance.integers(3, 300, length).astype(np.int32), chance.random(length) < 0.4)
        for length in (17, 5, 29, 11, 23)
    ]
    model = tiny.create_model(tiny.train_tokenizer(["a b c"], MARKERS.values()), seed=0)
    model.set_attn_implementation(attention)
    results = [
        loss_and_gradient(model, [JOINED.collate([[one] for one in rows], 0)]),
        loss_and_gradient(model, [NONE.collate([[one] for one in rows], 0)]),
        loss_and_gradient(model, [NONE.collate([[one]], 0) for one in rows]),
    ]
    for loss, gradient in results[1:]:
        assert loss == pytest.approx(results[0][0], abs=1e-5)
        torch.testing.assert_close(gradient, results[0][1], atol=1e-5, rtol=1e-4)


def loss_and_gradient(model: torch.nn.Module, batches: list[dict]) -> tuple[float, torch.Tensor]:
    model.zero_grad()
    tokens = sum(int((batch["labels"][:, 1:] != IGNORED).sum()) for batch in batches)
    losses = [model(**batch, num_items_in_batch=tokens, use_cache=False).loss for batch in batches]
    sum(losses).backward()
    return sum(losses).item(), model.model.layers[0].mlp.up_proj.weight.grad.clone()
