"""Real trajectories as the reference renders them: one row a step, each with a prompt of its role's own.

Read from the samples beside the checkout; tests that need them are skipped where there are none.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from mllm_trainer import tiny
from mllm_trainer.encoding import EncodedRow

GOLDEN = Path(__file__).resolve().parents[3] / "shared/data/golden"
TRAJECTORIES = GOLDEN / "out-of-domain-100/out_of_domain_100.json"
PROMPTS = GOLDEN / "alpha-umi-prompts.json"
ROLES = ("backbone", "planner", "caller", "summarizer")
# With so many tokens a row is about as long as with LLaMA-2's tokenizer, which has words of 40 languages.
VOCABULARY = 1750
# Of our own profile, so that the same tokenizer serves for both.
MARKERS = ("user:", "planner:", "caller:", "observation:", "summarizer:")
SPEAKERS = {"backbone": "assistant", "planner": "assistant", "caller": "caller", "summarizer": "conclusion"}

needs_samples = pytest.mark.skipif(not PROMPTS.exists(), reason="the samples are not here")


@cache
def reference_texts(role: str) -> list[tuple[str, str, str]]:
    """(trajectory, prompt, target) of each row, in order."""
    records = json.loads(TRAJECTORIES.read_text(encoding="utf-8"))
    template = json.loads(PROMPTS.read_text(encoding="utf-8"))[role]
    return [
        (str(number), f"system: {prompt} {SPEAKERS[role]}: ", target)
        for number, record in enumerate(records)
        for prompt, target in _steps(role, template, record)
    ]


def _steps(role: str, template: str, record: dict) -> Iterator[tuple[str, str]]:
    doc = "".join(json.dumps(tool) + "\n" for tool in record["tools"])
    names = ", ".join(tool["Name"] for tool in record["tools"])
    turns = record["conversations"]
    history, prompt = "", ""
    for before, turn, after in zip([None, *turns], turns, [*turns[1:], None], strict=False):
        target = _target(role, turn, after)
        if target is not None:
            # A step that gives up has the prompt of the step before it.
            is_stale = role == "backbone" and "Next: give up." in turn["value"]
            values = {
                "doc": doc,
                "history": history,
                "tool_names": names,
                "thought": (before or turn)["value"],
            }
            prompt = prompt if is_stale else _fill(template, values)
            yield prompt, target
        history += _told(role, turn, target)


def _fill(template: str, values: dict[str, str]) -> str:
    parts = [template]
    for name, value in values.items():
        mark = "{" + name + "}"
        parts = [piece for part in parts for piece in _around(part, mark, value)]
    return "".join(parts)


def _around(part: str, mark: str, value: str) -> list[str]:
    before, found, after = part.partition(mark)
    return [before, value, after] if found else [part]


def _target(role: str, turn: dict, after: dict | None) -> str | None:
    text, following = turn["value"], after and after["from"]
    if turn["from"] != SPEAKERS[role]:
        return None
    if role in ("caller", "summarizer"):
        return text
    if following not in ("caller", "conclusion") and "Next: give up." not in text:
        return None
    if role == "planner":
        return text
    if "Next: give up." in text:
        return text.replace("Next: give up.", "").strip() + "\nconclusion: give up."
    act = after["value"] if following == "caller" else f"conclusion: {after['value']}"
    return text.replace(f"Next: {following}.", "").strip() + "\n" + act


def _told(role: str, turn: dict, target: str | None) -> str:
    if turn["from"] == "observation":
        return f"observation: {turn['value']}"
    if role == "backbone" and turn["from"] in ("caller", "conclusion"):
        return ""
    text = target if role == "backbone" and target is not None else turn["value"]
    return f"{turn['from']}: {text}</s>"


@cache
def reference_tokenizer():
    records = json.loads(TRAJECTORIES.read_text(encoding="utf-8"))
    turns = {turn["value"] for record in records for turn in record["conversations"]}
    tools = {json.dumps(tool) for record in records for tool in record["tools"]}
    tokenizer = tiny.train_tokenizer(sorted(turns | tools), MARKERS, vocabulary=VOCABULARY)
    tokenizer.model_max_length = 2**20
    return tokenizer


@cache
def reference_rows(role: str) -> tuple[EncodedRow, ...]:
    """Tokenised as the reference does: prompt and target each alone."""
    texts, tokenizer = reference_texts(role), reference_tokenizer()
    prompts = tokenizer([prompt for _, prompt, _ in texts])["input_ids"]
    targets = tokenizer([f"{target}</s>" for *_, target in texts], add_special_tokens=False)["input_ids"]
    return tuple(
        EncodedRow(
            id=f"{role}-{number}",
            input_ids=np.array(prompt + target, dtype=np.int32),
            trained=np.arange(len(prompt) + len(target)) >= len(prompt),
            trajectory=trajectory,
        )
        for number, ((trajectory, *_), prompt, target) in enumerate(zip(texts, prompts, targets, strict=True))
    )
