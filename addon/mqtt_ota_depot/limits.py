"""Limits: how many connections, and how many bytes per second."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
import logging
import resource
import time
from typing import Final, Self

from .settings import Settings

# Descriptors for packages, the database, the log and listeners.
RESERVED_FILES: Final = 256
# Devices come all at once after a power cut; each that finds the queue full
# tries again only after a second.
BACKLOG: Final = 1024
# A connection too many is closed some rounds of the loop after it was accepted;
# so many per round, at two doors, leave the reserve half untouched.
ACCEPTED_AT_ONCE: Final = 16

_LOGGER: Final = logging.getLogger(__name__)

type Monotonic = Callable[[], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What the depot bounds; None means no limit. Rates are in bytes per second."""

    device_rate: int | None = None
    total_rate: int | None = None
    repeats: int | None = None
    connections_per_address: int | None = None
    connections: int | None = None
    bind_grants: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the limits of the settings, in which 0 means none."""
        return cls(
            device_rate=settings.max_device_rate or None,
            total_rate=settings.max_rate or None,
            repeats=settings.max_repeats or None,
            connections_per_address=settings.max_connections or None,
            connections=connections_possible(),
            bind_grants=settings.bind_grants,
        )


class Connections:
    """Counts the open connections of each address."""

    def __init__(self, *, per_address: int | None, in_all: int | None) -> None:
        """Create a counter with these bounds."""
        self._per_address = per_address
        self._in_all = in_all
        self._open: dict[str, int] = {}
        self._full: set[str] = set()
        self.total = 0
        self.refused = 0

    def opened(self, address: str) -> bool:
        """Note a connection; return False, and note none, when there are too many."""
        count = self._open.get(address, 0)
        if self._per_address is not None and count >= self._per_address:
            if address not in self._full:
                self._full.add(address)
                _LOGGER.warning("%s has %d connections; no more are taken", address, count)
            self.refused += 1
            return False
        if self._in_all is not None and self.total >= self._in_all:
            self.refused += 1
            return False
        self._open[address] = count + 1
        self.total += 1
        return True

    def closed(self, address: str) -> None:
        """Note the end of a connection that was taken."""
        self.total -= 1
        self._full.discard(address)
        if self._open[address] > 1:
            self._open[address] -= 1
        else:
            del self._open[address]


class Pace:
    """Spreads bytes evenly over time."""

    __slots__ = ("_rate", "free_at")

    def __init__(self, rate: int) -> None:
        """Create a pace of `rate` bytes per second."""
        self._rate = rate
        self.free_at = 0.0

    def reserve(self, size: int, now: float) -> float:
        """Return the seconds after `now` at which `size` bytes may leave."""
        start = max(self.free_at, now)
        self.free_at = start + size / self._rate
        return start - now


class Rates:
    """The pace of each device and that of all together."""

    def __init__(
        self,
        *,
        device_rate: int | None,
        total_rate: int | None,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        """Create paces; a rate of None does not slow anything down."""
        self._device_rate = device_rate
        self._total = None if total_rate is None else Pace(total_rate)
        self._monotonic = monotonic
        self._devices: OrderedDict[str, Pace] = OrderedDict()
        self.limited = device_rate is not None or total_rate is not None

    def __len__(self) -> int:
        """Return the number of devices whose pace is remembered."""
        return len(self._devices)

    def delay(self, device_id: str, size: int) -> float:
        """Return the seconds to wait before `size` more bytes go to the device."""
        now = self._monotonic()
        delay = 0.0 if self._total is None else self._total.reserve(size, now)
        if self._device_rate is not None:
            pace = self._device(device_id, self._device_rate, now)
            delay = max(delay, pace.reserve(size, now))
        return delay

    def _device(self, device_id: str, rate: int, now: float) -> Pace:
        """Return the pace of a device; those that owe nothing are forgotten."""
        pace = self._devices.pop(device_id, None) or Pace(rate)
        while self._devices and next(iter(self._devices.values())).free_at <= now:
            self._devices.popitem(last=False)
        self._devices[device_id] = pace
        return pace


def open_many_files() -> None:
    """Make room for many connections at once in this process, up to what the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def connections_possible() -> int | None:
    """Return how many connections leave enough descriptors, None without a bound."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return None
    return max(files - RESERVED_FILES, files // 2)
