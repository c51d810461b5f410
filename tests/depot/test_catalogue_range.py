"""The fault catalogue, transport and ranges: one test per row, against a real process."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
import hashlib
import os
from pathlib import Path
import random
import re
import shutil
import statistics
import time
from typing import Any

import pytest
import pytest_socket

from .altered import World
from .catalogue import DATA, ETAG, SIZE, get, grant_for, granted, process, transfer_of
from .meddler import Fault, Harm, meddling
from .process import DepotProcess
from .sockets import BrokenAnswerError, Reply, ask, connected, path_of, pipelined, request_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("depot-process")]

HUGE = 2**64
FUTURE = "Fri, 01 Jan 2100 00:00:00 GMT"
PAST = "Sat, 01 Jan 2000 00:00:00 GMT"
# What TCP and the depot may have under way to a connection that breaks.
UNDER_WAY = 65_536


@pytest.fixture(scope="module")
def depot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DepotProcess]:
    """Run one depot for all rows that leave it as it was."""
    pytest_socket.enable_socket()
    folder = tmp_path_factory.mktemp("catalogue") / "data"
    with process(folder) as running:
        yield running
        log = running.log.read_text()
        assert "Traceback" not in log, log


@pytest.fixture(scope="module")
def altered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DepotProcess]:
    """Run a depot whose disk the tests break."""
    pytest_socket.enable_socket()
    folder = tmp_path_factory.mktemp("altered") / "data"
    with process(folder, module="tests.depot.altered") as running:
        yield running


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A request and its right answer; `part` is what a 206 or 200 sends.

    In header fields, {etag} and {date} stand for those of the package.
    """

    asked: str
    status: int
    part: tuple[int, int] = (0, SIZE)
    method: str = "GET"
    fields: dict[str, str] = field(default_factory=dict)
    rule: str = ""


def ranged(value: str, status: int, start: int = 0, end: int = SIZE, rule: str = "") -> Row:
    """Return the row of a Range field."""
    return Row(
        asked=f"`Range: {value}`",
        status=status,
        part=(start, end),
        fields={"Range": value},
        rule=rule,
    )


def if_range(value: str, status: int, rule: str) -> Row:
    """Return the row of an If-Range field with `Range: bytes=5-`."""
    return Row(
        asked=f"`Range: bytes=5-`, `If-Range: {value}`",
        status=status,
        part=(5, SIZE) if status == 206 else (0, SIZE),
        fields={"Range": "bytes=5-", "If-Range": value},
        rule=rule,
    )


def condition(name: str, value: str, status: int, rule: str) -> Row:
    """Return the row of a precondition."""
    return Row(asked=f"`{name}: {value}`", status=status, fields={name: value}, rule=rule)


