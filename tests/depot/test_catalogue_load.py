"""The fault catalogue, load: rows L1 to L5 in small, against a real process.

The measured figures are those of `script/bench downloads`; these tests see that
nothing breaks, with bounds that a busy machine keeps too.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
import random
import resource
import signal
import socket
import statistics
import time
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
import pytest_socket

from .catalogue import DATA, SIZE, get, granted, process
from .process import DepotProcess
from .sockets import PATIENCE, BrokenAnswerError, ask, connected, path_of, pipelined, request_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("depot-process")]

MIB = 1024 * 1024
RATE = 900_000
DEVICE_RATE = 600_000


@pytest.fixture(scope="module")
def depot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DepotProcess]:
    """Run one depot with few limits, so that loopback stands for a whole network."""
    pytest_socket.enable_socket()
    folder = tmp_path_factory.mktemp("load") / "data"
    with process(folder, "--max-repeats", "0", "--max-connections", "0") as running:
        yield running
        assert "Traceback" not in running.log.read_text()


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DepotProcess]:
    """Run a depot with every limit."""
    pytest_socket.enable_socket()
    folder = tmp_path_factory.mktemp("limited") / "data"
    limits = {"connections": 50, "listeners": 2, "rate": RATE, "device-rate": DEVICE_RATE}
    options = [text for name, value in limits.items() for text in (f"--max-{name}", str(value))]
    with process(folder, *options) as running:
        yield running


@asynccontextmanager
async def many(port: int, count: int) -> AsyncIterator[list[socket.socket]]:
    """Hold many connections that say nothing, from addresses of a whole network."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sockets: list[socket.socket] = []
    try:
        for number in range(count):
            sock = socket.socket()
            sockets.append(sock)
            sock.settimeout(PATIENCE)
            sock.bind((f"127.1.0.{number % 200 + 1}", 0))
        await asyncio.to_thread(_connect, sockets, port)
        yield sockets
    finally:
        for sock in sockets:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))


def _connect(sockets: list[socket.socket], port: int) -> None:
    """Connect all of them."""
    for sock in sockets:
        sock.connect(("127.0.0.1", port))


async def latencies(grant: dict[str, Any], count: int = 100) -> list[float]:
    """Return the times of small requests, each on a connection of its own."""
    times = []
    for _ in range(count):
        before = time.monotonic()
        assert (await get(grant, Range="bytes=0-4095")).body == DATA[:4096]
        times.append(time.monotonic() - before)
    return times


def prompt(times: list[float]) -> bool:
    """Return whether most were answered at once: a busy machine delays some."""
    return statistics.median(times) < 0.5


async def test_l1_slow_clients_leave_room_for_others(depot: DepotProcess) -> None:
    """Three hundred at 16 KiB per second: each gets its rate, the next one is served at once."""
    async with granted(depot) as grant:
        before = depot.memory()
        slow = [asyncio.create_task(_slowly(grant)) for _ in range(300)]
        await asyncio.sleep(1)
        times = await latencies(grant)
        results = await asyncio.gather(*slow)
        grown = depot.memory() - before
    assert prompt(times)
    assert results == [DATA[: 32 * 1024]] * 300
    assert grown < 300 * 280 * 1024


async def _slowly(grant: dict[str, Any]) -> bytes:
    """Take 32 KiB in about two seconds."""
    async with connected(grant["port"], limit=4096) as wire:
        await wire.send(request_for(grant))
        await wire.head()
        received = b""
        while len(received) < 32 * 1024:
            received += await wire.body(4096)
            await asyncio.sleep(0.25)
        return received


async def test_l2_a_herd_after_a_power_cut_is_served(depot: DepotProcess) -> None:
    """Five hundred devices come at once; all go on with their downloads."""
    async with granted(depot) as grant:

        async def device(number: int) -> bool:
            """Connect and go on where the power went."""
            start = number * 500
            reply = await get(grant, Range=f"bytes={start}-{start + 4095}")
            return reply.body == DATA[start : start + 4096]

        before = time.monotonic()
        assert all(await asyncio.gather(*(device(number) for number in range(500))))
        assert time.monotonic() - before < PATIENCE


