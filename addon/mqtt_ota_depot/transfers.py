"""Transfers: what the depot saw of each download."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
import time
from typing import Any, Final

from .grants import Grant
from .intervals import IntervalSet
from .times import iso_or_none, utcnow

# A transfer is told again at the earliest after this many seconds, and only
# when it went on by a hundredth: listeners store and show every change.
TELL_INTERVAL: Final = 1.0
TELL_FRACTION: Final = 100
# Clients that fetch many small ranges stay active between two of them.
LINGER: Final = 1.0

type Publish = Callable[[dict[str, Any]], None]
type Abort = Callable[[], None]


class Transfer:
    """The download under one grant; its methods are the only ways to change it."""

    def __init__(self, grant: Grant, size: int) -> None:
        """Create a transfer of `size` bytes of which nothing was served yet."""
        self._grant = grant
        self._size = size
        self._served = IntervalSet()
        self._requests = 0
        self._refusals = 0
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
    def bytes_served(self) -> int:
        """Return the number of distinct bytes that were served."""
        return self._served.total

    @property
    def complete(self) -> bool:
        """Return whether every byte was served."""
        return self._served.total == self._size

    @property
    def idle(self) -> bool:
        """Return whether no response is being sent."""
        return not self._open

    @property
    def refusals(self) -> int:
        """Return how many requests were refused."""
        return self._refusals

    @property
    def step(self) -> int:
        """Return the number of bytes that makes a change worth telling."""
        return max(1, self._size // TELL_FRACTION)

    def opened(self, start: int, end: int, now: datetime) -> None:
        """Note a response with the bytes from `start` to before `end`."""
        if self._interrupted and end == self._size:
            # The process was killed before it could save how far the device
            # was; a device that asks for the rest has what comes before.
            self._served.add(0, start)
            self._interrupted = False
        self._requests += 1
        self._open += 1
        self._started_at = self._started_at or now
        self._updated_at = now
        self.active = True

    def served(self, start: int, end: int, now: datetime) -> None:
        """Note that bytes were handed to the device's connection."""
        self._served.add(start, end)
        self._updated_at = now

    def closed(self, now: datetime) -> None:
        """Note that a response ended, whole or not."""
        self._open -= 1
        self._updated_at = now

    def refused(self, now: datetime) -> None:
        """Note a request that came with this grant's token and was refused."""
        self._refusals += 1
        self._updated_at = now

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of the API."""
        return {
            "grant_id": self._grant.id,
            "task_id": self._grant.task_id,
            "device_id": self._grant.device_id,
            "package_id": self._grant.package_id,
            "size": self._size,
            "bytes_served": self.bytes_served,
            "requests": self._requests,
            "refusals": self._refusals,
            "active": self.active,
            "complete": self.complete,
            "started_at": iso_or_none(self._started_at),
            "updated_at": iso_or_none(self._updated_at),
        }

    def state(self) -> dict[str, Any]:
        """Return what the catalog keeps."""
        return {
            "served": self._served.pairs(),
            "requests": self._requests,
            "refusals": self._refusals,
            "interrupted": self.active or self._interrupted,
            "started_at": _timestamp(self._started_at),
            "updated_at": _timestamp(self._updated_at),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what the catalog kept."""
        for start, end in state["served"]:
            self._served.add(start, min(end, self._size))
        self._requests = state["requests"]
        self._refusals = state["refusals"]
        self._interrupted = state["interrupted"]
        self._started_at = _moment(state["started_at"])
        self._updated_at = _moment(state["updated_at"])


@dataclass(slots=True)
class _Entry:
    """A transfer, what was last told of it and its running responses."""

    transfer: Transfer
    aborts: list[Abort]
    told_at: float = 0.0
    told_bytes: int = 0
    told_refusals: int = 0
    told_active: bool = False
    idle_since: float | None = None


