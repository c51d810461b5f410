"""The web framework's side of a connection, with the depot's own errors."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from http import HTTPStatus
import logging
from typing import Any, Final, Protocol, cast, override

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.web_protocol import RequestHandler

from .heads import Head
from .line_ends import LineEndNormaliser
from .problems import Problem, ProblemKind

_LOGGER: Final = logging.getLogger(__name__)

type Serve = Callable[[Head], Awaitable[Served]]


class Served(Protocol):
    """What a request for a package was answered with."""

    @property
    def status(self) -> int:
        """Return the status code."""

    @property
    def keep_alive(self) -> bool:
        """Return whether the connection takes further requests."""


class Door(StrEnum):
    """Which listener a request came in by, and with that what it may ask for."""

    # API with a key, downloads with a token
    MAIN = "main"
    # Downloads only: a key would cross the network in the clear
    DOWNLOADS = "downloads"
    # Through Home Assistant, which knows its users: API without a key, no downloads
    INGRESS = "ingress"


class DeviceFriendlyHandler(RequestHandler):
    """What answers all requests of a connection that are not recognised before it.

    `serve` sends the answer to a request for a package and tells which one it was.
    """

    __slots__ = ("_normaliser", "door", "serve")

    def __init__(self, *args: Any, serve: Serve, door: Door = Door.MAIN, **kwargs: Any) -> None:
        """Create the handler of a connection."""
        super().__init__(*args, **kwargs)
        self._normaliser = LineEndNormaliser()
        self.serve = serve
        self.door = door

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        """End what waits for the rest of a refused upload."""
        task, busy = self._task_handler, self._request_in_progress
        super().connection_lost(exc)
        if task is not None and not busy:
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
        if isinstance(exc, ConnectionError):
            raise exc
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


class SentResponse(web.StreamResponse):
    """The framework's record of a response that was sent past it."""

    def __init__(self, status: int, *, keep_alive: bool) -> None:
        """Create the record."""
        super().__init__(status=status)
        self._goes_on = keep_alive

    @property
    @override
    def keep_alive(self) -> bool | None:
        """Return whether the connection takes further requests."""
        return self._goes_on

    @override
    async def prepare(self, request: web.BaseRequest) -> None:
        """Send no head."""

    @override
    async def write_eof(self, data: bytes = b"") -> None:
        """Send no end."""


def door_of(request: web.Request) -> Door:
    """Return the door that a request came in by."""
    protocol = request.protocol
    return protocol.door if isinstance(protocol, DeviceFriendlyHandler) else Door.MAIN


async def download(request: web.Request) -> web.StreamResponse:
    """Answer a request for a package that came through the framework."""
    # RFC 9110 section 5.3: repeated fields are one list. Of several tokens one counts.
    headers = {name.lower(): ", ".join(request.headers.getall(name)) for name in request.headers}
    if hdrs.AUTHORIZATION in request.headers:
        headers["authorization"] = request.headers[hdrs.AUTHORIZATION]
    head = Head(
        method=request.method,
        path=request.path,
        token=request.query.get("token"),
        headers=headers,
        minor=int(request.version >= HttpVersion11),
        keep_alive=request.keep_alive,
    )
    served = await cast("DeviceFriendlyHandler", request.protocol).serve(head)
    return SentResponse(served.status, keep_alive=served.keep_alive)
