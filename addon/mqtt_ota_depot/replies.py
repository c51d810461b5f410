"""Replies: what is sent in answer to a request for a package, byte by byte."""

from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
import json
import time
from typing import Final, NamedTuple

from .grants import Grant
from .heads import Head
from .packages import Package, shortened
from .problems import CONTENT_TYPE, Problem
from .ranges import Outcome, Representation

# Keeps the header block within 400 bytes, which the smallest devices' buffers
# demand.
MAX_HEADER_NAME: Final = 24
_REASON: Final = {status: HTTPStatus(status).phrase.encode() for status in Outcome}


class Part(NamedTuple):
    """Bytes of a package that are owed to a device, from `start` to before `end`."""

    grant: Grant
    package: Package
    start: int
    end: int


class Reply(NamedTuple):
    """An answer: the bytes to begin with, and the part of a package that follows them."""

    status: int
    data: bytes
    keep_alive: bool
    part: Part | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What is the same in every answer about one package."""

    package: Package
    path: str
    representation: Representation
    validators: bytes
    fields: bytes
    whole: bytes

    @classmethod
    def of(cls, package: Package) -> Offer:
        """Return what answers about a package have in common."""
        representation = package.representation
        validators = (
            f"ETag: {representation.etag}\r\nLast-Modified: {representation.last_modified}\r\n"
        )
        name = shortened(package.file_name, MAX_HEADER_NAME)
        fields = (
            "Content-Type: application/octet-stream\r\n"
            # Without quotes and spaces: some device SDKs take the rest of the line
            # for the name.
            f"Content-Disposition: attachment;filename={name}\r\n{validators}"
        )
        # Read by libraries that know no ranges; a part has no room for it.
        md5 = "" if package.md5 is None else f"x-MD5: {package.md5}\r\n"
        size = f"Content-Length: {package.size}\r\n"
        return cls(
            package=package,
            path=package.path,
            representation=representation,
            validators=validators.encode(),
            fields=fields.encode(),
            whole=f"{fields}Accept-Ranges: bytes\r\n{md5}{size}".encode(),
        )


class PartHead:
    """The heads of answers with parts of one package to one kind of request."""

    __slots__ = ("_begin", "_end", "_size")

    def __init__(self, head: Head, offer: Offer) -> None:
        """Create what is the same in all of them."""
        self._begin = _status_line(head, Outcome.PART) + offer.fields
        self._size = offer.representation.size
        self._end = _connection(head)

    def between(self, start: int, end: int) -> bytes:
        """Return the head of the answer with the bytes from `start` to before `end`."""
        return b"%bContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\nDate: %b\r\n%b\r\n" % (
            self._begin,
            start,
            end - 1,
            self._size,
            end - start,
            _date(int(time.time())),
            self._end,
        )


def whole_head(head: Head, offer: Offer) -> bytes:
    """Return the head of an answer with the whole package."""
    return _head(head, Outcome.WHOLE, offer.whole)


def not_modified(head: Head, offer: Offer) -> Reply:
    """Return the answer to who has the package already."""
    data = _head(head, Outcome.NOT_MODIFIED, offer.validators)
    return Reply(Outcome.NOT_MODIFIED, data, head.keep_alive)


def refusal(problem: Problem, head: Head | None) -> Reply:
    """Return a problem as an answer; without a head the connection ends."""
    body = json.dumps(problem.as_dict()).encode()
    keep_alive = head is not None and head.keep_alive and "Connection" not in problem.headers
    lines = {
        **problem.headers,
        "Content-Type": CONTENT_TYPE,
        "Content-Length": str(len(body)),
        "Date": _date(int(time.time())).decode(),
    }
    minor = 1 if head is None else head.minor
    if keep_alive is not bool(minor):
        lines["Connection"] = "keep-alive" if keep_alive else "close"
    reason = HTTPStatus(problem.status).phrase
    fields = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    text = f"HTTP/1.{minor} {problem.status} {reason}\r\n{fields}\r\n"
    silent = head is not None and head.method == "HEAD"
    return Reply(
        status=problem.status,
        data=text.encode() + (b"" if silent else body),
        keep_alive=keep_alive,
    )


def _head(head: Head, status: Outcome, fields: bytes) -> bytes:
    """Return the head of an answer."""
    date = _date(int(time.time()))
    return b"%b%bDate: %b\r\n%b\r\n" % (_status_line(head, status), fields, date, _connection(head))


def _status_line(head: Head, status: Outcome) -> bytes:
    """Return the first line of an answer."""
    return b"HTTP/1.%d %d %b\r\n" % (head.minor, status, _REASON[status])


def _connection(head: Head) -> bytes:
    """Return the Connection header field where the version alone says something else."""
    if head.keep_alive is bool(head.minor):
        return b""
    return b"Connection: keep-alive\r\n" if head.keep_alive else b"Connection: close\r\n"


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    """Return the Date header field of a second since 1970."""
    return formatdate(second, usegmt=True).encode()