class TransferBoard:
    """All transfers; tells the listeners of changes, not too often.

    `urgent` is set when a change should be saved at once.
    """

    def __init__(
        self,
        publish: Publish,
        *,
        now: Callable[[], datetime] = utcnow,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create an empty board that tells changes to `publish`."""
        self._publish = publish
        self._now = now
        self._monotonic = monotonic
        self._entries: dict[str, _Entry] = {}
        self._unsaved: set[str] = set()
        self.urgent = asyncio.Event()

    def add(self, grant: Grant, size: int, state: Mapping[str, Any] | None = None) -> None:
        """Begin to watch the downloads under a grant, from the kept state on."""
        transfer = Transfer(grant, size)
        if state is not None:
            transfer.restore(state)
        self._entries[grant.id] = _Entry(
            transfer=transfer,
            aborts=[],
            told_bytes=transfer.bytes_served,
            told_refusals=transfer.refusals,
        )

    def remove(self, grant_id: str) -> None:
        """Forget a transfer, cut its running responses and tell that it is gone."""
        entry = self._entries.pop(grant_id)
        self._unsaved.discard(grant_id)
        for abort in list(entry.aborts):
            abort()
        self._publish({"type": "transfer_removed", "grant_id": grant_id})

    def get(self, grant_id: str) -> Transfer:
        """Return a transfer."""
        return self._entries[grant_id].transfer

    def snapshot(self) -> list[dict[str, Any]]:
        """Return the JSON objects of all transfers."""
        return [entry.transfer.as_dict() for entry in self._entries.values()]

    @contextmanager
    def response(
        self, grant_id: str, start: int, end: int, abort: Abort
    ) -> Iterator[Callable[[int, int], None]]:
        """Watch one response; yields the function that notes served bytes.

        `abort` is called when the grant ends while the response is being sent.
        """
        entry = self._entries[grant_id]
        entry.transfer.opened(start, end, self._now())
        entry.aborts.append(abort)
        entry.idle_since = None
        self._changed(entry)
        try:
            yield lambda first, last: self._served(entry, first, last)
        finally:
            entry.aborts.remove(abort)
            entry.transfer.closed(self._now())
            if entry.transfer.idle:
                entry.idle_since = self._monotonic()
                if entry.transfer.complete:
                    entry.transfer.active = False
            self._changed(entry)

    def refused(self, grant_id: str) -> None:
        """Note a refused request; it is told with the next flush."""
        entry = self._entries[grant_id]
        entry.transfer.refused(self._now())
        self._unsaved.add(grant_id)

    def flush(self) -> None:
        """End what is idle and tell what is due; called once per second."""
        now = self._monotonic()
        for entry in list(self._entries.values()):
            transfer = entry.transfer
            if transfer.active and transfer.idle and now - (entry.idle_since or 0.0) >= LINGER:
                transfer.active = False
                self._changed(entry)
            elif transfer.refusals != entry.told_refusals:
                self._tell(entry)

    def stop(self) -> None:
        """End every transfer that lingers, as the last act before the last save."""
        for entry in self._entries.values():
            if entry.transfer.active and entry.transfer.idle:
                entry.transfer.active = False
                self._changed(entry)

    def take_unsaved(self) -> dict[str, dict[str, Any]]:
        """Return the states that changed since the last call."""
        self.urgent.clear()
        unsaved, self._unsaved = self._unsaved, set()
        return {grant_id: self._entries[grant_id].transfer.state() for grant_id in unsaved}

    def put_back(self, grant_ids: Iterable[str]) -> None:
        """Have transfers that were taken, and are not gone since, taken again."""
        self._unsaved.update(self._entries.keys() & grant_ids)

    def _served(self, entry: _Entry, start: int, end: int) -> None:
        """Note served bytes and tell them when due."""
        entry.transfer.served(start, end, self._now())
        self._changed(entry)

    def _changed(self, entry: _Entry) -> None:
        """Mark for saving; tell at once what is new in kind, steps when due."""
        transfer = entry.transfer
        grant_id = transfer.grant_id
        if self._entries.get(grant_id) is not entry:
            return
        self._unsaved.add(grant_id)
        gained = transfer.bytes_served - entry.told_bytes
        if transfer.active != entry.told_active or (
            gained and (not entry.told_bytes or transfer.complete)
        ):
            self.urgent.set()
            self._tell(entry)
        elif gained >= transfer.step and self._monotonic() - entry.told_at >= TELL_INTERVAL:
            self._tell(entry)

    def _tell(self, entry: _Entry) -> None:
        """Tell the listeners the transfer as it is now."""
        transfer = entry.transfer
        entry.told_at = self._monotonic()
        entry.told_bytes = transfer.bytes_served
        entry.told_refusals = transfer.refusals
        entry.told_active = transfer.active
        self._publish({"type": "transfer_changed", "transfer": transfer.as_dict()})


def _timestamp(moment: datetime | None) -> float | None:
    """Return seconds since 1970."""
    return None if moment is None else moment.timestamp()


def _moment(timestamp: float | None) -> datetime | None:
    """Return the time of seconds since 1970."""
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
