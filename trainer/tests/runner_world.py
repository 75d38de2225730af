"""Folders of jobs for the runner, a tiny trainer that behaves as asked, and runners as real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mllm_runner.config import read_config
from mllm_runner.spread import trainer_command
from mllm_runner.team import Place

PACKAGES = Path(__file__).resolve().parents[1]

# Holds the folder's lock as the real one does, then does what `asked` says.
TRAINER = """
import fcntl, json, os, signal, sys, time
from pathlib import Path
folder = Path(sys.argv[1]).parent
lock = open(folder / "lock", "a")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    sys.exit(75)
asked = json.loads((folder / "asked.json").read_text())
if asked.get("ignoreTerm"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(folder / "starts", "a") as file:
    file.write(f"{os.getpid()} {os.environ.get('CUDA_VISIBLE_DEVICES')}\\n")
print("training in", Path.cwd().name, flush=True)
end = time.monotonic() + asked.get("seconds", 0)
while time.monotonic() < end and not (folder / "continue").exists():
    time.sleep(0.01)
sys.exit(asked.get("exitCode", 0))
"""


def make_packages(folder: Path) -> Path:
    """A PYTHONPATH with the real runner and the tiny trainer."""
    package = folder / "packages" / "mllm_trainer"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(TRAINER)
    (folder / "packages" / "mllm_runner").symlink_to(PACKAGES / "mllm_runner")
    return folder / "packages"


def runner_fields(**changes: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "jobId": "job-a",
        "label": "mllm-w-a-1",
        "deadlineSeconds": 60,
        "python": sys.executable,
        "environment": None,
        "processes": {"nodes": 1, "gpusPerNode": 0},
        "slots": None,
        "after": None,
        "storage": None,
        "release": None,
    } | changes


class World:
    """Everything below one folder; `end` kills what is left."""

    def __init__(self, folder: Path):
        self.folder, self.packages = folder, make_packages(folder)
        self._processes: list[subprocess.Popen] = []

    def job(self, name: str, asked: dict[str, Any] | None = None, **config: Any) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "job.json").write_text(json.dumps({"sharding": None}))
        (folder / "asked.json").write_text(json.dumps(asked or {}))
        (folder / "runner.json").write_text(json.dumps(runner_fields(**config)))
        return folder

    def start(self, folder: Path, **environment: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", "mllm_runner", str(folder)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(self.packages), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._processes.append(process)
        return process

    def run(self, folder: Path, **environment: str) -> tuple[int, str]:
        process = self.start(folder, **environment)
        output = process.communicate(timeout=60)[0]
        return process.returncode, output.decode()

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()


def state_of(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / "runner-state.json").read_text())
    except FileNotFoundError:
        return {}


def starts_of(folder: Path) -> list[str]:
    path = folder / "starts"
    return path.read_text().splitlines() if path.exists() else []


def trainer_of(folder: Path) -> int:
    return int(starts_of(folder)[-1].split()[0])


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def until(condition: Callable[[], Any]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited too long")


def kill(process: subprocess.Popen, number: int = signal.SIGKILL) -> int:
    process.send_signal(number)
    process.communicate(timeout=60)
    return process.returncode


def train_together(job: Path, module: str = "mllm_trainer") -> subprocess.CompletedProcess:
    """In two processes, as a runner starts them; with gloo, since there need be no GPU."""
    packages = os.pathsep.join([str(Path(__file__).resolve().parents[1]), str(job.parent)])
    processes = {"nodes": 1, "gpusPerNode": 2}
    (job.parent / "runner.json").write_text(json.dumps(runner_fields(processes=processes)))
    config = read_config(job.parent / "runner.json")
    command = trainer_command(sys.executable, job.parent, config, Place(0, None, 0))
    return subprocess.run(
        [module if word == "mllm_trainer" else word for word in command],
        cwd=job.parent,
        env={**os.environ, "PYTHONPATH": packages, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
