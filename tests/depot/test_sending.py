"""Sending: how much at a time, what counts as arrived, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
import errno
from typing import Any

import pytest

from mqtt_ota_depot import sending
from mqtt_ota_depot.blobs import BlobDamagedError
from mqtt_ota_depot.sending import LARGE_PIECE, PIECE, TURN, Pace, Sending

SIZE = 4 * TURN


@dataclass
class FakeWire:
    """A wire that takes what the test lets it take."""

    plain: bool = False
    room: int = 10**9
    unacked: int | None = 0
    waiting: int = 0
    paused: bool = False
    wide: bool = False
    dead: bool = False
    ended: str = ""
    is_cut: bool = False
    pieces: list[int] = field(default_factory=list)
    owner: Sending | None = None

    @property
    def transport(self) -> FakeWire:
        """Return itself: it stands for its transport, too."""
        return self

    def write(self, data: bytes) -> None:
        """Take a piece, and pause when there is no more room."""
        self.pieces.append(len(data))
        self.room -= len(data)
        if self.room <= 0 and not self.paused:
            self.paused = True
            if self.owner is not None:
                self.owner.paused()

    def unsent(self) -> int:
        """Return what the test says."""
        return self.waiting

    def unacknowledged(self) -> int | None:
        """Return what the test says."""
        return self.unacked

    def widen(self, wide: bool) -> None:
        """Note how much the system may take."""
        self.wide = wide

    def broken(self) -> bool:
        """Return what the test says."""
        return self.dead

    def send_file(self, _descriptor: int, _offset: int, size: int) -> int | None:
        """Take a part of a file."""
        if self.room <= 0:
            return None
        taken = min(size, self.room)
        self.room -= taken
        self.pieces.append(-taken)
        return taken

    def abort(self) -> None:
        """End the connection."""
        self.ended = "abort"

    def cut(self) -> None:
        """End the connection at once."""
        self.ended = "cut"
        self.is_cut = True


@dataclass
class FakeReader:
    """A file of zeros, all of it at hand up to a byte."""

    size: int = SIZE
    descriptor: int | None = None
    damaged_at: int = SIZE

    def read_at_hand(self, offset: int, size: int) -> memoryview:
        """Return zeros, or raise as a file that ends too early."""
        if offset >= self.damaged_at:
            raise BlobDamagedError
        return memoryview(bytes(min(size, self.damaged_at - offset)))

    def is_at_hand(self, _offset: int, _size: int) -> bool:
        """Return that it is."""
        return True


@dataclass
class FakeResponse:
    """What a transfer is told."""

    furthest: int = 0
    doubt: int = 0
    closed: int = 0

    def reached(self, offset: int) -> None:
        """Note how far the device is."""
        self.furthest = max(self.furthest, offset)

    def cut(self, offset: int) -> None:
        """Note what was under way."""
        self.doubt = offset

    def close(self) -> None:
        """Note the end."""
        self.closed += 1


class Bench:
    """A sending with everything around it."""

    def __init__(self, *, end: int = SIZE, offset: int = 0, pace: Pace | None = None) -> None:
        """Prepare it; `start` makes it send."""
        self.wire = FakeWire()
        self.reader = FakeReader()
        self.response = FakeResponse()
        self.end, self.offset, self.pace = end, offset, pace
        self.ended = 0
        self.given_back = 0

    def start(self) -> Sending:
        """Send as much as goes."""
        resources = ExitStack()
        resources.callback(self._give_back)
        parts: Any = (self.wire, self.reader, self.response)
        self.sending = self.wire.owner = Sending(
            *parts,
            start=self.offset,
            offset=self.offset,
            end=self.end,
            resources=resources,
            pace=self.pace,
            ended=self._end,
        )
        self.sending.go()
        return self.sending

    def make_room(self, size: int) -> None:
        """Let the device take more."""
        self.wire.room = size
        self.wire.paused = False
        self.sending.resumed()

    def _end(self) -> None:
        """Count the ends."""
        self.ended += 1

    def _give_back(self) -> None:
        """Count what is given back."""
        self.given_back += 1


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Return a bench whose sending is over after the test."""
    bench = Bench()
    yield bench
    bench.sending.lost(None)
    assert (bench.ended, bench.given_back, bench.response.closed) == (1, 1, 1)


async def until_ended(bench: Bench) -> None:
    """Wait for the end."""
    async with asyncio.timeout(5):
        while not bench.ended:  # noqa: ASYNC110  (the bench has no event)
            await asyncio.sleep(0.005)


async def test_others_have_their_turn(bench: Bench) -> None:
    """Even a device that takes everything gets so much at a time."""
    bench.start()
    assert sum(bench.wire.pieces) == TURN
    assert set(bench.wire.pieces) == {PIECE}
    await until_ended(bench)
    assert sum(bench.wire.pieces) == SIZE
    assert max(bench.wire.pieces) == LARGE_PIECE
    assert bench.response.furthest == SIZE


