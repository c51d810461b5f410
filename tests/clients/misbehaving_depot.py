"""HTTP server whose every answer is chosen by a test, down to the last byte."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
import hashlib
import random
import socketserver
import ssl
import threading
from typing import Self

CONTENT = random.Random(1).randbytes(200_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ETAG = f'"{SHA256}"'
SIZE = len(CONTENT)
HALF = SIZE // 2

Headers = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked."""

    path: str
    headers: Headers

    @property
    def start(self) -> int | None:
        """Return where the wanted range starts."""
        wanted = self.headers.get("range")
        return int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else None


Answer = Callable[[Request], bytes]


@dataclass(slots=True)
class MisbehavingDepot:
    """Server on 127.0.0.1 that uses up its answers one by one, the last one for ever."""

    answers: list[Answer]
    requests: list[Request] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    tls: ssl.SSLContext | None = None
    _server: socketserver.ThreadingTCPServer | None = None
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Listen on a free port."""
        depot = self

        class Handler(socketserver.StreamRequestHandler):
            """Reads one request, sends the bytes of the answer, closes."""

            def handle(self) -> None:
                """Serve one connection."""
                try:
                    request = _read_request(self.rfile)
                except ssl.SSLError:
                    return
                if request is None:
                    return
                depot.requests.append(request)
                answer = depot.answers.pop(0) if len(depot.answers) > 1 else depot.answers[0]
                try:
                    self.wfile.write(answer(request))
                    if answer in STALLING:
                        depot.released.wait(10)
                except ConnectionError:
                    pass  # The client may have seen enough, which is what some tests are about.

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        if self.tls is not None:
            # The handshake belongs to the handler's thread: a failed one must not end the server.
            self._server.socket = self.tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and leave no thread behind."""
        assert self._server
        assert self._thread
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Return the address of the package."""
        assert self._server
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self._server.server_address[1]}/p/{SHA256[:16]}"

    @property
    def starts(self) -> list[int | None]:
        """Return the start of the range of each request."""
        return [request.start for request in self.requests]


def reply(status: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> bytes:
    """Return an answer exactly as written."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode() + body


def honest(request: Request) -> bytes:
    """Answer as RFC 9110 wants it."""
    start = request.start
    if start is None or request.headers.get("if-range", ETAG) != ETAG:
        return whole()
    return part(start)


def whole(
    body: bytes = CONTENT, *, length: str | None = str(SIZE), etag: str | None = ETAG
) -> bytes:
    """Return all bytes, with the wished headers."""
    headers = [("Content-Length", length)] if length is not None else []
    return reply("200 OK", headers + ([("ETag", etag)] if etag else []), body)


def part(
    start: int,
    *,
    content_ranges: Iterable[str] | None = None,
    body: bytes | None = None,
    etag: str | None = ETAG,
    length: str | None = None,
) -> bytes:
    """Return the bytes from `start`, with the wished headers."""
    body = CONTENT[start:] if body is None else body
    ranges = [f"bytes {start}-{SIZE - 1}/{SIZE}"] if content_ranges is None else content_ranges
    headers = [("Content-Range", value) for value in ranges]
    headers += [("Content-Length", length or str(len(body)))]
    return reply("206 Partial Content", headers + ([("ETag", etag)] if etag else []), body)


def cut(request: Request) -> bytes:
    """Answer honestly, but lose the connection after half of the package."""
    return honest(request)[:-HALF] if request.start is None else honest(request)[:-1000]


def down(_request: Request) -> bytes:
    """Close without a word, as a server that is going away does."""
    return b""


def stall(request: Request) -> bytes:
    """Answer honestly up to the last bytes, then fall silent."""
    return honest(request)[:-1000]


def hold_open(request: Request) -> bytes:
    """Answer honestly and keep the connection open after the last byte."""
    return honest(request)


STALLING = (stall, hold_open)


def _read_request(stream: Iterable[bytes]) -> Request | None:
    """Read the head of a request; None when the client went away."""
    lines: list[str] = []
    for line in stream:
        if line == b"\r\n":
            break
        lines.append(line.decode().rstrip("\r\n"))
    if not lines:
        return None
    fields = (line.split(":", 1) for line in lines[1:])
    headers = {name.lower(): value.strip() for name, value in fields}
    return Request(path=lines[0].split(" ")[1], headers=headers)