async def test_l3_big_downloads_do_not_stall_small_requests(depot: DepotProcess) -> None:
    """Four at full speed: a small request never waits for one of them."""
    big = DATA * 60
    async with granted(depot, data=big) as grant, granted(depot) as small:
        ended = asyncio.Event()

        async def download() -> None:
            """Read one package after the other."""
            while not ended.is_set():
                async with connected(depot.port) as wire:
                    await wire.send(request_for(grant))
                    size = int((await wire.head()).headers["Content-Length"])
                    assert await wire.body(size) == big

        running = [asyncio.create_task(download()) for _ in range(4)]
        times = await latencies(small, 60)
        ended.set()
        await asyncio.gather(*running)
    assert prompt(times)


async def test_l4_five_thousand_silent_connections_hurt_nobody(depot: DepotProcess) -> None:
    """They cost little memory, others are served, and their end gives all back."""
    async with granted(depot) as grant:
        await latencies(grant, 20)
        before = depot.memory()
        async with many(depot.port, 5000):
            assert prompt(await latencies(grant, 50))
            assert depot.memory() - before < 5000 * 30 * 1024
        again = await _counts(depot)
        assert again["refused_connections"] == 0
        await _until_gone(depot)


async def _until_gone(depot: DepotProcess) -> None:
    """Wait until the depot knows that all connections but those of the API have ended."""
    for _ in range(200):
        if (await _counts(depot))["connections"] <= 2:
            return
        await asyncio.sleep(0.05)
    pytest.fail("connections are still counted")


async def _counts(depot: DepotProcess) -> dict[str, int]:
    """Return what the depot counts."""
    async with depot.client() as rig:
        return dict((await rig.api("GET", "/info")).body["counts"])


async def test_l4_a_process_with_few_descriptors_refuses_and_lives(tmp_path: Path) -> None:
    """It never runs out of them: what is beyond is closed at once, and works later."""
    with process(tmp_path / "data", "--max-connections", "0", limit="--nofile=600:600") as depot:
        async with granted(depot) as grant, connected(depot.port) as wire:
            await wire.send(request_for(grant, Range="bytes=0-9"))
            assert (await wire.reply()).body == DATA[:10]
            # All of them wait when it goes on, as after a moment without a processor.
            depot.process.send_signal(signal.SIGSTOP)
            async with many(depot.port, 700):
                depot.process.send_signal(signal.SIGCONT)
                await wire.send(request_for(grant))
                assert (await wire.reply()).body == DATA
                with pytest.raises(BrokenAnswerError):
                    await get(grant)
            for _ in range(50):
                try:
                    reply = await get(grant)
                    break
                except BrokenAnswerError, ConnectionError:
                    await asyncio.sleep(0.05)
            assert reply.body == DATA
        log = depot.log.read_text()
        assert "Traceback" not in log
        assert "Too many open files" not in log


async def test_l4_one_address_has_its_share_of_connections(limited: DepotProcess) -> None:
    """More are closed at once; another address is served, and so is the first one later."""
    async with granted(limited) as grant:
        request = request_for(grant, Range="bytes=0-9")
        opened = [
            await asyncio.open_connection("127.0.0.1", limited.port, local_addr=("127.0.0.9", 0))
            for _ in range(60)
        ]
        closed = 0
        for reader, writer in opened:
            try:
                writer.write(request)
                closed += await asyncio.wait_for(reader.read(1), PATIENCE) == b""
            except ConnectionError:
                closed += 1
        assert closed == 10
        assert (await ask(limited.port, request, source="127.0.0.10")).body == DATA[:10]
        for _, writer in opened:
            writer.transport.abort()
        await _until_gone(limited)
        assert (await ask(limited.port, request, source="127.0.0.9")).body == DATA[:10]


async def test_l4_listeners_are_bounded(limited: DepotProcess) -> None:
    """One more is told to wait, and is welcome when another has gone."""
    async with limited.client() as rig:
        async with rig.events() as first, rig.events() as second:
            assert (await first.next())["type"] == (await second.next())["type"]
            answer = await rig.api("GET", "/events")
            assert (answer.status, answer.problem) == (429, "too-many-requests")
            assert int(answer.headers["Retry-After"]) > 0
        async with rig.events() as third:
            assert (await third.next())["type"] == "snapshot"


