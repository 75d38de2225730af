"""`runner.json` (src/providers/remote/runner-files.ts), read strictly: all mistakes are named."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TYPES = {"text": str, "integer": int, "list of texts": list}


@dataclass(frozen=True)
class Environment:
    folder: Path
    requirements: Path
    extras: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Storage:
    repository: str
    root: Path
    inputs: tuple[str, ...]
    sync_seconds: int


@dataclass(frozen=True)
class Config:
    label: str
    deadline_seconds: int
    python: str | None
    environment: Environment | None
    nodes: int
    gpus_per_node: int
    slots: Path | None
    after: Path | None
    storage: Storage | None
    release: str | None

    @property
    def processes(self) -> int:
        """All that train together, on all nodes; without GPUs one a node."""
        return self.nodes * max(1, self.gpus_per_node)


class BadConfig(Exception):
    """runner.json cannot be followed."""


SCHEMA: dict[str, Any] = {
    "version": "integer",
    "jobId": "text",
    "label": "text",
    "deadlineSeconds": "integer",
    "python": ("text", None),
    "environment": ({"folder": "text", "requirements": "text"}, None),
    "processes": {"nodes": "integer", "gpusPerNode": "integer"},
    "slots": ("text", None),
    "after": ("text", None),
    "storage": (
        {
            "kind": "text",
            "repository": "text",
            "root": "text",
            "inputs": "list of texts",
            "syncSeconds": "integer",
        },
        None,
    ),
    "release": ("text", None),
}
CHOICES = {"version": (1,), "storage.kind": ("hub",), "release": ("runpod",)}
LEAST = {"deadlineSeconds": 1, "processes.nodes": 1, "processes.gpusPerNode": 0, "storage.syncSeconds": 1}


def read_config(path: Path) -> Config:
    """Raises BadConfig that lists every mistake."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadConfig(f"{path} cannot be read: {error}") from error
    if mistakes := list(mistakes_of(raw, SCHEMA, "")):
        raise BadConfig(f"{path}: " + "; ".join(mistakes))
    environment, storage = raw["environment"], raw["storage"]
    return Config(
        label=raw["label"],
        deadline_seconds=raw["deadlineSeconds"],
        python=raw["python"],
        environment=environment
        and Environment(Path(environment["folder"]), Path(environment["requirements"])),
        nodes=raw["processes"]["nodes"],
        gpus_per_node=raw["processes"]["gpusPerNode"],
        slots=raw["slots"] and Path(raw["slots"]),
        after=raw["after"] and Path(raw["after"]),
        storage=storage
        and Storage(
            storage["repository"], Path(storage["root"]), tuple(storage["inputs"]), storage["syncSeconds"]
        ),
        release=raw["release"],
    )


def mistakes_of(value: Any, schema: dict[str, Any], prefix: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{prefix.rstrip('.') or 'runner.json'}: expected an object, found {json.dumps(value)}"
        return
    for key in sorted(value.keys() - schema.keys()):
        yield f"{prefix}{key}: unknown key"
    for key, expected in schema.items():
        name = prefix + key
        if key not in value:
            yield f"{name}: missing"
            continue
        is_optional = isinstance(expected, tuple)
        expected = expected[0] if is_optional else expected
        if value[key] is None and is_optional:
            continue
        if isinstance(expected, dict):
            yield from mistakes_of(value[key], expected, f"{name}.")
        else:
            yield from _wrong_value(name, value[key], expected)


def _wrong_value(name: str, value: Any, expected: str) -> Iterator[str]:
    is_right = isinstance(value, TYPES[expected]) and not isinstance(value, bool)
    if is_right and isinstance(value, list):
        is_right = all(isinstance(item, str) for item in value)
    if not is_right:
        yield f"{name}: expected {expected}, found {json.dumps(value)}"
    elif name in CHOICES and value not in CHOICES[name]:
        yield f"{name}: expected {', '.join(map(str, CHOICES[name]))}, found {json.dumps(value)}"
    elif name in LEAST and value < LEAST[name]:
        yield f"{name}: expected at least {LEAST[name]}, found {value}"
