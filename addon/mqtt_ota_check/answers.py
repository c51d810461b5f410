"""HTTP answers to download requests, honest ones and wrong ones; RFC 9110, sections 13 to 15."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
import re
from typing import Final

from .package import Package

_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)


class Then(StrEnum):
    """What happens to the connection after the last byte of an answer."""

    CLOSE = "closed"
    RESET = "reset"
    HOLD = "kept open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a device asked; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    def span(self, size: int) -> tuple[int, int] | None:
        """Return first and last position of the wanted range; None when all is wanted."""
        found = _RANGE.fullmatch(self.headers.get("range", ""))
        if found is None or found[0] == "bytes=-":
            return None
        if not found[1]:
            return max(0, size - int(found[2])), size - 1
        return int(found[1]), min(int(found[2] or size - 1), size - 1)


type Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer down to its last byte; `covers` is where right bytes under right headers belong."""

    status: str
    headers: Headers = ()
    body: bytes | memoryview = b""
    covers: tuple[int, int] | None = None
    then: Then = Then.CLOSE
    note: str = ""
    silent: bool = False

    def with_header(self, name: str, *values: str) -> Answer:
        """Return the answer with a header of these values; without values, without the header."""
        kept = tuple(header for header in self.headers if header[0] != name)
        return replace(self, headers=kept + tuple((name, value) for value in values))

    def head(self) -> bytes:
        """Return the status line and the headers."""
        lines = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in self.headers)]
        if self.then is not Then.HOLD:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode()


# None: this answer is not for such a request; it waits for the next one.
type Step = Callable[[Request, Package], Answer | None]


def honest(request: Request, package: Package) -> Answer:
    """Answer as a good depot does."""
    span = request.span(package.size)
    if_range = request.headers.get("if-range", etag(package))
    if span is None or if_range != etag(package):
        return whole(package)
    first, last = span
    if first > last:
        total = ("Content-Range", f"bytes */{package.size}")
        return Answer(
            status="416 Range Not Satisfiable",
            headers=(total, ("Content-Length", "0")),
            note="has no bytes there",
        )
    return part(package, first, last)


def whole(package: Package) -> Answer:
    """Return all bytes."""
    return Answer(
        status="200 OK",
        headers=(*_facts(package), ("Content-Length", str(package.size))),
        body=memoryview(package.content),
        covers=(0, package.size),
    )


def part(package: Package, first: int, last: int) -> Answer:
    """Return the bytes from the first to the last position, both included."""
    return Answer(
        status="206 Partial Content",
        headers=(
            *_facts(package),
            ("Content-Length", str(last - first + 1)),
            ("Content-Range", f"bytes {first}-{last}/{package.size}"),
        ),
        body=memoryview(package.content)[first : last + 1],
        covers=(first, last + 1),
    )


def etag(package: Package) -> str:
    """Return the strong ETag of the package."""
    return f'"{package.sha256}"'


def refused(status: str, note: str) -> Answer:
    """Return an answer with a status and a word why, and no package."""
    body = f"{note}\n".encode()
    headers = (("Content-Type", "text/plain"), ("Content-Length", str(len(body))))
    return Answer(status=status, headers=headers, body=body, note=note)


def always(answer: Answer) -> Step:
    """Return a step that answers everything alike."""
    return lambda _request, _package: answer


def _facts(package: Package) -> Headers:
    """Return the headers that every answer with bytes of the package carries."""
    return (
        ("Content-Type", "application/octet-stream"),
        ("Accept-Ranges", "bytes"),
        ("ETag", etag(package)),
        ("Content-Disposition", "attachment;filename=package.bin"),
    )
