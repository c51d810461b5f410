"""Connections: each device's requests for packages, and the way to the framework."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
import logging
import ssl
from typing import Final, cast, override

from .blobs import AT_HAND
from .depot import Depot
from .downloads import Downloads, Series
from .framework import DeviceFriendlyHandler, Serve
from .gate import Gate
from .heads import MAX_HEAD, Head, head_end, read_head
from .logs import log_request
from .problems import Problem, ProblemKind
from .replies import Part, Reply, refusal
from .sending import Sending
from .tls import BUFFER_SIZE, TlsTransport
from .wire import Wire, tune

# For the TLS handshake, and from the begin of a request's head to its end.
HEAD_TIMEOUT: Final = 30.0
KEEPALIVE_TIMEOUT: Final = 75.0
# After so many requests at once the other connections have their turn.
_TURN: Final = 16

_LOGGER: Final = logging.getLogger(__name__)
_ACCESS: Final = logging.getLogger("mqtt_ota_depot.access")

type MakeHandler = Callable[[Serve], DeviceFriendlyHandler]


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """What all connections share; `context` is None for plain HTTP."""

    depot: Depot
    gate: Gate
    downloads: Downloads
    context: ssl.SSLContext | None
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(BUFFER_SIZE)))
    connections: set[Connection] = field(default_factory=set)


class Connection(asyncio.Protocol):
    """One connection, from its acceptance to its end.

    Requests for packages are answered here. The first other one, and anything
    that is not recognised, goes to the framework with all that follows.
    """

    __slots__ = (
        "_address", "_asked", "_buffer", "_carrier", "_choked", "_deadline", "_eof", "_grant_id", "_handler", "_host", "_in_head",
        "_keep_alive", "_loop", "_make_handler", "_sending", "_series", "_served", "_timer", "_wire",
    )  # fmt: skip

    def __init__(self, host: Host, handler: MakeHandler) -> None:
        """Create the protocol of a connection; `handler` makes the framework's side."""
        self._host = host
        self._make_handler = handler
        self._loop = asyncio.get_running_loop()
        self._address: str | None = None
        self._carrier: asyncio.Transport | None = None
        self._wire: Wire | None = None
        self._buffer = b""
        self._series: Series | None = None
        self._in_head = False
        self._eof = False
        self._asked: tuple[Head, int, float] | None = None
        self._keep_alive = True
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._sending: Sending | None = None
        # Whose bytes were sent last, piece by piece
        self._grant_id: str | None = None
        self._handler: DeviceFriendlyHandler | None = None
        self._served: asyncio.Future[None] | None = None
        self._choked = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the connection in; where there is TLS, the handshake comes first."""
        carrier = cast("asyncio.Transport", transport)
        address = str((carrier.get_extra_info("peername") or ("",))[0])
        if not self._host.gate.connected(address):
            carrier.abort()
            return
        self._address = address
        self._carrier = carrier
        self._host.connections.add(self)
        tune(carrier)
        if self._host.context is None:
            self._begin(carrier, carrier)
        else:
            TlsTransport(
                carrier,
                self._host.context,
                self,
                self._host.buffer,
                handshake_timeout=HEAD_TIMEOUT,
                secured=partial(self._begin, carrier),
            )

    @override
    def data_received(self, data: bytes) -> None:
        """Take what the device sends."""
        if self._handler is not None:
            self._handler.data_received(data)
            return
        self._buffer = self._buffer + data if self._buffer else data
        if self._sending is not None:
            # A device that asks for more has read what came before.
            self._sending.look()
        if self._wire is not None:
            self._process()

    @override
    def eof_received(self) -> bool | None:
        """Answer what was asked before the device ended its side."""
        self._eof = True
        if self._sending is not None:
            # The device has read all that arrived; TLS's goodbye, which follows, may not.
            self._sending.look()
        if self._wire is None or not self._wire.plain:
            return False
        if self._handler is not None:
            if self._served is not None:
                self._handler.close()
            return self._served is not None
        if self._buffer:
            self._loop.call_soon(self._process)
        return bool(self._buffer) or self._sending is not None

    @override
    def pause_writing(self) -> None:
        """Send no more for now."""
        if self._wire is not None:
            self._wire.paused = True
        if self._sending is not None:
            self._sending.paused()
        if self._handler is not None:
            self._handler.pause_writing()

    @override
    def resume_writing(self) -> None:
        """Go on."""
        if self._wire is not None:
            self._wire.paused = False
        if self._handler is not None:
            self._handler.resume_writing()
        if self._sending is not None:
            self._sending.resumed()
        elif self._handler is None:
            self._process()

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        """Give everything back."""
        self._cancel_timer()
        if self._sending is not None:
            self._sending.lost(exc)
        if self._handler is not None:
            self._handler.connection_lost(exc)
        self._leave()

    def stop(self) -> None:
        """End at once, unless the framework ends it in its own way."""
        if self._wire is None:
            if self._carrier is not None:
                self._carrier.abort()
        elif self._handler is None:
            self._wire.cut()

    async def serve(self, head: Head) -> Reply:
        """Answer a request that came through the framework; return what was answered."""
        wire = self._wire
        if wire is None or wire.transport.is_closing():
            msg = "the device has gone"
            raise ConnectionResetError(msg)
        wire.bound()
        self._served = self._loop.create_future()
        reply = self._answer(head, self._host.downloads.reply(head, self._address or ""), wire)
        await self._served
        self._served = None
        wire.unbound()
        return reply

    def _begin(self, carrier: asyncio.Transport, transport: asyncio.Transport) -> None:
        """Wait for the first request."""
        self._wire = Wire(carrier, transport)
        self._wire.bound()
        self._wait(HEAD_TIMEOUT)
        self._process()

    def _process(self) -> None:
        """Answer the requests that have arrived, a number of them at a time."""
        for _ in range(_TURN):
            wire = self._wire
            if wire is None or self._handler is not None or wire.transport.is_closing():
                return
            if self._sending is not None or wire.paused:
                self._choke(len(self._buffer) > MAX_HEAD)
                return
            if self._buffer.startswith((b"\r", b"\n")):
                # RFC 9112 section 2.2; one SDK ends its heads with a line too many.
                self._buffer = self._buffer.lstrip(b"\r\n")
            if not self._buffer and not self._eof and not self._choked:
                return
            if not self._answer_next(wire):
                self._choke(False)
                self._wait_or_hand_over(wire)
                return
        self._loop.call_soon(self._process)

    def _answer_next(self, wire: Wire) -> bool:
        """Answer the request that the buffer begins with; return whether there is one."""
        data, series, address = self._buffer, self._series, self._address or ""
        if series is not None and (repeated := series.reply(data, address)) is not None:
            head = series.head
            reply, length = repeated
        elif (read := read_head(data)) is not None:
            head, length = read, read.length
            reply = self._host.downloads.reply(head, address)
            self._series = self._host.downloads.series(head, data[:length], reply)
        else:
            return False
        self._buffer = data[length:]
        self._in_head = False
        self._answer(head, reply, wire)
        return True

    def _wait_or_hand_over(self, wire: Wire) -> None:
        """Wait for the rest of a head, or let the framework see what this is."""
        data = self._buffer
        end = head_end(data)
        if (end or len(data)) > MAX_HEAD:
            problem = Problem(ProblemKind.HEADER_TOO_LARGE, "Send a shorter request.")
            self._reply(refusal(problem, None), wire)
        elif self._eof:
            wire.transport.close()
        elif end is not None or (data and not data[:1].isalpha()):
            self._hand_over(wire)
        elif data and not self._in_head:
            self._in_head = True
            self._wait(HEAD_TIMEOUT)

    def _answer(self, head: Head, reply: Reply, wire: Wire) -> Reply:
        """Answer a request with a reply, or with an error; return what was answered."""
        try:
            self._note(head, reply)
            self._reply(reply, wire)
        except OSError:
            _LOGGER.exception("A package cannot be read")
            problem = Problem(ProblemKind.INTERNAL_ERROR, "The depot failed; its log says why.")
            reply = refusal(problem, head)
            self._note(head, reply)
            self._reply(reply, wire)
        return reply

    def _note(self, head: Head, reply: Reply) -> None:
        """Remember what is to be logged once all was sent; the framework logs its own."""
        if self._handler is None and _ACCESS.isEnabledFor(logging.DEBUG):
            self._asked = (head, reply.status, self._loop.time())

    def _reply(self, reply: Reply, wire: Wire) -> None:
        """Send an answer; raises OSError when the file cannot be read and nothing was sent."""
        self._keep_alive = reply.keep_alive
        part = reply.part
        if part is None:
            wire.transport.write(reply.data)
        elif not self._send_at_once(reply.data, part, wire):
            return
        self._ended()

    def _send_at_once(self, data: bytes, part: Part, wire: Wire) -> bool:
        """Send the head and a part; return whether nothing is left to be done.

        Most requests of devices ask for small parts: those cost no more than
        one read and one write.
        """
        depot, body = self._host.depot, None
        if part.end - part.start <= AT_HAND and not self._host.gate.paced:
            body = depot.blobs.at_hand(part.package.sha256, part.start, part.end - part.start)
        if body is None:
            self._send(data, part, wire, part.start)
            return False
        wire.send(data, body)
        if not wire.paused and depot.transfers.served(part.grant.id, part.start, part.end):
            return True
        self._send(b"", part, wire, part.end)
        return False

    def _send(self, data: bytes, part: Part, wire: Wire, offset: int) -> None:
        """Send the head and a part from `offset` on, piece by piece."""
        depot, gate = self._host.depot, self._host.gate
        resources = ExitStack()
        reader = resources.enter_context(depot.blobs.reader(part.package.sha256))
        wire.transport.write(data)
        self._grant_id = part.grant.id
        self._sending = Sending(
            wire,
            reader,
            depot.transfers.open(part.grant.id, part.start, part.end, wire.cut),
            start=part.start,
            offset=offset,
            end=part.end,
            resources=resources,
            pace=partial(gate.delay, part.grant.device_id) if gate.paced else None,
            ended=self._sending_ended,
        )
        self._sending.go()

    def _sending_ended(self) -> None:
        """Go on when a body was sent, or cannot be."""
        self._sending = None
        self._ended()
        self._loop.call_soon(self._process)

    def _ended(self) -> None:
        """Close the connection, or wait for the next request."""
        if self._asked is not None:
            (head, status, began), self._asked = self._asked, None
            seconds = self._loop.time() - began
            log_request(
                _ACCESS, self._address, head.method, head.path, status=status, seconds=seconds
            )
        if self._served is not None:
            if not self._served.done():
                self._served.set_result(None)
        elif self._handler is None and not self._keep_alive and self._wire is not None:
            self._wire.transport.close()
        else:
            self._deadline = self._loop.time() + KEEPALIVE_TIMEOUT

    def _hand_over(self, wire: Wire) -> None:
        """Let the framework answer this request and all that follow."""
        self._cancel_timer()
        wire.unbound()
        self._handler = self._make_handler(self.serve)
        self._handler.connection_made(wire.transport)
        data, self._buffer = self._buffer, b""
        self._handler.data_received(data)

    def _choke(self, full: bool) -> None:
        """Read no further while too much waits to be answered."""
        if full is not self._choked and self._wire is not None:
            self._choked = full
            if full:
                self._wire.transport.pause_reading()
            else:
                self._wire.transport.resume_reading()

    def _wait(self, seconds: float) -> None:
        """Close the connection unless something happens within so many seconds."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._deadline:
            self._cancel_timer()
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)

    def _check_deadline(self) -> None:
        """Close the connection when it is time; what is being sent is watched elsewhere."""
        self._timer = None
        if self._sending is not None or self._loop.time() < self._deadline:
            self._deadline = max(self._deadline, self._loop.time() + 1.0)
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)
        elif self._wire is not None:
            if self._grant_id is not None:
                self._host.depot.transfers.left_open(self._grant_id)
            self._wire.cut()

    def _cancel_timer(self) -> None:
        """Forget the deadline."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _leave(self) -> None:
        """Note that the connection is no more, once."""
        self._host.connections.discard(self)
        if self._served is not None and not self._served.done():
            self._served.set_result(None)
        if self._address is not None:
            self._host.gate.disconnected(self._address)
            self._address = None
