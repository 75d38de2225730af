"""Ends this process with the one that started it, however that one ends."""

import os
import sys
import threading
from collections.abc import Callable


def when_parent_ends(act: Callable[[], None]) -> None:
    """Acts once stdin closes: the parent holds its other end, and the system closes that with the parent."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        act()

    threading.Thread(target=wait, name="parent", daemon=True).start()
