"""TLS: what goes in on one side comes out on the other, however it is cut and whatever is broken."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
import errno
from pathlib import Path
import ssl
from typing import Any, override

from hypothesis import given, settings, strategies as st
import pytest

from mqtt_ota_depot import tls
from mqtt_ota_depot.tls import BUFFER_SIZE, TlsTransport
from tests.integration.authority import Authority, make_authority, make_server, server_context

HANDSHAKE_TIMEOUT = 0.05
BUFFER = memoryview(bytearray(BUFFER_SIZE))
GOODBYE = b"<goodbye>"


class Carrier(asyncio.Transport):
    """A socket without a network: what is written lies in `sent`."""

    def __init__(self) -> None:
        """Be open, and read."""
        super().__init__({"peername": ("192.168.1.20", 50000)})
        self.protocol: Any = None
        self.sent = bytearray()
        self.ended: list[str] = []
        self.is_paused = False
        self.waiting = 0
        self.has_left = False

    @override
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    @override
    def pause_reading(self) -> None:
        self.is_paused = True

    @override
    def resume_reading(self) -> None:
        self.is_paused = False

    @override
    def write_eof(self) -> None:
        if self.has_left:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")
        self.ended.append("eof")

    @override
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.limits = ((high or 0) // 4, high or 0)

    @override
    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self.limits

    @override
    def get_write_buffer_size(self) -> int:
        return self.waiting

    @override
    def is_closing(self) -> bool:
        return bool({"close", "abort"}.intersection(self.ended))

    @override
    def close(self) -> None:
        self.ended.append("close")

    @override
    def abort(self) -> None:
        self.ended.append("abort")


class Server(asyncio.Protocol):
    """What lies above TLS: keeps what it hears."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self.heard = bytearray()
        self.events: list[object] = []
        self.pausing: asyncio.Transport | None = None

    @override
    def data_received(self, data: bytes) -> None:
        self.heard += data
        if self.pausing is not None:
            self.pausing.pause_reading()

    @override
    def eof_received(self) -> None:
        self.events.append("eof")

    @override
    def pause_writing(self) -> None:
        self.events.append("pause")

    @override
    def resume_writing(self) -> None:
        self.events.append("resume")

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append(exc)


class Link:
    """A client, the server's transport, and the bytes between them."""

    def __init__(self, trust: ssl.SSLContext, context: ssl.SSLContext) -> None:
        """Connect; nothing is said yet."""
        self.carrier, self.server = Carrier(), Server()
        self.secured: list[asyncio.Transport] = []
        self.transport = TlsTransport(
            self.carrier,
            context,
            self.server,
            BUFFER,
            handshake_timeout=HANDSHAKE_TIMEOUT,
            secured=self.secured.append,
        )
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = trust.wrap_bio(self._incoming, self._outgoing, server_hostname="127.0.0.1")

    def arrive(self, data: bytes) -> None:
        """Let bytes arrive at the server."""
        buffer = self.transport.get_buffer(-1)
        for start in range(0, len(data), len(buffer)):
            piece = data[start : start + len(buffer)]
            buffer[: len(piece)] = piece
            self.transport.buffer_updated(len(piece))

    def say(self, data: bytes) -> bytes:
        """Let the client encrypt; return the bytes that leave it."""
        while data:
            data = data[self.client.write(data) :]
        return self._outgoing.read()

    def hear(self) -> bytes:
        """Return what the client makes of all that the server has sent."""
        self._incoming.write(bytes(self.carrier.sent))
        self.carrier.sent.clear()
        heard = b""
        while True:
            try:
                piece = self.client.read(BUFFER_SIZE)
            except ssl.SSLWantReadError:
                return heard
            except ssl.SSLZeroReturnError:
                piece = b""
            if not piece:
                return heard + GOODBYE
            heard += piece

    def say_goodbye(self) -> bytes:
        """Let the client end its side of TLS."""
        with pytest.raises(ssl.SSLWantReadError):
            self.client.unwrap()
        return self._outgoing.read()

    def hello(self) -> bytes:
        """Let the client begin the handshake; return its first words."""
        with pytest.raises(ssl.SSLWantReadError):
            self.client.do_handshake()
        return self._outgoing.read()

    def lose(self) -> None:
        """End the connection as the carrier does."""
        self.transport.connection_lost(None)

    def shake_hands(self, cut: int = BUFFER_SIZE) -> None:
        """Do the handshake in pieces of so many bytes."""
        for _ in range(3):
            with suppress(ssl.SSLWantReadError):
                self.client.do_handshake()
            words = self._outgoing.read()
            for start in range(0, len(words), cut):
                self.arrive(words[start : start + cut])
            self._incoming.write(bytes(self.carrier.sent))
            self.carrier.sent.clear()


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Return who vouches for the server."""
    return make_authority()


@pytest.fixture(scope="module")
def context(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Return the server's context."""
    return server_context(Path(tmp_path_factory.mktemp("tls")), make_server(authority))


