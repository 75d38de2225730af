"""`python -m mllm_trainer JOB_FOLDER/job.json`: one attempt at a job.

Exit codes: 0 done, 1 failed, 2 wrong usage, 75 running already, 130 and 143 cancelled by SIGINT and SIGTERM.
"""

import fcntl
import gc
import json
import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

from . import team
from .artifacts import write_json
from .checkpoints import MANIFEST, Checkpoint, complete_checkpoints, drop_other_parents
from .completion import find_joint_work, finish, is_trained
from .environment import set_environment
from .events import EventLog, now
from .failures import Failure, failure_of
from .interrupts import arm_deadline, stop_on_signals
from .job import Job, read_job
from .parent import with_parent

ALREADY_RUNNING = 75


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m mllm_trainer JOB_FOLDER/job.json", file=sys.stderr)
        return 2
    path = Path(arguments[0])
    if not path.parent.is_dir():
        print(f"{path.parent} is not a folder", file=sys.stderr)
        return 1
    folder = path.absolute().parent
    if not team.IS_MAIN:
        return assist(path, folder)
    try:
        lock = take_lock(folder)
    except OSError as error:
        print(f"{folder} cannot be written to: {error.strerror}", file=sys.stderr)
        return 1
    if lock is None:
        print(f"Another process trains in {folder}; nothing to do here.", file=sys.stderr)
        return ALREADY_RUNNING
    events = EventLog(folder / "events.jsonl")
    try:
        attempt = write_process(folder, path)
        (folder / team.FAILURE_FILE).unlink(missing_ok=True)
        stop_on_signals(events, folder)
        job = read_job(path)
        arm_deadline(job.deadline_seconds, events)
        job = with_parent(job)
        return attempt_job(job, events, attempt)
    except BaseException as error:
        return report(error, events, folder)
    finally:
        os.close(lock)


def assist(path: Path, folder: Path) -> int:
    """The part of a process that is not the main one of its team."""
    events = EventLog(folder / "events.jsonl")
    events.is_closed = True
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    stop_on_signals(events, folder)
    try:
        return attempt_job(with_parent(read_job(path)), events, 0)
    except BaseException as error:
        traceback.print_exception(error)
        team.tell_failure(folder, failure_of(error))
        return 1


def attempt_job(job: Job, events: EventLog, attempt: int) -> int:
    set_environment(job)
    team.join()
    left = team.agree(find_work(job) if team.IS_MAIN else [])
    if left:
        # Seconds of imports, begun only now that they are known to be needed. What they make stays for good:
        # the garbage collector need not look through it, then or later.
        gc.disable()
        from .run import run

        gc.freeze()
        gc.enable()
        run(job, events, attempt, left)
    if team.IS_MAIN:
        finish(job, events)
    team.leave()
    return 0


def find_work(job: Job) -> list[tuple[Job, Checkpoint | None]]:
    """What is not trained yet, each with the checkpoint that it goes on from."""
    if job.is_activated:
        return find_joint_work(job)
    left = []
    for part in job.each:
        drop_other_parents(part)
        checkpoints = complete_checkpoints(part)
        if not is_trained(checkpoints):
            left.append((part, checkpoints[-1] if checkpoints else None))
    return left


def take_lock(folder: Path) -> int | None:
    """The lock's descriptor; the kernel lets go of it when the process ends, however it ends."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def write_process(folder: Path, job_path: Path) -> int:
    """Says who works here; returns the number of this attempt, counted from 1."""
    process = folder / "process.json"
    attempt = int(_read_object(process).get("attempt", 0)) + 1
    job_id = str(_read_object(job_path).get("jobId", ""))
    # Tells whoever started us, maybe through other programs, that it is their process that works here.
    launch = os.environ.get("MLLM_LAUNCH_ID")
    mark = {"pid": os.getpid(), "startedAt": now(), "jobId": job_id, "attempt": attempt, "launchId": launch}
    write_json(process, mark)
    return attempt


def report(error: BaseException, events: EventLog, folder: Path) -> int:
    failure = failure_of(error)
    if not isinstance(error, Failure):
        traceback.print_exception(error)
        # What reached this process may be only that another one is gone.
        failure = team.told_failure(folder) or failure
    print(failure, file=sys.stderr, flush=True)
    if failure.reason == "disk_full":
        make_room(folder)
    try:
        events.emit("failed", **failure.facts())
    except OSError as event_error:
        print(f"The failed event could not be written: {event_error}", file=sys.stderr, flush=True)
    return 1


def make_room(folder: Path) -> None:
    """The checkpoint that did not fit is of no use; without it the event that says so fits."""
    for checkpoint in (folder / "checkpoints").glob("checkpoint-*"):
        if not (checkpoint / MANIFEST).exists():
            shutil.rmtree(checkpoint, ignore_errors=True)


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
