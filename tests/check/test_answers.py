"""Answers to download requests: honest ones to the byte, wrong ones wrong in one thing only."""

import pytest

from mqtt_ota_check.answers import Answer, Request, honest
from mqtt_ota_check.misbehaviour import (
    content_length,
    content_range,
    cut_at,
    early_end,
    garbled_middle,
    garbled_start,
    ignore_range,
    on_resume,
    shifted,
)
from mqtt_ota_check.offer import Offer
from mqtt_ota_check.package import Package
from mqtt_ota_check.server import parse

CONTENT = bytes(range(256)) * 40
SIZE = len(CONTENT)
PACKAGE = Package(version="2", content=CONTENT)
HALF = SIZE // 2


def get(span: str | None = None, **headers: str) -> Request:
    """Return a GET request, for a range when one is given."""
    wanted = {"range": f"bytes={span}"} if span else {}
    return Request(method="GET", path="/p/1", query={}, headers={**wanted, **headers})


def header(answer: Answer | None, name: str) -> list[str]:
    """Return all values of a header."""
    assert answer
    return [value for key, value in answer.headers if key == name]


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        ("0-", 0, SIZE - 1),
        (f"{HALF}-", HALF, SIZE - 1),
        ("5-9", 5, 9),
        ("-10", SIZE - 10, SIZE - 1),
        (f"9-{SIZE + 5}", 9, SIZE - 1),
    ],
)
def test_honest_part(span: str, first: int, last: int) -> None:
    """A range is answered with exactly its bytes."""
    answer = honest(get(span), PACKAGE)
    assert answer.status.startswith("206")
    assert answer.body == CONTENT[first : last + 1]
    assert header(answer, "Content-Range") == [f"bytes {first}-{last}/{SIZE}"]
    assert header(answer, "Content-Length") == [str(last - first + 1)]


@pytest.mark.parametrize(
    "request_", [get(), get("x-"), get("-"), get("5-", **{"if-range": '"old"'})]
)
def test_honest_whole(request_: Request) -> None:
    """Without a range that counts all bytes are sent."""
    answer = honest(request_, PACKAGE)
    assert answer.status == "200 OK"
    assert answer.body == CONTENT


def test_nothing_there() -> None:
    """A range behind the end is answered 416 with the size."""
    answer = honest(get(f"{SIZE}-"), PACKAGE)
    assert answer.status.startswith("416")
    assert header(answer, "Content-Range") == [f"bytes */{SIZE}"]


def test_cut() -> None:
    """A cut answer promises all bytes and stops; small blocks before the place pass."""
    cut = cut_at(0.5)
    answer = cut(get(), PACKAGE)
    assert answer
    assert answer.body == CONTENT[:HALF]
    assert header(answer, "Content-Length") == [str(SIZE)]
    assert cut(get("0-99"), PACKAGE) is None
    assert cut(get(f"{HALF + 1}-"), PACKAGE) is None


def test_wrong_only_when_resumed() -> None:
    """What spoils a part waits until one is asked for."""
    assert ignore_range(get(), PACKAGE) is None
    assert on_resume(early_end, "")(get(), PACKAGE) is None
    whole = ignore_range(get("5-"), PACKAGE)
    assert whole
    assert whole.body == CONTENT


def spoilt(change: object) -> Answer:
    """Return the spoilt answer to a request for the second half."""
    answer = on_resume(change, "spoilt")(get(f"{HALF}-"), PACKAGE)  # type: ignore[arg-type]
    assert answer
    assert answer.note == "spoilt"
    return answer


@pytest.mark.parametrize("by", [-1000, 1000])
def test_shifted(by: int) -> None:
    """A part from elsewhere tells where it is from."""
    answer = spoilt(shifted(by))
    assert answer.body == CONTENT[HALF + by :]
    assert header(answer, "Content-Range") == [f"bytes {HALF + by}-{SIZE - 1}/{SIZE}"]


def test_headers() -> None:
    """Headers are replaced, doubled or left out, while the bytes stay right."""
    assert header(spoilt(content_range()), "Content-Range") == []
    assert header(spoilt(content_range("{first}", "{size}")), "Content-Range") == [
        str(HALF),
        str(SIZE),
    ]
    assert header(spoilt(content_length("many")), "Content-Length") == ["many"]
    assert header(spoilt(content_length()), "Content-Length") == []
    assert spoilt(content_range()).body == CONTENT[HALF:]


def test_garbled() -> None:
    """Spoilt bytes are as many as the right ones, and do not count as sent."""
    for change in (garbled_start, garbled_middle):
        answer = spoilt(change)
        assert len(answer.body) == HALF
        assert answer.body != CONTENT[HALF:]
        assert answer.covers is None


def test_parse() -> None:
    """A head is read with either end of line, and with the token in the address."""
    request = parse(b"GET /p/1?token=a%20b HTTP/1.1\nRange:bytes=5-\nHOST: x\n\n")
    assert (request.method, request.path, request.query) == ("GET", "/p/1", {"token": "a b"})
    assert request.headers == {"range": "bytes=5-", "host": "x"}
    with pytest.raises(ValueError, match="not enough values"):
        parse(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": "Bearer {token}"}, {}),
        ({"authorization": "bearer  {token}"}, {}),
        ({}, {"token": "{token}"}),
        ({"authorization": "Basic eDpzZWNyZXQ="}, {}),
    ],
)
def test_tokens(headers: dict[str, str], query: dict[str, str]) -> None:
    """The token is taken as a header, in the address and as a password."""
    offer = Offer(package=PACKAGE, steps=[honest], token="secret")
    filled = [
        {key: value.format(token="secret") for key, value in given.items()}
        for given in (headers, query)
    ]
    request = Request(method="GET", path=offer.path, query=filled[1], headers=filled[0])
    answer, _ = offer.answer(request)
    assert answer.status == "200 OK"
    assert offer.was_asked


@pytest.mark.parametrize("value", ["", "Bearer other", "Basic !", "Basic c2VjcmV0", "secret"])
def test_wrong_tokens(value: str) -> None:
    """Anything else is refused, and the script waits for a request that counts."""
    offer = Offer(package=PACKAGE, steps=[cut_at(0.5), honest], token="secret")
    answer, _ = offer.answer(get(authorization=value))
    assert answer.status == "401 Unauthorized"
    assert not offer.was_asked
    assert len(offer.steps) == 2


def test_complete() -> None:
    """An offer knows whether right bytes were sent for every place."""
    offer = Offer(package=PACKAGE, steps=[cut_at(0.5), honest], token="t")
    for span, sent in ((None, HALF), (f"{HALF + 1}-", HALF - 1), (f"{HALF}-", 1)):
        _, exchange = offer.answer(get(span, authorization="Bearer t"))
        exchange.sent = sent
        assert offer.reached == (SIZE if span == f"{HALF}-" else HALF)
    assert offer.is_complete
    assert offer.resumed
