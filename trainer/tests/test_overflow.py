import numpy as np
import pytest

from mllm_trainer.encoding import EncodedRow
from mllm_trainer.failures import Failure
from mllm_trainer.overflow import fit_rows, token_limit


def row(length: int, trained: range) -> EncodedRow:
    return EncodedRow(
        f"r{length}", np.arange(length, dtype=np.int32), np.isin(np.arange(length), list(trained))
    )


ROWS = [row(5, range(3, 5)), row(12, range(8, 12)), row(12, range(2, 4))]


def test_full_keeps_whole_rows_and_drops_longer_ones():
    fitted = fit_rows(ROWS, "full", 10)
    assert [len(one) for one in fitted.rows] == [5, 4]
    assert (fitted.dropped, fitted.cut, fitted.tokens, fitted.trained_tokens) == (1, 0, 9, 4)


def test_keep_end_cuts_the_beginning_after_the_tail_that_teaches_nothing():
    fitted = fit_rows(ROWS, "keep-end", 6)
    kept = [list(range(5)), list(range(6, 12)), list(range(4))]
    assert [one.input_ids.tolist() for one in fitted.rows] == kept
    assert (fitted.dropped, fitted.cut, fitted.trained_tokens) == (0, 1, 8)


def test_a_row_without_trained_tokens_is_dropped():
    assert fit_rows([row(4, range(0))], "keep-end", 10).dropped == 1


def test_a_row_whose_only_trained_token_is_its_first_teaches_nothing():
    assert fit_rows([row(4, range(0, 1))], "full", 10).dropped == 1


def test_drop_takes_the_limit_of_the_model():
    assert token_limit("drop", 4096, 1024) == 1024
    assert token_limit("drop", 512, 1024) == 512


@pytest.mark.parametrize("policy", ["full", "keep-end"])
def test_other_policies_refuse_a_cap_above_the_positions_of_the_model(policy: str):
    assert token_limit(policy, 1024, 1024) == 1024
    assert token_limit(policy, 4096, None) == 4096
    with pytest.raises(Failure, match="1024 positions"):
        token_limit(policy, 4096, 1024)
