"""`runner-state.json` (src/providers/remote/runner-files.ts): what the outside knows of a job."""

import json
import os
import sys
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .endings import Ending

FILE = "runner-state.json"
BEAT_SECONDS = 10
COUNTED = ("preparing", "running")


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_state(folder: Path) -> dict[str, Any] | None:
    """Null where there is none yet, or none that can be read."""
    try:
        state = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return state if isinstance(state, dict) else None


class StateFile:
    """Time counts from the start, except while the job waits, and adds up over all starts under one label."""

    def __init__(self, folder: Path, label: str, is_written: bool = True):
        self._folder, self._lock, self._is_written = folder, threading.Lock(), is_written
        earlier = read_state(folder) or {}
        is_same = earlier.get("label") == label
        self._earlier_seconds = _seconds_of(earlier) if is_same else 0.0
        self._spent, self._since = 0.0, time.monotonic()
        self._values: dict[str, Any] = {
            "version": 1,
            "label": label,
            "state": "preparing",
            "pid": os.getpid(),
            "bootId": boot_id(),
            "processStart": process_start(),
            "startedAt": now(),
            "heartbeatAt": now(),
            "spentSeconds": self._earlier_seconds,
            "starts": (int(earlier.get("starts", 0)) if is_same else 0) + 1,
            "exitCode": None,
            "reason": None,
            "message": None,
            "endedAt": None,
        }
        self.write()
        threading.Thread(target=self._beat, daemon=True).start()

    @property
    def spent_seconds(self) -> float:
        with self._lock:
            return self._count()

    def move(self, state: str) -> None:
        with self._lock:
            self._spent = self._count() - self._earlier_seconds
            self._since = time.monotonic()
            self._values["state"] = state
        self.write()

    def end(self, ending: Ending) -> None:
        with self._lock:
            self._spent = self._count() - self._earlier_seconds
            self._values |= {
                "state": "ended",
                "exitCode": ending.exit_code,
                "reason": ending.reason,
                "message": ending.message,
                "endedAt": now(),
            }
        self.write()

    def write(self) -> None:
        """A disk that is full must not end a job that still trains; the next beat tries again."""
        if not self._is_written:
            return
        with self._lock:
            self._values |= {"heartbeatAt": now(), "spentSeconds": round(self._count(), 3)}
            temporary = self._folder / f".{FILE}.{os.getpid()}.tmp"
            try:
                with open(temporary, "w", encoding="utf-8") as file:
                    json.dump(self._values, file, indent=2)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, self._folder / FILE)
            except OSError as error:
                print(f"{FILE} could not be written: {error}", file=sys.stderr, flush=True)

    def _count(self) -> float:
        is_counted = self._values["state"] in COUNTED
        return self._earlier_seconds + self._spent + (time.monotonic() - self._since) * is_counted

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            if self._values["state"] == "ended":
                return
            self.write()


def _seconds_of(state: dict[str, Any]) -> float:
    """With what a runner that was killed may have worked after its last word: less than a beat."""
    seconds = float(state.get("spentSeconds", 0))
    if state.get("state") not in COUNTED:
        return seconds
    heartbeat = datetime.fromisoformat(state["heartbeatAt"].replace("Z", "+00:00"))
    silence = (datetime.now(timezone.utc) - heartbeat).total_seconds()
    return seconds + min(max(silence, 0), BEAT_SECONDS)


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def process_start() -> int:
    """In ticks since the boot; 0 where the system does not tell."""
    try:
        stat = Path("/proc/self/stat").read_text()
    except OSError:
        return 0
    # The second field, the name in parentheses, may hold blanks and parentheses itself.
    return int(stat[stat.rindex(")") + 2 :].split()[19])
