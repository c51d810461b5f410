"""Downloads that keep nothing but a hash: thousands of devices fit into one process."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import hashlib
from http import HTTPStatus
import re
import socket
import ssl
from typing import TYPE_CHECKING, Final

from aiohttp import (
    AddrInfoType,
    ClientConnectorCertificateError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    TCPConnector,
)

from .request import Upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TRIES: Final = 5
FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 30.0
PIECE: Final = 16 * 1024
RECEIVE_BUFFER: Final = 32 * 1024
# Of a slow device; quick ones read whatever has come.
_SIPS_PER_SECOND: Final = 10
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_TIMEOUT: Final = ClientTimeout(total=None, sock_connect=10, sock_read=30)

type OnProgress = Callable[[int], None]


class DownloadError(Exception):
    """The package will not come; has the result code to report."""

    def __init__(self, code: int, reason: str) -> None:
        """Keep the code beside the reason for people."""
        super().__init__(reason)
        self.code = code
        self.reason = reason


class CutError(Exception):
    """The connection was cut where a fault wanted it."""


@dataclass(kw_only=True, slots=True)
class Download:
    """One package on its way: what has come so far, and what is to go wrong with it.

    `cut_at` is the offset in bytes at which the connection is lost once, `rate` in bytes per
    second what the device itself is capable of.
    """

    upgrade: Upgrade
    with_token: bool = True
    cut_at: int | None = None
    goes_on: bool = True
    rate: int | None = None
    offset: int = 0
    pieced: bool = False
    etag: str | None = None
    digest: hashlib._Hash = field(init=False, default_factory=hashlib.sha256)

    def start_over(self) -> None:
        """Throw away what has come."""
        self.offset = 0
        self.etag = None
        self.digest = hashlib.sha256()

    def headers(self) -> dict[str, str]:
        """Return the header fields of the next request."""
        headers = {"Accept-Encoding": "identity"}
        if self.with_token and self.upgrade.token is not None:
            headers["Authorization"] = f"Bearer {self.upgrade.token}"
        if self.offset:
            headers["Range"] = f"bytes={self.offset}-"
            if self.etag is not None:
                headers["If-Range"] = self.etag
        return headers


class Downloader:
    """Fetches packages for all devices, each at its own pace; `rate` is in bytes per second."""

    def __init__(self, session: ClientSession, *, rate: int | None) -> None:
        """Use a session that trusts the depot."""
        self._session = session
        self._rate = rate

    async def fetch(self, download: Download, on_progress: OnProgress) -> str:
        """Return the SHA-256 of the whole package; `on_progress` hears of bytes so far.

        Raises DownloadError when it will not come, and CutError when it was cut and does not go on.
        """
        await self._fetch(download, on_progress)
        if download.pieced and download.digest.hexdigest() != download.upgrade.sha256:
            # Pieces of different files may have met: once more.
            download.start_over()
            await self._fetch(download, on_progress)
        return download.digest.hexdigest()

    async def _fetch(self, download: Download, on_progress: OnProgress) -> None:
        """Ask until every byte is there, or patience ends."""
        tries = 0
        while download.offset < download.upgrade.size:
            before = download.offset
            try:
                await self._ask(download, on_progress)
            except CutError:
                if not download.goes_on:
                    raise
            except ClientConnectorCertificateError as err:
                raise DownloadError(255, f"the depot's certificate is not trusted: {err}") from err
            except (ClientError, OSError, TimeoutError) as err:
                tries = 1 if download.offset > before else tries + 1
                if tries >= TRIES:
                    raise DownloadError(6, f"Connection lost: {err or type(err).__name__}") from err
                await asyncio.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tries - 1)))

    async def _ask(self, download: Download, on_progress: OnProgress) -> None:
        """Ask once for what is missing, and take what comes."""
        url, headers = download.upgrade.url, download.headers()
        async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
            _judge(answer, download)
            while download.offset < download.upgrade.size:
                piece = await answer.content.read(self._piece(download))
                if not piece:
                    msg = "the depot closed the connection early"
                    raise ConnectionError(msg)
                download.digest.update(piece)
                download.offset += len(piece)
                on_progress(download.offset)
                if download.offset == download.cut_at:
                    download.cut_at = None
                    answer.close()
                    raise CutError
                if (rate := self._rate_of(download)) is not None:
                    await asyncio.sleep(len(piece) / rate)

    def _rate_of(self, download: Download) -> int | None:
        """Return the bytes per second of a download, None without a bound."""
        return min(filter(None, (self._rate, download.rate)), default=None)

    def _piece(self, download: Download) -> int:
        """Return how many bytes to read at most: never past the cut, nor past the end."""
        size = download.upgrade.size - download.offset
        if download.cut_at is not None:
            size = min(size, download.cut_at - download.offset)
        rate = self._rate_of(download)
        sip = PIECE if rate is None else max(1, rate // _SIPS_PER_SECOND)
        return min(size, sip)


@asynccontextmanager
async def downloader(trust: ssl.SSLContext, rate: int | None) -> AsyncIterator[Downloader]:
    """Yield what fetches packages from a depot with a trusted certificate."""
    connector = TCPConnector(ssl=trust, limit=0, socket_factory=_small_socket)
    async with ClientSession(
        connector=connector, timeout=_TIMEOUT, auto_decompress=False, read_bufsize=PIECE
    ) as session:
        yield Downloader(session, rate=rate)


def _small_socket(info: AddrInfoType) -> socket.socket:
    """Return a socket like a device's: the system takes no megabytes ahead of what is read."""
    family, kind, protocol, _, _ = info
    sock = socket.socket(family, kind, protocol)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    return sock


def _judge(answer: ClientResponse, download: Download) -> None:
    """Accept an answer, or raise what it means."""
    match answer.status:
        case HTTPStatus.OK:
            if download.offset:
                download.start_over()
            if answer.content_length not in (None, download.upgrade.size):
                raise DownloadError(255, f"the package has {answer.content_length} bytes")
            download.etag = answer.headers.get("ETag")
        case HTTPStatus.PARTIAL_CONTENT:
            found = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            if found is None or int(found[1]) != download.offset:
                download.start_over()
                msg = "the depot sent another part than was asked for"
                raise ConnectionError(msg)
            download.pieced = True
        case HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE if download.offset:
            download.start_over()
            msg = "the depot has no such part"
            raise ConnectionError(msg)
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            raise DownloadError(255, f"Invalid URI: HTTP status {answer.status}")
        case HTTPStatus.TOO_MANY_REQUESTS:
            msg = "the depot is asked too often"
            raise ConnectionError(msg)
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            msg = f"HTTP status {status}"
            raise ConnectionError(msg)
        case status:
            raise DownloadError(255, f"HTTP status {status}")