async def test_l4_memory_does_not_grow_with_ranges(depot: DepotProcess) -> None:
    """Ten thousand of them, scattered, then ten thousand more."""
    chance = random.Random(13)
    async with granted(depot) as grant:
        memory = []
        for _ in range(2):
            places = [chance.randrange(SIZE) for _ in range(10_000)]
            requests = [request_for(grant, Range=f"bytes={at}-{at}") for at in places]
            bodies = await pipelined(depot.port, requests)
            assert bodies == [DATA[at : at + 1] for at in places]
            memory.append(depot.memory())
    # Each could leave a separate interval of what was served, of which a number is kept.
    assert memory[1] - memory[0] < MIB


async def test_l4_rates_are_kept_by_each_device_and_by_all(limited: DepotProcess) -> None:
    """Where they are set, one device gets its share over all its connections."""
    async with limited.client() as rig:
        package = await rig.package(DATA, version="paced")
        grants = [
            {**await rig.grant(package, task_id=str(n), device_id=f"d{n}"), "port": limited.port}
            for n in range(3)
        ]
    before = time.monotonic()
    halves = await asyncio.gather(
        get(grants[0], Range="bytes=0-149999"), get(grants[0], Range="bytes=150000-")
    )
    one = time.monotonic() - before
    assert b"".join(half.body for half in halves) == DATA
    before = time.monotonic()
    assert all(reply.body == DATA for reply in await asyncio.gather(*map(get, grants)))
    together = time.monotonic() - before
    assert one > SIZE / DEVICE_RATE * 0.75
    assert together > 3 * SIZE / RATE * 0.75


WORDS = st.sampled_from([
    b"GET ", b"HEAD ", b"POST ", b"/p/0123456789abcdef", b" HTTP/1.1", b" HTTP/1.0", b"\r\n", b"\n",
    b"\r", b"Host: x", b"Range: bytes=", b"0-", b"-1", b",", b"Content-Length: 5", b": ", b"\x00",
    b"Transfer-Encoding: chunked", b"Authorization: Bearer ", b"Expect: 100-continue", b"\xff",
    b"Connection: Upgrade", b"?token=", b" ", b"A" * 300, b"%", b"Range: bytes=0-0",
])  # fmt: skip


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(parts=st.lists(WORDS | st.binary(max_size=20), max_size=25))
async def test_l5_whatever_is_sent_is_answered_or_ended(
    depot: DepotProcess, parts: list[bytes]
) -> None:
    """No bytes bring an answer of another form, a 500, or the end of the depot."""
    async with connected(depot.port) as wire:
        await wire.send(b"".join(parts))
        wire.writer.write_eof()
        try:
            reply = await wire.head()
        except BrokenAnswerError:
            return
        assert reply.status in {
            100,
            200,
            400,
            401,
            404,
            405,
            411,
            413,
            414,
            417,
            429,
            431,
            501,
            505,
        }


@pytest.mark.parametrize("size", [9_000, 70_000, 2_000_000])
@pytest.mark.parametrize("where", ["field", "fields", "line", "name"])
async def test_l5_oversized_headers_are_refused_in_bounded_memory(
    depot: DepotProcess, where: str, size: int
) -> None:
    """The request is refused or the connection ends; nobody else notices."""
    async with granted(depot) as grant:
        request = {
            "field": request_for(grant, X="y" * size),
            "fields": request_for(grant, **{f"x{n}": "y" * 90 for n in range(size // 100)}),
            "line": request_for(grant, path=f"{path_of(grant)}?x={'y' * size}"),
            "name": request_for(grant, **{"x" * size: "y"}),
        }[where]
        async with connected(depot.port) as wire:
            try:
                await wire.send(request)
                status = (await wire.reply()).status
            except BrokenAnswerError, ConnectionError:
                status = 0
        assert status in ({0, 200, 400, 414, 431} if size < 20_000 else {0, 400, 414, 431})
        assert (await get(grant, Range="bytes=0-0")).status == 206
    assert depot.memory("VmHWM") < 400 * MIB
