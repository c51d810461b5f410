"""What the depot is told of devices, so that its page can show who has a package."""

from collections.abc import Iterator
from http import HTTPStatus
import logging
from unittest.mock import MagicMock, patch

from aiohttp import web
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import json_bytes
import pytest

from custom_components.mqtt_ota import installations
from custom_components.mqtt_ota.const import DOMAIN
from custom_components.mqtt_ota.devices import Device
from custom_components.mqtt_ota.installations import InstallationFeed
from mqtt_ota_depot.api import MAX_JSON
from mqtt_ota_depot.installations import read_news
from tests.integration.fake_depot import problem
from tests.integration.home import Home

TOLD = "POST /api/v1/installations"


@pytest.fixture(autouse=True)
def _hasty() -> Iterator[None]:
    """Wait no real time before news are told, or told again."""
    with patch.multiple(installations, _PAUSE=0.0, _RETRY=0.0):
        yield


def told(home: Home) -> dict[str, tuple[str | None, str | None]]:
    """Return what the depot knows: firmware and software of each device."""
    return {
        device_id: (device["firmware"], device["software"])
        for device_id, device in home.depot.installations.items()
    }


async def test_the_depot_is_told_what_devices_run(home: Home) -> None:
    """New devices, new versions, and devices that are deleted."""
    await home.start()
    await home.report("weather_1", "1.3.0", "7")
    await home.until(lambda: told(home) == {"weather_1": ("1.3.0", "7")}, "device")
    await home.report("weather_1", "1.4.0")
    await home.until(lambda: told(home) == {"weather_1": ("1.4.0", "7")}, "version")
    await home.manager.async_forget("weather_1")
    await home.until(lambda: told(home) == {}, "end of the device")


async def test_a_depot_that_has_forgotten_is_told_again(home: Home) -> None:
    """It keeps devices in memory only."""
    await home.start()
    await home.report()
    await home.until(lambda: told(home), "device")
    await home.depot_goes_away()
    home.depot.installations.clear()
    home.depot.installations["stranger"] = {"firmware": None, "software": None}
    await home.depot_returns()
    await home.until(lambda: told(home) == {"weather_1": ("1.3.0", None)}, "device again")


async def test_many_devices_are_told_in_parts(home: Home) -> None:
    """The depot takes no more than so many at once."""
    with patch.object(installations, "_AT_ONCE", 2):
        await home.start()
        for number in range(5):
            await home.report(f"weather_{number}")
        await home.until(lambda: len(told(home)) == 5, "all devices")


async def test_devices_have_the_names_that_people_gave_them(home: Home) -> None:
    """Whatever these are made of; one that is nothing to read is the id."""
    await home.start()
    registry = dr.async_get(home.hass)
    for device_id, name in (("weather_1", "Kitchen\x07 🌦"), ("weather_2", "\x00")):
        await home.report(device_id)
        entry = registry.async_get_device_by_identifier((DOMAIN, device_id), home.entry.entry_id)
        assert entry
        registry.async_update_device(entry.id, name_by_user=name)
        await home.report(device_id, "1.4.0")
    await home.until(lambda: told(home).get("weather_2") == ("1.4.0", None), "versions")
    names = {each: device["name"] for each, device in home.depot.installations.items()}
    assert names == {"weather_1": "Kitchen 🌦", "weather_2": "weather_2"}


async def test_a_new_name_is_told(home: Home) -> None:
    """Nobody waits for the device's next version until the page knows it."""
    await home.start()
    await home.report()
    await home.until(lambda: told(home), "device")
    registry_id = home.manager.registry_id("weather_1")
    assert registry_id is not None
    dr.async_get(home.hass).async_update_device(registry_id, name_by_user="Kitchen")
    await home.until(
        lambda: home.depot.installations["weather_1"]["name"] == "Kitchen", "name of the device"
    )


async def test_one_device_does_not_hide_the_others(home: Home) -> None:
    """Whoever may publish can invent ids whose model the depot refuses; no package is for it."""
    await home.start()
    await home.report(" _1")
    await home.report()
    await home.until(lambda: told(home) == {"weather_1": ("1.3.0", None)}, "the other device")
    await home.depot_goes_away()
    home.depot.installations.clear()
    await home.depot_returns()
    await home.until(lambda: told(home) == {"weather_1": ("1.3.0", None)}, "the other device again")


def test_the_longest_message_is_one_that_the_depot_takes() -> None:
    """Devices may call themselves and their versions whatever they like."""
    long = "\U0001f327" * 256
    feed = InstallationFeed(
        MagicMock(),
        {},
        lambda _: long,
        MagicMock(),
    )
    device = Device(id=long, model=long, firmware=long, software=long)
    body = {
        "reset": False,
        "devices": [feed._as_dict(device)] * installations._AT_ONCE,
        "gone": [],
    }
    assert len(json_bytes(body)) < MAX_JSON
    assert len(read_news(body).devices) == installations._AT_ONCE


async def test_an_older_depot_is_left_alone(home: Home) -> None:
    """It is asked once, and nothing is logged that anybody should care about."""
    asked: list[str] = []

    async def unknown(request: web.Request) -> web.Response:
        asked.append(request.path)
        return problem(HTTPStatus.NOT_FOUND, "not-found")

    home.depot.answers[TOLD] = unknown
    await home.start()
    await home.until(lambda: asked, "question")
    await home.report()
    await home.settle()
    assert len(asked) == 1


async def test_a_failure_is_tried_again_and_disturbs_nothing(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """Upgrades do not depend on it."""
    caplog.set_level(logging.INFO)
    failures: list[str] = []

    async def broken(request: web.Request) -> web.Response:
        failures.append(request.path)
        if len(failures) == 3:
            del home.depot.answers[TOLD]
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error")

    home.depot.answers[TOLD] = broken
    await home.start()
    await home.report()
    await home.until(lambda: told(home), "device")
    assert len(failures) == 3
    assert "installations" not in caplog.text