async def test_a_slow_device_costs_one_piece(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It never gets a larger one, and the system may take little for it."""
    monkeypatch.setattr(sending, "_QUICK", 0.0)
    bench.wire.room = 1
    bench.start()
    for count in range(2, 60):
        bench.make_room(1)
        assert bench.wire.pieces == [PIECE] * count
    assert bench.wire.wide is False


async def test_a_quick_device_gets_larger_pieces_when_it_stays_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first quick bytes only fill its buffers; one slow moment begins anew."""
    monkeypatch.setattr(sending, "_QUICK", 1000.0)
    bench.wire.room = 1
    bench.start()
    while sum(bench.wire.pieces) < TURN:
        assert bench.wire.wide is False
        bench.make_room(1)
    bench.make_room(1)
    assert (bench.wire.pieces[-1], bench.wire.wide) == (LARGE_PIECE, True)
    monkeypatch.setattr(sending, "_QUICK", 0.0)
    bench.make_room(1)
    assert (bench.wire.pieces[-1], bench.wire.wide) == (PIECE, False)


async def test_the_system_sends_files_by_itself(bench: Bench) -> None:
    """Without TLS; a piece through the transport follows where it takes nothing."""
    bench.wire.plain = True
    bench.reader.descriptor = 5
    bench.wire.room = 300_000
    bench.start()
    assert bench.wire.pieces == [-300_000, PIECE]
    bench.make_room(SIZE)
    assert bench.wire.pieces[2] == -(SIZE - 300_000 - PIECE)
    await until_ended(bench)
    assert sum(map(abs, bench.wire.pieces)) == SIZE


async def test_the_last_byte_counts_when_it_has_arrived(bench: Bench) -> None:
    """Earlier ones count as far as the device's system has them."""
    bench.offset = SIZE - 1000
    bench.wire.unacked = 400
    bench.start()
    await asyncio.sleep(0.05)
    assert (bench.response.furthest, bench.ended) == (SIZE - 400, 0)
    bench.wire.unacked = 0
    await until_ended(bench)
    assert bench.response.furthest == SIZE


async def test_a_part_in_the_middle_must_arrive_too(bench: Bench) -> None:
    """It may be the last one that is missing of a download by several connections."""
    bench.end = 1000
    bench.wire.unacked = 400
    bench.start()
    assert (bench.response.furthest, bench.ended) == (600, 0)
    bench.wire.unacked = 0
    await until_ended(bench)
    assert bench.response.furthest == 1000


@pytest.mark.parametrize(
    ("exc", "unacked", "furthest", "doubt"),
    [
        (None, 400, SIZE, SIZE),
        (ConnectionResetError(), 400, SIZE - 400, SIZE),
        (ConnectionResetError(), None, SIZE - 500, SIZE),
        (ConnectionResetError(), 0, SIZE, SIZE),
    ],
    ids=["in order", "broken", "broken, nothing known", "broken after the last byte"],
)
async def test_the_end_of_the_connection_settles_what_can_be_settled(
    bench: Bench, exc: Exception | None, unacked: int | None, furthest: int, doubt: int
) -> None:
    """A device that closes in good order has all; else only what its system told of counts."""
    bench.offset = SIZE - 1000
    bench.wire.unacked = 500
    bench.start()
    bench.wire.unacked = unacked
    bench.sending.lost(exc)
    assert (bench.response.furthest, bench.response.doubt) == (furthest, doubt)


async def test_closing_in_the_middle_is_no_good_order(bench: Bench) -> None:
    """What waits here is lost, whatever the device says."""
    bench.wire.room = 1
    bench.wire.waiting = bench.wire.unacked = PIECE
    bench.start()
    bench.wire.unacked = None
    bench.sending.lost(None)
    assert (bench.response.furthest, bench.response.doubt) == (0, PIECE)


async def test_a_connection_that_the_system_gave_up_ends(bench: Bench) -> None:
    """Of a device that had ended its side nothing else tells."""
    bench.offset = SIZE - 1000
    bench.wire.unacked = 400
    bench.start()
    bench.wire.dead = True
    await asyncio.sleep(0.05)
    assert bench.wire.ended == "cut"
    bench.sending.lost(None)
    assert bench.response.furthest == SIZE - 400


async def test_a_stalled_device_is_cut(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as anything moves it is served on."""
    monkeypatch.setattr(sending, "_WATCH", 0.01)
    monkeypatch.setattr(sending, "STALL_TIMEOUT", 0.1)
    bench.wire.room, bench.wire.unacked = 1, 1001
    bench.start()
    for missing in range(1000, 980, -1):
        bench.wire.unacked = missing
        await asyncio.sleep(0.01)
        assert bench.wire.ended == ""
    assert bench.response.furthest == PIECE - 981
    await asyncio.sleep(0.3)
    assert bench.wire.ended == "cut"


async def test_a_damaged_file_ends_the_connection(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """After the last right byte."""
    bench.reader.damaged_at = 50_000
    bench.start()
    assert (sum(bench.wire.pieces), bench.wire.ended) == (50_000, "abort")
    assert "is damaged" in caplog.text


async def test_a_gone_device_is_no_failure_of_the_file(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads the log must not look for a broken disk."""

    def gone(*_: int) -> None:
        """Refuse as a closed connection does."""
        raise BrokenPipeError(errno.EPIPE, "gone")

    bench.wire.plain = True
    bench.reader.descriptor = 5
    monkeypatch.setattr(bench.wire, "send_file", gone)
    bench.start()
    assert bench.wire.ended == "abort"
    assert caplog.text == ""


async def test_a_pace_is_kept(bench: Bench) -> None:
    """Each piece is paid for once, and stays small."""
    asked: list[int] = []

    def pace(size: int) -> float:
        """Ask for a moment before each piece."""
        asked.append(size)
        return 0.001 if len(asked) % 2 else 0.0

    bench.end = 10 * PIECE + 5
    bench.pace = pace
    bench.start()
    assert bench.wire.pieces == []
    await until_ended(bench)
    assert asked == bench.wire.pieces == [PIECE] * 10 + [5]
