"""`events.jsonl`: what the job tells the outside, one whole line per event."""

import json
import os
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class EventLog:
    """Appends events; none after `done` or `failed`, so that a late signal cannot add a second end."""

    def __init__(self, path: Path):
        self.path = path
        self.is_closed = False
        # Re-entrant: a signal handler runs in the main thread, possibly within emit.
        self._lock = threading.RLock()

    def emit(self, type_: str, **fields: Any) -> None:
        with self._lock:
            if self.is_closed:
                return
            line = json.dumps({"time": now(), "type": type_, **fields}, ensure_ascii=False, allow_nan=False)
            self._append(line.encode("utf-8") + b"\n")
            self.is_closed = type_ in ("done", "failed")

    def of(self, subset: str) -> "PartLog":
        return PartLog(self, subset)

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            # A process killed in mid-write leaves half a line; this one must not be glued to it.
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line
            while line:
                line = line[os.write(descriptor, line) :]
        finally:
            os.close(descriptor)


class PartLog:
    """The log of a job of several roles, as one of them writes to it."""

    def __init__(self, log: EventLog, subset: str):
        self._log, self._subset = log, subset

    def emit(self, type_: str, **fields: Any) -> None:
        self._log.emit(type_, subset=self._subset, **fields)


def read_events(path: Path) -> list[dict[str, Any]]:
    """All events so far; half-written lines are left out."""
    if not path.exists():
        return []
    events = []
    for line in path.read_bytes().splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "type" in event and "time" in event:
            events.append(event)
    return events


def seconds_spent(events: list[dict[str, Any]]) -> float:
    """Time from each attempt's `started` to its last event, summed over attempts."""
    total, first, last = 0.0, None, None
    for event in events:
        moment = datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
        if event["type"] == "started":
            total += (last - first).total_seconds() if first and last else 0.0
            first = moment
        last = moment
    return total + ((last - first).total_seconds() if first and last else 0.0)
