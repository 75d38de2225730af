import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mllm_trainer.packing import PACKINGS, Packing, Size, Unit
from mllm_trainer.sampling import ALONE, Order, Share, StepSampler, spread


def create_units(sizes: list[int], tokens: int = 7) -> list[Unit]:
    """Of so many rows each."""
    chance, first, units = random.Random(0), 0, []
    for rows in sizes:
        units.append(Unit(tuple(range(first, first + rows)), chance.randrange(1, tokens + 1)))
        first += rows
    return units


def sampler(
    units: list[Unit],
    packing: str = "tree",
    strategy: str = "random",
    share: Share = ALONE,
    step_rows: int = 6,
) -> StepSampler:
    size = Size(2, 2 * max(unit.tokens for unit in units))
    return StepSampler(units, PACKINGS[packing], size, Order(step_rows, strategy, seed=3), share)


def steps_of(sampler: StepSampler) -> list[list[int]]:
    """The units of each step that count."""
    return [[unit for batch, counts in step if counts for unit in batch] for step in sampler]


SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=40)


@given(SIZES, st.integers(1, 12))
def test_each_unit_comes_once_an_epoch_and_the_number_of_steps_is_that_of_single_rows(
    sizes: list[int], step_rows: int
):
    one = sampler(create_units(sizes), step_rows=step_rows)
    steps = steps_of(one)
    assert len(steps) == len(one) == min(-(-sum(sizes) // step_rows), len(sizes))
    assert sorted(unit for step in steps for unit in step) == list(range(len(sizes)))
    assert all(steps)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=40))
def test_a_step_has_its_rows_up_to_one_unit(sizes: list[int]):
    steps = steps_of(sampler(create_units(sizes)))
    rows = 0
    for number, step in enumerate(steps[:-1], start=1):
        rows += sum(sizes[unit] for unit in step)
        assert rows < number * 6 + 6


@given(SIZES, st.integers(1, 4), st.sampled_from(["none", "bfd", "tree"]))
def test_processes_share_a_step_with_as_many_micro_batches_each(sizes: list[int], count: int, packing: str):
    units = create_units(sizes if packing == "tree" else [1] * len(sizes))
    parts = [list(sampler(units, packing, share=Share(index, count))) for index in range(count)]
    whole = steps_of(sampler(units, packing))
    for step, shares in zip(whole, zip(*parts, strict=True), strict=True):
        assert len({len(share) for share in shares}) == 1
        counted = [unit for share in shares for batch, counts in share if counts for unit in batch]
        assert sorted(counted) == sorted(step)


@pytest.mark.parametrize("packing", ["none", "bfd", "tree"])
def test_a_step_of_single_rows_is_as_many_rows_whatever_the_packing(packing: str):
    assert [len(step) for step in steps_of(sampler(create_units([1] * 20), packing))] == [6, 6, 6, 2]


def test_processes_have_like_numbers_of_tokens():
    units = create_units([1] * 40, tokens=100)
    parts = spread(units, PACKINGS["tree"], Size(4, 400), Share(0, 2))
    tokens = [sum(units[unit].tokens for batch, _ in part for unit in batch) for part in parts]
    assert abs(tokens[0] - tokens[1]) <= 100


@pytest.mark.parametrize("strategy", ["random", "group_by_length", "sequential"])
@pytest.mark.parametrize("packing", ["none", "tree"])
def test_the_order_depends_on_seed_and_epoch_alone(packing: str, strategy: str):
    units = create_units([1] * 103, tokens=37)
    first, second = (sampler(units, packing, strategy) for _ in range(2))
    list(first)
    assert sorted(unit for step in steps_of(first) for unit in step) == list(range(103))
    first.set_epoch(2)
    second.set_epoch(2)
    assert list(first) == list(second)
    second.set_epoch(3)
    assert (list(first) == list(second)) == (strategy == "sequential")


def test_grouping_by_length_puts_like_lengths_together():
    units = [Unit((index,), 1 + (index * 7919) % 200) for index in range(204)]
    steps = [
        [units[unit].tokens for unit in step] for step in steps_of(sampler(units, "none", "group_by_length"))
    ]
    assert all(max(step) - min(step) <= 6 for step in steps)
    assert steps != sorted(steps, reverse=True)


def test_a_packing_that_does_not_pad_need_not_group_by_length():
    units = create_units([1] * 50, tokens=90)
    assert steps_of(sampler(units, "bfd", "group_by_length")) == steps_of(sampler(units, "bfd", "random"))


def test_the_packings_have_their_parts():
    assert all(isinstance(packing, Packing) for packing in PACKINGS.values())
    assert [name for name, packing in PACKINGS.items() if packing.pads] == ["none"]
