"""The blueprints, loaded and run by Home Assistant itself."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.components.blueprint.models import Blueprint, DomainBlueprints
from homeassistant.components.persistent_notification import (
    _async_get_or_create_notifications as notifications,
)
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_TURN_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.helpers.selector import selector
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest

from custom_components.mqtt_ota.const import DOMAIN
from custom_components.mqtt_ota.manager import UpgradeManager
from custom_components.mqtt_ota.upgrade import State
from tests.integration.actions import act, long_actions, registry_id
from tests.integration.fake_depot import make_package
from tests.integration.home import Home
from tests.meta.files import ROOT

pytestmark = pytest.mark.long

FOLDER = ROOT / "blueprints" / AUTOMATION
NIGHT = f"{DOMAIN}/upgrade_at_night.yaml"
FAILURE = f"{DOMAIN}/tell_failure.yaml"


@asynccontextmanager
async def automation_from(home: Home, path: str, **inputs: Any) -> AsyncIterator[str]:
    """Let Home Assistant make an automation from a blueprint; yield its entity."""
    hass = home.hass
    with patch.object(DomainBlueprints, "blueprint_folder", FOLDER):
        assert await async_setup_component(hass, "persistent_notification", {})
        config = {"alias": "Ours", "use_blueprint": {"path": path, "input": inputs}}
        assert await async_setup_component(hass, AUTOMATION, {AUTOMATION: [config]})
        await hass.async_block_till_done()
    (state,) = hass.states.async_all(AUTOMATION)
    assert state.state == STATE_ON
    with long_actions(hass):
        yield state.entity_id
    # Its timer would count as left behind.
    await hass.services.async_call(
        AUTOMATION, SERVICE_TURN_OFF, {ATTR_ENTITY_ID: state.entity_id}, blocking=True
    )


async def wait_until(home: Home, hour: int) -> None:
    """Let the clock go on to the next time that it is this late at home."""
    now = dt_util.now()
    then = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    if then <= now:
        then += timedelta(days=1)
    await home.pass_time(then - now + timedelta(seconds=1))


async def asked_to_upgrade(home: Home, device_id: str) -> None:
    """Let a device answer until it has its upgrade message."""
    await home.until(lambda: home.stage(device_id) is not None, f"task of {device_id}")
    await home.report(device_id)
    await home.until(lambda: home.sent_upgrades(device_id), "upgrade message")


def area_of(home: Home) -> str:
    """Put the second device into an area of its own."""
    area = ar.async_get(home.hass).async_create("Roof")
    device = registry_id(home, "weather_2")
    dr.async_get(home.hass).async_update_device(device, area_id=area.id)
    return area.id


def floor_of(home: Home) -> str:
    """Put the second device onto a floor of its own."""
    floor = fr.async_get(home.hass).async_create("Top")
    ar.async_get(home.hass).async_update(area_of(home), floor_id=floor.floor_id)
    return floor.floor_id


def label_of(home: Home) -> str:
    """Give the second device a label."""
    label = lr.async_get(home.hass).async_create("Beta").label_id
    device = registry_id(home, "weather_2")
    dr.async_get(home.hass).async_update_device(device, labels={label})
    return label


@pytest.fixture
async def garden(home: Home) -> Home:
    """Start with three devices that have an update, and one that has none."""
    home.depot.packages.append(make_package())
    await home.start()
    for device_id in ("weather_1", "weather_2", "weather_3"):
        await home.report(device_id)
    await home.report("weather_new", "1.4.0")
    return home


@pytest.mark.parametrize("path", [NIGHT, FAILURE])
async def test_blueprint_is_complete(hass: HomeAssistant, path: str) -> None:
    """Every input explains itself, and what it starts with is what its selector can give."""
    with patch.object(DomainBlueprints, "blueprint_folder", FOLDER):
        blueprint: Blueprint = await async_get_blueprints(hass).async_get_blueprint(path)
    assert blueprint.validate() is None
    assert blueprint.metadata["source_url"].endswith(f"/blueprints/{AUTOMATION}/{path}")
    for name, described in blueprint.inputs.items():
        assert described["name"], name
        assert described["description"], name
        validate = selector(described["selector"])
        if described["default"]:
            validate(described["default"])


def test_every_blueprint_is_tested() -> None:
    """A blueprint that nobody runs is wrong sooner or later."""
    assert {str(path.relative_to(FOLDER)) for path in Path(FOLDER).rglob("*.yaml")} == {
        NIGHT,
        FAILURE,
    }


async def test_night_upgrades_one_by_one(garden: Home) -> None:
    """The next device has its turn when the one before it runs the new version."""
    async with automation_from(garden, NIGHT):
        await wait_until(garden, 2)
        for device_id, following in (("weather_1", "weather_2"), ("weather_2", "weather_3")):
            await asked_to_upgrade(garden, device_id)
            assert garden.stage(following) is None
            await garden.report(device_id, "1.4.0")
        await asked_to_upgrade(garden, "weather_3")
        await garden.report("weather_3", "1.4.0")
        await garden.until(lambda: garden.stage("weather_3") == "succeeded", "last success")
        assert garden.stage("weather_new") is None
    assert notifications(garden.hass) == {}


async def test_s19_night_stops_at_the_first_failure(garden: Home) -> None:
    """A package that breaks one device does not break the next, and the user is told why."""
    async with automation_from(garden, NIGHT, retries=0):
        await wait_until(garden, 2)
        await asked_to_upgrade(garden, "weather_1")
        await garden.report_progress("weather_1", 7, version="1.3.0")
        await garden.until(lambda: notifications(garden.hass), "notification")
        (notification,) = notifications(garden.hass).values()
        assert notification["title"] == "The upgrade of weather_1 failed"
        assert "Integrity check failure for new downloaded package." in notification["message"]
        assert "No other device is upgraded this night." in notification["message"]
        assert garden.stage("weather_2") is None


async def test_s20_night_ends(garden: Home) -> None:
    """What has not begun by the end of the night waits for the next one."""
    async with automation_from(garden, NIGHT, begin="02:00:00", end="05:00:00"):
        await wait_until(garden, 2)
        await asked_to_upgrade(garden, "weather_1")
        await wait_until(garden, 6)
        await garden.report("weather_1", "1.4.0")
        await garden.until(lambda: garden.stage("weather_1") == "succeeded", "success")
        assert garden.stage("weather_2") is None
        await wait_until(garden, 2)
        await asked_to_upgrade(garden, "weather_2")


async def test_night_passes_over_a_device_that_does_not_answer(garden: Home) -> None:
    """A device in a drawer does not keep the others from being upgraded."""
    async with automation_from(garden, NIGHT, retries=0):
        await wait_until(garden, 2)
        await garden.until(lambda: garden.stage("weather_1"), "task of the first device")
        await garden.pass_time(timedelta(minutes=4))
        assert garden.task("weather_1").cause == "version_timeout"
        await asked_to_upgrade(garden, "weather_2")
    assert notifications(garden.hass) == {}


async def test_night_goes_on_after_a_cancelled_upgrade(garden: Home) -> None:
    """Who takes one device out says nothing about the others."""
    async with automation_from(garden, NIGHT):
        await wait_until(garden, 2)
        await asked_to_upgrade(garden, "weather_1")
        await act(garden, "cancel", entity_id=garden.entity_id("weather_1"))
        await asked_to_upgrade(garden, "weather_2")
    assert notifications(garden.hass) == {}


async def test_night_does_not_wait_for_what_is_under_way(garden: Home) -> None:
    """An upgrade that somebody began by day, and that waits, is nobody's turn."""
    await garden.install("weather_1")
    async with automation_from(garden, NIGHT):
        await wait_until(garden, 2)
        await asked_to_upgrade(garden, "weather_2")


