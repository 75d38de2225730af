import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from world import MARKERS

from mllm_trainer import tiny
from mllm_trainer.encoding import EncodedRow
from mllm_trainer.packing import IGNORED, PACKINGS, best_fit_decreasing
from mllm_trainer.sampling import SeededSampler

BFD, NONE = PACKINGS["bfd"], PACKINGS["none"]


def row(ids: list[int], trained: list[int]) -> EncodedRow:
    return EncodedRow("r", np.array(ids, dtype=np.int32), np.isin(np.arange(len(ids)), trained))


@given(st.lists(st.integers(1, 100), max_size=60))
def test_bfd_loses_no_row_and_fills_no_sequence_over_its_capacity(lengths: list[int]):
    sequences = best_fit_decreasing(lengths, 100)
    assert sorted(index for sequence in sequences for index in sequence) == list(range(len(lengths)))
    assert all(0 < sum(lengths[index] for index in sequence) <= 100 for sequence in sequences)


def test_bfd_takes_the_fullest_sequence_with_room():
    assert best_fit_decreasing([6, 5, 4, 3, 2], 10) == [[0, 2], [1, 3, 4]]


def test_labels_are_set_on_trained_tokens_only():
    batch = NONE.collate([[row([1, 2, 3], [2])], [row([4, 5], [1])]], 9)
    assert batch["input_ids"].tolist() == [[1, 2, 3], [4, 5, 9]]
    assert batch["labels"].tolist() == [[IGNORED, IGNORED, 3], [IGNORED, 5, IGNORED]]


def test_a_row_in_a_packed_line_starts_at_position_0_and_is_not_predicted_from_the_row_before():
    batch = BFD.collate([[row([1, 2, 3], [2]), row([4, 5], [0, 1])]], 9)
    assert batch["input_ids"].tolist() == [[1, 2, 3, 4, 5]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 0, 1]]
    assert batch["labels"].tolist() == [[IGNORED, IGNORED, 3, IGNORED, 5]]


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_padded_and_single_rows_have_the_same_loss_and_gradient(attention: str):
    chance = np.random.default_rng(0)
    rows = [
        EncodedRow("r", chance.integers(3, 300, length).astype(np.int32), chance.random(length) < 0.4)
        for length in (17, 5, 29, 11, 23)
    ]
    model = tiny.create_model(tiny.train_tokenizer(["a b c"], MARKERS.values()), seed=0)
    model.set_attn_implementation(attention)
    packed = [[rows[index] for index in sequence] for sequence in BFD.arrange([len(one) for one in rows], 40)]
    assert len(packed) == 3
    results = [
        loss_and_gradient(model, [BFD.collate(packed, 0)]),
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


@pytest.mark.parametrize("strategy", ["random", "group_by_length", "sequential"])
def test_the_order_depends_on_seed_and_epoch_alone(strategy: str):
    lengths = [index % 37 for index in range(103)]
    first, second = (SeededSampler(lengths, strategy, 4, seed=3) for _ in range(2))
    list(first)
    assert sorted(first) == list(range(103))
    first.set_epoch(2)
    second.set_epoch(2)
    assert list(first) == list(second)


def test_grouping_by_length_puts_like_lengths_together():
    lengths = [(index * 7919) % 200 for index in range(200)]
    order = list(SeededSampler(lengths, "group_by_length", 4, seed=0))
    batches = [[lengths[index] for index in order[start : start + 4]] for start in range(0, 200, 4)]
    assert all(max(batch) - min(batch) <= 4 for batch in batches)
    assert batches != sorted(batches, reverse=True)
