"""Wires: what leaves at once, and what a system that takes no more is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import random
import socket
import struct
from typing import cast, override

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


async def test_a_small_answer_leaves_at_once(tmp_path: Path) -> None:
    """Nothing waits in this process."""
    async with connected(tmp_path) as line:
        for _ in range(3):
            line.wire.send(HEAD, memoryview(BODY)[:SMALL])
            assert not line.wire.unsent()
            assert await line.receive(len(HEAD) + SMALL) == HEAD + BODY[:SMALL]


async def test_what_does_not_fit_waits_in_memory_of_its_own(tmp_path: Path) -> None:
    """The next answer uses the same memory, perhaps to another device."""
    async with connected(tmp_path) as line:
        memory = memoryview(bytearray(SMALL))
        expected = b""
        for number in range(1000):
            memory[:] = body = bytes([number % 251]) * SMALL
            line.wire.send(HEAD, memory)
            expected += HEAD + body
            if number and line.wire.unsent() > 3 * SMALL:
                break
        assert line.wire.paused
        memory[:] = bytes(SMALL)
        assert await line.receive(len(expected)) == expected
        assert not line.wire.unsent()


async def test_an_answer_to_who_has_gone_raises_nothing(tmp_path: Path) -> None:
    """The transport tells of the end in its own way."""
    async with connected(tmp_path) as line:
        line.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.peer.close()
        for _ in range(3):
            line.wire.send(HEAD, memoryview(BODY)[:SMALL])
            await asyncio.sleep(0)
        assert line.wire.transport.is_closing()
        line.wire.send(HEAD, memoryview(BODY)[:SMALL])


async def test_a_file_is_sent_as_far_as_it_fits(tmp_path: Path) -> None:
    """Whoever sends the rest knows where it begins."""
    async with connected(tmp_path) as line:
        sent = line.wire.send_file(line.file, 5, len(BODY))
        assert sent is not None
        assert 0 < sent < len(BODY) - 5
        while line.wire.send_file(line.file, 0, SMALL) is not None:
            pass
        assert await line.receive(sent) == BODY[5 : 5 + sent]
        assert line.wire.send_file(line.file, len(BODY), SMALL) == 0
