"""Downloads: who may have which bytes of which package."""

from http import HTTPMethod
from typing import Final

from aiohttp import web

from .auth import device_token
from .depot import Depot
from .gate import Gate, plain
from .grants import Grant
from .heads import Head, HeadPattern
from .packages import Package
from .problems import Problem, ProblemKind
from .ranges import Outcome, answer
from .replies import Offer, Part, PartHead, Reply, not_modified, refusal, whole_head

_MAX_OFFERS: Final = 1024


class Downloads:
    """Answers GET and HEAD requests of devices."""

    def __init__(self, depot: Depot, gate: Gate) -> None:
        """Create what answers for the depot's packages, within the gate's limits."""
        self._depot = depot
        self._gate = gate
        self._offers: dict[str, Offer] = {}

    def reply(self, head: Head, address: str) -> Reply:
        """Return the answer to a request from an address; refusals are answers too.

        Takes the same time whatever the number of grants and packages.
        """
        try:
            return self._reply(head, address)
        except Problem as problem:
            return refusal(problem, head)

    def series(self, head: Head, data: bytes, reply: Reply) -> Series | None:
        """Return what answers a request with another range, otherwise the same.

        `data` is the head as it was sent, `reply` what it was answered with.
        """
        if reply.part is None or reply.status != Outcome.PART:
            return None
        pattern = HeadPattern.of(data)
        if pattern is None:
            return None
        part = reply.part
        part_head = PartHead(head, self._offer(part.package))
        return Series(
            self._depot, self._gate, head=head, pattern=pattern, part_head=part_head, part=part
        )

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
                return not_modified(head, offer)
            case Outcome.PART:
                data = PartHead(head, offer).between(decided.start, decided.end)
            case Outcome.WHOLE:
                data = whole_head(head, offer)
        part = None
        if head.method == HTTPMethod.GET:
            part = Part(grant, package, decided.start, decided.end)
        return Reply(decided.outcome, data, head.keep_alive, part)

    def _offer(self, package: Package) -> Offer:
        """Return what answers about the package have in common, made once."""
        offer = self._offers.get(package.id)
        if offer is None or offer.package is not package:
            if len(self._offers) >= _MAX_OFFERS:
                self._offers.clear()
            offer = self._offers[package.id] = Offer.of(package)
        return offer


class Series:
    """Answers to a device that fetches block by block, as long as nothing else changes.

    The token, the path and the conditions of its requests were judged with the
    first one; what can have changed since is looked at for each.
    """

    __slots__ = ("_depot", "_gate", "_part", "_part_head", "_pattern", "head")

    def __init__(
        self,
        depot: Depot,
        gate: Gate,
        *,
        head: Head,
        pattern: HeadPattern,
        part_head: PartHead,
        part: Part,
    ) -> None:
        """Create the series that a request with a range has begun; `head` is that one's."""
        self._depot = depot
        self._gate = gate
        self.head = head
        self._pattern = pattern
        self._part_head = part_head
        self._part = part

    def reply(self, data: bytes, address: str) -> tuple[Reply, int] | None:
        """Return the answer to the request at the begin of the data, and that one's length.

        None says that this request has to be judged like any other.
        """
        span = self._pattern.read(data)
        if span is None:
            return None
        first, last, length = span
        grant, package, _, _ = self._part
        if not first <= last < package.size or not self._depot.is_unchanged(grant, package):
            return None
        try:
            self._gate.admit(self._depot.transfers.get(grant.id), address)
        except Problem:
            return None
        end = last + 1
        data = self._part_head.between(first, end)
        part = Part(grant, package, first, end)
        return Reply(Outcome.PART, data, self.head.keep_alive, part), length
