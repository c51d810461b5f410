"""A proxy in between that does to connections what networks do."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
import socket
import struct


class Harm(StrEnum):
    """What happens to a connection."""

    CUT = "cut"
    RESET = "reset"
    HALF_CLOSE = "half-close"
    STALL = "stall"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """The harm done to one connection after so many bytes came from the server."""

    harm: Harm
    after: int


@dataclass(kw_only=True)
class Meddler:
    """Forwards connections; the first ones suffer the faults, in order.

    A half-close ends the way to the server, as a device does that shuts its
    sending side down. `delay` is in seconds, before anything is forwarded;
    `rate` in bytes per second and connection.
    """

    upstream: int
    faults: list[Fault]
    delay: float = 0.0
    rate: int | None = None
    port: int = 0
    connections: int = 0
    bytes_down: int = 0
    suffered: int = 0
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection, in a task that ends with the proxy."""
        task = asyncio.create_task(self._forward(reader, writer))
        self.serving.add(task)
        task.add_done_callback(self.serving.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward both ways until one ends."""
        fault = self.faults.pop(0) if self.faults else None
        self.connections += 1
        await asyncio.sleep(self.delay)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        up = asyncio.create_task(_pump(reader, up_writer))
        try:
            # When one side goes, so does the other.
            with suppress(ConnectionError):
                await self._down(up_reader, writer, up_writer, fault)
        finally:
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)
            for each in (writer, up_writer):
                each.transport.abort()

    async def _down(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_writer: asyncio.StreamWriter,
        fault: Fault | None,
    ) -> None:
        """Forward what the server sends, until the harm is done."""
        seen = 0
        while True:
            room = 65_536 if fault is None else fault.after - seen
            if fault is not None and not room:
                self.suffered += 1
                if fault.harm is not Harm.HALF_CLOSE:
                    await self._do(fault.harm, writer, up_writer)
                    return
                up_writer.write_eof()
                fault = None
                continue
            data = await reader.read(min(room, 65_536))
            if not data:
                break
            seen += len(data)
            self.bytes_down += len(data)
            if self.rate is not None:
                await asyncio.sleep(len(data) / self.rate)
            writer.write(data)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _do(
        self, harm: Harm, client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        """End both ways, or leave both hanging until the proxy ends."""
        await client.drain()
        match harm:
            case Harm.STALL:
                await self.ending.wait()
            case Harm.RESET:
                for each in (client, server):
                    sock: socket.socket = each.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case _:
                client.close()
                await client.wait_closed()


@asynccontextmanager
async def meddling(
    upstream: int,
    faults: Iterable[Fault] = (),
    *,
    delay: float = 0.0,
    rate: int | None = None,
) -> AsyncIterator[Meddler]:
    """Run a proxy before a port of 127.0.0.1."""
    meddler = Meddler(upstream=upstream, faults=list(faults), delay=delay, rate=rate)
    server = await asyncio.start_server(meddler.serve, "127.0.0.1", 0)
    meddler.port = server.sockets[0].getsockname()[1]
    try:
        yield meddler
    finally:
        meddler.ending.set()
        server.close()
        for task in list(meddler.serving):
            task.cancel()
        await asyncio.gather(*meddler.serving, return_exceptions=True)
        server.close_clients()
        await server.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Forward what the client sends."""
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
