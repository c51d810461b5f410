"""Faults: what goes wrong with a device, and which devices have them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final, Self


class Fault(StrEnum):
    """What goes wrong; the value is its name on the command line."""

    OFFLINE = "offline"
    BUSY = "busy"
    WEAK_SIGNAL = "weak-signal"
    LOW_BATTERY = "low-battery"
    NO_SPACE = "no-space"
    NO_MEMORY = "no-memory"
    WRONG_PACKAGE = "wrong-package"
    DEAF = "deaf"
    FALSE_SUCCESS = "false-success"
    NO_TOKEN = "no-token"  # noqa: S105 - a fault's name
    SLOW = "slow"
    CUT = "cut"
    GIVES_UP = "gives-up"
    HANGS = "hangs"
    DAMAGED = "damaged"
    NOT_INSTALLED = "not-installed"
    SILENT = "silent"
    ROLLS_BACK = "rolls-back"
    OTHER_VERSION = "other-version"


ABOUT: Final[dict[Fault, str]] = {
    Fault.OFFLINE: "tells its version once and is never heard again",
    Fault.BUSY: "refuses each upgrade: another one runs",
    Fault.WEAK_SIGNAL: "refuses each upgrade: its signal is too weak",
    Fault.LOW_BATTERY: "refuses each upgrade: its battery is too low",
    Fault.NO_SPACE: "refuses each upgrade: the package does not fit",
    Fault.NO_MEMORY: "refuses each upgrade: its memory ran out",
    Fault.WRONG_PACKAGE: "refuses each upgrade: it does not take such a package",
    Fault.DEAF: "answers queries but never gets the upgrade, as with too small a buffer",
    Fault.FALSE_SUCCESS: "reports success without fetching anything",
    Fault.NO_TOKEN: "asks for the package without its token",
    Fault.SLOW: "fetches 10 kB in a second",
    Fault.CUT: "loses its connection half-way, and goes on",
    Fault.GIVES_UP: "loses its connection half-way, and gives up",
    Fault.HANGS: "fetches half of the package and is never heard of it again",
    Fault.DAMAGED: "finds that the hash is wrong, though it is right",
    Fault.NOT_INSTALLED: "fetches the package and cannot install it",
    Fault.SILENT: "fetches the package and never speaks of it again",
    Fault.ROLLS_BACK: "restarts with the old version",
    Fault.OTHER_VERSION: "restarts with a version that nobody sent",
}

REFUSALS: Final[dict[Fault, int]] = {
    Fault.BUSY: 1,
    Fault.WEAK_SIGNAL: 2,
    Fault.LOW_BATTERY: 4,
    Fault.NO_SPACE: 5,
    Fault.WRONG_PACKAGE: 8,
    Fault.NO_MEMORY: 9,
}
NOT_INSTALLED: Final = 10
ALL: Final = 100  # per cent


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A fault and the percentage of devices that have it."""

    fault: Fault
    percent: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read NAME or NAME=PERCENT; raises ValueError with what would be right."""
        name, given, percent = text.partition("=")
        if name not in list(Fault):
            msg = f"there is no fault {name!r}; --list shows those that there are"
            raise ValueError(msg)
        if given and not (percent.isascii() and percent.isdecimal() and 0 < int(percent) <= ALL):
            msg = f"{text!r}: the share is a percentage from 1 to 100, for example {name}=20"
            raise ValueError(msg)
        return cls(fault=Fault(name), percent=int(percent) if given else ALL)


def spread(shares: Sequence[Share], count: int, chance: Random) -> list[Fault | None]:
    """Return the fault of each of `count` devices: as many as asked for, at random places.

    Raises ValueError when the shares are more than all devices.
    """
    if sum(share.percent for share in shares) > ALL:
        msg = "the shares are more than 100 %; give some as NAME=PERCENT"
        raise ValueError(msg)
    faults = [*_faults(shares, count)][:count]
    faults.extend([None] * (count - len(faults)))
    chance.shuffle(faults)
    return faults


def _faults(shares: Sequence[Share], count: int) -> Iterator[Fault | None]:
    """Yield each fault as often as its share is; the smallest share is one device."""
    for share in shares:
        yield from [share.fault] * max(1, round(share.percent * count / ALL))
