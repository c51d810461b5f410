"""Downloads from a server that behaves, and from one that does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
import hashlib
from pathlib import Path
import ssl
import time

import pytest

from mqtt_ota_check.answers import Answer, Step, always, honest, refused
from mqtt_ota_check.misbehaviour import (
    content_range,
    cut_at,
    down,
    early_end,
    garbled_middle,
    ignore_range,
    on_resume,
    shifted,
)
from mqtt_ota_check.offer import GONE, Offer
from mqtt_ota_check.package import Package
from mqtt_ota_check.server import PackageServer
from mqtt_ota_simulate import download as downloads
from mqtt_ota_simulate.download import CutError, Download, Downloader, DownloadError, downloader
from mqtt_ota_simulate.request import Upgrade
from mqtt_ota_tools.protocol import Kind
from tests.depot.rig import Events, depot_running, wait_for_databases

MIB = 1024 * 1024
CONTENT = bytes(range(256)) * 400
PACKAGE = Package(version="1.1.0", content=CONTENT)
HALF = len(CONTENT) // 2


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait no real time between tries."""
    monkeypatch.setattr(downloads, "FIRST_WAIT", 0.01)


@asynccontextmanager
async def offered(
    *steps: Step, rate: int | None = None, package: Package = PACKAGE
) -> AsyncIterator[tuple[Downloader, Upgrade, Offer]]:
    """Serve a package in so many steps; yield what fetches it, and what is to be fetched."""
    server = await PackageServer("127.0.0.1").start("127.0.0.1", 0, lambda _: None)
    offer = Offer(package=package, steps=list(steps))
    server.publish(offer)
    upgrade = Upgrade(
        kind=Kind.FIRMWARE,
        version=package.version,
        url=offer.url,
        token=offer.token,
        size=PACKAGE.size,
        sha256=PACKAGE.sha256,
    )
    try:
        async with downloader(ssl.create_default_context(), rate) as fetcher:
            yield fetcher, upgrade, offer
    finally:
        await server.stop()


def spans(offer: Offer) -> list[tuple[int, int] | None]:
    """Return the ranges that were asked for."""
    return [exchange.span for exchange in offer.exchanges]


async def test_a_package_comes_whole() -> None:
    """How far it is, is told on the way."""
    told: list[int] = []
    async with offered() as (fetcher, upgrade, offer):
        assert await fetcher.fetch(Download(upgrade=upgrade), told.append) == PACKAGE.sha256
    assert told == sorted(told)
    assert told[-1] == PACKAGE.size
    assert spans(offer) == [None]


async def test_a_cut_that_was_wanted() -> None:
    """Exactly there the connection is lost, and the rest is asked for, or not."""
    async with offered() as (fetcher, upgrade, offer):
        download = Download(upgrade=upgrade, cut_at=HALF)
        assert await fetcher.fetch(download, lambda _: None) == PACKAGE.sha256
        with pytest.raises(CutError):
            await fetcher.fetch(
                Download(upgrade=upgrade, cut_at=HALF, goes_on=False), lambda _: None
            )
    assert spans(offer) == [None, (HALF, PACKAGE.size - 1), None]


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(down, id="closed"),
        pytest.param(ignore_range, id="all bytes"),
        pytest.param(on_resume(early_end, ""), id="early end"),
        pytest.param(on_resume(shifted(-100), ""), id="early start"),
        pytest.param(on_resume(shifted(100), ""), id="late start"),
        pytest.param(on_resume(content_range(), ""), id="no Content-Range"),
        pytest.param(on_resume(content_range("from here on"), ""), id="words"),
        pytest.param(on_resume(garbled_middle, ""), id="other bytes"),
    ],
)
async def test_nothing_wrong_is_taken_for_the_rest(step: Step) -> None:
    """The package is right in the end, whatever answers in between."""
    async with offered(cut_at(0.5), step, honest) as (fetcher, upgrade, _):
        digest = await fetcher.fetch(Download(upgrade=upgrade), lambda _: None)
    assert digest == PACKAGE.sha256


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        (GONE, 255, "Invalid URI: HTTP status 404"),
        (refused("403 Forbidden", "sent too often"), 255, "HTTP status 403"),
        (replace(refused("302 Found", "elsewhere"), headers=(("Location", "/"),)), 255, "302"),
        (refused("503 Service Unavailable", "busy"), 6, "Connection lost: HTTP status 503"),
        (refused("429 Too Many Requests", "slowly"), 6, "Connection lost: the depot is asked"),
    ],
)
async def test_a_refusal_has_its_code(answer: Answer, code: int, says: str) -> None:
    """What may pass is asked for again, some times."""
    async with offered(always(answer)) as (fetcher, upgrade, offer):
        with pytest.raises(DownloadError, match=says) as caught:
            await fetcher.fetch(Download(upgrade=upgrade), lambda _: None)
    assert caught.value.code == code
    assert len(offer.exchanges) == (downloads.TRIES if code == 6 else 1)


