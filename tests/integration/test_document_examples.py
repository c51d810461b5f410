"""The automations of the documents, run by Home Assistant itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from homeassistant.components.automation.config import (
    ValidationStatus,
    async_validate_config_item,
)
from homeassistant.components.automation.const import DOMAIN as AUTOMATION
from homeassistant.components.persistent_notification import (
    _async_get_or_create_notifications as notifications,
)
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_TURN_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.mqtt_ota.const import DOMAIN, EVENT_TASK_CHANGED
from tests.documents import Claim, code_spans, runs, section, table
from tests.integration.actions import long_actions, registry_id
from tests.integration.fake_depot import make_package
from tests.integration.home import Home


@asynccontextmanager
async def automation_of(claim: Claim, hass: HomeAssistant) -> AsyncIterator[str]:
    """Set the block's automation up as Home Assistant reads it; yield its entity."""
    config: Any = parse_yaml(claim.block().text)
    (automation,) = config[AUTOMATION]
    validated = await async_validate_config_item(hass, AUTOMATION, automation)
    assert validated is not None
    assert validated.validation_status is ValidationStatus.OK, validated.validation_error
    # Home Assistant sets this one up by itself, before everything else.
    assert await async_setup_component(hass, "persistent_notification", {})
    assert await async_setup_component(hass, AUTOMATION, config)
    await hass.async_block_till_done()
    (state,) = hass.states.async_all(AUTOMATION)
    assert state.state == STATE_ON
    yield state.entity_id
    # Its timer would count as left behind.
    await hass.services.async_call(
        AUTOMATION, SERVICE_TURN_OFF, {ATTR_ENTITY_ID: state.entity_id}, blocking=True
    )


def move_to_garden(home: Home, device_id: str) -> None:
    """Put a device into the area of the example."""
    area = ar.async_get(home.hass).async_get_or_create("Garden")
    assert area.id == "garden"
    entity = er.async_get(home.hass).async_get(home.state(device_id).entity_id)
    assert entity is not None
    assert entity.device_id is not None
    dr.async_get(home.hass).async_update_device(entity.device_id, area_id=area.id)


async def wait_for_night(home: Home) -> None:
    """Let the clock go on to the next time that it is three at night at home."""
    now = dt_util.now()
    night = now.replace(hour=3, minute=0, second=0, microsecond=0)
    if night <= now:
        night += timedelta(days=1)
    await home.pass_time(night - now + timedelta(seconds=1))


def last_run(hass: HomeAssistant, automation: str) -> object:
    """Return when an automation last came past its conditions."""
    state = hass.states.get(automation)
    assert state is not None
    return state.attributes["last_triggered"]


@runs("README.md", "Upgrade the garden at night")
async def test_garden_at_night(home: Home, claim: Claim, caplog: pytest.LogCaptureFixture) -> None:
    """Of the garden's devices the one with an update is upgraded, and nothing complains."""
    home.depot.packages.append(make_package())
    await home.start()
    for device_id, firmware in (("weather_old", "1.3.0"), ("weather_new", "1.4.0")):
        await home.report(device_id, firmware, software="1.0.0")
        move_to_garden(home, device_id)
    await home.report("weather_indoors")
    async with automation_of(claim, home.hass) as automation:
        await wait_for_night(home)
        assert home.stage("weather_old") == "waiting_online"
        assert home.stage("weather_new") is None
        assert home.stage("weather_indoors") is None
        first_run = last_run(home.hass, automation)
        # The second night finds the upgrade still under way.
        await wait_for_night(home)
        assert last_run(home.hass, automation) != first_run
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@runs("README.md", "One device first")
@pytest.mark.parametrize("succeeds", [True, False])
async def test_one_device_first(home: Home, claim: Claim, succeeds: bool) -> None:
    """The others get what the one has been upgraded to, and nothing while that has failed."""
    await home.start()
    for device_id in ("weather_test", "weather_1"):
        await home.report(device_id)
    label = lr.async_get(home.hass).async_create("Production").label_id
    dr.async_get(home.hass).async_update_device(registry_id(home), labels={label})
    async with automation_of(claim, home.hass):
        with long_actions(home.hass):
            await home.add_package()
            await home.until(lambda: home.stage("weather_test"), "task of the first device")
            await home.report("weather_test")
            await home.until(lambda: home.sent_upgrades("weather_test"), "upgrade message")
            if succeeds:
                await home.report("weather_test", "1.4.0")
                await home.until(home.stage, "task of the other device")
                assert home.task().package.version == "1.4.0"
            else:
                await home.report_progress("weather_test", 7, version="1.3.0")
                await home.until(lambda: home.stage("weather_test") == "failed", "failure")
                assert home.stage() is None


@runs("README.md", "Tell me when an upgrade failed")
async def test_failure_is_told(home: Home, claim: Claim) -> None:
    """A failed upgrade is told with its cause; one that is under way is not."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    async with automation_of(claim, home.hass):
        await home.install_and_notify()
        assert notifications(home.hass) == {}
        await home.report_progress(result_code=7, version="1.3.0")
        await home.until(lambda: home.stage() == "failed", "failure")
        (notification,) = notifications(home.hass).values()
    assert notification["title"] == "An upgrade failed"
    assert notification["message"] == "weather_1: integrity_check_failed"


async def test_table_has_every_action(home: Home) -> None:
    """The table has every action of the integration, beside the one that installs."""
    await home.start()
    documented = {code_spans(row[0])[0] for row in table("README.md", "Actions and events")}
    own = home.hass.services.async_services_for_domain(DOMAIN)
    assert documented == {"update.install", *(f"{DOMAIN}.{name}" for name in own)}


async def test_table_has_all_that_the_event_holds(home: Home) -> None:
    """The second table has everything that the event holds."""
    events = async_capture_events(home.hass, EVENT_TASK_CHANGED)
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    await home.install()
    text = section("README.md", "Actions and events").partition("| in the event |")[2]
    documented = {
        span
        for row in text.splitlines()
        if row.startswith("| `")
        for span in code_spans(row.split("|")[1])
    }
    assert events
    assert documented == events[0].data.keys()
    assert events[0].data["cause"] is None
