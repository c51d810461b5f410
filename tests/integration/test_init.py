"""Set-up, unloading and removal of the integration."""

import asyncio
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

from aiohttp import web
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mqtt_ota import manager
from custom_components.mqtt_ota.const import DOMAIN
from tests.integration.fake_depot import make_info, make_package, problem
from tests.integration.home import DEVICES_FILE, TASKS_FILE, Home

INFO = "GET /api/v1/info"
EVENTS = "GET /api/v1/events"


async def set_up(home: Home) -> MockConfigEntry:
    """Try to set the integration up."""
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.hass.async_block_till_done()
    return home.entry


async def test_set_up_and_unload(home: Home) -> None:
    """After unloading nothing is heard, asked or kept waiting any more."""
    await home.start()
    await home.report()
    await home.stop()
    assert home.entry.state is ConfigEntryState.NOT_LOADED
    assert home.state().state == STATE_UNAVAILABLE
    home.forget_sent()
    await home.report("lamp_7")
    assert home.sent == []
    assert not home.depot.sockets


async def test_devices_are_there_again_after_a_reload(home: Home) -> None:
    """What was learnt is there again without a word from the device."""
    await home.start()
    await home.report()
    await home.restart()
    assert home.state().attributes["installed_version"] == "1.3.0"


@pytest.mark.parametrize(
    ("info", "key"),
    [
        ({"api_version": 0, "min_api_version": 0}, "depot_too_old"),
        ({"api_version": 9, "min_api_version": 9}, "depot_too_new"),
        ({"device_url": None}, "depot_protocol"),
    ],
)
async def test_a_depot_that_does_not_fit(home: Home, info: dict[str, Any], key: str) -> None:
    """The reason is named, and set-up goes on by itself once the depot is another version."""
    home.depot.info = make_info(**info)
    entry = await set_up(home)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == key


async def test_a_depot_that_is_away(home: Home) -> None:
    """Set-up is tried again until the depot is there."""
    await home.depot.async_stop()
    entry = await set_up(home)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "depot_connection"
    await home.depot.async_start()
    assert await home.hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_a_key_that_is_refused(home: Home) -> None:
    """The user is asked for a new one."""
    home.depot.api_key = "another"
    entry = await set_up(home)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "depot_authentication"
    flows = home.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert [flow["context"]["source"] for flow in flows] == ["reauth"]


async def test_mqtt_is_not_ready(home: Home) -> None:
    """Without the MQTT integration's client there is nobody to talk to."""
    with patch("homeassistant.components.mqtt.async_wait_for_mqtt_client", return_value=False):
        entry = await set_up(home)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "mqtt_not_ready"
    assert home.depot.requests == []


async def test_a_silent_depot_does_not_hold_up_the_start(home: Home) -> None:
    """The snapshot is waited for, but not for ever; the offers come when it comes."""
    released = asyncio.Event()
    home.depot.packages.append(make_package())
    answer = home.depot._async_events

    async def late(request: web.Request) -> web.StreamResponse:
        await released.wait()
        return await answer(request)

    home.depot.answers[EVENTS] = late
    with patch.object(manager, "_SNAPSHOT_PATIENCE", 0.05):
        await home.start()
    await home.report()
    assert home.state().state == "off"
    released.set()
    await home.until(lambda: home.state().state == "on", "offer")


async def test_a_failed_set_up_leaves_nothing_behind(home: Home) -> None:
    """The test plugin fails when a timer, a job or a socket is left."""
    with patch.object(
        home.hass.config_entries, "async_forward_entry_setups", side_effect=OSError("broken")
    ):
        entry = await set_up(home)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    home.forget_sent()
    await home.report()
    assert home.sent == []


async def test_refused_events_are_tried_again(home: Home) -> None:
    """A depot that is starting may refuse its stream for a moment."""
    attempts = 0
    answer = home.depot._async_events

    async def busy(request: web.Request) -> web.StreamResponse:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "busy")
        return await answer(request)

    home.depot.answers[EVENTS] = busy
    await home.start()
    assert attempts == 3
    assert home.manager.mirror.is_connected


async def test_removal_forgets_everything(
    home: Home, hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """Devices, tasks and their tokens are deleted, and the running download is not granted on."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    await home.install_and_notify()
    assert "secret-grant1" in str(hass_storage[TASKS_FILE])
    assert list(home.depot.grants) == ["grant1"]
    await hass.config_entries.async_remove(home.entry.entry_id)
    assert TASKS_FILE not in hass_storage
    assert DEVICES_FILE not in hass_storage
    assert home.depot.grants == {}


async def test_removal_without_the_depot(
    home: Home, hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """A depot that is gone for good does not keep anybody from removing the integration."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.depot_goes_away()
    await hass.config_entries.async_remove(home.entry.entry_id)
    assert TASKS_FILE not in hass_storage
