"""HTTP byte by byte: requests as devices write them, answers as they come."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
import socket
import ssl
from typing import Any

PATIENCE = 10.0


class BrokenAnswerError(Exception):
    """The connection ended before the answer did; `received` is what came of the body."""

    def __init__(self, received: bytes = b"") -> None:
        """Keep what came."""
        super().__init__(f"{len(received)} bytes of the body came")
        self.received = received


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer; names of header fields are as they came."""

    head: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Wire:
    """One connection, plain or with TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use a connection that was made."""
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> Reply:
        """Return the answer without its body."""
        try:
            async with asyncio.timeout(PATIENCE):
                head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as err:
            raise BrokenAnswerError from err
        lines = head.decode("latin-1").split("\r\n")[:-2]
        version, status, _ = lines[0].split(" ", 2)
        assert version in {"HTTP/1.0", "HTTP/1.1"}
        headers = dict(line.split(": ", 1) for line in lines[1:])
        assert len(headers) == len(lines) - 1, "a header field came twice"
        return Reply(head=head, status=int(status), headers=headers)

    async def body(self, size: int) -> bytes:
        """Return a body of `size` bytes."""
        received = bytearray()
        try:
            async with asyncio.timeout(PATIENCE):
                while len(received) < size:
                    if not (data := await self.reader.read(size - len(received))):
                        break
                    received += data
        except ConnectionError as err:
            raise BrokenAnswerError(bytes(received)) from err
        if len(received) < size:
            raise BrokenAnswerError(bytes(received))
        return bytes(received)

    async def reply(self, *, method: str = "GET") -> Reply:
        """Return a whole answer, its body as long as its header says."""
        reply = await self.head()
        if method == "HEAD" or reply.status == 304:
            return reply
        body = await self.body(int(reply.headers["Content-Length"]))
        return Reply(head=reply.head, status=reply.status, headers=reply.headers, body=body)

    async def ended(self) -> bool:
        """Return whether the other side has ended the connection."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.reader.read(1) == b""
        except ConnectionError:
            return True


@asynccontextmanager
async def connected(
    port: int, tls: ssl.SSLContext | None = None, *, source: str | None = None, **options: Any
) -> AsyncIterator[Wire]:
    """Connect to a port of 127.0.0.1, from another loopback address where one is given."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            port,
            ssl=tls,
            server_hostname="127.0.0.1" if tls else None,
            local_addr=(source, 0) if source else None,
            **options,
        )
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


async def ask(
    port: int,
    request: bytes,
    tls: ssl.SSLContext | None = None,
    *,
    source: str | None = None,
) -> Reply:
    """Return the answer to one request on a connection of its own."""
    async with connected(port, tls, source=source) as wire:
        await wire.send(request)
        return await wire.reply(method=request.partition(b" ")[0].decode())


async def pipelined(port: int, requests: Sequence[bytes]) -> list[bytes]:
    """Return the bodies of the answers to many requests on one connection, a hundred at once."""
    return await asyncio.to_thread(_pipelined, port, requests)


def _pipelined(port: int, requests: Sequence[bytes]) -> list[bytes]:
    """Send and read on a blocking socket, which is much quicker for ten thousand answers."""
    bodies: list[bytes] = []
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE) as sock,
        sock.makefile("rb") as file,
    ):
        for begin in range(0, len(requests), 100):
            batch = requests[begin : begin + 100]
            sock.sendall(b"".join(batch))
            for _ in batch:
                status, length = file.readline(), 0
                assert status.startswith((b"HTTP/1.1 200", b"HTTP/1.1 206")), status
                while (line := file.readline()) != b"\r\n":
                    if line.startswith(b"Content-Length: "):
                        length = int(line.partition(b" ")[2])
                bodies.append(file.read(length))
    return bodies


def path_of(grant: Mapping[str, Any]) -> str:
    """Return the path of a grant's URL."""
    return str(grant["url"][grant["url"].index("/p/") :])


def request_for(
    grant: Mapping[str, Any], *, method: str = "GET", path: str | None = None, **headers: str
) -> bytes:
    """Return a request with a grant's token; names of fields are written with underscores."""
    fields = {"Host": "127.0.0.1", "Authorization": f"Bearer {grant['token']}", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([f"{method} {path or path_of(grant)} HTTP/1.1", *lines, "", ""]).encode(
        "latin-1"
    )
