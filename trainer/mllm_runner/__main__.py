"""`python3 -m mllm_runner JOB_FOLDER`: runs the job of this folder as its runner.json says.

Exit codes: the trainer's own; 1 where none was started, 2 wrong usage, 75 another runner is at work here,
124 at the deadline, 143 stopped by a signal.
"""

import os
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .commands import Log
from .config import BadConfig, Config, read_config
from .endings import Ending
from .environment import prepare
from .hub import Hub, patiently
from .launch import train
from .locks import try_lock
from .release import release_runpod
from .state import StateFile, read_state
from .sync import Sync
from .waiting import wait_for_job, wait_for_slots
from .watch import Watch

ALREADY_RUNNING = 75
# How long the last upload may take: where the time is up, less.
RESULT_SECONDS, LATE_RESULT_SECONDS = 3600, 600
LAST_WORD_SECONDS = 300


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
    hub, refusal = open_hub(folder, config, watch)
    earlier = read_state(folder) or {}
    if config.release and (earlier.get("label"), earlier.get("state")) == (config.label, "ended"):
        # A container that was started again after its end.
        release_runpod(watch)
        return Ending(earlier["exitCode"], None).process_code
    state = StateFile(folder, config.label)
    watch.state, watch.deadline_seconds = state, config.deadline_seconds
    sync = Sync(hub, folder, config.storage.sync_seconds, watch) if hub and config.storage else None
    ending = refusal or attempt(folder, config, Work(state, watch, hub, sync))
    if sync:
        ending = bring_results(sync, ending)
    if ending.message:
        print(ending.message, file=sys.stderr, flush=True)
    state.end(ending)
    if sync:
        with suppress(Ending):
            sync.say_last(LAST_WORD_SECONDS)
    if config.release:
        release_runpod(watch)
    return ending.process_code


@dataclass(frozen=True)
class Work:
    state: StateFile
    watch: Watch
    hub: Hub | None
    sync: Sync | None


def open_hub(folder: Path, config: Config, watch: Watch) -> tuple[Hub | None, Ending | None]:
    """Fetches the state of earlier starts, without which nothing can be decided."""
    if not config.storage:
        return None, None
    try:
        hub = Hub(config.storage, folder)
        patiently(hub.fetch_state, "The Hub could not be read", watch)
        return hub, None
    except Ending as refusal:
        return None, refusal


def attempt(folder: Path, config: Config, work: Work) -> Ending:
    try:
        return follow(folder, config, work)
    except Ending as early:
        return early
    except Exception as error:
        traceback.print_exception(error)
        return Ending(None, "environment_failed", f"{type(error).__name__}: {error}")


def follow(folder: Path, config: Config, work: Work) -> Ending:
    """Waits, prepares, trains."""
    os.chdir(folder)
    state, watch = work.state, work.watch
    watch.check()
    if config.after:
        state.move("waiting")
        wait_for_job(config.after, watch)
        state.move("preparing")
    if work.hub and work.sync:
        patiently(work.hub.fetch, "The job could not be fetched from the Hub", watch)
        watch.on_sync = work.sync.wake
        work.sync.start()
    log = Log(folder / "trainer.log")
    python = config.python or sys.executable
    if config.environment and not config.python:
        python = prepare(config.environment, log, watch)
    slots = None
    if config.slots:
        state.move("waiting")
        slots = wait_for_slots(config.slots, config.gpus_per_node, watch)
    state.move("running")
    if work.sync:
        work.sync.wake()
    return train(folder, python, slots, log, watch)


def bring_results(sync: Sync, ending: Ending) -> Ending:
    """A success whose weights could not be brought away is none."""
    try:
        sync.finish(LATE_RESULT_SECONDS if ending.reason == "deadline" else RESULT_SECONDS)
    except Ending as failure:
        print(failure.message, file=sys.stderr, flush=True)
        return failure if ending.exit_code == 0 else ending
    return ending


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
