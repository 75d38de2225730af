"""The trainer, from its start to its end."""

import time
from pathlib import Path

from .commands import Log, environment, run
from .endings import ALREADY_RUNNING, Ending, of_trainer
from .waiting import Slots
from .watch import Watch

ENDED_BY_SIGNAL = (143, 130, -15, -2)
SIGNAL_SECONDS = 1
# How long a trainer whose runner was killed may take to be gone.
HANDOVER_SECONDS = 60


def train(folder: Path, command: list[str], slots: Slots | None, log: Log, watch: Watch) -> Ending:
    options = {
        "cwd": folder,
        "env": trainer_environment(slots),
        "pass_fds": slots.descriptors if slots else (),
    }
    began = time.monotonic()
    while True:
        code = run(command, log, watch, **options)
        if code in ENDED_BY_SIGNAL:
            # One that was meant for both of us is told as what it is.
            watch.pause(SIGNAL_SECONDS)
        if code != ALREADY_RUNNING or time.monotonic() - began > HANDOVER_SECONDS:
            return of_trainer(code)
        watch.pause(1)


def trainer_environment(slots: Slots | None) -> dict[str, str]:
    gpus = {"CUDA_VISIBLE_DEVICES": slots.gpus} if slots else {}
    return {**environment(), "PYTHONUNBUFFERED": "1", **gpus}
