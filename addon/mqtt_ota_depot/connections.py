"""Connections: devices' dialects of HTTP, and sockets that tell the truth."""

import asyncio
import fcntl
from http import HTTPStatus
import logging
import socket
import ssl
import struct
import termios
from typing import Any, Final, override

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from .problems import Problem, ProblemKind

# Bytes that the kernel takes beyond what is under way to the device. With its
# usual megabytes a small package would count as served at the first moment.
_UNSENT: Final = 16 * 1024
# Devices lose power or radio without a word; their connections end after this.
_DEAD_AFTER_MS: Final = 90_000
_ACKNOWLEDGE_POLL: Final = 0.02
_ACKNOWLEDGE_TIMEOUT: Final = 60.0
# TLS hands bytes on in a step of its own, so one look is not enough.
_CALM_LOOKS: Final = 2
_LENIENT_METHODS: Final = (b"GET ", b"HEAD ")
_METHOD_LENGTH: Final = 5

_LOGGER: Final = logging.getLogger(__name__)


class LineEndNormaliser:
    """Turns bare LF of request heads into CRLF, for one connection.

    Some device SDKs end their lines with LF alone, which RFC 9112 section 2.2
    lets a server accept. A connection whose first line ends with CRLF, or
    whose method may have a body, passes untouched for the rest of its life.
    """

    __slots__ = ("_begin", "_in_head", "_last", "strict")

    def __init__(self) -> None:
        """Create the normaliser of a new connection."""
        self.strict = False
        self._in_head = False
        self._begin = b""
        self._last = b""

    def feed(self, data: bytes) -> bytes:
        """Return the bytes for the strict parser."""
        if self.strict:
            return data
        out = bytearray()
        position = 0
        while (end := data.find(b"\n", position)) >= 0:
            self._extend(data[position:end])
            bare = self._last != b"\r"
            if self._begin in {b"", b"\r"}:
                self._in_head = False
            elif not self._in_head:
                if not bare or not self._begin.startswith(_LENIENT_METHODS):
                    self.strict = True
                    return bytes(out) + data[position:]
                self._in_head = True
            out += data[position:end] + (b"\r\n" if bare else b"\n")
            self._begin = self._last = b""
            position = end + 1
        self._extend(data[position:])
        return bytes(out) + data[position:]

    def _extend(self, part: bytes) -> None:
        """Remember how the current line begins and what it ends with so far."""
        self._begin = (self._begin + part[:_METHOD_LENGTH])[:_METHOD_LENGTH]
        self._last = part[-1:] or self._last


class DeviceFriendlyHandler(RequestHandler):
    """The protocol of one connection, with the depot's own errors and sockets."""

    __slots__ = ("_normaliser", "failure")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Create the protocol of a new connection."""
        super().__init__(*args, **kwargs)
        self._normaliser = LineEndNormaliser()
        self.failure: BaseException | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tune the socket before the first request."""
        tune(transport)
        super().connection_made(transport)

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        """Keep why the connection ended; nothing when the other side closed it."""
        self.failure = exc
        task, busy = self._task_handler, self._request_in_progress
        super().connection_lost(exc)
        if task is not None and not busy:
            # It would go on waiting for the rest of a refused upload.
            task.cancel()

    @override
    def data_received(self, data: bytes) -> None:
        """Take bytes with any line ends."""
        super().data_received(self._normaliser.feed(data))

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP request with a problem instead of plain text."""
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            # The text of the exception quotes the request, which may hold a token.
            _LOGGER.debug("Malformed request from %s", request.remote)
            problem = Problem(ProblemKind.INVALID_REQUEST, "This is not a valid HTTP request.")
        else:
            _LOGGER.error("Request from %s failed", request.remote, exc_info=exc)
            problem = Problem(ProblemKind.INTERNAL_ERROR, "The depot failed; its log says why.")
        if request.writer.output_size > 0:
            msg = "the response had begun"
            raise ConnectionResetError(msg) from exc
        response = problem.as_response()
        response.force_close()
        return response


class DeviceFriendlySite(web.BaseSite):
    """Listens on a bound socket, plain or with TLS."""

    __slots__ = ("_handler_options", "_socket")

    def __init__(
        self,
        runner: web.BaseRunner,
        sock: socket.socket,
        ssl_context: ssl.SSLContext | None,
        **handler_options: Any,
    ) -> None:
        """Create the site; it listens after `start`."""
        super().__init__(runner, ssl_context=ssl_context)
        self._socket = sock
        self._handler_options = handler_options

    @property
    @override
    def name(self) -> str:
        """Return the address that is listened on."""
        host, port = self._socket.getsockname()[:2]
        return f"{'http' if self._ssl_context is None else 'https'}://{host}:{port}"

    @override
    async def start(self) -> None:
        """Accept connections."""
        await super().start()
        server = self._runner.server
        if server is None:
            msg = "the runner was not set up"
            raise RuntimeError(msg)
        # Clients that read to the end of the connection would hang for the
        # default of 30 s: many never answer the TLS close_notify.
        shutdown = None if self._ssl_context is None else 1.0
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: DeviceFriendlyHandler(server, loop=loop, **self._handler_options),
            sock=self._socket,
            ssl=self._ssl_context,
            backlog=self._backlog,
            ssl_shutdown_timeout=shutdown,
        )


def tune(transport: asyncio.BaseTransport) -> None:
    """Set up a device's socket, as far as the system has these options."""
    sock = transport.get_extra_info("socket")
    if sock is None:
        return
    options = {"TCP_NOTSENT_LOWAT": _UNSENT, "TCP_USER_TIMEOUT": _DEAD_AFTER_MS}
    for name, value in options.items():
        if (option := getattr(socket, name, None)) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


async def until_acknowledged(request: web.Request) -> None:
    """Wait until the device's system has every byte, as far as ours can tell.

    A connection that the device closes in good order counts as having all.
    Raises TimeoutError after a minute without an end and ConnectionResetError
    when the connection broke with bytes under way.
    """
    handler, transport = request.protocol, request.transport
    calm = 0
    async with asyncio.timeout(_ACKNOWLEDGE_TIMEOUT):
        while transport is not None and not transport.is_closing() and calm < _CALM_LOOKS:
            waiting = transport.get_write_buffer_size() or _unacknowledged(transport)
            calm = 0 if waiting else calm + 1
            await asyncio.sleep(_ACKNOWLEDGE_POLL)
    if isinstance(handler, DeviceFriendlyHandler) and handler.failure is not None:
        msg = "the connection broke with bytes under way"
        raise ConnectionResetError(msg) from handler.failure


def _unacknowledged(transport: asyncio.Transport) -> int:
    """Return the number of bytes that the other side has not acknowledged."""
    sock = transport.get_extra_info("socket")
    if sock is None or sock.fileno() < 0:
        return 0
    # TIOCOUTQ of a TCP socket: bytes sent and not acknowledged (Linux tcp(7)).
    answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    return int(struct.unpack("i", answer)[0])
