"""Downloads: who may have which bytes of which package, and the head of the answer."""

from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
import json
import time
from typing import Final, NamedTuple

from aiohttp import web

from .auth import device_token
from .depot import Depot
from .gate import Gate, plain
from .grants import Grant
from .heads import Head
from .packages import Package, shortened
from .problems import CONTENT_TYPE, Problem, ProblemKind
from .ranges import Answer, Outcome, Representation, answer

# Keeps the header block within 400 bytes, which the smallest devices' buffers
# demand.
MAX_HEADER_NAME: Final = 24
_MAX_OFFERS: Final = 1024
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
class _Offer:
    """What is the same in every answer about one package."""

    package: Package
    path: str
    representation: Representation
    validators: bytes
    fields: bytes
    whole: bytes


class Downloads:
    """Answers GET and HEAD requests of devices."""

    def __init__(self, depot: Depot, gate: Gate) -> None:
        """Create what answers for the depot's packages, within the gate's limits."""
        self._depot = depot
        self._gate = gate
        self._offers: dict[str, _Offer] = {}

    def reply(self, head: Head, address: str) -> Reply:
        """Return the answer to a request from an address; refusals are answers too.

        Takes the same time whatever the number of grants and packages.
        """
        try:
            return self._reply(head, address)
        except Problem as problem:
            return refusal(problem, head)

    def authorised(self, request: web.Request, suffix: str) -> tuple[Grant, Package]:
        """Return the grant and its package, whose path must be followed by `suffix`.

        Raises a Problem of kind unauthorized, not-found or download-limit.
        """
        token = device_token(request.headers.get("Authorization"), request.query.get("token"))
        return self._authorised(token, request.path.removesuffix(suffix), request.remote or "")

    def _authorised(self, token: str | None, path: str, address: str) -> tuple[Grant, Package]:
        """Return the grant and its package, which must have the path."""
        found = self._depot.authorised(token) if token else None
        if found is None:
            self._depot.unauthorised(token, path, plain(address))
            raise self._gate.unauthorized(address, given=token is not None)
        grant, package = found
        transfers = self._depot.transfers
        try:
            self._gate.admit(transfers.get(grant.id), address)
        except Problem:
            transfers.refused(grant.id)
            raise
        if path != self._offer(package).path:
            transfers.refused(grant.id)
            raise Problem(ProblemKind.NOT_FOUND, "The token is for another package than this.")
        return grant, package

    def _reply(self, head: Head, address: str) -> Reply:
        """Return the answer; raises a Problem for a refusal."""
        token = device_token(head.headers.get("authorization"), head.token)
        grant, package = self._authorised(token, head.path, address)
        offer = self._offer(package)
        decided = answer(head.method, head.headers, offer.representation)
        match decided.outcome:
            case Outcome.PRECONDITION_FAILED:
                raise Problem(
                    ProblemKind.PRECONDITION_FAILED,
                    "The package differs from the one named by the condition.",
                )
            case Outcome.NOT_SATISFIABLE:
                self._depot.transfers.refused(grant.id)
                raise Problem(
                    ProblemKind.RANGE_NOT_SATISFIABLE,
                    f"No range of the package's {package.size} bytes; ask for bytes=<first>-.",
                    headers={"Content-Range": f"bytes */{package.size}"},
                )
            case Outcome.NOT_MODIFIED:
                return Reply(
                    status=decided.outcome,
                    data=_head(head, decided.outcome, offer.validators),
                    keep_alive=head.keep_alive,
                )
        data = _head(head, decided.outcome, _fields(offer, decided))
        part = None
        if head.method == "GET":
            part = Part(grant, package, decided.start, decided.end)
        return Reply(decided.outcome, data, head.keep_alive, part)

    def _offer(self, package: Package) -> _Offer:
        """Return what answers about the package have in common, made once."""
        offer = self._offers.get(package.id)
        if offer is None or offer.package is not package:
            if len(self._offers) >= _MAX_OFFERS:
                self._offers.clear()
            offer = self._offers[package.id] = _make_offer(package)
        return offer


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


def _make_offer(package: Package) -> _Offer:
    """Return what answers about a package have in common."""
    representation = package.representation
    validators = f"ETag: {representation.etag}\r\nLast-Modified: {representation.last_modified}\r\n"
    name = shortened(package.file_name, MAX_HEADER_NAME)
    fields = (
        "Content-Type: application/octet-stream\r\n"
        # Without quotes and spaces: some device SDKs take the rest of the line
        # for the name.
        f"Content-Disposition: attachment;filename={name}\r\n{validators}"
    )
    # Read by libraries that know no ranges; a part has no room for it.
    md5 = "" if package.md5 is None else f"x-MD5: {package.md5}\r\n"
    return _Offer(
        package=package,
        path=package.path,
        representation=representation,
        validators=validators.encode(),
        fields=fields.encode(),
        whole=f"{fields}Accept-Ranges: bytes\r\n{md5}Content-Length: {package.size}\r\n".encode(),
    )


def _fields(offer: _Offer, part: Answer) -> bytes:
    """Return the header fields about the bytes that follow."""
    if part.outcome is Outcome.WHOLE:
        return offer.whole
    return b"%bContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n" % (
        offer.fields,
        part.start,
        part.end - 1,
        offer.representation.size,
        part.end - part.start,
    )


def _head(head: Head, status: Outcome, fields: bytes) -> bytes:
    """Return the head of an answer."""
    connection = b""
    if head.keep_alive is not bool(head.minor):
        connection = b"Connection: keep-alive\r\n" if head.keep_alive else b"Connection: close\r\n"
    return b"HTTP/1.%d %d %b\r\n%bDate: %b\r\n%b\r\n" % (
        head.minor,
        status,
        _REASON[status],
        fields,
        _date(int(time.time())),
        connection,
    )


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    """Return the Date header field of a second since 1970."""
    return formatdate(second, usegmt=True).encode()
