"""Real trajectories: trees give the loss and the gradient of their rows alone."""

import itertools

import pytest
import torch
from peft import LoraConfig, get_peft_model
from reference_rows import VOCABULARY, needs_samples, reference_rows
from transformers import LlamaConfig, LlamaForCausalLM

from mllm_trainer import tree_attention
from mllm_trainer.encoding import EncodedRow
from mllm_trainer.loss import add_loss, as_targets, target_count
from mllm_trainer.packing import Batch, pad_right
from mllm_trainer.tree import in_tree_order, tree_size
from mllm_trainer.tree_batch import join_trees, with_mask

pytestmark = needs_samples


def create_model(options: str) -> torch.nn.Module:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        initializer_range=0.1,
    )
    model = LlamaForCausalLM(config)
    if "lora" in options:
        lora = LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear", init_lora_weights=False)
        model = get_peft_model(model, lora)
        model.enable_input_require_grads()
    if "checkpointing" in options:
        model.gradient_checkpointing_enable()
    add_loss(model)
    return model.train()


def trees_of(role: str, count: int = 2, tokens: int = 1500) -> list[list[EncodedRow]]:
    """The first trajectories with several steps that are quick to compute."""
    groups = itertools.groupby(reference_rows(role), key=lambda row: row.trajectory)
    trees = (list(rows) for _, rows in groups)
    ordered = ([rows[number] for number in in_tree_order(rows, range(len(rows)))] for rows in trees)
    chosen = (rows for rows in ordered if len(rows) > 2 and tree_size(rows) < tokens)
    return list(itertools.islice(chosen, count))


def loss_and_gradient(model: torch.nn.Module, batches: list[Batch]) -> tuple[float, torch.Tensor]:
    model.zero_grad()
    count = sum(target_count(batch) for batch in batches)
    losses = [model(**batch, num_items_in_batch=count).loss for batch in batches]
    torch.stack(losses).sum().backward()
    gradients = [parameter.grad.flatten() for parameter in model.parameters() if parameter.grad is not None]
    return sum(loss.item() for loss in losses), torch.cat(gradients)


@pytest.mark.parametrize("options", ["full", "checkpointing", "lora", "lora, checkpointing"])
@pytest.mark.parametrize("role", ["planner", "caller", "backbone"])
def test_trees_have_the_loss_and_the_gradient_of_separate_rows(role: str, options: str):
    model, trees = create_model(options), trees_of(role)
    rows = [row for tree in trees for row in tree]
    expected_loss, expected = loss_and_gradient(model, [as_targets(pad_right([[row]], 0)) for row in rows])
    base = model.get_base_model() if "lora" in options else model
    for attention, batches in {
        tree_attention.NAME: [join_trees(trees)],
        "sdpa": [with_mask(join_trees([tree])) for tree in trees],
    }.items():
        base.set_attn_implementation(attention)
        loss, gradient = loss_and_gradient(model, batches)
        assert abs(loss - expected_loss) < 1e-5
        assert (gradient - expected).abs().max() < 1e-6 * expected.abs().max()
