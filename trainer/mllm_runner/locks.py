"""Locks that the kernel lets go of when their holder ends, however it ends."""

import fcntl
import os
from pathlib import Path


def try_lock(path: Path) -> int | None:
    """The lock's descriptor; null where another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
