"""Conditional and range requests (RFC 9110 sections 13 and 14), as pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import IntEnum
import re
from typing import Final, NamedTuple

_ETAG: Final = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_RANGE: Final = re.compile(r"([0-9]*)-([0-9]*)", re.ASCII)
_CONDITIONS: Final = frozenset(
    {"if-match", "if-modified-since", "if-none-match", "if-unmodified-since"}
)
# What nearly every device sends, spelt exactly so.
_USUAL: Final = re.compile(r"bytes=([0-9]{1,15})-([0-9]{1,15})", re.ASCII)
# More digits than any size has; cutting there keeps absurd numbers absurd.
_MAX_DIGITS: Final = 20


class Outcome(IntEnum):
    """How a request is answered; the value is the HTTP status code."""

    WHOLE = 200
    PART = 206
    NOT_MODIFIED = 304
    PRECONDITION_FAILED = 412
    NOT_SATISFIABLE = 416


@dataclass(frozen=True, kw_only=True, slots=True)
class Representation:
    """The facts of a package that conditions are tested against.

    `size` is in bytes, `etag` is a strong entity tag with its quotes,
    `modified` is in UTC; its fraction of a second does not count.
    """

    size: int
    etag: str
    modified: datetime

    @property
    def last_modified(self) -> str:
        """Return the Last-Modified header field."""
        return format_datetime(self.modified.replace(microsecond=0), usegmt=True)


class Answer(NamedTuple):
    """The outcome and the bytes to send, from `start` to before `end`."""

    outcome: Outcome
    start: int = 0
    end: int = 0


def answer(method: str, headers: Mapping[str, str], representation: Representation) -> Answer:
    """Decide how to answer a GET or HEAD request.

    `headers` finds names in lower case. The order of tests is that of RFC 9110
    section 13.2.2.
    """
    if not _CONDITIONS.isdisjoint(headers):
        failed = _failed_precondition(headers, representation)
        if failed is not None:
            return Answer(outcome=failed)
    asked = headers.get("range")
    # RFC 9110 section 14.2 defines ranges for GET alone.
    if method == "GET" and asked and _if_range_holds(headers.get("if-range"), representation):
        part = parse_range(asked, representation.size)
        if part is not None:
            return part
    return Answer(outcome=Outcome.WHOLE, end=representation.size)


def parse_range(value: str, size: int) -> Answer | None:
    """Return the answer to a Range header field, None when it is to be ignored.

    Ignored are unknown units and sets of several ranges: the whole package is a
    right answer to each. A malformed range is rejected, because whoever sent it
    would take the whole package for a part (both RFC 9110 section 14.2).
    """
    usual = _USUAL.fullmatch(value)
    if usual is not None:
        return _from_to(int(usual[1]), int(usual[2]), size)
    unit, equals, range_set = value.partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return None
    specs = [spec for spec in map(str.strip, range_set.split(",")) if spec]
    if len(specs) > 1:
        return None
    match = _RANGE.fullmatch(specs[0]) if specs else None
    first, last = match.groups() if match else ("", "")
    if first:
        return _from_to(_number(first), _number(last) if last else None, size)
    return _suffix(_number(last), size) if last else Answer(outcome=Outcome.NOT_SATISFIABLE)


def _from_to(start: int, last: int | None, size: int) -> Answer:
    """Return the answer to `start-` or `start-last`."""
    if start >= size or (last is not None and last < start):
        return Answer(outcome=Outcome.NOT_SATISFIABLE)
    end = size if last is None or last >= size else last + 1
    return Answer(Outcome.PART, start, end)


def _suffix(length: int, size: int) -> Answer:
    """Return the answer to `-length`."""
    if not length or not size:
        return Answer(outcome=Outcome.NOT_SATISFIABLE)
    return Answer(outcome=Outcome.PART, start=max(0, size - length), end=size)


def _number(digits: str) -> int:
    """Return the number, cut to a bounded one that is still beyond any size."""
    return int(digits.lstrip("0")[:_MAX_DIGITS] or "0")


def _failed_precondition(
    headers: Mapping[str, str], representation: Representation
) -> Outcome | None:
    """Return the outcome of a precondition that ends the request."""
    modified = representation.modified.replace(microsecond=0)
    if_match, if_none_match = headers.get("if-match"), headers.get("if-none-match")
    if if_match is not None:
        failed = not _matches(if_match, representation.etag, strong=True)
    else:
        limit = _date(headers.get("if-unmodified-since"))
        failed = limit is not None and modified > limit
    if failed:
        return Outcome.PRECONDITION_FAILED
    if if_none_match is not None:
        known = _matches(if_none_match, representation.etag, strong=False)
    else:
        since = _date(headers.get("if-modified-since"))
        known = since is not None and modified <= since
    return Outcome.NOT_MODIFIED if known else None


def _if_range_holds(value: str | None, representation: Representation) -> bool:
    """Return whether a part may be sent; only an exact match allows it."""
    if value is None:
        return True
    value = value.strip()
    if value.startswith(('"', "W/")):
        return value == representation.etag
    return _date(value) == representation.modified.replace(microsecond=0)


def _matches(field: str, etag: str, *, strong: bool) -> bool:
    """Return whether the list of entity tags, or `*`, names `etag`."""
    if field.strip() == "*":
        return True
    return any(opaque == etag and not (strong and weak) for weak, opaque in _ETAG.findall(field))


def _date(value: str | None) -> datetime | None:
    """Return the HTTP date; None when absent or malformed, which is ignored."""
    if value is None:
        return None
    try:
        parsed = parsedate_to_datetime(value)
    except ValueError, OverflowError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed
