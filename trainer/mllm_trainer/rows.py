"""Reads subset files: one JSON example a line (src/core/example.ts)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .failures import Failure

HINT = "Make the data set again with `mllm split-data`."


@dataclass(frozen=True)
class Segment:
    text: str
    train: bool


@dataclass(frozen=True)
class Row:
    id: str
    segments: tuple[Segment, ...]


def read_rows(path: Path) -> Iterator[Row]:
    """Raises Failure("bad_data") that names file and line."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below; opening apart tells a missing file from a bad line
    except OSError as error:
        raise Failure("bad_data", f"{path} cannot be read: {error.strerror}", HINT) from error
    with file:
        for number, line in enumerate(file, start=1):
            if number == 1 and line.startswith(b"version https://git-lfs"):
                raise Failure("bad_data", f"{path} is a git-lfs pointer, not data", "Run `git lfs pull`.")
            if line.strip():
                yield _row(line, path, number)


def read_profile(path: Path) -> dict[str, Any]:
    try:
        profile = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure("bad_data", f"{path} cannot be read: {error.strerror}", HINT) from error
    except ValueError as error:
        raise Failure("bad_data", f"{path} is not JSON: {error}", HINT) from error
    if (
        not isinstance(profile, dict)
        or not isinstance(profile.get("endOfTurn"), str)
        or not profile["endOfTurn"]
    ):
        raise Failure("bad_data", f"{path}: a profile needs the text endOfTurn", HINT)
    return profile


def markers_of(profile: dict[str, Any]) -> list[str]:
    """The texts that open turns."""
    turns = profile.get("turns")
    turns = turns.values() if isinstance(turns, dict) else []
    return [
        turn["marker"] for turn in turns if isinstance(turn, dict) and isinstance(turn.get("marker"), str)
    ]


def _row(line: bytes, path: Path, number: int) -> Row:
    try:
        raw = json.loads(line)
        row = Row(raw["id"], tuple(Segment(part["text"], part["train"]) for part in raw["segments"]))
        # Lone surrogates are legal in JSON escapes but not in UTF-8, and no tokenizer takes them.
        is_sound = (
            isinstance(row.id, str) and bool(row.segments) and all(_is_sound(part) for part in row.segments)
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Failure("bad_data", f"{path}:{number}: not an example: {_describe(error)}", HINT) from error
    if not is_sound:
        message = f"{path}:{number}: expected {{id, trajectory, segments: [{{text, train}}]}}"
        raise Failure("bad_data", message, HINT)
    return row


def _is_sound(segment: Segment) -> bool:
    if not isinstance(segment.text, str) or not isinstance(segment.train, bool):
        return False
    segment.text.encode("utf-8")
    return True


def _describe(error: Exception) -> str:
    return f"missing {error}" if isinstance(error, KeyError) else str(error)
