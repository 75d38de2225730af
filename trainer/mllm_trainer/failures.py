"""Failures a person can act on, and how other exceptions map to them."""

import errno
from dataclasses import asdict, dataclass

DISK_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# safetensors and torch raise their own types when a write fails; only the text tells.
DISK_WORDS = (
    "no space left",
    "file too large",
    "disk quota",
    "pytorchstreamwriter failed",
    "enforce fail at inline",
)
MEMORY_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")


@dataclass
class Failure(Exception):
    """Becomes the `failed` event: `reason` is one of the closed set in core/trainer-event.ts."""

    reason: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"

    def facts(self) -> dict[str, str | None]:
        """As others read it: the fields of the event."""
        return asdict(self)


def failure_of(error: BaseException) -> Failure:
    """The failure to report for any exception; what is not recognised is a bug."""
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, Failure):
            return cause
    if any(_is_disk_full(cause) for cause in chain):
        return Failure(
            "disk_full",
            f"Writing failed because the disk or quota is full: {error}",
            "Free some space, then run the same command again: it goes on from the last complete checkpoint.",
        )
    if any(_is_out_of_memory(cause) for cause in chain):
        return Failure(
            "out_of_memory",
            f"The machine ran out of memory: {_first_line(error)}",
            "Lower training.per_device_train_batch_size and raise training.gradient_accumulation_steps by the"
            " same factor, lower overflow.max_tokens, or set training.gradient_checkpointing to true.",
        )
    return Failure(
        "bug",
        f"{type(error).__name__}: {_first_line(error)}",
        "The traceback is in trainer.log; please report it.",
    )


def _causes(error: BaseException | None):
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _is_disk_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in DISK_ERRNOS:
        return True
    words = str(error).lower()
    return not isinstance(error, Failure) and any(word in words for word in DISK_WORDS)


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in MEMORY_WORDS)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