@pytest.fixture(scope="module", params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def connect(
    request: pytest.FixtureRequest, authority: Authority, context: ssl.SSLContext
) -> Callable[[], Link]:
    """Return what connects a client that speaks one version of TLS."""
    trust = ssl.create_default_context(cadata=authority.pem)
    trust.minimum_version = trust.maximum_version = request.param
    return lambda: Link(trust, context)


@pytest.fixture
async def link(connect: Callable[[], Link]) -> AsyncIterator[Link]:
    """Return a link after the handshake."""
    link = connect()
    link.shake_hands()
    assert link.secured == [link.transport]
    yield link
    link.lose()


def in_a_loop(work: Callable[[], None]) -> None:
    """Run something that wants a running loop."""

    async def run() -> None:
        """Run it."""
        work()

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(run())
    finally:
        loop.close()


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.integers(min_value=0, max_value=50_000), min_size=1, max_size=4),
    cut=st.integers(min_value=1, max_value=70_000),
)
def test_every_byte_arrives_in_order(
    connect: Callable[[], Link], sizes: list[int], cut: int
) -> None:
    """However much is said at once, and wherever the network cuts."""
    words = [bytes([number]) * size for number, size in enumerate(sizes)]

    def talk() -> None:
        """Say the same in both directions."""
        link = connect()
        link.shake_hands(min(cut, 500))
        encrypted = link.say(b"".join(words))
        for start in range(0, len(encrypted), cut):
            link.arrive(encrypted[start : start + cut])
        assert link.server.heard == b"".join(words)
        link.transport.writelines([memoryview(word) for word in words])
        assert link.hear() == b"".join(words)
        link.lose()

    in_a_loop(talk)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_broken_bytes_end_the_connection_and_nothing_else(
    connect: Callable[[], Link], data: st.DataObject
) -> None:
    """Nothing is raised into the loop, and nothing wrong is handed on."""
    before, at, flip = (
        data.draw(st.booleans(), "after the handshake"),
        data.draw(st.integers(0, 200), "position"),
        data.draw(st.integers(1, 255), "change"),
    )

    def talk() -> None:
        """Change one byte."""
        link = connect()
        if before:
            link.shake_hands()
            words = bytearray(link.say(b"GET / HTTP/1.1\r\n\r\n" * 20))
        else:
            words = bytearray(link.hello())
        words[at % len(words)] ^= flip
        link.arrive(bytes(words))
        # A length that is longer now is waited for.
        link.arrive(bytes(70_000))
        assert link.server.heard == b""
        assert link.carrier.ended == ["abort"]
        link.lose()
        assert [type(event) for event in link.server.events] == [ssl.SSLError]

    in_a_loop(talk)


async def test_all_connections_may_share_one_buffer(connect: Callable[[], Link]) -> None:
    """Halves of records that arrive in turn do not mix."""
    links = [connect() for _ in range(3)]
    for link in links:
        link.shake_hands()
    records = [link.say(bytes([number]) * 9_000) for number, link in enumerate(links)]
    for part in range(0, max(map(len, records)), 1_000):
        for link, record in zip(links, records, strict=True):
            link.arrive(record[part : part + 1_000])
    for number, link in enumerate(links):
        assert link.server.heard == bytes([number]) * 9_000
        link.lose()


async def test_who_says_nothing_is_let_go(connect: Callable[[], Link]) -> None:
    """A handshake has its time; half of one is none."""
    link = connect()
    link.arrive(link.hello()[:40])
    await asyncio.sleep(2 * HANDSHAKE_TIMEOUT)
    assert link.carrier.ended == ["abort"]
    link.lose()
    assert link.secured == []
    assert link.server.events == [None]


async def test_after_the_handshake_nobody_is_hurried(link: Link) -> None:
    """A device may be silent for as long as the protocol allows."""
    await asyncio.sleep(2 * HANDSHAKE_TIMEOUT)
    assert link.carrier.ended == []


