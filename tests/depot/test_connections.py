"""Connections: the same answers on every way, whatever the bytes are cut into."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
import os
from pathlib import Path
import random
import re
import socket
import ssl
import struct
from typing import Any

from aiohttp import ClientSession, TCPConnector
import pytest

from mqtt_ota_depot import connections, framework, sending, server
from mqtt_ota_depot.blobs import FileBlobs
from mqtt_ota_depot.guessing import BURST
from mqtt_ota_depot.heads import MAX_HEAD

from .rig import Rig, depot_running, settings
from .sockets import Wire, connected

pytestmark = pytest.mark.long

DATA = random.Random(5).randbytes(200_000)
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
async def grant(rig: Rig) -> dict[str, Any]:
    """Return a grant of a package of 200,000 bytes, with its path and the depot's port."""
    return await granted(rig, DATA)


async def granted(rig: Rig, data: bytes, **fields: Any) -> dict[str, Any]:
    """Return a grant with its path and the depot's port."""
    given = await rig.grant(await rig.package(data, version=str(len(data))), **fields)
    path = given["url"][given["url"].index("/p/") :]
    return {**given, "path": path, "port": int(rig.url.rpartition(":")[2])}


def request(
    grant: dict[str, Any], *lines: str, method: str = "GET", minor: int = 1, path: str = ""
) -> bytes:
    """Return a request with the grant's token."""
    first = f"{method} {path or grant['path']} HTTP/1.{minor}"
    fields = ("Host: x", f"Authorization: Bearer {grant['token']}", *lines)
    return "\r\n".join([first, *fields, "", ""]).encode()


