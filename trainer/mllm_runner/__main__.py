"""`python3 -m mllm_runner JOB_FOLDER`: runs the job of this folder as its runner.json says.

Exit codes: the trainer's own; 1 where none was started, 2 wrong usage, 75 another runner is at work here,
124 at the deadline, 143 stopped by a signal.

Of several machines the first one's runner holds the lock, writes the state and brings the results away.
"""

import sys
from contextlib import suppress
from pathlib import Path

from .config import BadConfig, Config, read_config
from .endings import ALREADY_RUNNING, Ending
from .follow import Work, attempt
from .hub import Hub, patiently
from .locks import try_lock
from .release import release_runpod
from .state import StateFile, read_state
from .sync import Sync
from .team import Place, find_place
from .watch import Watch

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
        place, refusal = choose_place(config)
        if place.is_main and try_lock(folder / "runner.lock") is None:
            print(f"Another runner is at work in {folder}; nothing to do here.", file=sys.stderr)
            return ALREADY_RUNNING
    except (BadConfig, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return run(folder, config, place, refusal)


def choose_place(config: Config) -> tuple[Place, Ending | None]:
    """Where a machine cannot find its place, it has to say so as if it were the first one."""
    try:
        return find_place(config), None
    except Ending as refusal:
        return Place(0, None, 0), refusal


def run(folder: Path, config: Config, place: Place, refusal: Ending | None) -> int:
    watch = Watch()
    hub, unreachable = open_hub(folder, config, watch)
    earlier = read_state(folder) or {}
    if config.release and (earlier.get("label"), earlier.get("state")) == (config.label, "ended"):
        # A container that was started again after its end.
        release_runpod(watch)
        return Ending(earlier["exitCode"], None).process_code
    state = StateFile(folder, config.label, is_written=place.is_main)
    watch.state, watch.deadline_seconds = state, config.deadline_seconds
    sync = None
    if hub and config.storage and place.is_main:
        sync = Sync(hub, folder, config.storage.sync_seconds, watch)
    ending = refusal or unreachable or attempt(folder, config, Work(place, state, watch, hub, sync))
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
