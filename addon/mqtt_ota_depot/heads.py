"""Heads of download requests, recognised without the web framework.

Only what devices really send is recognised, strictly. Anything else is no
error here: the framework's own parser looks at it and decides.
"""

from collections.abc import Mapping
import hmac
import re
from typing import Final, NamedTuple, Self

# Beyond what any device sends, and what an unfinished head may cost in memory.
MAX_HEAD: Final = 16 * 1024

_NAME: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_LINE: Final = rb"(GET|HEAD) (/p/[0-9a-f]{16})(?:\?([0-9A-Za-z&=._~-]*+))? HTTP/1\.([01])"
_STRICT: Final = re.compile(_LINE + rb"\r\n((?:" + _NAME + rb":[\t -~]*+\r\n)*+)\r\n")
# Some device SDKs end their lines with LF alone, which RFC 9112 section 2.2
# lets a server accept. Whoever ends the first line with CRLF must go on so.
_LENIENT: Final = re.compile(_LINE + rb"\n((?:" + _NAME + rb":[\t -~]*+\r?\n)*+)\r?\n")
_FIELD: Final = re.compile(r"([^:\r\n]+):([^\r\n]*)")
_RANGE: Final = re.compile(rb"\nRange: bytes=", re.IGNORECASE)
# More digits than any size has are left to those who refuse them.
_SPAN: Final = re.compile(rb"([0-9]{1,15})-([0-9]{1,15})")
_END: Final = re.compile(rb"\n\r?\n")
# A request with one of these may be followed by something that is no head.
_NOT_PLAIN: Final = frozenset({"content-length", "expect", "transfer-encoding", "upgrade"})


class Head(NamedTuple):
    """A request for a package; names in `headers` are found in lower case.

    `token` is the one of the query, `minor` that of HTTP/1.x, `length` the
    number of bytes up to the end of the head. One is made for each request,
    and a tuple costs a third of what a frozen dataclass does.
    """

    method: str
    path: str
    token: str | None
    headers: Mapping[str, str]
    minor: int
    keep_alive: bool
    length: int = 0


class Span(NamedTuple):
    """The bytes asked for, both ends included, and the number of bytes of the head."""

    first: int
    last: int
    length: int


class HeadPattern:
    """A head in which the range alone may be another one.

    Devices that fetch block by block repeat everything else byte by byte: what
    was recognised once is then compared only.
    """

    __slots__ = ("_after", "_before")

    def __init__(self, before: bytes, after: bytes) -> None:
        """Create the pattern from the bytes before and after the range's numbers."""
        self._before = before
        self._after = after

    @classmethod
    def of(cls, data: bytes) -> Self | None:
        """Return the pattern of a whole head, None when it asks for no usual range."""
        begin = _RANGE.search(data)
        span = _SPAN.match(data, begin.end()) if begin else None
        if span is None or data[span.end() : span.end() + 1] not in {b"\r", b"\n"}:
            return None
        return cls(data[: span.start()], data[span.end() :])

    def read(self, data: bytes) -> Span | None:
        """Return what the head at the begin of the data asks for, None for another head."""
        start = len(self._before)
        # With a token in it: how long this takes must not tell how much of that is right.
        if not hmac.compare_digest(data[:start], self._before):
            return None
        span = _SPAN.match(data, start)
        if span is None:
            return None
        end = span.end() + len(self._after)
        if not hmac.compare_digest(data[span.end() : end], self._after):
            return None
        return Span(int(span[1]), int(span[2]), end)


def read_head(data: bytes) -> Head | None:
    """Return the head at the begin of the data, None when it is not recognised."""
    match = _STRICT.match(data, 0, MAX_HEAD) or _LENIENT.match(data, 0, MAX_HEAD)
    if match is None:
        return None
    method, path, query, minor, lines = match.groups()
    fields = _FIELD.findall(lines.decode("ascii"))
    headers = {name.lower(): value.strip("\t ") for name, value in fields}
    # What repeated fields mean is not decided here.
    if len(headers) != len(fields) or not _NOT_PLAIN.isdisjoint(headers):
        return None
    # RFC 9112 section 3.2 has such a request refused.
    if minor == b"1" and "host" not in headers:
        return None
    return Head(
        method=method.decode("ascii"),
        path=path.decode("ascii"),
        token=_token(query.decode("ascii")) if query else None,
        headers=headers,
        minor=int(minor),
        keep_alive=_keep_alive(headers.get("connection"), int(minor)),
        length=match.end(),
    )


def head_end(data: bytes) -> int | None:
    """Return where the head ends that the data begin with, None while it goes on."""
    match = _END.search(data)
    return None if match is None else match.end()


def _token(query: str) -> str | None:
    """Return the first parameter `token`."""
    pairs = (pair.partition("=") for pair in query.split("&"))
    return next((value for name, _, value in pairs if name == "token"), None)


def _keep_alive(connection: str | None, minor: int) -> bool:
    """Return whether the client goes on with the connection (RFC 9112 section 9.3)."""
    if connection is None:
        return minor == 1
    options = {option.strip() for option in connection.lower().split(",")}
    return "close" not in options and (minor == 1 or "keep-alive" in options)
