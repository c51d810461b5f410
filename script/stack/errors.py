"""What can go wrong with the real parts, told with the cause and the remedy."""

from collections.abc import Callable
from pathlib import Path
import time

POLL_SECONDS = 0.1


class StackError(Exception):
    """A real part could not do what was asked of it."""


class MissingPartError(StackError):
    """A program that the stack needs is not on this machine."""


class PartFailedError(StackError):
    """A part ended or did not become ready; carries the end of its log."""

    def __init__(self, name: str, reason: str, log: Path) -> None:
        """Describe the failure and quote the log."""
        super().__init__(f"{name} {reason}\n--- last lines of its log ---\n{tail(log)}")


class NotInTimeError(StackError):
    """Something that was waited for did not happen."""


def tail(log: Path, lines: int = 25) -> str:
    """Return the last lines of a log file."""
    if not log.is_file():
        return "(no log was written)"
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(text[-lines:]) or "(the log is empty)"


def wait_until[T](probe: Callable[[], T | None], what: str, seconds: float) -> T:
    """Return the probe's first truthy answer, or raise naming what did not happen."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := probe():
            return answer
        if time.monotonic() >= deadline:
            raise NotInTimeError(f"{what} did not happen within {seconds:.0f} seconds")
        time.sleep(POLL_SECONDS)