async def test_night_tells_that_an_upgrade_could_not_begin(garden: Home) -> None:
    """What cannot even be tried is told as well, and stops the others."""
    refuse = patch.object(
        UpgradeManager,
        "async_install",
        side_effect=HomeAssistantError("no"),
    )
    with refuse:
        async with automation_from(garden, NIGHT):
            await wait_until(garden, 2)
            await garden.until(lambda: notifications(garden.hass), "notification")
    (notification,) = notifications(garden.hass).values()
    assert notification["message"].startswith("It could not begin, or could not be followed")
    assert garden.stage("weather_1") is None


@pytest.mark.parametrize(
    "choose",
    [
        lambda home: {"device_id": registry_id(home, "weather_2")},
        lambda home: {"entity_id": [home.entity_id("weather_2")]},
        lambda home: {"area_id": area_of(home)},
        lambda home: {"floor_id": [floor_of(home)]},
        lambda home: {"label_id": label_of(home)},
    ],
    ids=["device", "entity", "area", "floor", "label"],
)
async def test_night_of_chosen_devices(
    garden: Home, choose: Callable[[Home], dict[str, Any]]
) -> None:
    """Only what was chosen is upgraded, however it was chosen."""
    async with automation_from(garden, NIGHT, devices=choose(garden)):
        await wait_until(garden, 2)
        await asked_to_upgrade(garden, "weather_2")
        await garden.report("weather_2", "1.4.0")
        await garden.until(lambda: garden.stage("weather_2") == "succeeded", "success")
        assert garden.stage("weather_1") is garden.stage("weather_3") is None


