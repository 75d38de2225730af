"""Activated adapters: what the trainer computes in one pass is what plain PEFT computes of each example."""

from pathlib import Path

import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers import LlamaConfig, LlamaForCausalLM

from mllm_server.activated import ActivatedBatch, SharedBase
from mllm_server.merge import main as merge
from mllm_server.rows import Request
from mllm_trainer import tree_attention
from mllm_trainer.activated import add_adapters, save_adapter
from mllm_trainer.branch_batch import join_alone, join_branches
from mllm_trainer.branches import Invocation, branches_of, with_branches
from mllm_trainer.encoding import EncodedRow
from mllm_trainer.loss import add_loss
from mllm_trainer.overflow import FittedRows

ROLES = ("planner", "caller", "summarizer")
# Markers of unlike length; the number 1 ends a turn.
MARKERS = {"planner": (2, 3), "caller": (4, 5, 6), "summarizer": (7,)}
LORA = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "target_modules": "all-linear"}


def turns(trajectory: int) -> list[tuple[str, list[int]]]:
    """Who speaks, and what: two turns of the planner and of the caller, one of the summarizer."""
    chance = np.random.default_rng(trajectory)
    speakers = ("planner", "caller", "planner", "caller", "planner", "summarizer")
    return [(role, [*chance.integers(10, 40, 5 + place), 1]) for place, role in enumerate(speakers)]


def thread(role: str, trajectory: int) -> EncodedRow:
    ids = [*np.random.default_rng(100 + trajectory).integers(10, 40, 20), 1]
    trained = [False] * len(ids)
    for speaker, text in turns(trajectory):
        ids += [*MARKERS[speaker], *text]
        trained += [False] * len(MARKERS[speaker]) + [speaker == role] * len(text)
    return encoded(f"{role} {trajectory}", ids, trained)


def steps(role: str, trajectory: int) -> list[EncodedRow]:
    """A row a turn, each with an instruction of the role's own between history and marker."""
    history = [*np.random.default_rng(100 + trajectory).integers(10, 40, 20), 1]
    found = []
    for place, (speaker, text) in enumerate(turns(trajectory)):
        if speaker == role:
            ids = [*history, *range(40, 45), ROLES.index(role) + 45, 1, *MARKERS[role]]
            trained = [False] * len(ids) + [True] * len(text)
            found.append(encoded(f"{role} {trajectory}.{place}", [*ids, *text], trained))
        history += [*MARKERS[speaker], *text]
    return found


def encoded(id_: str, ids: list[int], trained: list[bool]) -> EncodedRow:
    name = id_.split()[1].split(".")[0]
    return EncodedRow(id_, np.array(ids, dtype=np.int32), np.array(trained), name)


def marked(role: str, rows: list[EncodedRow], adapter: int) -> list[EncodedRow]:
    return with_branches(FittedRows(rows), Invocation(adapter, np.array(MARKERS[role]))).rows


def create_base() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.3,
    )
    return LlamaForCausalLM(config)


def create_model(names: tuple[str, ...]) -> PeftModel:
    model = add_adapters(create_base(), {**LORA, "init_lora_weights": False}, names, lambda: None)
    model.get_base_model().set_attn_implementation(tree_attention.NAME)
    add_loss(model)
    return model.train()


@pytest.mark.parametrize("module", ["embed_tokens", "lm_head"])
def test_modules_that_see_no_line_of_tokens_are_refused(module: str):
    config = LORA | {"target_modules": ["q_proj", module]}
    with pytest.raises(ValueError, match=module):
        add_adapters(create_base(), config, ROLES, lambda: None)


