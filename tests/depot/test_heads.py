"""Heads: whatever is recognised means what the framework's own parser makes of it."""

import asyncio
import re

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser, RawRequestMessage
from hypothesis import given, settings, strategies as st
import pytest
from yarl import URL

from mqtt_ota_depot.heads import Head, HeadPattern, head_end, read_head
from mqtt_ota_depot.line_ends import LineEndNormaliser

PATH = "/p/0123456789abcdef"
TOKEN = "abcdefghijklmnopqrstuvwxyz_-0123"
# Pieces that heads are made of, right and wrong ones.
LINES = (
    f"GET {PATH} HTTP/1.1", f"HEAD {PATH}?token={TOKEN} HTTP/1.0", f"GET {PATH}?a&token=&b=1 HTTP/1.1",
    f"GET  {PATH} HTTP/1.1", f"GET {PATH}0 HTTP/1.1", f"GET {PATH}.md5 HTTP/1.1", f"get {PATH} HTTP/1.1",
    f"GET {PATH}#x HTTP/1.1", f"GET {PATH}?token=%41 HTTP/1.1", f"GET {PATH}?token=a+b HTTP/1.1",
    f"GET {PATH} HTTP/1.2", f"GET {PATH} HTTP/2.0", f"POST {PATH} HTTP/1.1", f"GET http://x{PATH} HTTP/1.1",
    "Host: 1.2.3.4", "Host:", "host: x:80", "Authorization:Bearer " + TOKEN, "Authorization: Bearer  x ",
    "Range: bytes=0-99", "range: bytes=5-", "RANGE: bytes = 0-4", "Range: bytes=0-1,4-5", 'If-Range: "x"',
    "Connection: close", "Connection: Keep-Alive", "Connection: keep-alive, close", "Connection: x",
    "Connection: Upgrade", "Upgrade: websocket", "Content-Length: 0", "Content-Length: 5", "Expect: 100-continue",
    "Transfer-Encoding: chunked", "X Y: z", "X-Bad", ": x", " folded", "X-Nul: a\0b", "X-Cr: a\rb", "X-High: \xe4",
    "X-Tab:\ta\t", "Accept-Encoding: gzip, deflate", "", "",
)  # fmt: skip
HEADS = st.lists(
    st.tuples(st.sampled_from(LINES), st.sampled_from(["\r\n", "\r\n", "\n"])),
    min_size=1,
    max_size=7,
).map(lambda lines: "".join(line + end for line, end in lines).encode("latin-1"))
RIGHT = st.tuples(
    st.sampled_from(LINES[:3]),
    st.lists(st.sampled_from(LINES[14:]), max_size=5),
    st.sampled_from(["\r\n", "\n"]),
).map(lambda parts: parts[2].join([parts[0], *parts[1], "", ""]).encode("latin-1"))


def framework_reads(data: bytes) -> RawRequestMessage | None:
    """Return a request as the framework's parser sees it, None when it refuses."""
    loop = asyncio.new_event_loop()
    try:
        parser = HttpRequestParser(BaseProtocol(loop), loop, 2**16)
        messages, _, _ = parser.feed_data(LineEndNormaliser().feed(data))
    except HttpProcessingError:
        return None
    finally:
        loop.close()
    return messages[0][0] if messages else None


@settings(max_examples=600)
@given(st.one_of(RIGHT, HEADS))
def test_what_is_recognised_is_what_the_framework_reads(data: bytes) -> None:
    """Never another path, token, header or end of the connection than the framework's."""
    head = read_head(data)
    if head is None:
        return
    message = framework_reads(data[: head.length])
    assert message is not None
    assert (head.method, head.minor) == (message.method, message.version.minor)
    assert URL(message.path, encoded=True).path == head.path
    assert head.token == URL(message.path, encoded=True).query.get("token")
    # The framework goes on here; RFC 9112 section 9.3 lets `close` come first.
    both = head.headers.get("connection") == "keep-alive, close"
    assert head.keep_alive is (not message.should_close and not both)
    assert head.headers == {name.lower(): value for name, value in message.headers.items()}
    assert len(head.headers) == len(message.raw_headers)
    assert head_end(data) == head.length
    assert head_end(data[: head.length - 1]) is None


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    """Whatever comes is recognised or not."""
    assert read_head(data) is None
    for prefix in (f"GET {PATH} HTTP/1.1\r\n", f"GET {PATH} HTTP/1.1\n", f"GET {PATH}?"):
        head = read_head(prefix.encode() + data)
        assert head is None or head.length <= len(prefix) + len(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (f"GET {PATH} HTTP/1.1\r\nHost:\r\n\r\n", Head("GET", PATH, None, {"host": ""}, 1, True)),
        (
            f"HEAD {PATH}?x=1&token=t&token=u HTTP/1.0\r\nHost: a\r\nX: \t b \r\n\r\nrest",
            Head("HEAD", PATH, "t", {"host": "a", "x": "b"}, 0, False),
        ),
        (
            f"GET {PATH} HTTP/1.0\nConnection: Keep-Alive\r\nA:b\n\n",
            Head("GET", PATH, None, {"connection": "Keep-Alive", "a": "b"}, 0, True),
        ),
        (
            f"GET {PATH} HTTP/1.1\r\nHOST: h\r\nConnection: x, Close\r\n\r\n",
            Head("GET", PATH, None, {"host": "h", "connection": "x, Close"}, 1, False),
        ),
        (f"GET {PATH}? HTTP/1.0\r\n\r\n", Head("GET", PATH, None, {}, 0, False)),
    ],
)
def test_devices_dialects_are_recognised(data: str, expected: Head) -> None:
    """Blank or no blank after the colon, any line end, any order."""
    length = len(data.removesuffix("rest"))
    assert read_head(data.encode()) == expected._replace(length=length)


