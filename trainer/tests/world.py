"""Rows, profiles and jobs for tests, and attempts at jobs in processes of their own."""

import hashlib
import json
import multiprocessing
import os
import random
import signal
from pathlib import Path
from typing import Any

END = "<|end|>"
MARKERS = {"user": "user:", "planner": "planner:", "caller": "caller:", "observation": "observation:"}
PROFILE = {
    "kind": "thread",
    "name": "thread",
    "endOfTurn": END,
    "header": "Tools:\n{tools}\n",
    "turns": {name: {"marker": marker} for name, marker in MARKERS.items()},
}
TOOL = {"name": "weather", "description": "The weather of a city", "parameters": {"type": "object"}}
NAMES = ("Tor", "Men", "Bal", "Rik", "Sun", "Vel")


def example(number: int, seed: int = 0) -> dict[str, Any]:
    chance = random.Random(f"{seed} {number}")
    name = chance.choice(NAMES) + chance.choice(NAMES)
    extra = " please" * chance.randrange(6)
    segments = [
        {
            "text": f"Tools:\n{json.dumps(TOOL)}\n{END}user: the weather in {name}{extra}?{END}planner:",
            "train": False,
        },
        {"text": f" I need {name}. Next: caller.{END}", "train": True},
        {"text": "caller:", "train": False},
        {"text": f" weather\n{json.dumps({'city': name})}{END}", "train": True},
    ]
    return {"id": f"row-{number}", "trajectory": f"t{number}", "segments": segments}


def step_rows(number: int) -> list[dict[str, Any]]:
    """The same as a row a step: all that came before, and an instruction of the step's own."""
    whole = example(number)
    rows, context = [], ""
    for index, segment in enumerate(whole["segments"]):
        if segment["train"]:
            prompt = f"{context}{END}user: go on with part {index}{END}planner:"
            pieces = [{"text": prompt, "train": False}, {"text": segment["text"], "train": True}]
            rows.append({"id": f"{number}.{index}", "trajectory": whole["trajectory"], "segments": pieces})
        context += segment["text"]
    return rows


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_data(folder: Path, rows: int = 24, validation_rows: int = 6) -> Path:
    write_rows(folder / "backbone.jsonl", [example(number) for number in range(rows)])
    write_rows(
        folder / "validation/backbone.jsonl", [example(1000 + number) for number in range(validation_rows)]
    )
    (folder / "profile.json").write_text(json.dumps(PROFILE), encoding="utf-8")
    return folder


def write_step_data(folder: Path, trajectories: int = 12, validation: int = 4) -> Path:
    for name, numbers in (
        ("backbone.jsonl", range(trajectories)),
        ("validation/backbone.jsonl", range(1000, 1000 + validation)),
    ):
        write_rows(folder / name, [row for number in numbers for row in step_rows(number)])
    (folder / "profile.json").write_text(json.dumps(PROFILE), encoding="utf-8")
    return folder


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest()


def job_fields(folder: Path, data: Path, **changes: Any) -> dict[str, Any]:
    training = {
        "num_train_epochs": 2,
        "learning_rate": 5e-3,
        "optim": "muon",
        "per_device_train_batch_size": 4,
        "save_strategy": "steps",
        "save_steps": 3,
        "logging_steps": 2,
        "train_sampling_strategy": "group_by_length",
        "seed": 1,
    } | changes.pop("training", {})
    paths = {
        "train": data / "backbone.jsonl",
        "validation": data / "validation/backbone.jsonl",
        "profile": data / "profile.json",
    }
    return {
        "version": 1,
        "jobId": "job-a",
        "runId": "run-a",
        "recipe": {"name": "tiny", "sha256": "0" * 64},
        "jobKey": "1" * 64,
        "stage": 1,
        "subset": "backbone",
        "model": "tiny-scratch",
        "baseModel": "tiny-scratch",
        "parent": None,
        "data": {
            **{name: str(path) for name, path in paths.items()},
            "hash": "2" * 64,
            "sha256": {name: hash_of(path) for name, path in paths.items()},
        },
        "method": "full",
        "lora": None,
        "quantization": None,
        "sharding": None,
        "packing": "none",
        "overflow": {"policy": "full", "maxTokens": 512},
        "training": training,
        "deadlineSeconds": 600,
        "outputDir": str(folder),
    } | changes


def write_job(folder: Path, data: Path, **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "job.json"
    path.write_text(json.dumps(job_fields(folder, data, **changes)), encoding="utf-8")
    return path


def attempt(
    job: Path, kill_at: tuple[str, int] | None = None, prelude: str = "", signal_number: int = signal.SIGKILL
) -> int:
    """The exit code of `python -m mllm_trainer JOB`, run in a process forked from one that has the imports.

    `kill_at` ("module:function", n) sends the signal right before the n-th call; `prelude` is run first.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mllm_trainer.run"])
    process = context.Process(target=_attempt, args=(str(job), kill_at, prelude, signal_number))
    process.start()
    process.join(120)
    assert process.exitcode is not None, "the trainer hangs"
    return process.exitcode


def _attempt(job: str, kill_at: tuple[str, int] | None, prelude: str, signal_number: int) -> None:
    import sys

    log = os.open(Path(job).parent / "trainer.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ["OMP_WAIT_POLICY"] = "passive"
    exec(prelude)
    if kill_at:
        _kill_before_call(*kill_at, signal_number)
    from mllm_trainer.__main__ import main

    sys.exit(main([job]))


def _kill_before_call(target: str, number: int, signal_number: int) -> None:
    import importlib

    module_name, _, path = target.partition(":")
    *owners, name = path.split(".")
    holder: Any = importlib.import_module(module_name)
    for owner in owners:
        holder = getattr(holder, owner)
    original, calls = getattr(holder, name), []

    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(None)
        if len(calls) == number:
            os.kill(os.getpid(), signal_number)
        return original(*arguments, **options)

    setattr(holder, name, counted)


def events_of(job: Path, type_: str | None = None) -> list[dict[str, Any]]:
    lines = (job.parent / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    return [event for event in events if type_ in (None, event["type"])]


def manifest_of(folder: str | Path) -> dict[str, Any]:
    return json.loads((Path(folder) / "checkpoint.json").read_text(encoding="utf-8"))
