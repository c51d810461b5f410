"""Ways in which servers and proxies go wrong, as steps of a script of answers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from .answers import Answer, Request, Step, Then, honest, part, whole
from .package import Package

_SHIFT: Final = 100

type Change = Callable[[Answer, Package], Answer]


def cut_at(share: float, *, then: Then = Then.CLOSE) -> Step:
    """Return a step that loses the connection when a share of the package has been sent.

    A device that asks for small blocks gets those before that position untouched.
    """

    def answer(request: Request, package: Package) -> Answer | None:
        """Answer honestly up to the position."""
        position = max(1, int(package.size * share))
        full = honest(request, package)
        if full.covers is None or not full.covers[0] <= position < full.covers[1]:
            return None
        first = full.covers[0]
        return replace(
            full,
            body=full.body[: position - first],
            covers=(first, position),
            then=then,
            note=f"connection {then} at byte {position} of {package.size}",
        )

    return answer


def down(_request: Request, _package: Package) -> Answer:
    """Close without a word, as a server that is going away does."""
    return Answer(status="", silent=True, note="connection closed without a word")


def keep_open(request: Request, package: Package) -> Answer:
    """Answer honestly and leave the connection open after the last byte."""
    return replace(honest(request, package), then=Then.HOLD, note="connection left open")


def ignore_range(request: Request, package: Package) -> Answer | None:
    """Send all bytes to a device that asked for the rest, as some proxies do."""
    if request.span(package.size) is None:
        return None
    return replace(whole(package), note="all bytes, though the rest was asked for")


def on_resume(change: Change, note: str) -> Step:
    """Return a step that spoils the answer to a request for the rest."""

    def answer(request: Request, package: Package) -> Answer | None:
        """Spoil the honest part."""
        full = honest(request, package)
        if not full.status.startswith("206"):
            return None
        return replace(change(full, package), note=note)

    return answer


def shifted(by: int) -> Change:
    """Return a change: a part that starts elsewhere than asked, and says so."""

    def change(answer: Answer, package: Package) -> Answer:
        """Start elsewhere."""
        first, end = answer.covers or (0, package.size)
        return part(package, min(max(0, first + by), end - 1), end - 1)

    return change


def content_range(*values: str) -> Change:
    """Return a change: other Content-Range headers; {first}, {last} and {size} are the honest ones.

    The bytes stay right, but no client can know that.
    """

    def change(answer: Answer, package: Package) -> Answer:
        """Write other headers."""
        first, end = answer.covers or (0, package.size)
        places = {
            "first": first,
            "last": end - 1,
            "size": package.size,
            "more": package.size + _SHIFT,
        }
        told = [value.format(**places, before=max(0, first - _SHIFT)) for value in values]
        return answer.with_header("Content-Range", *told)

    return change


def content_length(*values: str) -> Change:
    """Return a change: other Content-Length headers; none leaves the header out."""

    def change(answer: Answer, _package: Package) -> Answer:
        """Write other headers."""
        told = [value.format(more=len(answer.body) + _SHIFT) for value in values]
        return answer.with_header("Content-Length", *told)

    return change


def early_end(answer: Answer, package: Package) -> Answer:
    """Send less than was asked for, and say so."""
    first, end = answer.covers or (0, 0)
    return part(package, first, first + max(0, (end - first) // 2 - 1))


def garbled_start(answer: Answer, _package: Package) -> Answer:
    """Spoil the first bytes of the rest."""
    return _spoilt(answer, 0)


def garbled_middle(answer: Answer, _package: Package) -> Answer:
    """Spoil bytes in the midst of the rest."""
    return _spoilt(answer, len(answer.body) // 2)


def without_length(_request: Request, package: Package) -> Answer:
    """Send all bytes and tell their end by closing the connection."""
    return replace(
        whole(package).with_header("Content-Length"), note="all bytes, without Content-Length"
    )


def _spoilt(answer: Answer, at: int) -> Answer:
    """Return the answer with some bytes turned around."""
    body = bytearray(answer.body)
    body[at : at + _SHIFT] = bytes(byte ^ 0xFF for byte in body[at : at + _SHIFT])
    return replace(answer, body=bytes(body), covers=None)
