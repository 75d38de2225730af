"""`python3 -m mllm_runner JOB_FOLDER`: runs the job of this folder as its runner.json says.

Exit codes: the trainer's own; 1 where none was started, 2 wrong usage, 75 another runner is at work here,
124 at the deadline, 143 stopped by a signal.
"""

import os
import sys
import traceback
from pathlib import Path

from .commands import Log
from .config import BadConfig, Config, read_config
from .endings import Ending
from .environment import prepare
from .launch import train
from .locks import try_lock
from .state import StateFile
from .waiting import wait_for_job, wait_for_slots
from .watch import Watch

ALREADY_RUNNING = 75


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python3 -m mllm_runner JOB_FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0]).absolute()
    try:
        config = read_config(folder / "runner.json")
        lock = try_lock(folder / "runner.lock")
    except (BadConfig, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    if lock is None:
        print(f"Another runner is at work in {folder}; nothing to do here.", file=sys.stderr)
        return ALREADY_RUNNING
    return run(folder, config)


def run(folder: Path, config: Config) -> int:
    watch = Watch()
    state = StateFile(folder, config.label)
    watch.state, watch.deadline_seconds = state, config.deadline_seconds
    try:
        ending = follow(folder, config, state, watch)
    except Ending as early:
        ending = early
    except Exception as error:
        traceback.print_exception(error)
        ending = Ending(None, "environment_failed", f"{type(error).__name__}: {error}")
    if ending.message:
        print(ending.message, file=sys.stderr, flush=True)
    state.end(ending)
    return ending.process_code


def follow(folder: Path, config: Config, state: StateFile, watch: Watch) -> Ending:
    """Waits, prepares, trains."""
    os.chdir(folder)
    log = Log(folder / "trainer.log")
    watch.check()
    if config.after:
        state.move("waiting")
        wait_for_job(config.after, watch)
        state.move("preparing")
    python = config.python or sys.executable
    if config.environment and not config.python:
        python = prepare(config.environment, log, watch)
    slots = None
    if config.slots:
        state.move("waiting")
        slots = wait_for_slots(config.slots, config.gpus_per_node, watch)
    state.move("running")
    return train(folder, python, slots, log, watch)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
