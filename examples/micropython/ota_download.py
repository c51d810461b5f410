"""A download that resumes: HTTP or HTTPS, in small pieces, into a store."""

import socket
import ssl
from time import sleep

from ota_messages import CONNECTION_LOST, DAMAGED, INTERNAL_ERROR, UpgradeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ota_store import Store

TIMEOUT = 30
MAX_HEADER_LINES = 50
LONGEST_WAIT = 60
BAD_ANSWERS = 3
PAUSE = 0.1
DRY = 0.01


class UntrustedError(OSError):
    """The depot's certificate is not trusted; some tries, as clocks may be late at boot."""


class BadAnswerError(Exception):
    """The answer does not fit the question: what is stored may not fit, either."""


class Download:
    """One package on its way into the store; `upgrade` may get a new token meanwhile."""

    def __init__(
        self,
        upgrade: "dict[str, Any]",
        store: "Store",
        ca: "str | None",
        patience: "tuple[int, float]",
    ) -> None:
        """Prepare; `ca` is the file (DER) of the only authority to trust, or None for any.

        `patience` is how many tries without a new byte, and the first pause in seconds.
        """
        self._upgrade = upgrade
        self._store = store
        self._ca = ca
        self._tries, self._first_wait = patience
        self._etag = ""
        self._pieced = store.stored() > 0

    def run(self) -> "Iterator[None]":
        """Yield often, and end when the verified package is there; raises UpgradeError."""
        yield from self._fetch()
        if self._store.digest() == self._upgrade["sign"]:
            return
        if self._pieced:
            # Pieces of different files may have met: once more, in one piece.
            self._store.discard()
            yield from self._fetch()
            if self._store.digest() == self._upgrade["sign"]:
                return
        self._store.discard()
        raise UpgradeError(DAMAGED, "SHA-256 differs")

    def _fetch(self) -> "Iterator[None]":
        """Ask until every byte is there, or patience ends."""
        size = self._upgrade["file_size"]
        tries = bad_answers = 0
        # Only a new mark is progress: a server that cannot resume must not keep us for ever.
        mark = self._store.stored()
        while self._store.stored() < size:
            code, reason = CONNECTION_LOST, "Connection lost"
            try:
                yield from self._request()
            except BadAnswerError as err:
                reason = str(err)
                self._store.discard()
                bad_answers += 1
                mark = 0
            except UntrustedError as err:
                code, reason = INTERNAL_ERROR, "certificate is not trusted: " + str(err)
            except OSError as err:
                reason = "Connection lost: " + str(err)
            if self._store.stored() > mark:
                mark = self._store.stored()
                tries = 0
            tries += 1
            if tries > self._tries or bad_answers > BAD_ANSWERS:
                raise UpgradeError(code, reason)
            if self._store.stored() < size:
                yield from _wait(min(self._first_wait * 2 ** (tries - 1), LONGEST_WAIT))

    def _request(self) -> "Iterator[None]":
        """Ask once for what is missing and keep what comes."""
        start = self._store.stored()
        secure, host, port, path = split_url(self._upgrade["url"])
        plain: Any = socket.socket()
        try:
            plain.settimeout(TIMEOUT)
            plain.connect(socket.getaddrinfo(host, port)[0][-1])
            stream: Any = _secured(plain, host, self._ca) if secure else plain
            stream.write(self._head(f"{host}:{port}", path, start))
            status, headers = read_head(stream)
            left = self._judge(status, headers, start)
            self._etag = headers.get("etag", "")
            # To the announced byte and no further: TLS tells the end of a stream late.
            stream.setblocking(False)
            silence = 0.0
            while left:
                count = self._store.append(stream, left)
                if count == 0:
                    raise OSError("closed before the last byte")
                if count is None:
                    sleep(DRY)
                    silence += DRY
                    if silence > TIMEOUT:
                        raise OSError("depot fell silent")
                else:
                    left -= count
                    silence = 0.0
                yield
        finally:
            plain.close()

    def _head(self, host: str, path: str, start: int) -> bytes:
        """Return the request for the bytes from `start` on."""
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
        lines.append("Authorization: Bearer " + self._upgrade["access_token"])
        if start:
            lines.append(f"Range: bytes={start}-")
            if self._etag:
                lines.append("If-Range: " + self._etag)
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _judge(self, status: int, headers: "dict[str, str]", start: int) -> int:
        """Return how many bytes to read; raises what the answer means otherwise."""
        size: int = self._upgrade["file_size"]
        if status in (408, 429) or status >= 500:
            raise OSError(f"depot answered {status}")
        if status in (404, 410) or 300 <= status < 400:
            raise UpgradeError(INTERNAL_ERROR, f"Invalid URI: depot answered {status}")
        if status not in (200, 206, 416):
            raise UpgradeError(INTERNAL_ERROR, f"depot refused the download: {status}")
        if headers.get("content-encoding", "identity") != "identity":
            raise BadAnswerError("package came compressed")
        if status == 200:
            if start:
                self._store.discard()
            wanted, told = size, headers.get("content-length", str(size))
        else:
            wanted, told = size - start, headers.get("content-length", "")
            if headers.get("content-range") != f"bytes {start}-{size - 1}/{size}":
                raise BadAnswerError(f"asked from {start} of {size}, depot answered {status}")
        if told != str(wanted):
            raise BadAnswerError(f"Content-Length {told} instead of {wanted}")
        self._pieced = self._pieced or status == 206
        return wanted


def split_url(url: str) -> "tuple[bool, str, int, str]":
    """Return whether TLS is wanted, host, port and path; raises UpgradeError."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    secure = scheme == "https"
    host, _, port = host.partition(":")
    if not host or (port and not port.isdigit()):
        raise UpgradeError(INTERNAL_ERROR, "Invalid URI: no host and port")
    return secure, host, int(port or (443 if secure else 80)), slash + path or "/"


def read_head(stream: "Any") -> "tuple[int, dict[str, str]]":
    """Return status and header fields, their names in lower case."""
    words = stream.readline().split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise OSError("no HTTP answer")
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADER_LINES):
        line = stream.readline().strip()
        if not line:
            return int(words[1]), headers
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    raise OSError("header has too many lines")


def _secured(plain: "Any", host: str, ca: "str | None") -> "Any":
    """Return the connection with TLS around it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.verify_mode = ssl.CERT_REQUIRED
        with open(ca, "rb") as file:
            context.load_verify_locations(cadata=file.read())
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except ValueError as err:
        raise UntrustedError(str(err)) from err


def _wait(seconds: float) -> "Iterator[None]":
    """Wait, and let others work meanwhile."""
    # A clock that is set meanwhile may step back: the sleeps are counted, not the time.
    for _ in range(int(seconds / PAUSE) + 1):
        sleep(min(PAUSE, seconds))
        yield
