"""Reads subset files, one JSON example a line (src/core/example.ts), and profiles."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .artifacts import sha256_of_rest
from .failures import Failure

HINT = "Make the data set again with `mllm split-data`."
LFS_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class Segment:
    text: str
    train: bool


@dataclass(frozen=True)
class Row:
    id: str
    segments: tuple[Segment, ...]
    trajectory: str = ""


@dataclass(frozen=True)
class Profile:
    content: bytes
    values: dict[str, Any]

    @property
    def end_of_turn(self) -> str:
        return self.values["endOfTurn"]

    @property
    def markers(self) -> list[str]:
        """The texts that open turns."""
        turns = self.values.get("turns")
        turns = turns.values() if isinstance(turns, dict) else []
        return [
            turn["marker"] for turn in turns if isinstance(turn, dict) and isinstance(turn.get("marker"), str)
        ]


def read_rows(path: Path, sha256: str | None = None) -> Iterator[Row]:
    """Raises Failure("bad_data") that names file and line, or where the file has another hash."""
    with _open(path, sha256) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _row(line, path, number)


def check_file(path: Path, sha256: str) -> None:
    """Raises Failure("bad_data") where the file is not the one that was planned with."""
    with _open(path, sha256):
        pass


def read_profile(path: Path, sha256: str | None = None) -> Profile:
    """Raises Failure("bad_data")."""
    with _open(path, sha256) as file:
        content = file.read()
    try:
        values = json.loads(content)
    except ValueError as error:
        raise Failure("bad_data", f"{path} is not JSON: {error}", HINT) from error
    if (
        not isinstance(values, dict)
        or not isinstance(values.get("endOfTurn"), str)
        or not values["endOfTurn"]
    ):
        raise Failure("bad_data", f"{path}: a profile needs the text endOfTurn", HINT)
    return Profile(content, values)


@contextmanager
def _open(path: Path, sha256: str | None) -> Iterator[BinaryIO]:
    """Hashes through the same open file that is then read, so that nobody can put another in between."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below; opening apart tells a missing file from a bad line
    except OSError as error:
        raise Failure("bad_data", f"{path} cannot be read: {error.strerror}", HINT) from error
    with file:
        if file.read(len(LFS_POINTER)) == LFS_POINTER:
            raise Failure("bad_data", f"{path} is a git-lfs pointer, not data", "Run `git lfs pull`.")
        file.seek(0)
        if sha256 is not None and sha256_of_rest(file) != sha256:
            raise Failure(
                "bad_data",
                f"{path} was changed after the job was planned",
                "Run the same `mllm train` command again: it plans the job for the data as they are now.",
            )
        file.seek(0)
        yield file


def _row(line: bytes, path: Path, number: int) -> Row:
    try:
        raw = json.loads(line)
        segments = tuple(Segment(part["text"], part["train"]) for part in raw["segments"])
        row = Row(raw["id"], segments, raw.get("trajectory", ""))
        # Lone surrogates are legal in JSON escapes but not in UTF-8, and no tokenizer takes them.
        has_names = isinstance(row.id, str) and isinstance(row.trajectory, str)
        is_sound = has_names and bool(row.segments) and all(_is_sound(part) for part in row.segments)
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
