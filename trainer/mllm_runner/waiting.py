"""Waiting for another job, and for free GPUs."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .endings import Ending
from .locks import try_lock
from .state import read_state
from .watch import Watch

ASK_SECONDS = 1
# A runner writes every ten seconds; one that was requeued may be away for long.
SILENCE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Slots:
    """Places taken: `gpus` for CUDA_VISIBLE_DEVICES, and the locks that a trainer has to hold as well."""

    gpus: str
    descriptors: tuple[int, ...]


def wait_for_job(folder: Path, watch: Watch) -> None:
    """Until the job of this folder has succeeded; raises the Ending where it has failed."""
    seen, changed_at = None, time.monotonic()
    while True:
        state = read_state(folder)
        if state != seen:
            seen, changed_at = state, time.monotonic()
        if state and state.get("state") == "ended" and _is_newest(state, folder):
            if state.get("exitCode") == 0:
                return
            words = state.get("message") or state.get("reason") or "no reason given"
            raise Ending(None, "parent_failed", f"The job before this one failed: {words}")
        if time.monotonic() - changed_at > SILENCE_SECONDS:
            raise Ending(None, "parent_failed", f"The job before this one, in {folder}, has fallen silent")
        watch.pause(ASK_SECONDS)


def _is_newest(state: dict[str, Any], folder: Path) -> bool:
    """False where the job was sent anew and its runner has not begun yet."""
    try:
        label = json.loads((folder / "runner.json").read_text(encoding="utf-8"))["label"]
    except (OSError, ValueError, KeyError, TypeError):
        return True
    return state.get("label") == label


def wait_for_slots(folder: Path, wanted: int, watch: Watch) -> Slots:
    """`wanted` GPUs of this machine, or, where none is wanted, the one place for a job without."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        slots = _take(folder, wanted) if wanted else _take_cpu(folder)
        if slots:
            return slots
        watch.pause(ASK_SECONDS)


def _take_cpu(folder: Path) -> Slots | None:
    descriptor = try_lock(folder / "cpu.lock")
    return None if descriptor is None else Slots("", (descriptor,))


def _take(folder: Path, wanted: int) -> Slots | None:
    """All or none: two jobs that each hold a part of what they need would wait for ever."""
    gpus = _query("gpu", "index,uuid")
    if len(gpus) < wanted:
        raise Ending(
            None, "environment_failed", f"{wanted} GPUs are wanted, but this machine has {len(gpus)}"
        )
    busy = {row[0] for row in _query("compute-apps", "gpu_uuid")}
    taken: dict[str, int] = {}
    for index, uuid in gpus:
        if uuid not in busy and len(taken) < wanted:
            descriptor = try_lock(folder / f"gpu-{index}.lock")
            if descriptor is not None:
                taken[index] = descriptor
    if len(taken) == wanted:
        return Slots(",".join(taken), tuple(taken.values()))
    for descriptor in taken.values():
        os.close(descriptor)
    return None


def _query(what: str, fields: str) -> list[list[str]]:
    command = ["nvidia-smi", f"--query-{what}={fields}", "--format=csv,noheader"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return []
    if result.returncode != 0:
        return []
    return [[cell.strip() for cell in line.split(",")] for line in result.stdout.splitlines() if line.strip()]
