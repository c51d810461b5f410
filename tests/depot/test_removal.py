"""Removals that can be taken back for a while."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from .rig import Rig, depot_running

pytestmark = pytest.mark.long


async def removed_later(rig: Rig, package: dict[str, Any], seconds: int) -> dict[str, Any]:
    """Remove a package with time to think again; return what the depot answers."""
    answer = await rig.api("DELETE", f"/packages/{package['id']}?undo={seconds}")
    assert answer.status == 202
    return dict(answer.body)


async def ids(rig: Rig) -> list[str]:
    """Return the ids of all packages."""
    return [each["id"] for each in (await rig.api("GET", "/packages")).body["packages"]]


async def test_a_removal_withdraws_at_once(rig: Rig) -> None:
    """Nobody gets a package any more that is about to go; downloads that run go on."""
    package = await rig.package(b"wanted")
    grant = await rig.grant(package)
    going = await removed_later(rig, package, 60)
    assert going == {**package, "withdrawn": True, "remove_at": going["remove_at"]}
    due = datetime.fromisoformat(going["remove_at"]) - datetime.fromisoformat(package["created_at"])
    assert timedelta(seconds=60) <= due < timedelta(seconds=70)
    body = {"package_id": package["id"], "device_id": "dev", "task_id": "another"}
    answer = await rig.api("POST", "/grants", json=body)
    assert answer.problem == "package-withdrawn"
    assert await rig.download(grant) == b"wanted"


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_a_removal_is_taken_back(rig: Rig, withdrawn: bool) -> None:
    """The package is again what it was before."""
    package = await rig.package()
    path = f"/packages/{package['id']}"
    await rig.api("PATCH", path, json={"withdrawn": withdrawn})
    await removed_later(rig, package, 60)
    answer = await rig.api("PATCH", path, json={"remove_at": None})
    assert answer.body == {**package, "withdrawn": withdrawn}


async def test_nobody_takes_it_back(rig: Rig) -> None:
    """After its time it goes with its bytes and its grants, and listeners are told."""
    package = await rig.package()
    grant = await rig.grant(package)
    async with rig.events() as events:
        await events.next()
        await removed_later(rig, package, 1)
        assert (await events.next())["package"]["withdrawn"] is True
        seen = [(await events.next())["type"] for _ in range(2)]
    assert sorted(seen) == ["package_removed", "transfer_removed"]
    assert await ids(rig) == []
    # The bytes go last, behind what is told.
    async with asyncio.timeout(5):
        while rig.files():  # noqa: ASYNC110 - the folder tells nobody
            await asyncio.sleep(0.01)
    async with rig.get(grant) as response:
        assert response.status == 401


async def test_a_restart_forgets_no_removal(tmp_path: Path) -> None:
    """What nobody took back while the depot was down goes soon after the start."""
    async with depot_running(tmp_path) as rig:
        kept, gone = await rig.package(b"a"), await rig.package(b"b", version="2")
        await removed_later(rig, gone, 1)
        await removed_later(rig, kept, 60)
        await rig.api("PATCH", f"/packages/{kept['id']}", json={"remove_at": None})
    async with depot_running(tmp_path) as rig, asyncio.timeout(10), rig.events() as events:
        while await ids(rig) != [kept["id"]]:
            await events.next()


@pytest.mark.parametrize("data", [b"same", b"other"])
async def test_the_version_is_uploaded_again(rig: Rig, data: bytes) -> None:
    """What is about to go stands in nobody's way, and does not take the new one along."""
    package = await rig.package(b"same")
    await removed_later(rig, package, 1)
    again = await rig.package(data)
    assert again["id"] != package["id"]
    await asyncio.sleep(3)
    assert await ids(rig) == [again["id"]]
    assert await rig.download(await rig.grant(again)) == data


@pytest.mark.parametrize("query", ["undo=-1", "undo=3601", "undo=soon", "later=1"])
async def test_wrong_wishes_remove_nothing(rig: Rig, query: str) -> None:
    """A slip is named, and the package stays."""
    package = await rig.package()
    answer = await rig.api("DELETE", f"/packages/{package['id']}?{query}")
    assert answer.problem == "invalid-request"
    assert (await rig.api("GET", f"/packages/{package['id']}")).body == package
