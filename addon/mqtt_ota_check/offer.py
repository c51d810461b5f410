"""One download offered to the device: its grant, its script of answers, and what was asked."""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
import hmac
import secrets
from typing import Final

from .answers import Answer, Request, Step, always, honest, refused
from .package import Package

MAX_EXCHANGES = 10_000

UNAUTHORISED: Final = refused("401 Unauthorized", "token missing or wrong")
EXPIRED: Final = refused("401 Unauthorized", "token expired")
GONE: Final = refused("404 Not Found", "package withdrawn")


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A request and how it was answered."""

    method: str
    span: tuple[int, int] | None
    status: str
    note: str
    authorised: bool
    # Where the sent bytes belong; None when they are no bytes of the package.
    start: int | None
    sent: int = 0

    @property
    def asked(self) -> str:
        """Return the request in words."""
        return f"{self.method} bytes {self.span[0]}-{self.span[1]}" if self.span else self.method

    @property
    def told(self) -> str:
        """Return the answer in words."""
        return ", ".join(filter(None, (self.status, self.note)))


@dataclass(slots=True, kw_only=True)
class Offer:
    """A package under an address and a token of its own; steps are used up one by one."""

    package: Package
    steps: list[Step]
    url: str = ""
    path: str = field(default_factory=lambda: f"/p/{secrets.token_hex(8)}")
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    exchanges: list[Exchange] = field(default_factory=list)
    # What an offer of the same package under another grant has brought already.
    earlier: Sequence[Exchange] = ()

    @property
    def was_asked(self) -> bool:
        """Tell whether the device has asked for the package with the right token."""
        return any(exchange.authorised for exchange in self.exchanges)

    @property
    def refusals(self) -> int:
        """Return how many requests were refused."""
        return sum(exchange.status.startswith("4") for exchange in self.exchanges)

    @property
    def is_complete(self) -> bool:
        """Tell whether right bytes were sent for every place of the package."""
        return self.reached >= self.package.size

    @property
    def reached(self) -> int:
        """Return how many bytes were sent from the start on without a gap."""
        reached = 0
        sent = [
            (exchange.start, exchange.start + exchange.sent)
            for exchange in (*self.earlier, *self.exchanges)
            if exchange.start is not None
        ]
        for first, end in sorted(sent):
            if first <= reached:
                reached = max(reached, end)
        return reached

    @property
    def resumed(self) -> bool:
        """Tell whether the device asked for a rest that begins behind the start."""
        return any(exchange.span and exchange.span[0] > 0 for exchange in self.exchanges)

    def paras(self) -> dict[str, object]:
        """Return the upgrade command's content, in the platform's order."""
        return {
            "version": self.package.version,
            "url": self.url,
            "file_size": self.package.size,
            "file_name": "package.bin",
            "access_token": self.token,
            "expires": 86_400,
            "sign": self.package.sha256,
        }

    def answer(self, request: Request) -> tuple[Answer, Exchange]:
        """Return the answer to a request and keep a note of both."""
        authorised = _has_token(request, self.token)
        answer = self._next(request) if authorised else UNAUTHORISED
        exchange = Exchange(
            method=request.method,
            span=request.span(self.package.size),
            status=answer.status,
            note=answer.note,
            authorised=authorised,
            start=answer.covers[0] if answer.covers else None,
        )
        if len(self.exchanges) < MAX_EXCHANGES:
            self.exchanges.append(exchange)
        return answer, exchange

    def withdraw(self) -> None:
        """Answer 404 from now on: the case is over."""
        self.steps = [always(GONE)]

    def _next(self, request: Request) -> Answer:
        """Return what the script says, or what a good depot says when it says nothing."""
        if request.method == "HEAD":
            return honest(request, self.package)
        if self.steps and (answer := self.steps[0](request, self.package)) is not None:
            if len(self.steps) > 1:
                self.steps.pop(0)
            return answer
        return honest(request, self.package)


def _has_token(request: Request, token: str) -> bool:
    """Tell whether a request carries the token in one of the three ways a depot takes."""
    given = [request.query.get("token", "")]
    scheme, _, value = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        given.append(value.strip())
    elif scheme.lower() == "basic":
        given.append(_basic_password(value))
    return any(hmac.compare_digest(text.encode(), token.encode()) for text in given)


def _basic_password(value: str) -> str:
    """Return the password of Basic credentials; empty when they are none."""
    try:
        decoded = b64decode(value, validate=True).decode()
    except ValueError:
        return ""
    return decoded.partition(":")[2]
