from collections.abc import Sequence
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from test_layout import model_of
from test_tree import row
from torch.nn import functional

from mllm_trainer import tree_attention
from mllm_trainer.batches import Batches
from mllm_trainer.encoding import EncodedRow
from mllm_trainer.layout import Layout, use_layout
from mllm_trainer.loss import add_loss, as_targets, target_count
from mllm_trainer.packing import pad_right
from mllm_trainer.self_check import checked

ACCELERATOR = SimpleNamespace(device=torch.device("cpu"), mixed_precision="no", autocast=nullcontext)
IN_HALF = SimpleNamespace(
    device=torch.device("cpu"),
    mixed_precision="bf16",
    autocast=lambda: torch.autocast("cpu", torch.bfloat16),
)
STRANGERS = [row([1, 2, 3, 4, 5]), row([6, 7, 8, 9]), row([10, 11, 12])]
RELATED = [row([1, 2, 3, 4]), row([1, 2, 5]), row([6, 7, 8])]


def create_model() -> torch.nn.Module:
    torch.manual_seed(0)
    model = model_of("llama")
    add_loss(model)
    return model


def check(
    rows: Sequence[EncodedRow],
    packing: str,
    model: torch.nn.Module | None = None,
    accelerator: SimpleNamespace = ACCELERATOR,
) -> Layout:
    layout, model = Layout(packing, "segments"), model or create_model()
    use_layout(layout, model)
    batches = Batches(rows, layout, 2, pad_id=0, wants_targets=True)
    return checked(layout, model, accelerator, batches)


def learn_by_heart(model: torch.nn.Module, rows: Sequence[EncodedRow]) -> None:
    batch = as_targets(pad_right([[row] for row in rows], 0))
    optimizer = torch.optim.AdamW(model.parameters(), 2e-2, weight_decay=0.0)
    for _ in range(60):
        optimizer.zero_grad()
        model(**batch, num_items_in_batch=target_count(batch)).loss.backward()
        optimizer.step()


def see_all_before(states: tuple, tree: dict, scaling: float | None) -> torch.Tensor:
    """As if all rows of a line were one."""
    options = {"is_causal": True, "scale": scaling, "enable_gqa": True}
    return functional.scaled_dot_product_attention(*states, **options).transpose(1, 2)


@pytest.mark.parametrize("packing", ["tree", "bfd"])
@pytest.mark.parametrize("rows", [STRANGERS, RELATED], ids=["strangers", "related"])
def test_rows_are_told_from_rows_of_their_own(rows: list, packing: str):
    layout = check(rows, packing)
    assert layout.packing == packing and layout.check["gradient"] < 1e-5


@pytest.mark.parametrize("packing", ["tree", "bfd"])
def test_attention_that_does_not_keep_rows_apart_is_found_out(packing: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tree_attention, "_by_segment", see_all_before)
    layout = check(STRANGERS, packing)
    assert (layout.packing, layout.attention) == ("bfd", "plain") and "differ" in layout.reason


@pytest.mark.parametrize("rows", [STRANGERS, RELATED], ids=["strangers", "related"])
def test_a_model_that_knows_its_rows_by_heart_is_no_worse_off(rows: list):
    model = create_model()
    learn_by_heart(model, rows)
    assert check(rows, "tree", model, IN_HALF).reason is None


def test_a_single_row_has_nothing_to_be_compared_with():
    assert check(STRANGERS[:1], "tree").check == {"loss": 0.0, "gradient": 0.0, "dtype": "float32"}