async def test_close_says_goodbye_and_ends_this_side_at_once(link: Link) -> None:
    """A client that reads to the end hangs neither for its own goodbye nor for a time-out."""
    link.transport.write(b"last words")
    link.transport.close()
    link.transport.close()
    assert link.transport.is_closing()
    assert link.hear() == b"last words" + GOODBYE
    assert link.carrier.ended == ["eof"]
    assert link.transport.eof_received() is False
    assert link.carrier.ended == ["eof", "close"]


async def test_a_client_that_has_left_needs_no_end(link: Link) -> None:
    """What it reset cannot be shut down any more."""
    link.carrier.has_left = True
    assert link.transport.eof_received() is False
    assert link.server.events == ["eof"]
    assert link.carrier.ended == ["close"]


async def test_the_end_waits_for_what_is_still_to_go(link: Link) -> None:
    """The socket is closed behind the last byte."""
    link.carrier.waiting = 1
    link.transport.close()
    assert link.hear() == GOODBYE
    assert link.carrier.ended == []
    assert link.transport.eof_received() is False
    assert link.carrier.ended == ["close"]


async def test_a_client_that_never_leaves_is_left(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for it is sent all the same: closing is no cut."""
    monkeypatch.setattr(tls, "_SHUTDOWN_TIMEOUT", 0.01)
    link.transport.close()
    await asyncio.sleep(0.05)
    assert link.carrier.ended == ["eof", "close"]


async def test_after_the_end_nothing_is_taken(link: Link) -> None:
    """Neither from the client, whose bytes would only fill the memory, nor from this side."""
    words = link.say(b"more")
    link.transport.close()
    assert link.hear() == GOODBYE
    link.arrive(words)
    link.transport.write(b"more")
    assert link.server.heard == b""
    assert link.carrier.sent == b""


async def test_the_client_may_say_goodbye(link: Link) -> None:
    """The answer to what it asked before is on its way already."""
    link.arrive(link.say(b"request") + link.say_goodbye())
    assert link.server.heard == b"request"
    assert link.server.events == ["eof"]
    assert link.hear() == GOODBYE
    assert link.carrier.ended == ["eof", "close"]


async def test_the_client_may_leave_without_a_word(link: Link) -> None:
    """As devices do that lose their power."""
    assert link.transport.eof_received() is False
    assert link.server.events == ["eof"]
    link.transport.connection_lost(None)
    assert link.server.events == ["eof", None]


async def test_a_paused_protocol_hears_the_rest_later(link: Link) -> None:
    """Also what had arrived before the pause."""
    link.server.pausing = link.transport
    link.arrive(link.say(b"1" * 20_000) + link.say(b"2"))
    assert not link.transport.is_reading()
    assert link.carrier.is_paused
    assert b"2" not in link.server.heard
    link.server.pausing = None
    link.transport.resume_reading()
    await asyncio.sleep(0)
    assert link.server.heard == b"1" * 20_000 + b"2"
    assert link.transport.is_reading()
    assert not link.carrier.is_paused


async def test_the_protocol_is_told_how_the_client_keeps_up(connect: Callable[[], Link]) -> None:
    """From the end of the handshake on: before that it knows of no transport."""
    link = connect()
    link.transport.pause_writing()
    link.transport.resume_writing()
    assert link.server.events == []
    link.shake_hands()
    link.transport.pause_writing()
    link.transport.resume_writing()
    assert link.server.events == ["pause", "resume"]
    link.lose()


async def test_close_before_the_handshake_is_a_cut(connect: Callable[[], Link]) -> None:
    """There is nobody to say goodbye to."""
    link = connect()
    link.transport.close()
    assert link.carrier.ended == ["abort"]
    link.lose()


async def test_what_is_known_of_the_connection(link: Link, context: ssl.SSLContext) -> None:
    """The framework asks for TLS and for the address."""
    transport = link.transport
    assert transport.get_extra_info("sslcontext") is context
    assert transport.get_extra_info("ssl_object").version() == link.client.version()
    assert transport.get_extra_info("peername") == ("192.168.1.20", 50000)
    assert transport.get_extra_info("unknown", 1) == 1
    assert transport.get_protocol() is link.server
    assert not transport.can_write_eof()
    transport.set_write_buffer_limits(5)
    assert transport.get_write_buffer_limits() == link.carrier.get_write_buffer_limits() == (1, 5)
    link.carrier.waiting = 7
    assert transport.get_write_buffer_size() == 7
    link.transport.connection_lost(None)
    with pytest.raises(RuntimeError):
        transport.get_protocol()
