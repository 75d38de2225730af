"""How a job ends, here and for those who read runner-state.json."""

from dataclasses import dataclass

# The trainer ends with it, too, where another one is at work in the folder.
ALREADY_RUNNING = 75
DEADLINE_CODE = 124
SIGNAL_CODE = 143


@dataclass
class Ending(Exception):
    """Raised where a job ends before its trainer. `exit_code` is the trainer's, or null where none ran."""

    exit_code: int | None
    reason: str | None
    message: str | None = None

    def __str__(self) -> str:
        return self.message or ""

    @property
    def process_code(self) -> int:
        return 1 if self.exit_code is None else self.exit_code


def of_trainer(exit_code: int) -> Ending:
    if exit_code == 0:
        return Ending(0, None)
    # As a shell tells that a signal ended it.
    code = exit_code if exit_code > 0 else 128 - exit_code
    return Ending(code, "trainer", f"The trainer ended with exit code {code}")
