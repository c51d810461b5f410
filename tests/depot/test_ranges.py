"""Conditional and range requests, as pure functions."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import given, strategies as st
import pytest

from mqtt_ota_depot.ranges import Answer, Outcome, Representation, answer, parse_range

MODIFIED = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
ETAG = '"' + "a1" * 32 + '"'
PACKAGE = Representation(size=1000, etag=ETAG, modified=MODIFIED)
WHOLE = Answer(outcome=Outcome.WHOLE, end=1000)
UNSATISFIABLE = Answer(outcome=Outcome.NOT_SATISFIABLE)


def part(start: int, end: int) -> Answer:
    """Return the answer with a part."""
    return Answer(outcome=Outcome.PART, start=start, end=end)


def http_date(shift: int = 0) -> str:
    """Return the package's date, shifted by seconds."""
    return format_datetime(MODIFIED.replace(microsecond=0) + timedelta(seconds=shift), usegmt=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-0", part(0, 1)),
        ("bytes=0-", part(0, 1000)),
        ("bytes=999-", part(999, 1000)),
        ("bytes=200-299", part(200, 300)),
        ("bytes=200-5000", part(200, 1000)),
        ("bytes=-1", part(999, 1000)),
        ("bytes=-1000", part(0, 1000)),
        ("bytes=-5000", part(0, 1000)),
        ("BYTES=1-2", part(1, 3)),
        ("bytes= 1-2 ", part(1, 3)),
        ("bytes=,1-2", part(1, 3)),
        ("bytes=000001-2", part(1, 3)),
        ("bytes=0-18446744073709551616", part(0, 1000)),
        ("bytes=0-" + "9" * 5000, part(0, 1000)),
        ("bytes=1000-", UNSATISFIABLE),
        ("bytes=1000-1001", UNSATISFIABLE),
        ("bytes=99999999999999999999999-", UNSATISFIABLE),
        ("bytes=-0", UNSATISFIABLE),
        ("bytes=5-4", UNSATISFIABLE),
        ("bytes=0-1,5-6", None),
        ("bytes=", UNSATISFIABLE),
        ("bytes=-", UNSATISFIABLE),
        ("bytes=a-b", UNSATISFIABLE),
        ("bytes=1", UNSATISFIABLE),
        ("bytes=--1", UNSATISFIABLE),
        ("bytes=+1-2", UNSATISFIABLE),
        ("bytes=1-2-3", UNSATISFIABLE),
        ("bytes=0x1-2", UNSATISFIABLE),
        ("bytes=\u0661-\u0662", UNSATISFIABLE),
        ("items=0-5", None),
        ("0-5", None),
        ("", None),
    ],
)
def test_reads_every_form_of_range(value: str, expected: Answer | None) -> None:
    """Single ranges are honoured, malformed ones rejected, all else ignored (RFC 9110, 14.2)."""
    assert parse_range(value, 1000) == expected


@given(st.integers(1, 50), st.integers(0, 60), st.integers(0, 60))
def test_parts_are_the_slices_of_the_bytes(size: int, first: int, last: int) -> None:
    """A part is what Python's slice of the package gives."""
    data = bytes(range(size))
    found = parse_range(f"bytes={first}-{last}", size)
    if last < first or first >= size:
        assert found == UNSATISFIABLE
    else:
        assert found is not None
        assert data[found.start : found.end] == data[first : last + 1]


@given(st.text(max_size=40), st.integers(0, 10**12))
def test_no_text_breaks_the_parser(value: str, size: int) -> None:
    """Whatever a client sends, a part is never outside of the package."""
    for text in (value, "bytes=" + value):
        found = parse_range(text, size)
        if found is not None and found.outcome is Outcome.PART:
            assert 0 <= found.start < found.end <= size


@pytest.mark.parametrize(
    ("if_range", "expected"),
    [
        (ETAG, part(10, 20)),
        (f" {ETAG} ", part(10, 20)),
        (http_date(), part(10, 20)),
        ("W/" + ETAG, WHOLE),
        ('"' + "b2" * 32 + '"', WHOLE),
        (ETAG.strip('"'), WHOLE),
        (http_date(-1), WHOLE),
        (http_date(1), WHOLE),
        (http_date(86400 * 365), WHOLE),
        ("yesterday", WHOLE),
        ("", WHOLE),
    ],
)
def test_a_part_needs_an_exact_if_range(if_range: str, expected: Answer) -> None:
    """Bytes of two packages are never mixed (RFC 9110 section 13.1.5)."""
    headers = {"range": "bytes=10-19", "if-range": if_range}
    assert answer("GET", headers, PACKAGE) == expected


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({"if-match": ETAG}, Outcome.WHOLE),
        ({"if-match": "*"}, Outcome.WHOLE),
        ({"if-match": f'"x", {ETAG}'}, Outcome.WHOLE),
        ({"if-match": "W/" + ETAG}, Outcome.PRECONDITION_FAILED),
        ({"if-match": '"x"'}, Outcome.PRECONDITION_FAILED),
        ({"if-match": '"x"', "if-none-match": ETAG}, Outcome.PRECONDITION_FAILED),
        ({"if-none-match": ETAG}, Outcome.NOT_MODIFIED),
        ({"if-none-match": "W/" + ETAG}, Outcome.NOT_MODIFIED),
        ({"if-none-match": "*"}, Outcome.NOT_MODIFIED),
        ({"if-none-match": '"x"'}, Outcome.WHOLE),
        ({"if-none-match": '"x"', "if-modified-since": http_date()}, Outcome.WHOLE),
        ({"if-modified-since": http_date()}, Outcome.NOT_MODIFIED),
        ({"if-modified-since": http_date(-1)}, Outcome.WHOLE),
        ({"if-modified-since": "nonsense"}, Outcome.WHOLE),
        ({"if-unmodified-since": http_date()}, Outcome.WHOLE),
        ({"if-unmodified-since": http_date(-1)}, Outcome.PRECONDITION_FAILED),
        ({"if-match": ETAG, "if-unmodified-since": http_date(-1)}, Outcome.WHOLE),
        ({"if-unmodified-since": "nonsense"}, Outcome.WHOLE),
    ],
)
def test_preconditions_come_in_their_order(headers: dict[str, str], outcome: Outcome) -> None:
    """Conditions are tested as RFC 9110 section 13.2.2 orders them."""
    assert answer("GET", headers, PACKAGE).outcome is outcome


def test_head_ignores_ranges() -> None:
    """Ranges are defined for GET alone (RFC 9110 section 14.2)."""
    assert answer("HEAD", {"range": "bytes=0-1"}, PACKAGE) == WHOLE


def test_last_modified_has_whole_seconds() -> None:
    """The header field has the form of RFC 9110 section 5.6.7."""
    assert PACKAGE.last_modified == "Mon, 23 Nov 2026 12:00:00 GMT"