CONFORMANCE = (
    Row(asked="no condition, no range", status=200, rule="206 only when asked"),
    ranged("bytes=0-0", 206, 0, 1, "first byte"),
    ranged("bytes=100-199", 206, 100, 200, "first and last position"),
    ranged("bytes=5-", 206, 5, SIZE, "open end"),
    ranged(f"bytes={SIZE - 1}-", 206, SIZE - 1, SIZE, "last byte"),
    ranged("bytes=-1", 206, SIZE - 1, SIZE, "suffix"),
    ranged(f"bytes=-{SIZE + 9}", 206, 0, SIZE, "suffix longer than the package"),
    ranged(f"bytes=9-{SIZE + 9}", 206, 9, SIZE, "end past the package"),
    ranged(f"bytes=0-{HUGE}", 206, 0, SIZE, "absurd end"),
    ranged("bytes= 0-9", 206, 0, 10, "space before the position"),
    ranged("BYTES=0-9", 206, 0, 10, "the unit in capitals"),
    ranged("bytes=000001-2", 206, 1, 3, "leading zeros"),
    ranged(f"bytes={SIZE}-", 416, rule="begins behind the last byte"),
    ranged(f"bytes={HUGE}-", 416, rule="absurd begin"),
    ranged("bytes=-0", 416, rule="empty suffix"),
    ranged("bytes=5-4", 416, rule="reversed: no range at all"),
    ranged("bytes=a-b", 416, rule="no numbers"),
    ranged("bytes=-", 416, rule="neither begin nor end"),
    ranged("items=0-5", 200, rule="unknown unit is ignored"),
    ranged("bytes 0-5", 200, rule="no unit is ignored"),
    ranged("bytes=0-9,20-29", 200, rule="several ranges: the whole is a right answer"),
    if_range("{etag}", 206, "same strong entity tag"),
    if_range('"other"', 200, "another entity tag"),
    if_range("W/{etag}", 200, "a weak tag never matches"),
    if_range("{date}", 206, "same date"),
    if_range(PAST, 200, "older date"),
    if_range(FUTURE, 200, "newer date is another date"),
    if_range("tomorrow", 200, "neither tag nor date"),
    condition("If-Match", "{etag}", 200, "same package"),
    condition("If-Match", "*", 200, "any package"),
    condition("If-Match", '"other"', 412, "another package"),
    condition("If-Match", "W/{etag}", 412, "compared strongly"),
    condition("If-None-Match", "{etag}", 304, "the client has it"),
    condition("If-None-Match", 'W/{etag}, "other"', 304, "one of several, compared weakly"),
    condition("If-None-Match", "*", 304, "the client has any"),
    condition("If-None-Match", '"other"', 200, "the client has another"),
    condition("If-Modified-Since", "{date}", 304, "the client has it"),
    condition("If-Modified-Since", PAST, 200, "the client has an older one"),
    condition("If-Modified-Since", "yesterday", 200, "no date is ignored"),
    condition("If-Unmodified-Since", "{date}", 200, "the same package"),
    condition("If-Unmodified-Since", PAST, 412, "a newer package"),
    Row(
        asked="`Range: bytes=0-9`, `If-None-Match: {etag}`",
        status=304,
        fields={"Range": "bytes=0-9", "If-None-Match": "{etag}"},
        rule="conditions come before ranges",
    ),
    Row(
        asked="HEAD with `Range: bytes=0-9`",
        method="HEAD",
        status=200,
        fields={"Range": "bytes=0-9"},
        rule="ranges are for GET",
    ),
)


@pytest.mark.parametrize("row", CONFORMANCE, ids=lambda row: row.asked)
async def test_r01_r02_every_range_and_condition_has_the_answer_of_rfc_9110(
    depot: DepotProcess, row: Row
) -> None:
    """Status, header and bytes; the connection is good for the next request."""
    async with granted(depot) as grant, connected(depot.port) as wire:
        await wire.send(request_for(grant, method="HEAD"))
        date = (await wire.reply(method="HEAD")).headers["Last-Modified"]
        fields = {name: each.format(etag=ETAG, date=date) for name, each in row.fields.items()}
        await wire.send(request_for(grant, method=row.method, **fields))
        reply = await wire.reply(method=row.method)
        assert reply.status == row.status
        if row.status == 206:
            start, end = row.part
            assert reply.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
        if row.status == 416:
            assert reply.headers["Content-Range"] == f"bytes */{SIZE}"
        if row.status in {200, 206, 304}:
            assert (reply.headers["ETag"], reply.headers["Last-Modified"]) == (ETAG, date)
        if row.status in {200, 206} and row.method == "GET":
            assert reply.body == DATA[slice(*row.part)]
        await wire.send(request_for(grant, Range="bytes=7-9"))
        assert (await wire.reply()).body == DATA[7:10]


async def test_r03_a_replaced_package_never_mixes_with_the_old_one(depot: DepotProcess) -> None:
    """The old token and URL die; the old tag at the new URL gets the whole new package."""
    first, second = (random.Random(seed).randbytes(SIZE) for seed in (10, 14))
    async with depot.client() as rig:
        old = {**await grant_for(rig, first, version="replaced"), "port": depot.port}
        async with connected(depot.port) as wire:
            await wire.send(request_for(old))
            head = await wire.head()
            begin = await wire.body(1000)
            await rig.api("DELETE", f"/packages/{old['package_id']}")
            new = {**await grant_for(rig, second, version="replaced"), "port": depot.port}
            try:
                rest = await wire.body(SIZE - 1000)
            except BrokenAnswerError as err:
                rest = err.received
        assert first.startswith(begin + rest)
        assert path_of(old) != path_of(new)
        assert (await get(old, Range="bytes=1000-")).status == 401
        reply = await get(new, Range="bytes=1000-", If_Range=head.headers["ETag"])
        assert (reply.status, reply.body) == (200, second)