def loss_and_gradient(model: PeftModel, batches: list[dict]) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of each role."""
    model.zero_grad()
    total = torch.zeros(len(ROLES))
    for batch in batches:
        losses = model(**batch, num_items_in_batch=torch.ones(len(ROLES))).loss
        losses.sum().backward()
        total += losses.detach()
    return total, torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad])


ROWS = {"thread": lambda role, number: [thread(role, number)], "step": steps}


@pytest.mark.parametrize("options", ["", "checkpointing"])
@pytest.mark.parametrize("kind", ROWS)
def test_one_pass_over_trunk_and_branches_has_loss_and_gradient_of_each_branch_alone(kind: str, options: str):
    model = create_model(ROLES)
    if options:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    units = [
        [row for n, role in enumerate(ROLES, 1) for row in marked(role, ROWS[kind](role, number), n)]
        for number in range(2)
    ]
    single = [join_alone(branch) for rows in units for row in rows for branch in branches_of(row)]
    expected_loss, expected = loss_and_gradient(model, single)
    loss, gradient = loss_and_gradient(model, [join_branches(units, 0)])
    assert (loss - expected_loss).abs().max() < 1e-5 * expected_loss.max()
    assert (gradient - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.parametrize("names", [ROLES, *[(role,) for role in ROLES]], ids="-".join)
@pytest.mark.parametrize("kind", ROWS)
def test_what_is_saved_gives_plain_peft_the_same_loss(names: tuple, kind: str, tmp_path: Path):
    model = create_model(names).eval()
    rows = {name: marked(name, ROWS[kind](name, 0), n) for n, name in enumerate(names, 1)}
    with torch.no_grad():
        batch = join_branches([[row for each in rows.values() for row in each]], 0)
        losses = model(**batch, num_items_in_batch=torch.ones(len(names))).loss.tolist()
    for name, loss in zip(names, losses, strict=True):
        save_adapter(model, name, MARKERS[name], tmp_path / name)
        base = create_base()
        plain = PeftModel.from_pretrained(base, tmp_path / name).eval()
        assert plain.peft_config["default"].alora_invocation_tokens == list(MARKERS[name])
        with torch.no_grad():
            expected = sum(plain_loss(plain, branch) for row in rows[name] for branch in branches_of(row))
        assert abs(loss - expected) < 1e-5 * abs(expected)
    assert abs(losses[0] - sum(plain_loss(base, b) for row in rows[names[0]] for b in branches_of(row))) > 0.1


def test_an_adapter_that_acts_on_some_tokens_is_not_merged(tmp_path: Path, capsys: pytest.CaptureFixture):
    save_adapter(create_model(("planner",)), "planner", MARKERS["planner"], tmp_path / "planner")
    assert merge([str(tmp_path / "planner"), "base", str(tmp_path / "merged")]) == 1
    assert "cannot be merged" in capsys.readouterr().err
    assert not (tmp_path / "merged").exists()


def test_a_row_that_a_cut_left_without_its_marker_is_dropped():
    rows = [
        encoded("a 0", [3, 10, 11], [False, True, True]),
        encoded("b 1", [2, 3, 10], [False, False, True]),
    ]
    fitted = with_branches(FittedRows(rows, dropped=1, cut=2), Invocation(1, np.array(MARKERS["planner"])))
    assert ([row.id for row in fitted.rows], fitted.dropped, fitted.cut) == (["b 1"], 2, 1)


def plain_loss(model: torch.nn.Module, branch: EncodedRow) -> float:
    """Of an example: its prompt with the marker, and the turn."""
    ids = torch.from_numpy(branch.input_ids).long()[None]
    labels = ids.masked_fill(~torch.from_numpy(branch.trained)[None], -100)
    return model(input_ids=ids, labels=labels).loss.item() * int(branch.trained.sum())


def test_the_server_writes_what_plain_peft_writes_and_reads_the_prompt_once_for_all_roles(tmp_path: Path):
    model, shared = create_model(ROLES), SharedBase(create_base())
    shared.trunks.budget_bytes = 1 << 24
    for role in ROLES:
        save_adapter(model, role, MARKERS[role], tmp_path / role)
    adapters = {role: shared.add(str(tmp_path / role), "cpu") for role in ROLES}
    trunk = thread("planner", 0).input_ids.tolist()
    for role in [*ROLES, "planner"]:
        plain = PeftModel.from_pretrained(create_base(), tmp_path / role).eval()
        batch = ActivatedBatch(adapters[role])
        prompt = [*trunk, *MARKERS[role]]
        written: list[int] = []
        with torch.inference_mode():
            expected = plain.generate(
                input_ids=torch.tensor([prompt]), do_sample=False, max_new_tokens=6, eos_token_id=None
            )
            batch.join(Request(prompt, 6, 0.0, None, lambda piece: None, Writer(written), frozenset()))
            while batch.rows:
                batch.step()
        assert written == expected[0, len(prompt) :].tolist()
        assert shared.trunks.longest(prompt)[0] == len(trunk)


class Writer:
    """Notes tokens."""

    is_stopped = False

    def __init__(self, written: list[int]):
        self.push = lambda token: written.append(token) or ""
        self.finish = lambda: ""