async def test_without_a_token_nothing_comes() -> None:
    """As with a device that does not send it."""
    async with offered() as (fetcher, upgrade, _):
        with pytest.raises(DownloadError, match="HTTP status 401"):
            await fetcher.fetch(Download(upgrade=upgrade, with_token=False), lambda _: None)


async def test_a_package_of_another_size_is_refused() -> None:
    """Before any of its bytes is taken."""
    package = Package(version="1.1.0", content=CONTENT + b"x")
    async with offered(package=package) as (fetcher, upgrade, _):
        with pytest.raises(DownloadError, match=f"has {PACKAGE.size + 1} bytes"):
            await fetcher.fetch(Download(upgrade=upgrade), lambda _: None)


async def test_a_slow_device_is_not_sent_what_it_has_not_read(tmp_path: Path) -> None:
    """The depot's progress is the device's, but for what a small device buffers."""
    content = bytes(2 * MIB)
    offset = 0
    ahead: list[int] = []

    def note(now: int) -> None:
        """Remember how far the device is."""
        nonlocal offset
        offset = now

    async def watch(events: Events) -> None:
        """Compare each word of the depot to that."""
        while True:
            event = await events.next()
            if event["type"] == "transfer_changed":
                ahead.append(event["transfer"]["bytes_served"] - offset)

    async with depot_running(tmp_path) as rig, rig.events() as events:
        grant = await rig.grant(await rig.package(content))
        upgrade = Upgrade(
            kind=Kind.FIRMWARE,
            version="1.4.0",
            url=grant["url"],
            token=grant["token"],
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        watching = asyncio.create_task(watch(events))
        async with downloader(ssl.create_default_context(), MIB) as fetcher:
            await fetcher.fetch(Download(upgrade=upgrade), note)
        watching.cancel()
    wait_for_databases()
    assert ahead
    assert max(ahead) < MIB // 2


@pytest.mark.parametrize(
    ("of_all", "its_own"),
    [
        (4 * PACKAGE.size, None),
        (None, 4 * PACKAGE.size),
        (4 * PACKAGE.size, 100 * PACKAGE.size),
        (100 * PACKAGE.size, 4 * PACKAGE.size),
    ],
)
async def test_a_device_can_be_slow(of_all: int | None, its_own: int | None) -> None:
    """The lower rate is kept over the whole package."""
    begin = time.monotonic()
    async with offered(rate=of_all) as (fetcher, upgrade, _):
        await fetcher.fetch(Download(upgrade=upgrade, rate=its_own), lambda _: None)
    assert time.monotonic() - begin >= 0.2


async def test_nobody_there() -> None:
    """The reason is the system's."""
    async with offered() as (fetcher, upgrade, _):
        gone = replace(upgrade, url="http://127.0.0.1:9/p/x")
        with pytest.raises(DownloadError, match="Connection lost: "):
            await fetcher.fetch(Download(upgrade=gone), lambda _: None)
