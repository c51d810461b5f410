"""Installations: who runs which package, as far as the integration has told."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mqtt_ota_depot import installations
from mqtt_ota_depot.installations import Installation, Installations, News, read_news
from mqtt_ota_depot.packages import Package, PackageKind
from mqtt_ota_depot.problems import Problem

from .rig import Rig


def device(device_id: str, **changes: Any) -> dict[str, Any]:
    """Return a device as the integration tells it."""
    return {
        "device_id": device_id,
        "name": device_id.title(),
        "model": "weather",
        "firmware": "1.4.0",
        "software": None,
        **changes,
    }


def package(**changes: Any) -> Package:
    """Return a package."""
    facts: dict[str, Any] = {
        "id": "1",
        "kind": PackageKind.FIRMWARE,
        "model": "weather",
        "version": "1.4.0",
        "source_versions": (),
        "file_name": "weather.bin",
        "size": 1,
        "sha256": "ab" * 32,
        "release_notes": None,
        "custom_info": None,
        "withdrawn": False,
        "created_at": datetime(2026, 11, 1, tzinfo=UTC),
    }
    return Package(**{**facts, **changes})


def known(*told: dict[str, Any]) -> Installations:
    """Return what is known after these messages."""
    found = Installations()
    for body in told:
        found.take(read_news(body))
    return found


def ids(found: Installations, **changes: Any) -> list[str]:
    """Return who runs a package."""
    return [each.device_id for each in found.of(package(**changes))]


def test_who_runs_a_package() -> None:
    """Model, kind and version must be the package's; names are in the order of people."""
    found = known(
        {
            "devices": [
                device("b", name="Zoo"),
                device("a", name="attic"),
                device("c", name="Bath"),
                device("d", firmware="1.3.0"),
                device("e", model="clock"),
                device("f", firmware=None, software="1.4.0"),
            ]
        }
    )
    assert ids(found) == ["a", "c", "b"]
    assert ids(found, kind=PackageKind.SOFTWARE) == ["f"]
    assert ids(found, version="1.3.0") == ["d"]


def test_news_change_what_is_known() -> None:
    """Some run something else, some are gone, and a reset forgets the rest."""
    first = {"reset": True, "devices": [device("a"), device("b")]}
    assert ids(known(first, {"devices": [device("a", firmware="2")]})) == ["b"]
    assert ids(known(first, {"gone": ["a", "stranger"]})) == ["b"]
    assert ids(known(first, {"reset": True, "devices": [device("c")]})) == ["c"]
    assert ids(known(first, {})) == ["a", "b"]


def test_nothing_told_is_not_nobody() -> None:
    """Before the first word nobody knows."""
    assert not Installations().told
    assert known({"reset": True}).told


def test_there_is_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too much is refused as a whole."""
    monkeypatch.setattr(installations, "MAX_DEVICES", 2)
    found = known({"devices": [device("a"), device("b")]})
    with pytest.raises(Problem, match="no more than 2"):
        found.take(News(reset=False, devices=(Installation(**device("c")),), gone=()))
    assert ids(found) == ["a", "b"]
    found.take(News(reset=False, devices=(Installation(**device("c")),), gone=("a",)))
    assert ids(found) == ["b", "c"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ({"reset": 1}, "reset"),
        ({"devices": [device("")]}, "devices.0.device_id"),
        ({"devices": [device("x" * 257)]}, "devices.0.device_id"),
        ({"devices": [device("a", name="a\nb")]}, "devices.0.name"),
        ({"devices": [device("a", firmware=1)]}, "devices.0.firmware"),
        ({"devices": [{"device_id": "a", "name": "a"}]}, "devices.0.model"),
        ({"devices": [device("a", more=1)]}, "devices.0.more"),
        ({"devices": [device("a")] * 201}, "devices"),
        ({"gone": ["a"] * 201}, "gone"),
        ({"gone": [None]}, "gone.0"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_told_is_checked(body: object, field: str) -> None:
    """The first wrong field is named."""
    with pytest.raises(Problem) as caught:
        read_news(body)
    assert caught.value.members["field"] == field


@pytest.mark.long
async def test_the_api_tells_who_runs_a_package(rig: Rig) -> None:
    """Listeners hear that something has changed, and ask."""
    stored = await rig.package()
    path = f"/packages/{stored['id']}/installations"
    assert (await rig.api("GET", path)).body == {"told": False, "devices": []}
    async with rig.events() as events:
        await events.next()
        told = await rig.api(
            "POST", "/installations", json={"reset": True, "devices": [device("kitchen")]}
        )
        assert told.status == 204
        assert await events.next() == {"type": "installations_changed"}
    assert (await rig.api("GET", path)).body == {
        "told": True,
        "devices": [{"device_id": "kitchen", "name": "Kitchen"}],
    }
    refused = await rig.api("POST", "/installations", json={"gone": [1]})
    assert (refused.status, refused.problem) == (400, "invalid-request")
    gone = await rig.api("GET", "/packages/none/installations")
    assert (gone.status, gone.problem) == (404, "package-not-found")
