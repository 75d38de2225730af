"""Processes that train one job together, as torchrun and accelerate start them. One alone is a team, too.

The main one holds the folder's lock and writes everything; the others read and compute.
"""

import ctypes
import json
import os
import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from .failures import Failure

SIZE = int(os.environ.get("WORLD_SIZE", "1"))
IS_MAIN = int(os.environ.get("RANK", "0")) == 0
PR_SET_PDEATHSIG = 1
# Beside job.json: why a process other than the main one failed, which is told to end before it can know.
FAILURE_FILE = "failure.json"
Value = TypeVar("Value")


def join() -> None:
    """Waits until all are there. Does nothing for one alone, which then need not import torch."""
    if SIZE == 1:
        return
    if sys.platform == "linux":
        # Their launcher, when it is killed, does not take them with it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    from .sharding import shard_on_processors

    shard_on_processors()
    _state()


def agree(value: Value) -> Value:
    """The main process's value, in all of them."""
    if SIZE == 1:
        return value
    from accelerate.utils import broadcast_object_list

    _state()
    return broadcast_object_list([value])[0]


def main_of_machine_first() -> AbstractContextManager:
    """For what leaves files that the others then find."""
    return nullcontext() if SIZE == 1 else _state().local_main_process_first()


def leave() -> None:
    """Ends a process that is not alone, in success. One alone goes on."""
    if SIZE > 1:
        _state().destroy_process_group()
        sys.stdout.flush()
        sys.stderr.flush()
        # Threads of torch may outlive their group, and now and then an orderly end among them aborts.
        os._exit(0)


def tell_failure(folder: Path, failure: Failure) -> None:
    (folder / FAILURE_FILE).write_text(json.dumps(failure.facts()), encoding="utf-8")


def told_failure(folder: Path) -> Failure | None:
    try:
        return Failure(**json.loads((folder / FAILURE_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _state() -> Any:
    import torch
    from accelerate import PartialState

    return PartialState(cpu=not torch.cuda.is_available())
