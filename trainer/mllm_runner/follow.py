"""The course of a job: wait, prepare, train."""

import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from .commands import Log
from .config import Config
from .endings import Ending
from .environment import prepare
from .hub import Hub, patiently
from .launch import train
from .spread import trainer_command
from .state import StateFile
from .sync import Sync
from .team import Place
from .waiting import wait_for_job, wait_for_slots
from .watch import Watch


@dataclass(frozen=True)
class Work:
    """What a job is worked on with. `sync` only on the main machine."""

    place: Place
    state: StateFile
    watch: Watch
    hub: Hub | None
    sync: Sync | None


def attempt(folder: Path, config: Config, work: Work) -> Ending:
    try:
        return follow(folder, config, work)
    except Ending as early:
        return early
    except Exception as error:
        traceback.print_exception(error)
        return Ending(None, "environment_failed", f"{type(error).__name__}: {error}")


def follow(folder: Path, config: Config, work: Work) -> Ending:
    os.chdir(folder)
    state, watch = work.state, work.watch
    watch.check()
    if config.after:
        state.move("waiting")
        wait_for_job(config.after, watch)
        state.move("preparing")
    if work.hub:
        patiently(work.hub.fetch, "The job could not be fetched from the Hub", watch)
    if work.sync:
        watch.on_sync = work.sync.wake
        work.sync.start()
    log = Log(folder / ("trainer.log" if work.place.is_main else f"trainer-{work.place.rank}.log"))
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
    return train(folder, trainer_command(python, folder, config, work.place), slots, log, watch)
