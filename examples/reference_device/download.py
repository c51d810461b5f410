"""Resuming download of one package over HTTP or HTTPS into a file."""

from collections.abc import Callable
from dataclasses import dataclass
import http.client
import logging
import random
import socket
import ssl
import threading
import time
from urllib.parse import SplitResult, urlsplit

from .answers import (
    Accepted,
    BadAnswerError,
    UnavailableError,
    UntrustedError,
    Wanted,
    judge,
    request_headers,
)
from .faults import Cutter
from .messages import Upgrade
from .partial import Partial
from .results import ResultCode, UpgradeError

_LOGGER = logging.getLogger(__name__)

CHUNK = 64 * 1024
SLOW_RECEIVE_BUFFER = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on without one new byte; times are in seconds.

    The defaults outlast a depot that is away for several minutes.
    """

    tries: int = 40
    bad_answers: int = 5
    first_wait: float = 1.0
    longest_wait: float = 15.0
    timeout: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadOptions:
    """How downloads are made; `throttle` is in bytes per second."""

    tls: ssl.SSLContext
    patience: Patience = Patience()
    throttle: int | None = None


class StoppedError(Exception):
    """The program ends; the bytes so far stay for the next start."""


class Download:
    """One package on its way into a file."""

    def __init__(
        self,
        upgrade: Upgrade,
        partial: Partial,
        options: DownloadOptions,
        *,
        cutter: Cutter,
        on_bytes: Callable[[int], None],
        stopping: threading.Event,
    ) -> None:
        """Prepare; `on_bytes` is told how many bytes are there whenever there are more."""
        self._upgrade = upgrade
        self._partial = partial
        self._options = options
        self._cutter = cutter
        self._on_bytes = on_bytes
        self._stopping = stopping
        self._pieced = partial.offset > 0

    def renew(self, upgrade: Upgrade) -> None:
        """Use another grant for the same package from the next request on."""
        self._upgrade = upgrade

    def run(self) -> None:
        """Return when the file holds the package, verified.

        Raises UpgradeError when it never will, StoppedError when the program ends.
        """
        self._fetch()
        if self._verified():
            return
        if self._pieced:
            # Pieces of different files may have met, or a power cut lost some: once more.
            _LOGGER.warning("the pieces do not make the package; starting over")
            self._partial.start_over(None)
            self._fetch()
            if self._verified():
                return
        self._partial.discard()
        reason = "SHA-256 of the download differs from 'sign'"
        raise UpgradeError(ResultCode.VERIFICATION_FAILED, reason)

    def _verified(self) -> bool:
        """Tell whether the bytes on the storage are those that were announced."""
        return self._partial.digest() == self._upgrade.sha256

    def _fetch(self) -> None:
        """Ask again and again until every byte is there, or patience ends."""
        size, patience = self._upgrade.size, self._options.patience
        deadline = time.monotonic() + self._upgrade.expires
        tries = bad_answers = 0
        # A server that always cuts and cannot resume passes no new mark, so it ends.
        mark = self._partial.offset
        while self._partial.offset < size:
            if time.monotonic() > deadline:
                raise UpgradeError(
                    ResultCode.DOWNLOAD_TIMEOUT, "Connection lost: the grant is over"
                )
            try:
                self._request()
                continue
            except (OSError, http.client.HTTPException, UnavailableError) as err:
                reason = f"Connection lost: {_told(err)}"
            except (BadAnswerError, UntrustedError) as err:
                reason = str(err)
                bad_answers += 1
                if bad_answers >= patience.bad_answers:
                    raise UpgradeError(err.code, reason) from err
                if isinstance(err, BadAnswerError):
                    self._partial.start_over(None)
            offset = self._partial.offset
            tries = 1 if offset > mark else tries + 1
            mark = max(mark, offset)
            if tries >= patience.tries:
                raise UpgradeError(ResultCode.DOWNLOAD_TIMEOUT, reason)
            self._wait(tries, reason)

    def _request(self) -> None:
        """Ask once for what is missing and keep what comes."""
        upgrade, partial = self._upgrade, self._partial
        wanted = Wanted(offset=partial.offset, size=upgrade.size, etag=partial.etag)
        parts = urlsplit(upgrade.url)
        connection = self._connection(parts)
        try:
            self._connect(connection)
            path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            connection.request("GET", path, headers=request_headers(wanted, upgrade.token))
            with connection.getresponse() as response:
                accepted = judge(response.status, response.headers, wanted)
                self._take(response, accepted, wanted)
        finally:
            connection.close()

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        """Return a connection to the depot, not opened yet."""
        host, timeout = parts.hostname or "", self._options.patience.timeout
        if parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, parts.port, timeout=timeout, context=self._options.tls
            )
        return http.client.HTTPConnection(host, parts.port, timeout=timeout)

    def _connect(self, connection: http.client.HTTPConnection) -> None:
        """Open the connection."""
        try:
            connection.connect()
        except ssl.SSLCertVerificationError as err:
            msg = f"the depot's certificate is not trusted: {err.verify_message}"
            raise UntrustedError(msg) from err
        if self._options.throttle:
            # Otherwise the kernel takes in megabytes at full speed, ahead of a slow device.
            sock: socket.socket = connection.sock
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_RECEIVE_BUFFER)

    def _take(self, response: http.client.HTTPResponse, accepted: Accepted, wanted: Wanted) -> None:
        """Keep the bytes of an answer, as many as announced and never up to the end of file."""
        if accepted.start:
            self._pieced = True
            _LOGGER.info("resuming at byte %d of %d", wanted.offset, wanted.size)
        else:
            if wanted.offset:
                _LOGGER.warning("depot sends all bytes again; starting over")
            self._partial.start_over(accepted.etag)
        self._cutter.connected()
        left = accepted.length
        while left:
            data = response.read1(self._cutter.limit(min(left, self._chunk)))
            if not data:
                msg = f"depot closed the connection {left} bytes early"
                raise ConnectionError(msg)
            self._partial.append(data)
            left -= len(data)
            self._on_bytes(accepted.start + accepted.length - left)
            self._cutter.received(len(data))
            self._pace(len(data))

    @property
    def _chunk(self) -> int:
        """Return how many bytes to read at once: a throttled device takes sips."""
        throttle = self._options.throttle
        return min(CHUNK, max(1, throttle // 10)) if throttle else CHUNK

    def _pace(self, amount: int) -> None:
        """Hold back to the wished speed, and stop when the program ends."""
        throttle = self._options.throttle
        if self._stopping.wait(amount / throttle if throttle else 0):
            raise StoppedError

    def _wait(self, tries: int, reason: str) -> None:
        """Wait longer after each try, at random, so that a home's devices do not come at once."""
        patience = self._options.patience
        wait = min(patience.longest_wait, patience.first_wait * 2 ** min(tries - 1, 10))
        wait *= random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, keeps no secret
        _LOGGER.warning("%s; trying again in %.1f s", reason, wait)
        if self._stopping.wait(wait):
            raise StoppedError


def _told(err: Exception) -> str:
    """Return an error as text; some of the standard library's have none."""
    return str(err) or type(err).__name__
