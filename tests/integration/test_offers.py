"""Which package is offered, by examples."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from hypothesis import given, strategies as st
import pytest

from custom_components.mqtt_ota import offers
from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.depot import Package
from custom_components.mqtt_ota.depot.models import parse_event
from custom_components.mqtt_ota.devices import Device
from custom_components.mqtt_ota.offers import Offers, is_newer
from custom_components.mqtt_ota.versions import compare
from tests.integration.fake_depot import make_package
from tests.integration.test_versions import version_texts

FIRMWARE = PackageKind.FIRMWARE
DEVICE = Device(id="weather_1", model="weather", firmware="1.3.0")
# Everything that an id may not have
_SAFE = str.maketrans(dict.fromkeys(".+_ ", "-"))
ADDED = datetime(2026, 11, 1, tzinfo=UTC)


def a_package(version: str = "1.4.0", **changes: Any) -> Package:
    """Return a package for any version of the device."""
    raw = make_package(id=f"p-{version}".translate(_SAFE), version=version, source_versions=[])
    event = parse_event({"type": "package_added", "package": raw | changes})
    package = getattr(event, "package", None)
    assert isinstance(package, Package)
    return package


def in_order(versions: Iterable[str]) -> list[Package]:
    """Return packages that were added one day after the other."""
    return [
        a_package(version, created_at=(ADDED + timedelta(days=day)).isoformat())
        for day, version in enumerate(versions)
    ]


@pytest.mark.parametrize(
    ("installed", "versions", "offered"),
    [
        ("1.3.0", ["1.4.0"], "1.4.0"),
        ("1.3.0", ["1.4.0", "1.10.0", "1.9.0"], "1.10.0"),
        ("1.3.0", ["1.3.0", "1.2.0"], None),
        ("1.3.0", ["1.4.0-beta.1", "1.3.1"], "1.4.0-beta.1"),
        ("1.3.0", [], None),
        ("V1.0.2_b", ["V1.0.2_c"], "V1.0.2_c"),
        ("3f9ac1", ["77aa00", "b0b0b0"], "b0b0b0"),
        # The same version, written in another way
        ("v1.4.0", ["1.4.0"], None),
        ("1.4.0+abc", ["1.4.0"], None),
        ("1.4", ["1.4.0"], None),
        ("1.4.0-RC1", ["1.4.0-rc1"], None),
        # What has no order is offered once: by the time it was added, never back
        ("3.0.0-87", ["3.0.0-54", "3.0.0-87"], None),
        ("3.0.0-54", ["3.0.0-87", "3.0.0-54"], "3.0.0-87"),
        ("b0b0b0", ["77aa00", "b0b0b0"], None),
        ("77aa00", ["77aa00", "b0b0b0"], "b0b0b0"),
        ("1.5", ["2.0", "b0b0b0", "1.5"], "2.0"),
        ("2.0", ["2.0", "b0b0b0", "1.5"], "b0b0b0"),
        ("b0b0b0", ["2.0", "b0b0b0", "1.5"], None),
        # One version, added twice under two spellings, counts from the later time
        ("3.0-54", ["3-54", "3", "3.0-54"], None),
        ("3-54", ["3-54", "3", "3.0-54"], None),
        ("3", ["3-54", "3", "3.0-54"], "3.0-54"),
        # Nothing is offered by the time it was added while something newer than it is there
        ("a1b2c3d0", ["1", "a1b2c3d0", "0", "0-54"], None),
        ("0", ["1", "a1b2c3d0", "0", "0-54"], "1"),
        ("1", ["1", "a1b2c3d0", "0", "0-54"], "a1b2c3d0"),
        ("2026-05-01", ["2026-11-30", "2026-04-30"], "2026-11-30"),
    ],
)
def test_the_newest_is_offered(installed: str, versions: list[str], offered: str | None) -> None:
    """Versions are compared; those without an order count by the time they were added."""
    device = Device(id="weather_1", model="weather", firmware=installed)
    newest = Offers(in_order(versions)).newest(device, FIRMWARE)
    assert (newest and newest.version) == offered


@given(st.data(), st.lists(version_texts(), min_size=1, max_size=6, unique=True), version_texts())
def test_offers_come_to_an_end(data: st.DataObject, versions: list[str], installed: str) -> None:
    """A device that installs whatever is offered is offered nothing in the end."""
    packages = [
        replace(package, source_versions=tuple(sources))
        for package in in_order(versions)
        for sources in [data.draw(st.lists(st.sampled_from(versions), max_size=2))]
    ]
    offers_now = Offers(packages)
    for _ in range(len(versions) + 1):
        device = Device(id="weather_1", model="weather", firmware=installed)
        if (package := offers_now.newest(device, FIRMWARE)) is None:
            return
        installed = package.version
    raise AssertionError(f"{versions} are offered for ever")


@given(st.lists(version_texts(), min_size=1, max_size=6, unique=True))
def test_what_is_offered_is_no_step_back(versions: list[str]) -> None:
    """Nothing that is offered is older than another package that could be offered in its place."""
    for installed in versions:
        device = Device(id="weather_1", model="weather", firmware=installed)
        offered = Offers(in_order(versions)).newest(device, FIRMWARE)
        if offered is not None:
            assert compare(offered.version, installed) != -1
            assert all(compare(other, offered.version) != 1 for other in versions)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "lamp"},
        {"kind": "software"},
        {"withdrawn": True},
        {"source_versions": ["1.2.0"]},
    ],
)
def test_what_does_not_suit_is_not_offered(changes: dict[str, Any]) -> None:
    """A package for another model, kind or version is none."""
    assert Offers([a_package(**changes)]).newest(DEVICE, FIRMWARE) is None


def test_source_versions_allow() -> None:
    """A package names the versions that it goes over."""
    package = a_package(source_versions=["1.2.0", "1.3.0"])
    assert Offers([package]).newest(DEVICE, FIRMWARE) == package


def test_a_device_without_a_version_is_offered_nothing() -> None:
    """Nobody knows what would be newer."""
    device = Device(id="weather_1", model="weather", software="1.0")
    assert Offers([a_package()]).newest(device, FIRMWARE) is None


def test_a_chosen_version_may_be_older() -> None:
    """Whoever names a version wants exactly that one."""
    offers = Offers([a_package("1.2.0"), a_package("1.5.0", withdrawn=True)])
    chosen = offers.exactly(DEVICE, FIRMWARE, "1.2.0")
    assert chosen is not None
    assert chosen.version == "1.2.0"
    assert offers.exactly(DEVICE, FIRMWARE, "1.5.0") is None
    assert offers.exactly(DEVICE, PackageKind.SOFTWARE, "1.2.0") is None


def test_only_changed_models_are_told() -> None:
    """A new package is news for the devices of its model, and for no others."""
    lamp = a_package("9", model="lamp")
    before = Offers([a_package(), lamp])
    assert Offers([a_package(), lamp]).changed_models(before) == set()
    assert Offers([a_package(), a_package("1.5.0"), lamp]).changed_models(before) == {"weather"}
    assert Offers([a_package(release_notes="New."), lamp]).changed_models(before) == {"weather"}
    assert Offers([]).changed_models(before) == {"weather", "lamp"}


def test_an_offer_is_found_once() -> None:
    """Entities ask with each of their states; what is remembered has an end."""
    offers_now = Offers([a_package()])
    with (
        patch.object(offers, "is_newer", wraps=is_newer) as compare,
        patch.object(offers, "_MAX_REMEMBERED", 2),
    ):
        for _ in range(3):
            assert offers_now.newest(DEVICE, FIRMWARE) is not None
        assert compare.call_count == 1
        for number in range(4):
            other = Device(id="weather_2", model="weather", firmware=f"1.0.{number}")
            offers_now.newest(other, FIRMWARE)
        assert len(offers_now._newest) <= 2
