"""Line ends of device SDKs."""

from hypothesis import given, strategies as st

from mqtt_ota_depot.line_ends import LineEndNormaliser

STRICT = b"POST /api/v1/packages HTTP/1.1\r\nHost: x\r\n\r\nbody\nwith\nbare\nline ends"
CUTS = st.lists(st.integers(1, 30), max_size=30)


def fed(data: bytes, cuts: list[int]) -> bytes:
    """Return what a normaliser makes of the data in pieces."""
    normaliser = LineEndNormaliser()
    out = b""
    for cut in cuts:
        out += normaliser.feed(data[:cut])
        data = data[cut:]
    return out + normaliser.feed(data)


@given(CUTS)
def test_heads_with_bare_line_feeds_become_strict(cuts: list[int]) -> None:
    """However the bytes are cut, every line of the head ends with CRLF."""
    sdk = b"GET /p/1 HTTP/1.1\nHost: 1.2.3.4\nAuthorization:Bearer t\r\n\r\n"
    strict = b"GET /p/1 HTTP/1.1\r\nHost: 1.2.3.4\r\nAuthorization:Bearer t\r\n\r\n"
    assert fed(sdk, cuts) == strict
    assert fed(sdk + sdk, cuts) == strict + strict
    other = b"HEAD / HTTP/1.1\nHost: x\n\n\r\n\n" + sdk
    assert fed(other, cuts) == b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n\r\n\r\n" + strict


@given(CUTS)
def test_strict_connections_pass_untouched(cuts: list[int]) -> None:
    """Bodies are never changed."""
    assert fed(STRICT, cuts) == STRICT
    head = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert fed(head + b"GET / HTTP/1.1\nHost: x\n\n", cuts).startswith(head)


@given(CUTS)
def test_methods_with_a_body_are_not_lenient(cuts: list[int]) -> None:
    """A POST with bare line feeds is left for the parser to refuse."""
    sloppy = b"POST / HTTP/1.1\nContent-Length: 3\n\na\nb"
    assert fed(sloppy, cuts) == sloppy


@given(st.binary(max_size=200), CUTS)
def test_no_bytes_are_lost_or_invented(data: bytes, cuts: list[int]) -> None:
    """Whatever comes, only carriage returns before line feeds may be new."""
    assert fed(data, cuts).replace(b"\r\n", b"\n") == data.replace(b"\r\n", b"\n")
