"""A small HTTP server that can misbehave in every way that a case needs."""

import asyncio
from collections.abc import Callable
import contextlib
import ssl
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

from .answers import Answer, Request, Then, refused
from .offer import Exchange, Offer

HEAD_TIMEOUT: Final = 30.0
HOLD_SECONDS: Final = 300.0
MAX_HEAD: Final = 16 * 1024
PIECE: Final = 16 * 1024

UNKNOWN: Final = refused("404 Not Found", "no such package")
BAD_METHOD: Final = refused("405 Method Not Allowed", "only GET and HEAD")


class PackageServer:
    """Serves the offers of the running case to the device."""

    def __init__(self, host: str, *, tls: ssl.SSLContext | None = None) -> None:
        """Prepare; `host` is the address under which the device reaches this machine."""
        self._host = host
        self._tls = tls
        self._offers: dict[str, Offer] = {}
        self._server: asyncio.Server | None = None
        self._port = 0
        self._connections: set[asyncio.StreamWriter] = set()
        self._on_activity: Callable[[Exchange | None], None] = lambda _: None

    async def start(
        self, listen: str, port: int, on_activity: Callable[[Exchange | None], None]
    ) -> Self:
        """Listen; tell a caller of each request, and with None of bytes on their way."""
        self._on_activity = on_activity
        self._server = await asyncio.start_server(
            self._connected, listen, port, ssl=self._tls, limit=MAX_HEAD
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Stop listening and end what is still connected."""
        if self._server is not None:
            self._server.close()
        self.drop_connections()

    def drop_connections(self) -> None:
        """Cut every connection."""
        for writer in self._connections:
            writer.transport.abort()

    @property
    def base_url(self) -> str:
        """Return the address of the server."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http{'s' if self._tls else ''}://{host}:{self._port}"

    def publish(self, offer: Offer) -> None:
        """Serve an offer from now on."""
        offer.url = self.base_url + offer.path
        self._offers[offer.path] = offer

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request of one connection."""
        self._connections.add(writer)
        try:
            # A device may go whenever it likes; what it asked for stays on the record.
            with contextlib.suppress(OSError, TimeoutError, ValueError, EOFError):
                await self._serve(reader, writer)
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a request, answer it, and leave the connection as the answer says."""
        async with asyncio.timeout(HEAD_TIMEOUT):
            request = parse(await _read_head(reader))
        offer = self._offers.get(request.path)
        if offer is None or request.method not in {"GET", "HEAD"}:
            refused = UNKNOWN if offer is None else BAD_METHOD
            writer.write(refused.head() + bytes(refused.body))
            await writer.drain()
            return
        answer, exchange = offer.answer(request)
        self._on_activity(exchange)
        if not answer.silent:
            writer.write(answer.head())
        if request.method == "GET":
            await self._send(writer, answer, exchange)
        await _leave(reader, writer, answer.then)

    async def _send(self, writer: asyncio.StreamWriter, answer: Answer, exchange: Exchange) -> None:
        """Send the body piece by piece, never ahead of the device by more than a piece."""
        for start in range(0, len(answer.body), PIECE):
            piece = answer.body[start : start + PIECE]
            writer.write(piece)
            exchange.sent += len(piece)
            self._on_activity(None)
            await writer.drain()


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    """Read the head of a request; lines may end as some devices end them, with LF alone."""
    try:
        return await reader.readuntil((b"\n\r\n", b"\n\n"))
    except asyncio.LimitOverrunError as err:
        msg = f"a head of more than {MAX_HEAD} bytes"
        raise ValueError(msg) from err


def parse(head: bytes) -> Request:
    """Return the request of a head; raises ValueError when it is none."""
    first, *lines = head.decode("latin-1").replace("\r\n", "\n").strip().split("\n")
    method, target, *_ = first.split(" ")
    parts = urlsplit(target)
    fields = (line.partition(":") for line in lines)
    return Request(
        method=method,
        path=parts.path,
        query=dict(parse_qsl(parts.query)),
        headers={name.strip().lower(): value.strip() for name, _, value in fields},
    )


async def _leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, then: Then) -> None:
    """Leave the connection open until the device goes, cut it, or let it be closed."""
    await writer.drain()
    if then is Then.RESET:
        writer.transport.abort()
    elif then is Then.HOLD:
        async with asyncio.timeout(HOLD_SECONDS):
            while await reader.read(MAX_HEAD):
                pass
