"""The fault catalogue, tokens: one test per row, against a real process."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
import re
import statistics
import time
from typing import Any

from aiohttp import WSServerHandshakeError
import pytest
import pytest_socket

from mqtt_ota_depot.guessing import BURST

from .altered import World
from .catalogue import DATA, SIZE, get, grant_for, granted, process, transfer_of
from .process import DepotProcess
from .rig import AUTHORIZATION, KEY, PREFIX
from .sockets import BrokenAnswerError, Reply, ask, connected, path_of, request_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("depot-process")]

DAY = 86_400
NOWHERE = "/p/0123456789abcdef"


@pytest.fixture(scope="module")
def depot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DepotProcess]:
    """Run one depot for all rows that leave it as it was."""
    pytest_socket.enable_socket()
    folder = tmp_path_factory.mktemp("tokens") / "data"
    with process(folder, "--log-level", "debug") as running:
        yield running
        assert "Traceback" not in running.log.read_text()


@pytest.fixture(scope="module")
def altered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DepotProcess]:
    """Run a depot whose clocks the tests set."""
    pytest_socket.enable_socket()
    folder = tmp_path_factory.mktemp("altered") / "data"
    with process(folder, module="tests.depot.altered") as running:
        yield running


def same(*replies: Reply) -> bool:
    """Return whether nobody could tell these answers apart."""
    seen = {(re.sub(rb"Date: [^\r]+", b"", each.head), each.body) for each in replies}
    return len(seen) == 1


async def test_t1_a_token_is_for_one_package_and_for_reading_it(depot: DepotProcess) -> None:
    """Other packages, paths, methods and the API refuse it."""
    async with granted(depot) as grant, granted(depot, data=b"other") as other:
        assert (await get(grant)).status == 200
        for path in (path_of(other), NOWHERE, path_of(grant) + "/x", "/p/" + "0" * 64):
            assert (await ask(depot.port, request_for(grant, path=path))).status == 404, path
        for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
            assert (await get(grant, method)).status == 405, method
        posted = await get(grant, "POST", Content_Length="0")
        assert posted.status == 405
        for path in ("/info", "/packages", f"/packages/{grant['package_id']}", "/grants"):
            assert (await ask(depot.port, request_for(grant, path=PREFIX + path))).status == 401
        assert (await transfer_of(depot, grant))["refusals"] >= 3


async def test_t2_a_token_ends_after_its_day_and_a_begun_answer_does_not(
    altered: DepotProcess,
) -> None:
    """Refused to the second, told to the platform, and renewed without beginning again."""
    world = World(altered.data_dir)
    async with granted(altered) as grant, connected(altered.port) as begun:
        await begun.send(request_for(grant))
        await begun.head()
        first = await begun.body(10_000)
        world.alter(steady=DAY - 30, date=DAY - 30)
        assert (await get(grant, Range="bytes=0-0")).status == 206
        world.alter(steady=DAY, date=DAY)
        refused = await get(grant, Range="bytes=10000-")
        assert refused.status == 401
        assert first + await begun.body(SIZE - 10_000) == DATA
        assert (await transfer_of(altered, grant, refusals=1))["requests"] == 2
        async with altered.client() as rig:
            package = {"id": grant["package_id"]}
            fresh = await rig.grant(package, task_id=grant["task_id"])
        resumed = await get({**fresh, "port": altered.port}, Range="bytes=10000-")
        assert (resumed.status, resumed.body) == (206, DATA[10_000:])


@pytest.mark.parametrize("how", ["grant revoked", "grant replaced", "package removed"])
async def test_t3_a_revoked_token_ends_its_running_answer(depot: DepotProcess, how: str) -> None:
    """At once, not when the device has read all; nothing that comes later is served."""
    big = DATA * 40
    async with granted(depot, data=big + how.encode()) as grant, depot.client() as rig:
        async with connected(depot.port, limit=4096) as wire:
            await wire.send(request_for(grant))
            await wire.head()
            await wire.body(1000)
            before = time.monotonic()
            match how:
                case "grant revoked":
                    await rig.api("DELETE", f"/grants/{grant['id']}")
                case "grant replaced":
                    await rig.grant({"id": grant["package_id"]}, task_id=grant["task_id"])
                case _:
                    await rig.api("DELETE", f"/packages/{grant['package_id']}")
            with pytest.raises(BrokenAnswerError):
                await wire.body(len(big))
            assert time.monotonic() - before < 5
        assert (await get(grant)).status == 401


async def test_t4_tokens_are_long_and_are_written_nowhere(tmp_path: Path) -> None:
    """Neither in the data folder nor in the most talkative log nor in an error."""
    with process(tmp_path / "data", "--log-level", "debug") as depot:
        async with granted(depot) as grant, granted(depot) as other:
            token = grant["token"]
            assert len(base64.urlsafe_b64decode(token + "==")) * 8 >= 128
            assert token != other["token"]
            query = {**grant, "token": "x"}
            basic = base64.b64encode(f"u:{token}".encode()).decode()
            asked = [
                request_for(grant),
                request_for(query, path=f"{path_of(grant)}?token={token}"),
                request_for(query, Authorization=f"Basic {basic}"),
                request_for(grant, path=NOWHERE),
                request_for(grant, path=f"/p/x?token={token}"),
                request_for(grant, method="PUT"),
                request_for(grant, Range="bytes=9999999-"),
                request_for(grant, path=f"{path_of(grant)}.md5"),
                request_for(grant, path=f"{path_of(grant)} {token}"),
                request_for(grant, Bad="\x00" + token),
            ]
            for request in asked:
                reply = await ask(depot.port, request)
                assert token.encode() not in reply.head + reply.body
            async with depot.client() as rig:
                listed = (await rig.api("GET", "/grants")).body
        assert token not in str(listed)
        assert depot.stop() == 0
        files = [file for file in (tmp_path / "data").rglob("*") if file.is_file()]
        for secret in (token, basic, KEY):
            assert secret not in depot.log.read_text()
            for file in files:
                assert secret.encode() not in file.read_bytes(), file


async def test_t5_an_address_may_change_within_a_download(depot: DepotProcess) -> None:
    """As it is set from the start: DHCP and roaming break nothing."""
    async with granted(depot) as grant:
        for source in ("127.0.0.7", "127.0.0.8"):
            assert (await ask(depot.port, request_for(grant), source=source)).body == DATA


async def test_t5_a_stolen_token_is_worth_nothing_where_grants_are_bound(tmp_path: Path) -> None:
    """From another address it is as good as an unknown one."""
    with process(tmp_path / "data", "--bind-grants", "true") as depot:
        async with granted(depot) as grant:
            first = await ask(depot.port, request_for(grant, Range="bytes=0-9"), source="127.0.0.7")
            assert first.status == 206
            again = request_for(grant, Range="bytes=10-")
            assert (await ask(depot.port, again, source="127.0.0.7")).body == DATA[10:]
            thief = await ask(depot.port, again, source="127.0.0.8")
            unknown = request_for({**grant, "token": "x" * 32})
            assert same(thief, await ask(depot.port, unknown, source="127.0.0.9"))
            assert (await transfer_of(depot, grant, refusals=1))["requests"] == 2


@pytest.mark.parametrize("jump", [-2 * DAY, 2 * DAY, -3600, 20_000 * DAY])
async def test_t6_a_clock_that_jumps_ends_no_grant(altered: DepotProcess, jump: int) -> None:
    """Late time servers and summer time move the date; the day of a grant goes on."""
    world = World(altered.data_dir)
    world.alter()
    async with granted(altered) as grant:
        world.alter(date=jump)
        assert (await get(grant)).body == DATA
        world.alter(date=jump, steady=DAY)
        assert (await get(grant)).status == 401


async def test_t7_guessing_is_slowed_down_and_good_devices_are_not(depot: DepotProcess) -> None:
    """Behind one address a guesser is told to wait while a device downloads on."""
    async with granted(depot) as grant:
        before = await counts(depot)
        wrong = [request_for({**grant, "token": f"guess{number}"}) for number in range(60)]
        statuses = []
        for request in wrong:
            reply = await ask(depot.port, request, source="127.0.0.5")
            statuses.append(reply.status)
            if reply.status == 429:
                assert 1 <= int(reply.headers["Retry-After"]) <= 60
            good = await ask(depot.port, request_for(grant, Range="bytes=0-0"), source="127.0.0.5")
            assert good.status == 206
        assert statuses[:BURST] == [401] * BURST
        assert statuses.count(429) >= len(wrong) - BURST - 5
        assert (await ask(depot.port, wrong[0], source="127.0.0.6")).status == 401
        assert (await counts(depot))["wrong_tokens"] - before["wrong_tokens"] == len(wrong) + 1


async def counts(depot: DepotProcess) -> dict[str, int]:
    """Return what the depot counts."""
    async with depot.client() as rig:
        return dict((await rig.api("GET", "/info")).body["counts"])


async def test_t7_api_keys_are_not_guessed_either(depot: DepotProcess) -> None:
    """Who guessed too often waits even with the right key, unless it was known before."""
    path = PREFIX + "/info"
    right = request_for({"token": KEY}, path=path)
    before = await counts(depot)
    for source, known in (("127.0.0.15", False), ("127.0.0.16", True)):
        if known:
            assert (await ask(depot.port, right, source=source)).status == 200
        for number in range(BURST + 5):
            guess = request_for({"token": f"key{number}"}, path=path)
            last = await ask(depot.port, guess, source=source)
        assert (last.status, "Retry-After" in last.headers) == (429, True)
        assert (await ask(depot.port, right, source=source)).status == (200 if known else 429)
    assert (await counts(depot))["wrong_keys"] - before["wrong_keys"] >= 2 * BURST


async def test_t8_a_web_page_can_do_nothing_with_the_depot(depot: DepotProcess) -> None:
    """No cookie, no consent to other origins: whatever name a page finds the depot under."""
    async with depot.client() as rig:
        page = {"Origin": "http://evil.example", "Host": "evil.example", "Cookie": f"key={KEY}"}
        for method, path in (
            ("GET", "/packages"), ("POST", "/packages"), ("POST", "/grants"), ("OPTIONS", "/grants"),
        ):  # fmt: skip
            async with rig.session.request(
                method, depot.url + PREFIX + path, headers=page
            ) as response:
                assert response.status == 401
                told = {name.lower() for name in response.headers}
                assert not {name for name in told if name.startswith("access-control")}
                assert "set-cookie" not in told
        with pytest.raises(WSServerHandshakeError):
            await rig.session.ws_connect(depot.url + PREFIX + "/events", headers=page)
        async with rig.session.get(
            depot.url + PREFIX + "/info", headers={**AUTHORIZATION, "Origin": "http://x"}
        ) as response:
            assert "Access-Control-Allow-Origin" not in response.headers


async def test_t9_strangers_do_not_learn_which_packages_exist(depot: DepotProcess) -> None:
    """The same answer, in the same time, for paths that exist and that do not."""
    async with granted(depot) as grant:
        there, nowhere = path_of(grant), NOWHERE
        other = await _another(depot)
        for suffix in ("", ".md5", ".web.json", "/x"):
            for fields in ({"token": ""}, {"token": "unknown"}, other):
                replies = [
                    await ask(depot.port, request_for(fields, path=path + suffix), source=source)
                    for path, source in ((there, "127.0.0.20"), (nowhere, "127.0.0.21"))
                ]
                assert same(*replies), (suffix, fields)
                assert replies[0].status in {401, 404}
        times: dict[str, list[float]] = {there: [], nowhere: []}
        async with connected(depot.port) as wire:
            for _ in range(300):
                for path, measured in times.items():
                    before = time.perf_counter()
                    await wire.send(request_for(other, path=path))
                    assert (await wire.reply()).status == 404
                    measured.append(time.perf_counter() - before)
        first, second = (statistics.median(each) for each in times.values())
        assert abs(first - second) < 0.25 * max(first, second)


async def _another(depot: DepotProcess) -> dict[str, Any]:
    """Return the grant of another package."""
    async with depot.client() as rig:
        return await grant_for(rig, b"another package")


async def test_t9_all_tokens_without_a_right_get_the_same_answer(depot: DepotProcess) -> None:
    """Unknown, revoked and malformed ones; and none of them is asked for again at once."""
    async with granted(depot) as grant, depot.client() as rig:
        await rig.api("DELETE", f"/grants/{grant['id']}")
        replies = [await get({**grant, "token": token}) for token in (grant["token"], "x", "é" * 9)]
        await asyncio.sleep(0)
    assert same(*replies)
    assert replies[0].status == 401
    # A challenge for Basic would make some device libraries repeat the request ten times.
    assert replies[0].headers["WWW-Authenticate"].startswith("Bearer")
