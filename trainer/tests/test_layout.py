from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM
from world import attempt, events_of, manifest_of, write_job

from mllm_trainer.layout import Layout, first_layout, known_layout, refusal
from mllm_trainer.packing import JOINED, PACKINGS

ACCELERATOR = SimpleNamespace(device=torch.device("cpu"), parallelism_config=None)
SMALL = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
}


def model_of(kind: str, **options: object) -> torch.nn.Module:
    config = AutoConfig.for_model(kind, **SMALL | options)
    return AutoModelForCausalLM.from_config(config)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("llama", {}), ("qwen2", {}), ("qwen3", {}), ("mistral", {"sliding_window": None})],
)
def test_models_with_full_attention_have_trees(kind: str, options: dict):
    assert refusal(model_of(kind, **options), ACCELERATOR) is None


@pytest.mark.parametrize(
    ("kind", "options", "reason"),
    [
        ("mistral", {"sliding_window": 8}, "sliding"),
        ("qwen2", {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1}, "sliding"),
        ("llama", {"attention_dropout": 0.1}, "dropout"),
        ("cohere", {}, "logit_scale"),
    ],
)
def test_other_models_are_refused_with_the_reason(kind: str, options: dict, reason: str):
    layout = first_layout("tree", model_of(kind, **options), ACCELERATOR)
    assert layout.packing == "bfd" and layout.attention == "plain" and reason in layout.reason


def test_context_parallelism_is_refused():
    parallel = SimpleNamespace(cp_enabled=True, sp_enabled=False)
    accelerator = SimpleNamespace(device=torch.device("cpu"), parallelism_config=parallel)
    assert "context parallelism" in refusal(model_of("llama"), accelerator)


def test_what_was_not_asked_for_is_not_refused():
    assert first_layout("bfd", model_of("mistral", sliding_window=8), ACCELERATOR).reason is None
    assert first_layout("none", model_of("mistral", sliding_window=8), ACCELERATOR) == Layout("none", "plain")


def test_rows_in_one_line_are_kept_apart_by_the_model_only_where_it_cannot_have_trees():
    assert Layout("bfd", "segments").of_rows() is PACKINGS["bfd"]
    assert Layout("bfd", "plain").of_rows() is JOINED
    assert Layout("none", "plain").of_rows() is PACKINGS["none"]


def test_a_job_that_goes_on_keeps_its_packing_with_the_attention_of_its_new_machine():
    check = {"loss": 0.0, "gradient": 0.0, "dtype": "float32"}
    facts = Layout("tree", "varlen", check=check).facts()
    assert known_layout(facts, ACCELERATOR) == Layout("tree", "segments", check=check)
    refused = Layout("bfd", "plain", "a reason")
    assert known_layout(refused.facts(), ACCELERATOR) == refused


# Aligns causality at the start of what a segment looks at, as some kernels do, where it has to be at its end.
WRONG_ATTENTION = """
import types
from torch.nn import functional
import mllm_trainer.tree_attention as trees

def misaligned(query, key, value, right=functional.scaled_dot_product_attention, **options):
    return right(query, key, value, **options | {"attn_mask": None, "is_causal": True})

trees.functional = types.SimpleNamespace(scaled_dot_product_attention=misaligned)
"""


@pytest.mark.process
def test_attention_that_gives_another_gradient_is_found_out_and_not_used(tmp_path: Path, step_data: Path):
    training = {"num_train_epochs": 1, "bf16": False}
    job = write_job(tmp_path / "job", step_data, packing="tree", training=training)
    assert attempt(job, prelude=WRONG_ATTENTION) == 0, (job.parent / "trainer.log").read_text()
    [warning] = events_of(job, "warning")
    assert warning["code"] == "packing_changed" and "bfd instead of tree" in warning["message"]
    packing = manifest_of(events_of(job, "done")[-1]["last"])["packing"]
    assert packing["packing"] == "bfd" and packing["attention"] == "plain"
    assert packing["check"]["gradient"] > 1e-4
    assert warning["message"].endswith(packing["reason"])
