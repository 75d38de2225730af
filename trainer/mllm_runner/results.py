"""What of a job's folder is brought away, and how it is told whether there is news."""

import hashlib
import json
import os
import shutil
import time
from pathlib import Path

# A state in which only the heartbeat is new is brought so rarely.
BEAT_SECONDS = 300
PINNED = ".sync"
# Paths in the job's folder, each with its SHA-256, and with its content where that is at hand.
Files = dict[str, tuple[str, bytes | None]]


def checkpoint_files(folder: Path) -> Files:
    """Of all complete checkpoints."""
    files: Files = {}
    for path in sorted(folder.glob("checkpoints/checkpoint-*/checkpoint.json")):
        try:
            content = path.read_bytes()
            manifest = json.loads(content)
            listed = [*manifest["files"], *manifest["resumeFiles"]]
        except (OSError, ValueError, KeyError):
            continue
        place = f"checkpoints/{path.parent.name}"
        files |= {f"{place}/{file['path']}": (file["sha256"], None) for file in listed}
        files[f"{place}/checkpoint.json"] = (sha256(content), content)
    return files


def pinned(folder: Path, path: str) -> Path:
    """A second name of the file, under which it stays when the trainer deletes the checkpoint."""
    source, target = folder / path, folder / PINNED / path
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        return source
    return target


def unpin(folder: Path) -> None:
    shutil.rmtree(folder / PINNED, ignore_errors=True)


def state_mark(content: bytes) -> str:
    """The same for some minutes where only the heartbeat is new."""
    try:
        state = json.loads(content)
    except ValueError:
        return sha256(content)
    kept = {key: value for key, value in state.items() if key not in ("heartbeatAt", "spentSeconds")}
    if kept.get("state") != "ended":
        kept["beat"] = time.monotonic() // BEAT_SECONDS
    return sha256(json.dumps(kept).encode())


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
