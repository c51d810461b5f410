"""The stream of events."""

import asyncio
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType
import pytest

from mqtt_ota_depot import events as events_module
from mqtt_ota_depot.events import EventBus

from .rig import Rig, depot_running

pytestmark = pytest.mark.long

DATA = bytes(range(256)) * 4000


async def test_a_snapshot_comes_first(rig: Rig) -> None:
    """A listener learns at once what there is."""
    package = await rig.package()
    grant = await rig.grant(package)
    async with rig.events() as events:
        snapshot = await events.next()
    assert snapshot["type"] == "snapshot"
    assert snapshot["packages"] == [package]
    (transfer,) = snapshot["transfers"]
    assert transfer["grant_id"] == grant["id"]
    assert (transfer["task_id"], transfer["device_id"]) == ("task", "dev")
    assert (transfer["bytes_served"], transfer["active"], transfer["started_at"]) == (
        0,
        False,
        None,
    )


async def test_changes_of_packages_are_told(rig: Rig) -> None:
    """Every listener hears of additions, changes and removals, in order."""
    async with rig.events() as first, rig.events() as second:
        for events in (first, second):
            await events.next()
        package = await rig.package()
        await rig.upload()
        path = f"/packages/{package['id']}"
        changed = (await rig.api("PATCH", path, json={"withdrawn": True})).body
        await rig.api("PATCH", path, json={"withdrawn": True})
        await rig.api("DELETE", path)
        for events in (first, second):
            assert await events.next() == {"type": "package_added", "package": package}
            assert await events.next() == {"type": "package_changed", "package": changed}
            assert await events.next() == {"type": "package_removed", "package_id": package["id"]}


async def test_a_download_is_told_from_begin_to_end(rig: Rig) -> None:
    """First byte, completion and rest are told."""
    grant = await rig.grant(await rig.package(DATA))
    async with rig.events() as events:
        await events.next()
        await rig.download(grant)
        first = await events.until(active=True)
        assert (first["bytes_served"], first["requests"]) == (0, 1)
        assert first["started_at"] is not None
        assert 0 < (await events.until(requests=1))["bytes_served"] < len(DATA)
        done = await events.until(complete=True)
        assert done["bytes_served"] == len(DATA)
        await events.until(active=False, complete=True)


async def test_a_resumed_download_counts_no_byte_twice(rig: Rig) -> None:
    """Distinct bytes are counted, and only all of them make it complete."""
    grant = await rig.grant(await rig.package(DATA))
    async with rig.events() as events:
        await events.next()
        await rig.download(grant, Range="bytes=0-499999")
        await rig.download(grant, Range="bytes=400000-599999")
        transfer = await events.until(requests=2, active=False)
        assert (transfer["bytes_served"], transfer["complete"]) == (600_000, False)
        await rig.download(grant, Range="bytes=600000-")
        await events.until(bytes_served=len(DATA), complete=True)


async def test_refusals_are_told(rig: Rig) -> None:
    """A device that asks wrongly shows in its transfer."""
    grant = await rig.grant(await rig.package(DATA))
    async with rig.events() as events:
        await events.next()
        for _ in range(3):
            async with rig.get(grant, Range="bytes=99999999-") as response:
                assert response.status == 416
        assert (await events.until(refusals=3))["requests"] == 0


async def test_ended_grants_are_told(rig: Rig) -> None:
    """Revoked and replaced grants take their transfers along."""
    package = await rig.package()
    older = await rig.grant(package)
    async with rig.events() as events:
        await events.next()
        newer = await rig.grant(package)
        assert await events.next() == {"type": "transfer_removed", "grant_id": older["id"]}
        await rig.api("DELETE", f"/grants/{newer['id']}")
        assert await events.next() == {"type": "transfer_removed", "grant_id": newer["id"]}


async def test_a_new_token_goes_on_where_the_old_one_was(rig: Rig) -> None:
    """The same task's download keeps its progress under a new grant."""
    package = await rig.package(DATA)
    older = await rig.grant(package)
    await rig.download(older, Range="bytes=0-99999")
    newer = await rig.grant(package)
    async with rig.events() as events:
        (transfer,) = (await events.next())["transfers"]
        assert (transfer["grant_id"], transfer["bytes_served"]) == (newer["id"], 100_000)
        await rig.download(newer, Range="bytes=100000-")
        await events.until(complete=True)
    again = await rig.grant(package)
    async with rig.events() as events:
        (transfer,) = (await events.next())["transfers"]
    assert (transfer["grant_id"], transfer["bytes_served"]) == (again["id"], 0)


async def test_progress_survives_a_restart(tmp_path: Path) -> None:
    """A depot that restarts goes on counting where it was."""
    async with depot_running(tmp_path) as rig:
        grant = await rig.grant(await rig.package(DATA))
        await rig.download(grant, Range="bytes=0-99999")
    async with depot_running(tmp_path) as rig:
        grant["url"] = rig.url + grant["url"][grant["url"].index("/p/") :]
        async with rig.events() as events:
            (transfer,) = (await events.next())["transfers"]
            assert (transfer["bytes_served"], transfer["active"]) == (100_000, False)
            await rig.download(grant, Range="bytes=100000-")
            assert (await events.until(complete=True))["requests"] == 2


async def test_what_listeners_send_is_ignored(rig: Rig) -> None:
    """The stream goes one way; too long messages end it."""
    async with rig.events() as events:
        await events.next()
        await events.socket.send_str("hello")
        await events.socket.send_bytes(b"\x00")
        package = await rig.package()
        assert (await events.next())["package"] == package
        await events.socket.send_str("x" * 10_000)
        message = await events.socket.receive(timeout=5)
        assert message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR}
    assert (await rig.api("GET", "/info")).status == 200


async def test_a_slow_listener_is_cut_off(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not read costs bounded memory, then the connection."""
    monkeypatch.setattr(events_module, "MAX_QUEUED", 5)
    package = await rig.package()
    async with rig.events() as slow, rig.events() as quick:
        await slow.next()
        await quick.next()
        transport = slow.socket.get_extra_info("socket")
        assert transport is not None
        slow.socket._response.connection.transport.pause_reading()  # type: ignore[union-attr]
        notes = "x" * 60_000
        for number in range(120):
            body: dict[str, Any] = {"release_notes": f"{number}{notes}"}
            await rig.api("PATCH", f"/packages/{package['id']}", json=body)
            assert (await quick.next())["package"]["release_notes"][:3] in body["release_notes"]
        slow.socket._response.connection.transport.resume_reading()  # type: ignore[union-attr]
        read = 0
        while (await slow.socket.receive(timeout=5)).type is WSMsgType.TEXT:
            read += 1
        assert read < 120


async def test_the_end_of_the_depot_is_told(tmp_path: Path) -> None:
    """Listeners are told when the depot stops."""
    async with depot_running(tmp_path) as rig, rig.events() as events:
        await events.next()
        waiting = asyncio.create_task(events.socket.receive(timeout=5))
        await asyncio.sleep(0)
    assert (await waiting).type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED}


def test_a_bus_without_listeners_does_nothing() -> None:
    """Events without listeners are not even written down."""
    EventBus().publish({"type": "x", "what": object()})
