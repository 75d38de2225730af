"""The virtual environment that a job's trainer runs in."""

import hashlib
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from .commands import Log, run
from .config import Environment
from .endings import Ending
from .locks import try_lock
from .watch import Watch

MARKER = "mllm-environment.json"
LAST_LINES = 15
# PyPI's torch for Linux brings gigabytes of CUDA.
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"


def prepare(environment: Environment, log: Log, watch: Watch) -> str:
    """Its interpreter. One runner makes it while others wait; the marker, written last, says it is whole."""
    environment = _with_gpus(environment) if shutil.which("nvidia-smi") else environment
    folder, python = environment.folder, str(environment.folder / "bin" / "python")
    folder.parent.mkdir(parents=True, exist_ok=True)
    while (lock := try_lock(folder.with_name(f"{folder.name}.lock"))) is None:
        watch.pause(1)
    try:
        files = (environment.requirements, *environment.extras)
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
        if _marked(folder) != digest or not os.access(python, os.X_OK):
            log.line(f"Making {folder} from {', '.join(map(str, files))}")
            _install(environment, python, log, watch)
            _mark(folder, digest)
    except OSError as error:
        raise Ending(None, "environment_failed", f"{folder} could not be made: {error}") from error
    finally:
        os.close(lock)
    return python


def _install(environment: Environment, python: str, log: Log, watch: Watch) -> None:
    folder = str(environment.folder)
    (environment.folder / MARKER).unlink(missing_ok=True)
    uv = shutil.which("uv")
    if uv:
        _step([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], log, watch)
        install = [uv, "pip", "install", "--quiet", "--python", python]
        fitting = ["--torch-backend", "auto"]
    else:
        _step([sys.executable, "-m", "venv", "--clear", folder], log, watch)
        install = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]
        fitting = ["--retries", "0", "--timeout", "10", "--index-url", CPU_WHEELS]
    pins = [line for line in environment.requirements.read_text().splitlines() if line.startswith("torch==")]
    if pins and (uv or not shutil.which("nvidia-smi")):
        # The build that fits the machine. Where that cannot be had, the usual one works, too.
        run([*install, *fitting, pins[0]], log, watch)
    files = (environment.requirements, *environment.extras)
    _step([*install, *(word for file in files for word in ("-r", str(file)))], log, watch)


def _with_gpus(environment: Environment) -> Environment:
    """One of its own, with what works on GPUs alone: machines without may share the folders."""
    extra = environment.requirements.with_name("requirements-cuda.txt")
    folder = environment.folder.with_name(f"{environment.folder.name}-cuda")
    return replace(environment, folder=folder, extras=(extra,) if extra.exists() else ())


def _step(command: list[str], log: Log, watch: Watch) -> None:
    start = log.file.seek(0, os.SEEK_END)
    code = run(command, log, watch)
    if code == 0:
        return
    with open(log.file.name, "rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").strip().splitlines()[-LAST_LINES:]
    name = " ".join(Path(word).name for word in command[:3])
    raise Ending(None, "environment_failed", "\n".join([f"{name} ended with exit code {code}", *lines]))


def _marked(folder: Path) -> str | None:
    try:
        return json.loads((folder / MARKER).read_text())["requirements"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _mark(folder: Path, digest: str) -> None:
    temporary = folder / f"{MARKER}.tmp"
    temporary.write_text(json.dumps({"requirements": digest}))
    os.replace(temporary, folder / MARKER)
