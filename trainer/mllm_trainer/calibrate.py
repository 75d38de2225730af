"""`python -m mllm_trainer.calibrate FOLDER/job.json [STEPS]`: the first optimizer steps of a job, timed.

Trains the real job by the trainer's own code, ends after so many steps (20), and prints one JSON line: what
they took (Measurement of src/recipe/calibration.ts), or `{"failure"}`. What it leaves in FOLDER is of no use.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from .artifacts import sha256_of_file
from .environment import set_environment
from .events import EventLog
from .failures import Failure, failure_of
from .job import DataFile, Job, read_job
from .parent import with_parent

STEPS = 20
# The first steps allocate, compile and fill caches.
WARM_UP_STEPS = 3
# Of the validation rows: enough to know what one takes. The first ones, so that trajectories stay whole.
VALIDATION_ROWS = 64
# By the processor's time others' work does not count: that is how predictions are checked.
IS_PROCESSOR_TIME = os.environ.get("MLLM_CALIBRATION_CLOCK") == "processor"
clock = time.process_time if IS_PROCESSOR_TIME else time.monotonic
PROCESS_STARTED = 0.0 if IS_PROCESSOR_TIME else clock()


class Stopwatch(EventLog):
    """Takes the trainer's events with the time at which they come, and writes none."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull))
        self.events: list[tuple[float, str, dict[str, Any]]] = []

    def emit(self, type_: str, **fields: Any) -> None:
        self.events.append((clock(), type_, fields))

    def times(self, type_: str) -> list[float]:
        return [moment for moment, found, _ in self.events if found == type_]

    def last(self, type_: str) -> float:
        return self.times(type_)[-1]


def shortened(job: Job, steps: int) -> Job:
    """The same job up to its first steps, evaluated before and after and saved at the end."""
    training = {key: value for key, value in job.training.items() if key != "num_train_epochs"}
    training |= {"max_steps": steps, "logging_steps": 1, "eval_strategy": "no", "save_strategy": "no"}
    parts = tuple(shortened(part, steps) for part in job.parts)
    return replace(job, training=training, validation=_some_of(job), parts=parts)


def _some_of(job: Job) -> DataFile | None:
    if job.validation is None:
        return None
    lines = [line for line in job.validation.path.read_bytes().splitlines(keepends=True) if line.strip()]
    path = job.folder / f"validation-{job.subset}.jsonl"
    path.write_bytes(b"".join(lines[:VALIDATION_ROWS]))
    return DataFile(path, sha256_of_file(path))


def measure(job: Job, steps: int) -> dict[str, Any]:
    from .run import run

    watch = Stopwatch()
    short = shortened(job, steps)
    run(short, watch, 1, [(short, None)])
    # Of roles that are trained together each that has a part in a step tells it.
    told = {fields["globalStep"]: moment for moment, type_, fields in watch.events if type_ == "progress"}
    ends = list(told.values())
    warm_up = min(WARM_UP_STEPS, len(ends) - 2)
    if warm_up < 0:
        message = f"The job has {len(ends)} optimizer steps: too few to measure"
        raise Failure("bad_job", message, "A job as short as this one needs no estimate.")
    evaluations = watch.times("evaluated")
    validation = _tokens_of(watch.events, "validation")
    evaluating = evaluations[-1] - ends[-1] if validation else 0.0
    per_step = (ends[-1] - ends[warm_up]) / (len(ends) - 1 - warm_up)
    return {
        "steps": len(ends),
        "warmUpSteps": warm_up + 1,
        "startSeconds": ends[0] - per_step - evaluating - PROCESS_STARTED,
        "secondsPerStep": per_step,
        "secondsPerValidationToken": evaluating / validation if validation else 0.0,
        "secondsPerSave": watch.last("checkpoint") - max(ends[-1], *evaluations[-1:]),
        "peakMemoryBytes": peak_memory_bytes(),
        "device": _device(),
    }


def _tokens_of(events: Iterable[tuple[float, str, dict[str, Any]]], split: str) -> int:
    return sum(
        fields["tokens"] for _, type_, fields in events if type_ == "data" and fields["split"] == split
    )


def peak_memory_bytes() -> int:
    """Of the GPU where there is one, with what CUDA itself takes; else of this process."""
    import torch

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        # Others' memory on this GPU is not told apart; a calibration has it alone.
        return total - free - torch.cuda.memory_reserved() + torch.cuda.max_memory_reserved()
    try:
        # Not getrusage: that begins with the peak of the process which this one was forked from.
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _device() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2):
        print("usage: python -m mllm_trainer.calibrate FOLDER/job.json [STEPS]", file=sys.stderr)
        return 2
    results = sys.stdout
    # What the trainer tells people is not the result.
    sys.stdout = sys.stderr
    try:
        job = with_parent(read_job(Path(arguments[0])))
        set_environment(job)
        found = measure(job, int(arguments[1]) if len(arguments) == 2 else STEPS)
    except BaseException as error:
        found = {"failure": failure_of(error).facts()}
    print(json.dumps(found), file=results)
    return 1 if "failure" in found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
