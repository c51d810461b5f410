"""Wires: what leaves at once, and what a system that takes no more is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import random
import socket
from typing import cast, override

import pytest

from mqtt_ota_depot.wire import Wire

BODY = random.Random(3).randbytes(8 * 1024 * 1024)
HEAD = b"HTTP/1.1 206 Partial Content\r\n\r\n"
SMALL = 16 * 1024


class Protocol(asyncio.Protocol):
    """What keeps a wire's `paused` true, as connections do."""

    wire: Wire

    @override
    def pause_writing(self) -> None:
        """Note that the transport wants no more."""
        self.wire.paused = True

    @override
    def resume_writing(self) -> None:
        """Note that it wants more."""
        self.wire.paused = False


@dataclass
class Line:
    """A wire, the socket of its other end, and a file to be sent."""

    wire: Wire
    peer: socket.socket
    file: int

    @property
    def is_corked(self) -> bool:
        """Return whether the system still holds packets back that are not full."""
        sock = self.wire.carrier.get_extra_info("socket")
        return bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK))

    async def receive(self, size: int) -> bytes:
        """Return so many bytes of the other end."""
        loop = asyncio.get_running_loop()
        received = bytearray()
        async with asyncio.timeout(10):
            while len(received) < size:
                received += await loop.sock_recv(self.peer, size - len(received))
        return bytes(received)


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[Line]:
    """Make a wire to a peer that reads only when it is told to."""
    loop = asyncio.get_running_loop()
    path = folder / "file"
    path.write_bytes(BODY)
    file = os.open(path, os.O_RDONLY)
    with socket.create_server(("127.0.0.1", 0)) as door, socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        peer.connect(door.getsockname())
        peer.setblocking(False)
        accepted, _ = door.accept()
        accepted.setblocking(False)
        transport, protocol = await loop.connect_accepted_socket(Protocol, accepted)
        carrier = cast("asyncio.Transport", transport)
        protocol.wire = wire = Wire(carrier, carrier)
        wire.bound()
        try:
            yield Line(wire, peer, file)
        finally:
            carrier.abort()
            os.close(file)


async def test_a_head_and_a_small_part_leave_at_once(tmp_path: Path) -> None:
    """Nothing is held back, and nothing waits in this process."""
    async with connected(tmp_path) as line:
        for offset in (5, 0, len(BODY) - SMALL):
            assert line.wire.send_with_file(HEAD, line.file, offset, SMALL) == SMALL
            answer = await line.receive(len(HEAD) + SMALL)
            assert answer == HEAD + BODY[offset : offset + SMALL]
            assert not line.wire.unsent()
            assert not line.is_corked


async def test_a_part_that_does_not_fit_is_sent_as_far_as_it_goes(tmp_path: Path) -> None:
    """Whoever sends the rest knows where it begins."""
    async with connected(tmp_path) as line:
        sent = line.wire.send_with_file(HEAD, line.file, 0, len(BODY))
        assert 0 < sent < len(BODY)
        assert not line.wire.unsent()
        assert not line.is_corked
        assert await line.receive(len(HEAD) + sent) == HEAD + BODY[:sent]


async def test_a_head_that_does_not_fit_is_followed_by_nothing(tmp_path: Path) -> None:
    """It waits for room; bytes that overtake it would be taken for it."""
    async with connected(tmp_path) as line:
        filled = 0
        while (sent := line.wire.send_file(line.file, 0, len(BODY))) is not None:
            filled += sent
        assert line.wire.send_with_file(HEAD, line.file, 0, SMALL) == 0
        assert line.wire.paused
        assert line.wire.unsent() == len(HEAD)
        assert not line.is_corked
        assert (await line.receive(filled + len(HEAD))).endswith(HEAD)


@pytest.mark.parametrize("broken", ["unreadable", "short"])
async def test_after_a_head_a_broken_file_is_no_answer(tmp_path: Path, broken: str) -> None:
    """Who sends the rest finds that out again, and ends the connection."""
    async with connected(tmp_path) as line:
        file = os.open(tmp_path, os.O_RDONLY) if broken == "unreadable" else os.dup(line.file)
        try:
            assert line.wire.send_with_file(HEAD, file, len(BODY), SMALL) == 0
        finally:
            os.close(file)
        assert not line.is_corked
        assert await line.receive(len(HEAD)) == HEAD
