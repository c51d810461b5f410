"""Transfers: what the depot saw of each download."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
import time
from typing import Any, Final

from .grants import Grant
from .times import utcnow
from .transfer import Transfer

# A transfer is told again at the earliest after this many seconds, and only
# when it went on by a hundredth: listeners store and show every change.
TELL_INTERVAL: Final = 1.0
# Clients that fetch many small ranges stay active between two of them.
LINGER: Final = 1.0

type Publish = Callable[[dict[str, Any]], None]
type Abort = Callable[[], None]


@dataclass(slots=True)
class _Entry:
    """A transfer, what was last told of it and its running responses."""

    transfer: Transfer
    responses: set[Response] = field(default_factory=set)
    told_at: float = 0.0
    told_bytes: int = 0
    told_refusals: tuple[int, int] = (0, 0)
    told_active: bool = False
    # A finished download is at rest at once; what comes later rests like all.
    finished: bool = False
    seen_requests: int = 0
    used_at: float = 0.0


class Response:
    """One response on its way to a device."""

    __slots__ = ("_board", "_entry", "_reached", "abort")

    def __init__(self, board: TransferBoard, entry: _Entry, start: int, abort: Abort) -> None:
        """Create a response whose first byte is at `start`; boards do this."""
        self._board = board
        self._entry = entry
        self._reached = start
        self.abort = abort

    def reached(self, offset: int) -> None:
        """Note that every byte before `offset` was served; earlier ones change nothing."""
        if offset > self._reached:
            self._entry.transfer.served(self._reached, offset, self._board.now())
            self._reached = offset
            self._board.changed(self._entry)

    def cut(self, offset: int) -> None:
        """Note that the bytes before `offset` were under way when the connection broke."""
        self._entry.transfer.cut(self._reached, offset)

    def close(self) -> None:
        """Note that nothing more is sent."""
        self._board.closed(self._entry, self)


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
        self.now = now
        self._monotonic = monotonic
        self._entries: dict[str, _Entry] = {}
        self._lively: dict[str, _Entry] = {}
        self._unsaved: set[str] = set()
        self.urgent = asyncio.Event()

    def add(self, grant: Grant, size: int, state: Mapping[str, Any] | None = None) -> None:
        """Begin to watch the downloads under a grant, from the kept state on."""
        transfer = Transfer(grant, size)
        if state is not None:
            transfer.restore(state)
        self._entries[grant.id] = _Entry(
            transfer=transfer,
            told_bytes=transfer.bytes_served,
            told_refusals=_refusals(transfer),
            finished=transfer.complete,
            seen_requests=transfer.requests,
        )

    def remove(self, grant_id: str) -> None:
        """Forget a transfer, cut its running responses and tell that it is gone."""
        entry = self._entries.pop(grant_id)
        self._unsaved.discard(grant_id)
        self._lively.pop(grant_id, None)
        for response in list(entry.responses):
            response.abort()
        self._publish({"type": "transfer_removed", "grant_id": grant_id})

    def get(self, grant_id: str) -> Transfer:
        """Return a transfer."""
        return self._entries[grant_id].transfer

    def snapshot(self) -> list[dict[str, Any]]:
        """Return the JSON objects of all transfers."""
        return [entry.transfer.as_dict() for entry in self._entries.values()]

    def open(self, grant_id: str, start: int, end: int, abort: Abort) -> Response:
        """Watch a response with the bytes from `start` to before `end`.

        `abort` is called when the grant ends while the response is being sent.
        """
        entry = self._entries[grant_id]
        entry.transfer.opened(start, end, self.now())
        response = Response(self, entry, start, abort)
        entry.responses.add(response)
        self._lively[grant_id] = entry
        self.changed(entry)
        return response

    def served(self, grant_id: str, start: int, end: int) -> bool:
        """Note a response that left as a whole, at once.

        Returns False, and notes nothing, where that could complete the download:
        it is not over before its last bytes have arrived.
        """
        transfer = self._entries[grant_id].transfer
        if transfer.served_quietly(start, end):
            return True
        if transfer.may_end_with(end - start):
            return False
        response = self.open(grant_id, start, end, _nothing)
        response.reached(end)
        response.close()
        return True

    def closed(self, entry: _Entry, response: Response) -> None:
        """Note the end of a response."""
        transfer = entry.transfer
        entry.responses.discard(response)
        transfer.closed(self.now())
        if transfer.idle:
            entry.used_at = self._monotonic()
            if transfer.complete and not entry.finished:
                entry.finished = True
                transfer.rest()
        self.changed(entry)

    def refused(self, grant_id: str) -> None:
        """Note a refused request; it is told with the next flush."""
        entry = self._entries[grant_id]
        entry.transfer.refused(self.now())
        self._lively[grant_id] = entry
        self._unsaved.add(grant_id)

    def unauthorised(self, grant_id: str) -> None:
        """Note a request without a right token of a grant's device; told with the next flush."""
        entry = self._entries[grant_id]
        entry.transfer.refused_without_token(self.now())
        self._lively[grant_id] = entry
        self._unsaved.add(grant_id)

    def left_open(self, grant_id: str) -> None:
        """Note that a connection which had brought bytes under a grant has idled away."""
        entry = self._entries.get(grant_id)
        if entry is not None and entry.transfer.leave_open():
            self._unsaved.add(grant_id)
            self._tell(entry)

    def flush(self) -> None:
        """End what is idle and tell what is due; called once per second.

        Takes the longer the more transfers are active, not the more there are.
        """
        now = self._monotonic()
        for grant_id, entry in list(self._lively.items()):
            transfer = entry.transfer
            if transfer.requests != entry.seen_requests:
                entry.seen_requests = transfer.requests
                entry.used_at = now
                transfer.used(self.now())
            elif transfer.active and transfer.idle and now - entry.used_at >= LINGER:
                transfer.rest()
            self.changed(entry)
            if _refusals(transfer) != entry.told_refusals:
                self._tell(entry)
            if not transfer.active:
                del self._lively[grant_id]

    def stop(self) -> None:
        """End every transfer that lingers, as the last act before the last save."""
        for entry in self._lively.values():
            if entry.transfer.active and entry.transfer.idle:
                entry.transfer.rest()
                self.changed(entry)

    def take_unsaved(self) -> dict[str, dict[str, Any]]:
        """Return the states that changed since the last call."""
        self.urgent.clear()
        unsaved, self._unsaved = self._unsaved, set()
        return {grant_id: self._entries[grant_id].transfer.state() for grant_id in unsaved}

    def put_back(self, grant_ids: Iterable[str]) -> None:
        """Have transfers that were taken, and are not gone since, taken again."""
        self._unsaved.update(self._entries.keys() & grant_ids)

    def changed(self, entry: _Entry) -> None:
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
        entry.told_refusals = _refusals(transfer)
        entry.told_active = transfer.active
        self._publish({"type": "transfer_changed", "transfer": transfer.as_dict()})


def _refusals(transfer: Transfer) -> tuple[int, int]:
    """Return how many requests were refused, with the transfer's token and without."""
    return transfer.refusals, transfer.unauthorised


def _nothing() -> None:
    """Cut a response of which nothing is left to be cut."""