@pytest.mark.parametrize(
    "data",
    [
        "", f"GET {PATH} HTTP/1.1", f"GET {PATH} HTTP/1.1\r\n", f"GET {PATH} HTTP/1.1\r\nA: b\r\n",
        f"GET {PATH} HTTP/1.1\r\nA: b\n\r\n", f"GET {PATH} HTTP/1.1\r\n\n",
        f"GET {PATH} HTTP/1.1\r\nA: b\r\nA: b\r\n\r\n", f"GET {PATH} HTTP/1.1\r\nA : b\r\n\r\n",
        f"GET {PATH} HTTP/1.1\r\n A: b\r\n\r\n", f"GET {PATH} HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        f"GET {PATH} HTTP/1.1\r\n\r\n",
        f"GET {PATH} HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", f"PUT {PATH} HTTP/1.1\r\n\r\n",
        "GET /p/../etc HTTP/1.1\r\n\r\n", f"GET {PATH}/ HTTP/1.1\r\n\r\n", f"GET {PATH.upper()} HTTP/1.1\r\n\r\n",
    ],
)  # fmt: skip
def test_anything_else_is_left_to_the_framework(data: str) -> None:
    """Incomplete, ambiguous, with a body or for another path."""
    assert read_head(data.encode()) is None


FIELDS = ("Range: bytes=0-9", "Range: bytes=123456-", "range: bytes=7-8 ", "Range: bytes=-5", "Range: bytes=1-2,3-4",
          "Range:bytes=4-5", "Range: bytes=99999999999999999999-1", "X: Range: bytes=1-2", 'If-Range: "e"')  # fmt: skip


ASKED = st.tuples(
    st.sampled_from(LINES[:2]),
    st.lists(st.sampled_from((*FIELDS, *LINES[14:18])), max_size=3),
    st.sampled_from(["\r\n", "\n"]),
).map(lambda parts: parts[2].join([parts[0], *parts[1], "", ""]).encode())


@settings(max_examples=300)
@given(ASKED, st.one_of(ASKED, st.tuples(st.integers(0, 10**16), st.integers(0, 10**16))), RIGHT)
def test_a_pattern_reads_what_the_full_reading_does(
    first: bytes, second: bytes | tuple[int, int], following: bytes
) -> None:
    """What a device asked before changes nothing of what its next request means."""
    known = read_head(first)
    pattern = None if known is None else HeadPattern.of(first[: known.length])
    if known is None or pattern is None:
        return
    if isinstance(second, tuple):
        second = re.sub(rb"(\nRange: bytes=)[0-9]+-[0-9]+", rb"\g<1>%d-%d" % second, first)
    found, head = pattern.read(second + following), read_head(second + following)
    assert pattern.read(second[:-1]) is None
    if found is None:
        # Numbers that are no number of bytes are left to the full reading.
        assert re.search(rb"[0-9]{16}", second) or second != first
        return
    asked = f"bytes={found.first}-{found.last}"
    assert head is not None
    written = re.sub(r"(?<![0-9])0+(?=[0-9])", "", head.headers["range"])
    assert written == asked
    assert known._replace(headers={}, length=0) == head._replace(headers={}, length=0)
    assert {**known.headers, "range": ""} == {**head.headers, "range": ""}
    assert found.length == head.length


def test_a_pattern_leaves_nothing_open_but_the_range() -> None:
    """Devices that fetch block by block cost the full reading once."""
    head = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nRange: bytes=%s\r\nAuthorization: Bearer t\r\n\r\n"
    pattern = HeadPattern.of((head % "0-4095").encode())
    assert pattern is not None
    next_one = head % "4096-8191"
    assert pattern.read(next_one.encode() + b"GET") == (4096, 8191, len(next_one))
    for changed in (
        next_one[:-1],
        next_one.replace("Host: x", "Host: y"),
        next_one.replace("Bearer t", "Bearer u"),
        next_one.replace("4096-8191", "4096-"),
        next_one.replace("4096-8191", "-5"),
        next_one.replace("4096-8191", "4096-8191,9000-9001"),
        next_one.replace("4096-8191", "4096-8191 "),
    ):
        assert pattern.read(changed.encode()) is None, changed


@pytest.mark.parametrize("asked", ["0-", "-5", "0-1,4-5", "0-1 ", "x", "0-1" + 16 * "0"])
def test_only_a_usual_range_makes_a_pattern(asked: str) -> None:
    """Anything else is read in full each time."""
    head = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nRange: bytes={asked}\r\n\r\n"
    assert HeadPattern.of(head.encode()) is None