async def test_r04_the_entity_tag_is_the_content_whatever_happens_to_the_file(
    tmp_path: Path,
) -> None:
    """A restart, other file times and a restored backup change nothing."""
    with process(tmp_path / "data") as depot:
        async with granted(depot) as grant:
            before = await get(grant, "HEAD")
    assert before.headers["ETag"] == ETAG
    for file in (tmp_path / "data" / "packages").iterdir():
        os.utime(file, (1, 1))
    shutil.copytree(tmp_path / "data", tmp_path / "restored")
    with process(tmp_path / "restored") as depot:
        moved = {**grant, "port": depot.port}
        reply = await get(moved, Range="bytes=1000-", If_Range=ETAG)
        assert (reply.status, reply.body) == (206, DATA[1000:])
        date = before.headers["Last-Modified"]
        assert (await get(moved, Range="bytes=1-", If_Range=date)).status == 206


async def test_r05_head_tells_what_get_would(depot: DepotProcess) -> None:
    """The same header, no byte of the body, and the connection goes on."""
    async with granted(depot) as grant, connected(depot.port) as wire:
        await wire.send(request_for(grant, method="HEAD") + request_for(grant))
        head, whole = await wire.reply(method="HEAD"), await wire.reply()
        fields = [{k: v for k, v in r.headers.items() if k != "Date"} for r in (head, whole)]
        assert fields[0] == fields[1]
        assert whole.body == DATA


