"""Points in time as the depot writes them."""

from datetime import UTC, datetime
import time
from typing import Final

# Goes on while the machine sleeps, which the usual steady clock of Linux does not.
_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def utcnow() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def steady() -> float:
    """Return seconds of a clock that nobody sets."""
    return time.clock_gettime(_CLOCK)


def iso(moment: datetime) -> str:
    """Return the time in ISO 8601 with seconds and `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_or_none(moment: datetime | None) -> str | None:
    """Return the time in ISO 8601, None when there is none."""
    return None if moment is None else iso(moment)
