"""`PYTHONPATH=trainer python trainer/bench_branches.py DATA`: forward and backward of stage 2, two ways.

DATA is a data set of `mllm split-data`; its first answered trajectories are computed with ordinary adapters,
a tree for each role, and with activated ones, a tree for all. The model is a Llama with random weights.
Prints JSON: tokens, and seconds of processor on one thread.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from mllm_trainer import tree_attention
from mllm_trainer.activated import add_adapters
from mllm_trainer.adapters import below_adapter
from mllm_trainer.branch_batch import join_branches
from mllm_trainer.branches import Invocation, with_branches
from mllm_trainer.encoding import EncodedRow, Encoder
from mllm_trainer.loss import add_loss, item_counts
from mllm_trainer.models import TINY_FOLDER
from mllm_trainer.overflow import fit_rows
from mllm_trainer.rows import Profile, read_profile, read_rows
from mllm_trainer.tree import in_tree_order
from mllm_trainer.tree_batch import Batch, join_trees

ROLES = ("planner", "caller", "summarizer")
LORA = {"r": 8, "lora_alpha": 16, "lora_dropout": 0.0, "target_modules": "all-linear"}
POSITIONS = 8192


def create_model(options: argparse.Namespace, vocabulary: int, *, is_activated: bool) -> Any:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=options.width,
        intermediate_size=options.width * 11 // 4,
        num_hidden_layers=options.layers,
        num_attention_heads=8,
        num_key_value_heads=4,
        max_position_embeddings=POSITIONS,
    )
    base = LlamaForCausalLM(config)
    if is_activated:
        model = add_adapters(base, LORA, ROLES, lambda: None)
    else:
        model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", **LORA))
    below_adapter(model).set_attn_implementation(tree_attention.NAME)
    add_loss(model)
    return model.train()


def first(rows: dict[str, list[EncodedRow]], count: int) -> list[list[list[EncodedRow]]]:
    """The rows of the first trajectories, by role."""
    names = list(dict.fromkeys(row.trajectory for row in rows["summarizer"]))[:count]
    return [[[row for row in rows[role] if row.trajectory == name] for role in ROLES] for name in names]


def batches_of(groups: list[list[list[EncodedRow]]], encoder: Encoder, profile: Profile) -> dict[str, list]:
    ordinary, activated = [], []
    for roles in groups:
        branches = []
        for number, (role, rows) in enumerate(zip(ROLES, roles, strict=True), start=1):
            if rows:
                ordinary.append(join_trees([[rows[each] for each in in_tree_order(rows, range(len(rows)))]]))
                marker = encoder.ids_after_turn(profile.values["turns"][role]["marker"])
                branches += with_branches(fit_rows(rows, "full", POSITIONS), Invocation(number, marker)).rows
        activated.append(join_branches([branches], 0))
    return {"lora": ordinary, "alora": activated}


def seconds(model: Any, batches: Sequence[Batch]) -> float:
    began = time.process_time()
    for batch in batches:
        model(**batch, num_items_in_batch=item_counts(batch)).loss.sum().backward()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--trajectories", type=int, default=4)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer, profile = (
        AutoTokenizer.from_pretrained(TINY_FOLDER),
        read_profile(options.data / "profile.json"),
    )
    encoder = Encoder(tokenizer, profile.end_of_turn)
    rows = {
        role: fit_rows(encoder.encode(read_rows(options.data / f"{role}.jsonl")), "full", POSITIONS).rows
        for role in ROLES
    }
    for method, batches in batches_of(first(rows, options.trajectories), encoder, profile).items():
        model = create_model(options, len(tokenizer), is_activated=method == "alora")
        # The first pass allocates.
        seconds(model, batches[:1])
        tokens = sum(batch["input_ids"].numel() for batch in batches)
        branches = sum(len(batch["adapters"]) for batch in batches if "adapters" in batch)
        found = {"method": method, "tokens": tokens, "forwardOnly": tokens - branches if branches else 0}
        print(json.dumps(found | {"processorSeconds": round(seconds(model, batches), 2)}), flush=True)


if __name__ == "__main__":
    main()