async def test_r06_every_answer_has_its_length_and_no_coding(depot: DepotProcess) -> None:
    """Right or wrong, whatever the client says that it takes."""
    async with granted(depot) as grant:
        for headers in (
            {"Accept-Encoding": "gzip, br"}, {"TE": "chunked"}, {"Range": "bytes=9-"},
            {"Range": f"bytes={SIZE}-"}, {"If-Match": '"x"'}, {"Authorization": "Bearer x"},
        ):  # fmt: skip
            reply = await get(grant, **headers)
            assert int(reply.headers["Content-Length"]) == len(reply.body), headers
            assert not {"Transfer-Encoding", "Content-Encoding"} & set(reply.headers)
        old = await ask(depot.port, request_for(grant).replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert (old.status, old.body) == (200, DATA)


async def test_r07_the_header_fits_the_smallest_buffers(depot: DepotProcess) -> None:
    """400 bytes, with the longest file name and room for the digits of 8 GiB."""
    async with granted(depot, name="n" * 200 + ".bin", version="long") as grant:
        whole, part = await get(grant), await get(grant, Range="bytes=1000-99999")
    digits = len(str(8 * 1024**3))
    assert len(whole.head) + digits - len(str(SIZE)) <= 400
    assert len(part.head) + 4 * digits - len("99000" + "1000" + "99999" + str(SIZE)) <= 400


async def test_r08_a_satisfiable_range_is_never_ignored(depot: DepotProcess) -> None:
    """Devices that resume append what comes: a whole package would ruin the file."""
    chance = random.Random(11)
    async with granted(depot) as grant, connected(depot.port) as wire:
        for _ in range(200):
            start = chance.randrange(SIZE)
            end = chance.randrange(start, min(SIZE, start + 5000))
            await wire.send(request_for(grant, Range=f"bytes={start}-{end}"))
            reply = await wire.reply()
            assert (reply.status, reply.body) == (206, DATA[start : end + 1])


async def resumed(port: int, grant: dict[str, Any]) -> tuple[bytes, int]:
    """Download through breaks; return the bytes and the number of requests."""
    received, requests = b"", 0
    while len(received) < SIZE:
        requests += 1
        assert requests < 9
        headers = {"Range": f"bytes={len(received)}-", "If-Range": ETAG} if received else {}
        try:
            async with connected(port) as wire:
                await wire.send(request_for(grant, **headers))
                reply = await wire.head()
                assert reply.status == (206 if received else 200)
                received += await wire.body(int(reply.headers["Content-Length"]))
        except BrokenAnswerError as err:
            received += err.received
        except ConnectionError:
            continue
    return received, requests


@pytest.mark.parametrize("harm", [Harm.CUT, Harm.RESET, Harm.HALF_CLOSE])
async def test_r09_a_broken_connection_costs_no_more_than_what_was_under_way(
    depot: DepotProcess, harm: Harm
) -> None:
    """Broken before and after the header, after a byte, in the middle, before the last byte."""
    async with granted(depot) as grant:
        head = len((await get(grant, "HEAD")).head)
        places = (0, head, head + 1, head + SIZE // 2, head + SIZE - 1)
        for place in places:
            async with meddling(depot.port, [Fault(harm=harm, after=place)]) as meddler:
                received, requests = await resumed(meddler.port, grant)
                assert received == DATA
                assert meddler.suffered == 1
                assert requests <= 2
                assert meddler.bytes_down <= SIZE + 2 * head + UNDER_WAY
        transfer = await transfer_of(depot, grant, complete=True, active=False)
        assert transfer["bytes_served"] == SIZE


async def test_r09_a_slow_and_late_network_only_takes_longer(depot: DepotProcess) -> None:
    """Delayed and throttled connections deliver the same bytes."""
    async with (
        granted(depot) as grant,
        meddling(depot.port, delay=0.2, rate=1_000_000) as meddler,
    ):
        before = time.monotonic()
        assert await resumed(meddler.port, grant) == (DATA, 1)
        assert time.monotonic() - before > 0.4


async def test_r09_a_stalled_connection_does_not_hold_up_the_next(depot: DepotProcess) -> None:
    """The device gives up, comes back and goes on, while the depot still waits for the first."""
    async with (
        granted(depot) as grant,
        meddling(depot.port, [Fault(harm=Harm.STALL, after=50_000)]) as meddler,
        connected(meddler.port) as stalled,
    ):
        await stalled.send(request_for(grant))
        await stalled.head()
        first = await stalled.body(40_000)
        reply = await get({**grant, "port": meddler.port}, Range=f"bytes={len(first)}-")
        assert first + reply.body == DATA


@pytest.mark.parametrize("way", ["truncated", "unreadable"])
async def test_r09_a_disk_that_fails_delivers_nothing_wrong(
    altered: DepotProcess, way: str
) -> None:
    """The connection ends early: what came is right, and the device sees that more is due."""
    data = DATA + way.encode()
    async with granted(altered, data=data) as grant:
        if way == "truncated":
            file = altered.data_dir / "packages" / hashlib.sha256(data).hexdigest()
            os.truncate(file, 100_000)
        else:
            World(altered.data_dir).alter(broken=100_000)
        for headers, start in (({}, 0), ({"Range": "bytes=90000-"}, 90_000)):
            async with connected(altered.port) as wire:
                await wire.send(request_for(grant, **headers))
                head = await wire.head()
                assert int(head.headers["Content-Length"]) == len(data) - start
                with pytest.raises(BrokenAnswerError) as caught:
                    await wire.body(len(data) - start)
            assert data.startswith(caught.value.received, start)
        # Where nothing can be read at all, the device is told so.
        if way == "unreadable":
            reply = await get(grant, Range="bytes=100000-100009")
            assert (reply.status, b"internal-error" in reply.body) == (500, True)
        World(altered.data_dir).alter()
        async with altered.client() as rig:
            assert (await rig.api("GET", "/info")).status == 200
    assert grant["token"] not in altered.log.read_text()


async def test_r10_slow_readers_and_dripping_writers_hurt_nobody_else(
    depot: DepotProcess,
) -> None:
    """A hundred of each; a device that takes a hundred bytes per second is served on."""
    async with granted(depot) as grant, granted(depot, data=DATA * 20) as big:
        slow = [asyncio.create_task(_read_slowly(big)) for _ in range(100)]
        dripping = [asyncio.create_task(_drip(depot.port)) for _ in range(100)]
        try:
            await asyncio.sleep(0.5)
            times = []
            for _ in range(100):
                before = time.monotonic()
                assert (await get(grant, Range="bytes=0-4095")).body == DATA[:4096]
                times.append(time.monotonic() - before)
            assert await asyncio.gather(*slow) == [DATA[:200]] * 100
        finally:
            for each in (*slow, *dripping):
                each.cancel()
            await asyncio.gather(*slow, *dripping, return_exceptions=True)
        # A machine that does other things at the time delays some; not most of them.
        assert statistics.median(times) < 0.5


async def _read_slowly(grant: dict[str, Any]) -> bytes:
    """Take a hundred bytes per second for two seconds."""
    async with connected(grant["port"], limit=1024) as wire:
        await wire.send(request_for(grant))
        await wire.head()
        received = b""
        for _ in range(20):
            received += await wire.body(10)
            await asyncio.sleep(0.1)
        return received


async def _drip(port: int) -> None:
    """Send a request that never becomes whole."""
    async with connected(port) as wire:
        await wire.send(b"GET /p/0123456789abcdef HTTP/1.1\r\n")
        while True:
            await wire.send(b"x: y\r\n"[:1])
            await asyncio.sleep(0.05)


async def test_r11_endless_downloads_are_cut_and_told(depot: DepotProcess) -> None:
    """Ten times the package; then 403, one line in the log, and the transfer says why."""
    async with granted(depot) as grant:
        for _ in range(10):
            assert (await get(grant)).body == DATA
        await transfer_of(depot, grant, bytes_sent=10 * SIZE)
        for headers in ({}, {"Range": "bytes=5-"}, {"Range": "bytes=0-0"}):
            reply = await get(grant, **headers)
            assert (reply.status, b"download-limit" in reply.body) == (403, True)
        transfer = await transfer_of(depot, grant, exhausted=True, refusals=3)
        assert transfer["bytes_sent"] == 10 * SIZE
        assert depot.log.read_text().count("gets no more of it") == 1
        async with depot.client() as rig:
            package = {"id": grant["package_id"]}
            again = await rig.grant(package, task_id=grant["task_id"])
        assert (await get({**again, "port": depot.port})).body == DATA


async def test_r12_pipelined_requests_are_answered_in_order(depot: DepotProcess) -> None:
    """Ten thousand ranges on one connection, a hundred at once."""
    chance = random.Random(12)
    starts = [chance.randrange(SIZE - 64) for _ in range(10_000)]
    async with granted(depot) as grant:
        requests = [request_for(grant, Range=f"bytes={at}-{at + 63}") for at in starts]
        bodies = await pipelined(depot.port, requests)
    assert bodies == [DATA[at : at + 64] for at in starts]


async def test_r13_nothing_is_ever_redirected(depot: DepotProcess) -> None:
    """Some device libraries cannot follow."""
    async with granted(depot) as grant:
        path = path_of(grant)
        for odd in (path, path + "/", "/" + path, path + "/.", "/p/../" + path, path.upper(), "/",
                    "/p", "/p/", "/api/v1", "/api/v1/", path + "%20", path + "?", "*"):  # fmt: skip
            reply = await ask(depot.port, request_for(grant, path=odd))
            assert not 300 <= reply.status < 400, odd
            assert "Location" not in reply.headers


async def test_r14_the_url_has_an_ipv4_address_and_any_host_field_does(
    depot: DepotProcess,
) -> None:
    """Devices know neither names nor mDNS, and some leave the port out of Host."""
    async with granted(depot) as grant:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/p/[0-9a-f]{16}", grant["url"])
        for host in ("127.0.0.1", f"127.0.0.1:{depot.port}", "depot.local", "10.0.0.1:1", "x y"):
            reply: Reply = await get(grant, Host=host)
            assert (reply.status, len(reply.body)) == (200, SIZE), host


async def test_r15_urls_stay_short_and_ascii_whatever_the_file_is_called(
    depot: DepotProcess,
) -> None:
    """Fixed buffers hold a hundred characters, the token in the query included."""
    names = ("../../x.bin", "a b.bin", "Gerät-ÿ-固件.bin", "n" * 250 + ".bin", "a;b\\c.bin", "…")
    for number, name in enumerate(names):
        async with granted(depot, name=name, version=f"name-{number}") as grant:
            assert grant["url"].isascii()
            longest = grant["url"].replace("127.0.0.1", "255.255.255.255")
            assert len(f"{longest}?token={grant['token']}") <= 100
            reply = await get(grant)
            told = reply.headers["Content-Disposition"]
            assert re.fullmatch(r"attachment;filename=[A-Za-z0-9._-]{1,24}", told)