async def test_failure_is_told_with_its_cause(garden: Home) -> None:
    """Which device, to which version, why, and what to do."""
    async with automation_from(garden, FAILURE):
        await garden.install_and_notify("weather_1")
        await garden.report_progress("weather_1", 7, version="1.3.0")
        await garden.until(lambda: notifications(garden.hass), "notification")
        (notification,) = notifications(garden.hass).values()
    assert notification["title"] == "The upgrade of weather_1 failed"
    assert notification["message"].startswith(
        "Firmware 1.4.0 is not installed. Integrity check failure for new downloaded package. "
    )


async def test_failure_is_told_with_the_likely_mistake(garden: Home) -> None:
    """After the cause and what to do about it."""
    async with automation_from(garden, FAILURE):
        await garden.install_and_notify("weather_1")
        await garden.transfer("weather_1", bytes_served=200, gap=[100, 300])
        await garden.report_progress("weather_1", 7, version="1.3.0")
        await garden.until(lambda: notifications(garden.hass), "notification")
        (notification,) = notifications(garden.hass).values()
    assert notification["message"].endswith(
        "The device asked for the bytes from 300 on though it was sent only those before 100: let "
        "it resume from the number of bytes that it has stored."
    )


async def test_failure_before_another_attempt_is_not_told(garden: Home) -> None:
    """What mends itself wakes nobody; the last failure does."""
    async with automation_from(garden, FAILURE):
        await act(
            garden,
            "upgrade",
            entity_id=garden.entity_id("weather_1"),
            retries=1,
            retry_interval={"minutes": 1},
        )
        await asked_to_upgrade(garden, "weather_1")
        await garden.report_progress("weather_1", 6, version="1.3.0")
        await garden.until(lambda: garden.task("weather_1").state is State.FAILED, "failure")
        assert notifications(garden.hass) == {}
        garden.forget_sent()
        await garden.pass_time(timedelta(minutes=2))
        await asked_to_upgrade(garden, "weather_1")
        await garden.report_progress("weather_1", 6, version="1.3.0")
        await garden.until(lambda: notifications(garden.hass), "notification")


async def test_failure_of_other_devices_is_not_told(garden: Home) -> None:
    """Only the chosen devices are told about."""
    async with automation_from(garden, FAILURE, devices=[registry_id(garden, "weather_2")]):
        await garden.install_and_notify("weather_1")
        await garden.report_progress("weather_1", 7, version="1.3.0")
        await garden.until(lambda: garden.stage("weather_1") == "failed", "failure")
        assert notifications(garden.hass) == {}
        await garden.install_and_notify("weather_2")
        await garden.report_progress("weather_2", 7, version="1.3.0")
        await garden.until(lambda: notifications(garden.hass), "notification")
