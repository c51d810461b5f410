"""One transfer: what the depot saw of one download."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from .grants import Grant
from .intervals import IntervalSet
from .times import iso_or_none

# A change is told only when the download went on by a hundredth.
TELL_FRACTION: Final = 100
MAX_DOUBTS: Final = 16
MAX_WAITING: Final = 128


class Transfer:
    """The download under one grant; its methods are the only ways to change it.

    `bytes_sent` counts repeated bytes each time, `address` is the first one
    that used the grant, and an exhausted transfer gets no more bytes.
    """

    def __init__(self, grant: Grant, size: int) -> None:
        """Create a transfer of `size` bytes of which nothing was served yet."""
        self._grant = grant
        self.size = size
        self.bytes_sent = 0
        self.exhausted = False
        self.address: str | None = None
        self._served = IntervalSet()
        # Small ranges wait to be added to `_served` many at a time, which costs a part
        # of what it does one by one. `_quiet` is the number of bytes that are no news
        # whichever they are; more may be, and are looked at.
        self._waiting: list[tuple[int, int]] = []
        self._quiet = 0
        # What was under way when a connection broke: it arrived or it did not.
        self._doubts: list[tuple[int, int]] = []
        self._requests = 0
        self._refusals = 0
        self._unauthorised = 0
        self._left_open = False
        self._open = 0
        self._interrupted = False
        self._started_at: datetime | None = None
        self._updated_at: datetime | None = None
        self.active = False

    @property
    def grant_id(self) -> str:
        """Return the id of its grant."""
        return self._grant.id

    @property
    def task_id(self) -> str:
        """Return the id of its task."""
        return self._grant.task_id

    @property
    def device_id(self) -> str:
        """Return the id of its device."""
        return self._grant.device_id

    @property
    def bytes_served(self) -> int:
        """Return the number of distinct bytes that were served."""
        self._settle()
        return self._served.total

    @property
    def complete(self) -> bool:
        """Return whether every byte was served."""
        return self.bytes_served == self.size

    def may_end_with(self, size: int) -> bool:
        """Return whether so many further bytes could complete the download."""
        self._settle()
        return 0 < self._missing <= size

    @property
    def idle(self) -> bool:
        """Return whether no response is being sent."""
        return not self._open

    @property
    def requests(self) -> int:
        """Return how many requests were answered with bytes."""
        return self._requests

    @property
    def refusals(self) -> int:
        """Return how many requests were refused."""
        return self._refusals

    @property
    def unauthorised(self) -> int:
        """Return how many requests without a right token can only have been its device's."""
        return self._unauthorised

    @property
    def gap(self) -> tuple[int, int] | None:
        """Return the bytes that the device passed over: from what it was sent to what it got next.

        More than two pieces are those of several connections, and one that does not
        begin at 0 follows what the device had before.
        """
        self._settle()
        match self._served.pairs():
            case [(0, reached), (resumed, _)]:
                for first, last in sorted(self._doubts):
                    if first <= reached:
                        reached = max(reached, last)
                return (reached, resumed) if reached < resumed else None
        return None

    def may_be_awaited_from(self, address: str) -> bool:
        """Return whether the device may be at an address and still needs the package."""
        return self.address in {None, address} and not self.complete

    @property
    def step(self) -> int:
        """Return the number of bytes that makes a change worth telling."""
        return max(1, self.size // TELL_FRACTION)

    def opened(self, start: int, end: int, now: datetime) -> None:
        """Note a response with the bytes from `start` to before `end`."""
        if self._interrupted and end == self.size:
            self._believe(start)
        for first, last in self._doubts:
            if first < start <= last:
                # Devices resume with the first byte that they do not have.
                self._add(first, start)
        if self._settles_doubt(start):
            self._doubts = [doubt for doubt in self._doubts if not doubt[0] <= start <= doubt[1]]
        self._requests += 1
        self._open += 1
        self._started_at = self._started_at or now
        self._updated_at = now
        self.active = True
        self._settle()

    def rest(self) -> None:
        """Note that the device is not at it for now."""
        self.active = False
        self._settle()

    def served(self, start: int, end: int, now: datetime) -> None:
        """Note that bytes were handed to the device's connection."""
        self._add(start, end)
        self.bytes_sent += end - start
        self._updated_at = now

    def cut(self, start: int, end: int) -> None:
        """Note that nobody knows whether the device got these bytes."""
        if start < end:
            self._doubts = [*self._doubts, (start, end)][-MAX_DOUBTS:]
            self._settle()

    def served_quietly(self, start: int, end: int) -> bool:
        """Note a whole response when that is no news; return whether it was noted.

        News are the begin of an activity and the end of the download.
        """
        size = end - start
        if size >= self._quiet:
            if not self.active or self._interrupted or self._settles_doubt(start):
                return False
            if self.may_end_with(size):
                return False
        self._waiting.append((start, end))
        self._quiet -= size
        if len(self._waiting) >= MAX_WAITING:
            self._settle()
        self._requests += 1
        self.bytes_sent += size
        return True

    def _settles_doubt(self, start: int) -> bool:
        """Return whether a request from `start` on tells what became of an earlier response."""
        return any(first <= start <= last for first, last in self._doubts)

    def exhaust(self) -> bool:
        """Note that no more bytes may be sent; return whether that is news."""
        news = not self.exhausted
        self.exhausted = True
        return news

    def closed(self, now: datetime) -> None:
        """Note that a response ended, whole or not."""
        self._open -= 1
        self._updated_at = now

    def used(self, now: datetime) -> None:
        """Note that requests came which were noted without a time."""
        self._updated_at = now

    def refused(self, now: datetime) -> None:
        """Note a request that came with this grant's token and was refused."""
        self._refusals += 1
        self._updated_at = now

    def refused_without_token(self, now: datetime) -> None:
        """Note a request without a right token that can only have been its device's."""
        self._unauthorised += 1
        self._updated_at = now

    def leave_open(self) -> bool:
        """Note a connection that idled away after it had brought the end; return if that is news."""
        news = self.complete and not self._left_open
        self._left_open = self._left_open or news
        return news

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of the API."""
        return {
            "grant_id": self._grant.id,
            "task_id": self._grant.task_id,
            "device_id": self._grant.device_id,
            "package_id": self._grant.package_id,
            "size": self.size,
            "bytes_served": self.bytes_served,
            "requests": self._requests,
            "bytes_sent": self.bytes_sent,
            "refusals": self._refusals,
            "unauthorized": self._unauthorised,
            "gap": self.gap,
            "left_open": self._left_open,
            "exhausted": self.exhausted,
            "active": self.active,
            "complete": self.complete,
            "started_at": iso_or_none(self._started_at),
            "updated_at": iso_or_none(self._updated_at),
        }

    def state(self) -> dict[str, Any]:
        """Return what the catalog keeps."""
        self._settle()
        return {
            "served": self._served.pairs(),
            "doubts": self._doubts,
            "requests": self._requests,
            "refusals": self._refusals,
            "unauthorized": self._unauthorised,
            "left_open": self._left_open,
            "bytes_sent": self.bytes_sent,
            "exhausted": self.exhausted,
            "address": self.address,
            "interrupted": self.active or self._interrupted,
            "started_at": _timestamp(self._started_at),
            "updated_at": _timestamp(self._updated_at),
        }

    def inheritance(self) -> dict[str, Any]:
        """Return what a new grant for the same download begins with.

        Its token may be used from another address, and as often as the first.
        """
        return {**self.state(), "bytes_sent": 0, "exhausted": False, "address": None}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what the catalog kept."""
        for start, end in state["served"]:
            self._add(start, min(end, self.size))
        self._requests = state["requests"]
        self._refusals = state["refusals"]
        # States that an older depot kept have none of these six.
        self._unauthorised = state.get("unauthorized", 0)
        self._left_open = state.get("left_open", False)
        self._doubts = [(first, last) for first, last in state.get("doubts", ())]
        self.bytes_sent = state.get("bytes_sent", self._served.total)
        self.exhausted = state.get("exhausted", False)
        self.address = state.get("address")
        self._interrupted = state["interrupted"]
        self._started_at = _moment(state["started_at"])
        self._updated_at = _moment(state["updated_at"])
        self._settle()

    def _believe(self, start: int) -> None:
        """Take over from a device that asks for the rest how far it is.

        The process was killed before it could save that. Where bytes are known
        with a gap before them the device uses several connections, and has
        gaps itself.
        """
        known = self.bytes_served
        if not known or self._served.covers(0, known):
            self._add(0, start)
        self._interrupted = False

    def _add(self, start: int, end: int) -> None:
        """Add bytes, and those that wait to be added."""
        self._waiting.append((start, end))
        self._settle()

    def _settle(self) -> None:
        """Add what waits, and see how many bytes are no news by now."""
        if self._waiting:
            self._served.add_all(self._waiting)
            self._waiting.clear()
        watched = self._interrupted or self._doubts or not self.active
        self._quiet = 0 if watched else self._missing

    @property
    def _missing(self) -> int:
        """Return the number of bytes that were not served, as far as nothing waits."""
        return self.size - self._served.total


def _timestamp(moment: datetime | None) -> float | None:
    """Return seconds since 1970."""
    return None if moment is None else moment.timestamp()


def _moment(timestamp: float | None) -> datetime | None:
    """Return the time of seconds since 1970."""
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
