"""The tokens of an epoch of real trajectories: padded as the reference does, packed, and as trees."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from reference_rows import ROLES, TRAJECTORIES, needs_samples, reference_rows, reference_tokenizer

from mllm_trainer.branches import Invocation, with_branches
from mllm_trainer.encoding import Encoder
from mllm_trainer.overflow import FittedRows
from mllm_trainer.packing import BRANCHED, PACKINGS
from mllm_trainer.rows import read_profile, read_rows

ROOT = Path(__file__).resolve().parents[2]

REFERENCE_LENGTH = 4096
ADAPTED = ("planner", "caller", "summarizer")


def padded(role: str) -> int:
    return REFERENCE_LENGTH * len(reference_rows(role))


def packed(role: str) -> int:
    """In sequences of the reference's length, of longer rows the end."""
    units = PACKINGS["bfd"].units(reference_rows(role), REFERENCE_LENGTH)
    return sum(min(unit.tokens, REFERENCE_LENGTH) for unit in units)


def in_trees(role: str) -> int:
    """The same capacity as packed rows have, and nothing cut off."""
    return sum(unit.tokens for unit in PACKINGS["tree"].units(reference_rows(role), 2 * REFERENCE_LENGTH))


@needs_samples
def test_trees_have_a_fifth_of_the_padded_tokens_and_little_more_than_half_of_the_packed():
    tokens = {count: sum(count(role) for role in ROLES) for count in (padded, packed, in_trees)}
    assert tokens[padded] / tokens[in_trees] >= 4.8
    assert tokens[packed] / tokens[in_trees] >= 1.7


@needs_samples
@pytest.mark.skipif(not (ROOT / "dist").is_dir(), reason="the command line is not built")
def test_one_thread_a_trajectory_has_no_more_tokens_than_its_tree(tmp_path: Path):
    options = ["--profile", "thread", "--validation", "0", "--dedupe", "off", "--out", str(tmp_path)]
    command = ["node", str(ROOT / "bin/mllm.js"), "split-data", str(TRAJECTORIES), *options]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    encoder = Encoder(reference_tokenizer(), read_profile(tmp_path / "profile.json").end_of_turn)
    rows = {role: list(encoder.encode(read_rows(tmp_path / f"{role}.jsonl"))) for role in ROLES}
    units = [unit for role in ROLES for unit in PACKINGS["tree"].units(rows[role], 2 * REFERENCE_LENGTH)]
    threads = sum(len(row) for role in ROLES for row in rows[role])
    assert sum(unit.tokens for unit in units) == threads <= sum(map(in_trees, ROLES))
    assert _activated_cost(rows, encoder, tmp_path) <= sum(map(padded, ADAPTED)) / 18


def _activated_cost(rows: dict, encoder: Encoder, folder: Path) -> float:
    """Of stage 2 on one tree for all roles; trunks go forward only, which is a third of the work."""
    profile = read_profile(folder / "profile.json")
    marked = []
    for number, role in enumerate(ADAPTED, start=1):
        tokens = encoder.ids_after_turn(profile.values["turns"][role]["marker"])
        marked += with_branches(FittedRows(rows[role]), Invocation(number, np.array(tokens))).rows
    units = BRANCHED["tree"].units(marked, 2 * REFERENCE_LENGTH)
    return sum(unit.tokens - unit.forward_tokens * 2 / 3 for unit in units)