async def exchanged(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send the parts, end the own side, and return all that comes, without dates."""
    async with connected(port) as wire:
        for part in parts:
            await wire.send(part)
            await asyncio.sleep(pause)
        wire.writer.write_eof()
        async with asyncio.timeout(20):
            return re.sub(rb"\r\nDate: [^\r]*", b"", await wire.reader.read())


REQUESTS = [
    ((), {}),
    (("Range: bytes=0-0",), {}),
    (("Range: bytes=1000-70000",), {}),
    (("Range: bytes=199999-",), {}),
    (("Range: bytes=-70001",), {}),
    (("Range: bytes=0-1,5-6",), {}),
    (("Range: bytes=200000-",), {}),
    (("Range: bytes=x",), {}),
    (("Range: bytes=5-9", 'If-Range: "x"'), {}),
    (('If-Match: "x"',), {}),
    (("If-None-Match: *",), {}),
    ((), {"method": "HEAD"}),
    (("Range: bytes=5-",), {"method": "HEAD"}),
    (("Range: bytes=200000-",), {"method": "HEAD"}),
    ((), {"minor": 0}),
    (("Connection: keep-alive", "Range: bytes=0-4"), {"minor": 0}),
    (("Connection: close", "Range: bytes=0-4"), {}),
    ((), {"path": "/p/0123456789abcdef"}),
    (("Authorization: Bearer y",), {"method": "HEAD"}),
]


@pytest.mark.parametrize(("lines", "options"), REQUESTS)
async def test_the_framework_answers_the_same(
    rig: Rig, grant: dict[str, Any], lines: tuple[str, ...], options: dict[str, Any]
) -> None:
    """A connection that asked for something else before gets the very same bytes."""
    asked = request(grant, *lines, **options)
    direct = await exchanged(grant["port"], asked)
    health = await exchanged(grant["port"], HEALTH)
    assert direct.startswith(b"HTTP/1.")
    # The framework drops what a client that ended its side first does not get at once.
    async with connected(grant["port"]) as wire:
        await wire.send(HEALTH + asked)
        found = b""
        async with asyncio.timeout(10):
            while len(found) < len(health) + len(direct):
                piece = await wire.reader.read(65_536)
                assert piece
                found = re.sub(rb"\r\nDate: [^\r]*", b"", found + piece)
    assert found == health + direct


@pytest.mark.parametrize("seed", range(6))
async def test_pipelined_requests_may_be_cut_anywhere(
    rig: Rig, grant: dict[str, Any], seed: int
) -> None:
    """The answers come in order, each once, to the last byte."""
    chance = random.Random(seed)
    asked, expected = b"", b""
    for _ in range(40):
        start = chance.randrange(len(DATA))
        end = min(len(DATA), start + chance.choice([1, 100, 5000, 70_000]))
        one = request(
            grant, f"Range: bytes={start}-{end - 1}", f"X-Pad: {'x' * chance.randrange(50)}"
        )
        if chance.random() < 0.3:
            one = one.replace(b"\r\n", b"\n") + b"\r\n"
        asked += one
        expected += DATA[start:end]
    cuts = sorted(chance.sample(range(len(asked)), chance.choice([1, 5, 40])))
    parts = [asked[a:b] for a, b in zip([0, *cuts], [*cuts, len(asked)], strict=True)]
    answer = await exchanged(grant["port"], *parts, pause=0.001)
    bodies = re.split(rb"HTTP/1\.1 206 Partial Content\r\n(?:[!-~]+: [^\r]*\r\n)+\r\n", answer)
    assert len(bodies) == 41
    assert b"".join(bodies) == expected


async def test_many_pipelined_requests_wait_their_turn(rig: Rig, grant: dict[str, Any]) -> None:
    """A client that asks much and reads nothing costs little, and is served when it reads."""
    asked = request(grant, "Range: bytes=0-59999")
    async with connected(grant["port"], limit=1024) as wire:
        for _ in range(300):
            wire.writer.write(asked)
        await asyncio.sleep(0.3)
        (transfer,) = await transfers(rig)
        assert transfer["requests"] < 300
        received = 0
        async with asyncio.timeout(20):
            while received < 300 * 60_000:
                piece = await wire.reader.read(65_536)
                assert piece
                received += len(piece)


async def transfers(rig: Rig) -> list[dict[str, Any]]:
    """Return all transfers as the depot tells them."""
    async with rig.events() as events:
        return list((await events.next())["transfers"])


async def test_both_ways_count_alike(rig: Rig, grant: dict[str, Any]) -> None:
    """Small and large parts, directly and through the framework, make one exact sum."""
    port = grant["port"]
    await exchanged(port, request(grant, "Range: bytes=0-9"), request(grant, "Range: bytes=5-19"))
    await exchanged(port, request(grant, "Range: bytes=100-99999"))
    async with connected(port) as wire:
        await wire.send(HEALTH)
        await wire.reply()
        await wire.send(request(grant, "Range: bytes=50000-149999"))
        assert (await wire.reply()).body == DATA[50_000:150_000]
    async with rig.events() as events:
        first = (await events.next())["transfers"][0]
        wanted = {"bytes_served": 149_920, "bytes_sent": 199_925, "requests": 4}
        if not wanted.items() <= first.items():
            await events.until(**wanted)


@pytest.mark.parametrize("first", [b"", HEALTH], ids=["direct", "framework"])
async def test_a_revoked_download_gets_nothing_more(rig: Rig, first: bytes) -> None:
    """Not even what the system has taken already."""
    grant = await granted(rig, os.urandom(1024) * 8192)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    with sock:
        await loop.sock_connect(sock, ("127.0.0.1", grant["port"]))
        await loop.sock_sendall(sock, first + request(grant))
        while b"octet-stream" not in await loop.sock_recv(sock, 4096):
            pass
        await rig.api("DELETE", f"/grants/{grant['id']}")
        assert await until_reset(sock) < 300_000


async def until_reset(sock: socket.socket) -> int:
    """Read until the connection breaks; return the number of bytes."""
    loop = asyncio.get_running_loop()
    received = 0
    try:
        while piece := await asyncio.wait_for(loop.sock_recv(sock, 65_536), 5):
            received += len(piece)
    except ConnectionResetError:
        return received
    msg = "the connection ended in good order"
    raise AssertionError(msg)


async def test_a_package_withdrawn_in_mid_download_is_delivered(rig: Rig) -> None:
    """Who has begun goes on, also after a break: only new grants are refused."""
    grant = await granted(rig, DATA * 20)
    asked = request(grant, "Connection: close")
    async with connected(grant["port"], limit=1024) as wire:
        await wire.send(asked)
        etag = (head := await wire.head()).headers["ETag"]
        package = f"/packages/{grant['package_id']}"
        answer = await rig.api("PATCH", package, json={"withdrawn": True})
        assert (answer.status, answer.body["withdrawn"]) == (200, True)
        assert await wire.body(int(head.headers["Content-Length"])) == DATA * 20
    async with connected(grant["port"]) as wire:
        await wire.send(request(grant, "Range: bytes=150000-199999", f"If-Range: {etag}"))
        reply = await wire.reply()
        assert (reply.status, reply.body) == (206, DATA[150_000:])


async def test_a_client_that_ended_its_side_gets_everything(
    rig: Rig, grant: dict[str, Any]
) -> None:
    """Requests that came before the end are answered, then the connection ends."""
    answer = await exchanged(grant["port"], request(grant), request(grant, "Range: bytes=0-1"))
    assert answer.count(b"HTTP/1.1 20") == 2
    assert answer.endswith(b"\r\n\r\n" + DATA[:2])


async def test_many_requests_before_the_end_are_answered(rig: Rig, grant: dict[str, Any]) -> None:
    """Also those that wait for their turn when the end comes."""
    answer = await exchanged(grant["port"], request(grant, "Range: bytes=0-0") * 90)
    assert answer.count(b"HTTP/1.1 206") == 90


async def test_a_large_answer_of_the_framework_survives_the_end_of_the_asking_side(
    rig: Rig,
) -> None:
    """The body is sent to its end, then the connection ends."""
    grant = await granted(rig, DATA * 50)
    answer = await exchanged(grant["port"], HEALTH, request(grant), pause=0.1)
    assert len(answer) > len(DATA) * 50
    assert answer.endswith(DATA)


async def test_the_framework_ends_the_connection_of_a_guesser(
    rig: Rig, grant: dict[str, Any]
) -> None:
    """What the answer says of the connection is true on this way, too."""
    guess = request({**grant, "token": "x"})
    async with connected(grant["port"]) as wire:
        await wire.send(HEALTH)
        await wire.reply()
        for _ in range(BURST):
            await wire.send(guess)
            assert (await wire.reply()).status == 401
        await wire.send(guess)
        reply = await wire.reply()
        assert (reply.status, reply.headers["Connection"]) == (429, "close")
        assert await wire.ended()


@pytest.fixture
async def deaf(rig: Rig) -> AsyncIterator[Deaf]:
    """Return a device with little room that reads nothing of its download."""
    grant = await granted(rig, DATA[:40_000])
    loop = asyncio.get_running_loop()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", grant["port"]))
        yield Deaf(rig, grant, sock)


@dataclass(frozen=True)
class Deaf:
    """A device that reads nothing, so that most of its bytes stay with the system."""

    rig: Rig
    grant: dict[str, Any]
    sock: socket.socket

    async def ask(self, *lines: str) -> None:
        """Ask for its package, and wait until the system has all of it."""
        await asyncio.get_running_loop().sock_sendall(self.sock, request(self.grant, *lines))
        async with self.rig.events() as events:
            snapshot = await events.next()
            if not snapshot["transfers"][0]["active"]:
                await events.until(active=True)

    async def rested(self) -> dict[str, Any]:
        """Wait for the end of its activity; return the transfer."""
        async with self.rig.events() as events:
            first = dict((await events.next())["transfers"][0])
            return await events.until(active=False) if first["active"] else first


async def test_a_reset_after_the_own_end_is_no_arrival(deaf: Deaf) -> None:
    """Bytes that the system held for a device when it broke the connection did not arrive."""
    await deaf.ask()
    deaf.sock.shutdown(socket.SHUT_WR)
    await asyncio.sleep(0.1)
    deaf.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    deaf.sock.close()
    assert 0 < (await deaf.rested())["bytes_served"] < 30_000


async def test_a_device_that_was_cut_has_not_everything(
    deaf: Deaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The depot ended the connection, so it knows nothing of an end in good order."""
    monkeypatch.setattr(sending, "STALL_TIMEOUT", 0.5)
    await deaf.ask()
    assert 0 < (await deaf.rested())["bytes_served"] < 30_000


async def test_a_download_by_two_connections_ends_with_its_last_arrival(deaf: Deaf) -> None:
    """Whichever part of the package that is."""
    rest = request(deaf.grant, "Range: bytes=20000-")
    assert (await exchanged(deaf.grant["port"], rest)).endswith(DATA[20_000:40_000])
    await deaf.ask("Range: bytes=0-19999")
    await asyncio.sleep(1.5)
    async with deaf.rig.events() as events:
        transfer = (await events.next())["transfers"][0]
    assert (transfer["complete"], transfer["active"]) == (False, True)
    assert 20_000 < transfer["bytes_served"] < 35_000


def read_and_leave(port: int, context: ssl.SSLContext, sent: bytes, size: int) -> None:
    """Ask, read exactly the body, and close the socket without another word."""
    with (
        socket.create_connection(("127.0.0.1", port), 5) as sock,
        context.wrap_socket(sock, server_hostname="127.0.0.1") as wire,
    ):
        wire.sendall(sent)
        answer = wire.makefile("rb")
        while answer.readline() != b"\r\n":
            pass
        assert len(answer.read(size)) == size
        answer.close()


async def test_a_device_that_has_read_all_may_leave_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS's goodbye, which nobody takes any more, is not missed from the package."""
    lost = sending.Sending.lost

    def reset(self: sending.Sending, exc: BaseException | None) -> None:
        """See the reset that answers the goodbye before the end is told."""
        lost(self, exc or ConnectionResetError())

    monkeypatch.setattr(sending.Sending, "lost", reset)
    monkeypatch.setattr(sending, "_FIRST_LOOK", 60.0)
    async with server.running(settings(tmp_path, tls=True)) as url:
        context = ssl.create_default_context(cafile=tmp_path / "certificates" / "ca.pem")
        async with ClientSession(connector=TCPConnector(ssl=context)) as session:
            rig = Rig(url=url, data_dir=tmp_path, session=session)
            grant = await granted(rig, DATA)
            async with rig.events() as events:
                asked = request(grant)
                await asyncio.to_thread(read_and_leave, grant["port"], context, asked, len(DATA))
                left = await events.until(active=False)
    assert (left["bytes_served"], left["complete"]) == (len(DATA), True)


async def test_half_a_request_and_the_end_are_no_request(rig: Rig, grant: dict[str, Any]) -> None:
    """Nothing is answered, and nothing hangs."""
    assert await exchanged(grant["port"], request(grant)[:-2]) == b""
    assert await exchanged(grant["port"]) == b""


@pytest.fixture
async def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """Run a depot that waits for nobody."""
    monkeypatch.setattr(connections, "HEAD_TIMEOUT", 0.2)
    monkeypatch.setattr(connections, "KEEPALIVE_TIMEOUT", 0.6)
    async with depot_running(tmp_path) as rig:
        yield rig


@pytest.mark.parametrize("words", [b"", b"G", b"GET /p/0123456789abcdef HTTP/1.1\r\nHost: x\r\n"])
async def test_who_does_not_finish_a_request_is_let_go(impatient: Rig, words: bytes) -> None:
    """However slowly the bytes drip."""
    loop = asyncio.get_running_loop()
    async with connected(int(impatient.url.rpartition(":")[2])) as wire:
        before = loop.time()
        for byte in words:
            wire.writer.write(bytes([byte]))
            await asyncio.sleep(0.004)
        assert await wire.ended()
        assert 0.1 < loop.time() - before < 5


async def test_who_is_silent_between_requests_is_let_go_later(impatient: Rig) -> None:
    """The pause between two requests may be longer than one within a request."""
    grant = await granted(impatient, DATA)
    loop = asyncio.get_running_loop()
    async with connected(grant["port"]) as wire:
        for _ in range(3):
            await wire.send(request(grant, "Range: bytes=0-9"))
            assert (await wire.reply()).body == DATA[:10]
            await asyncio.sleep(0.35)
        before = loop.time()
        assert await wire.ended()
        assert loop.time() - before < 5


@pytest.mark.parametrize(("lines", "left_open"), [((), True), (("Connection: close",), False)])
async def test_who_waits_after_the_end_is_told(
    impatient: Rig, lines: tuple[str, ...], left_open: bool
) -> None:
    """A device that reads on learns nothing before the connection ends; one that asked for that does."""
    grant = await granted(impatient, DATA)
    async with impatient.events() as events, connected(grant["port"]) as wire:
        await events.next()
        await wire.send(request(grant, *lines))
        assert (await wire.reply()).body == DATA
        told = await events.until(complete=True, active=False)
        assert not told["left_open"]
        assert await wire.ended()
        if left_open:
            assert (await events.until(left_open=True))["complete"]
    async with impatient.events() as events:
        assert (await events.next())["transfers"][0]["left_open"] is left_open


@pytest.mark.parametrize(
    "begin",
    [b"GET /p/0123456789abcdef HTTP/1.1\r\nX: ", b"GET /p/0123456789abcdef?token=", b"A" * 100],
)
@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"], ids=["goes on", "ends"])
async def test_an_endless_head_is_refused(rig: Rig, begin: bytes, end: bytes) -> None:
    """It is told why, and costs no more memory than its bound."""
    async with connected(int(rig.url.rpartition(":")[2])) as wire:
        await wire.send(begin + b"x" * MAX_HEAD + end)
        reply = await wire.reply()
        assert (reply.status, reply.headers["Connection"]) == (431, "close")
        assert b"header-too-large" in reply.body
        assert await wire.ended()


@pytest.mark.parametrize(
    ("name", "status"), [("If-Match", 206), ("If-None-Match", 304), ("If-Range", 200)]
)
async def test_a_condition_may_take_several_lines(
    rig: Rig, grant: dict[str, Any], name: str, status: int
) -> None:
    """They are one list (RFC 9110 section 5.3); where only one value is right none is taken."""
    async with connected(grant["port"]) as wire:
        await wire.send(request(grant, method="HEAD"))
        etag = (await wire.reply(method="HEAD")).headers["ETag"]
        lines = (f"{name}: {etag}", f'{name}: "x"')
        for both in (lines, lines[::-1]):
            await wire.send(request(grant, "Range: bytes=0-9", *both))
            assert (await wire.reply()).status == status


async def test_two_ranges_in_two_lines_are_no_single_one(rig: Rig, grant: dict[str, Any]) -> None:
    """Like several ranges in one line they are answered with the whole package."""
    async with connected(grant["port"]) as wire:
        await wire.send(request(grant, "Range: bytes=0-1", "Range: bytes=5-6"))
        reply = await wire.reply()
        assert (reply.status, reply.body) == (200, DATA)


async def test_a_device_that_leaves_the_framework_is_no_failure(
    rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever breaks the connection fills nobody's log."""
    grant = await granted(rig, DATA)
    told = asyncio.Event()

    def broken(*_: object, **options: object) -> Any:
        """Note what the framework is told."""
        told.set()
        return original(*_, **options)

    original = framework.DeviceFriendlyHandler.handle_error
    monkeypatch.setattr(framework.DeviceFriendlyHandler, "handle_error", broken)
    with socket.create_connection(("127.0.0.1", grant["port"])) as sock:
        await asyncio.sleep(0.05)
        # The depot sees all of this at once.
        sock.sendall(HEALTH + request(grant, "Range: bytes=0-1", "Range: bytes=0-1") * 2)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    async with asyncio.timeout(5):
        await told.wait()
    await rig.api("GET", "/info")
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


async def test_what_is_no_http_is_refused_at_once(rig: Rig) -> None:
    """A TLS client at a plain port does not wait for the end of a line."""
    async with connected(int(rig.url.rpartition(":")[2])) as wire:
        await wire.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        assert (await wire.reply()).status == 400


async def test_a_missing_file_is_told(
    rig: Rig, grant: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A package whose file went away is the depot's failure, and the connection goes on."""
    caplog.set_level("DEBUG", "mqtt_ota_depot.access")
    for file in (rig.data_dir / "packages").iterdir():
        file.unlink()
    async with connected(grant["port"]) as wire:
        for lines in ((), ("Range: bytes=0-9",)):
            await wire.send(request(grant, *lines))
            assert (await wire.reply()).status == 500
    assert "cannot be read" in caplog.text
    assert caplog.text.count(f"GET {grant['path']} 500 ") == 2


@pytest.mark.parametrize("first", [b"", HEALTH], ids=["direct", "framework"])
async def test_each_request_is_logged_once(
    rig: Rig, grant: dict[str, Any], caplog: pytest.LogCaptureFixture, first: bytes
) -> None:
    """In one form on both ways, with its time, without its query."""
    caplog.set_level("DEBUG", "mqtt_ota_depot.access")
    token = f"{grant['path']}?token={grant['token']}"
    async with connected(grant["port"]) as wire:
        if first:
            await wire.send(first)
            await wire.reply()
        await wire.send(request(grant, "Range: bytes=7-9", path=token))
        await wire.reply()
        await wire.send(request(grant, method="HEAD"))
        await wire.reply(method="HEAD")
    own = [each.getMessage() for each in caplog.records if grant["path"] in each.getMessage()]
    form = re.escape(f"127.0.0.1 GET {grant['path']} 206 ") + r"0\.\d{3} s"
    assert re.fullmatch(form, own[0])
    assert len(own) == 2
    assert own[1].startswith(f"127.0.0.1 HEAD {grant['path']} 200 ")


async def test_a_rate_limit_slows_down(tmp_path: Path) -> None:
    """Bytes come no faster than the limit, and all of them come."""
    async with depot_running(tmp_path, max_device_rate=100_000) as rig:
        grant = await granted(rig, DATA)
        loop = asyncio.get_running_loop()
        before = loop.time()
        async with connected(grant["port"]) as wire:
            await wire.send(request(grant))
            assert (await wire.reply()).body == DATA
        assert 0.5 < loop.time() - before < 8


@pytest.mark.parametrize("size", [10_000, 150_000])
async def test_a_slow_disk_is_waited_for(
    rig: Rig, grant: dict[str, Any], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Whatever is not in memory comes from a thread; others are served meanwhile."""
    monkeypatch.setattr("mqtt_ota_depot.blobs._NOWAIT", None)
    wires: list[Wire] = []
    async with connected(grant["port"]) as first, connected(grant["port"]) as second:
        wires += [first, second]
        for wire in wires:
            await wire.send(request(grant, f"Range: bytes=7-{6 + size}"))
        for wire in wires:
            assert (await wire.reply()).body == DATA[7 : 7 + size]


async def test_a_device_that_leaves_while_a_disk_is_read_leaves_nothing_open(
    rig: Rig, grant: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays open until the thread has read, and no longer."""
    monkeypatch.setattr("mqtt_ota_depot.blobs._NOWAIT", None)
    release = asyncio.Event()
    readers = []

    async def slow(self: Any, offset: int, size: int) -> memoryview:
        """Read when the test says so."""
        readers.append(self)
        await release.wait()
        return memoryview(os.pread(self.descriptor, size, offset))

    monkeypatch.setattr("mqtt_ota_depot.blobs._FileReader.read", slow)
    async with connected(grant["port"]) as wire:
        await wire.send(request(grant))
        await wire.head()
    await until(lambda: bool(readers))
    await rig.api("DELETE", f"/packages/{grant['package_id']}")
    assert readers[0].users == 1
    release.set()
    await until(lambda: readers[0].users == 0)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(readers[0].descriptor)


async def until(holds: Any) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110  (what is waited for tells nobody)
            await asyncio.sleep(0.01)


async def test_an_address_with_too_many_connections_is_turned_away(tmp_path: Path) -> None:
    """Before it is heard at all; the ones it has go on, and leaving makes room."""
    async with depot_running(tmp_path, max_connections=3) as rig:
        grant = await granted(rig, DATA)
        await rig.session.close()
        async with connected(grant["port"]) as first, connected(grant["port"]) as second:
            async with connected(grant["port"]), connected(grant["port"]) as fourth:
                assert await fourth.ended()
            for wire in (first, second):
                await wire.send(request(grant, "Range: bytes=0-3"))
                assert (await wire.reply()).body == DATA[:4]
            await asyncio.sleep(0.05)
            async with connected(grant["port"]) as again:
                await again.send(request(grant, "Range: bytes=0-3"))
                assert (await again.reply()).body == DATA[:4]


def open_files() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_readers_are_shared_and_closed(tmp_path: Path) -> None:
    """Small parts keep one descriptor for each of the last packages, not more."""
    blobs = FileBlobs(tmp_path)
    for number in range(70):
        (tmp_path / "packages" / f"{number:064x}").write_bytes(b"%d" % number)
    before = open_files()
    for number in range(70):
        part = blobs.at_hand(f"{number:064x}", 0, 1)
        assert part is not None
        assert bytes(part) == b"%d" % (number // 10 or number)
    assert open_files() - before == 64
    assert blobs.at_hand(f"{5:064x}", 0, 2) is None
    with pytest.raises(FileNotFoundError):
        blobs.at_hand("f" * 64, 0, 1)
    blobs.close()
    assert open_files() == before
