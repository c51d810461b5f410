"""The logbook: sentences about upgrades, and whose doing they were."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.logbook.const import DOMAIN as LOGBOOK
from homeassistant.components.recorder import Recorder
from homeassistant.components.update import DOMAIN as UPDATE, SERVICE_INSTALL
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import Context
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.mqtt_ota.const import DOMAIN
from custom_components.mqtt_ota.logbook import sentence
from custom_components.mqtt_ota.upgrade import State
from tests.integration.fake_depot import make_package
from tests.integration.home import STARTED_AT, Home
from tests.integration.views import delete, registered


@pytest.fixture(autouse=True)
def _integration_enabled(
    quiet_database: None, recorder_mock: Recorder, enable_custom_integrations: None
) -> None:
    """Record from the start: the database has to be there before Home Assistant is."""


@pytest.fixture
def quiet_database(caplog: pytest.LogCaptureFixture) -> None:
    """Keep the recorder's thread from writing all that it does between the tests' results."""
    for logger in ("homeassistant.components.recorder", "sqlalchemy", "sqlalchemy.engine"):
        caplog.set_level("WARNING", logger)


@pytest.fixture
async def ready(home: Home) -> None:
    """Offer firmware to a device."""
    assert await async_setup_component(home.hass, LOGBOOK, {})
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()


async def entries(
    home: Home, ws_client: WebSocketGenerator, **selection: Any
) -> list[dict[str, Any]]:
    """Return what the logbook shows of our own events, oldest first."""
    await home.settle()
    await async_wait_recording_done(home.hass)
    client = await ws_client(home.hass)
    started_at = datetime.fromisoformat(STARTED_AT)
    await client.send_json_auto_id(
        {
            "type": "logbook/get_events",
            "start_time": (started_at - timedelta(hours=1)).isoformat(),
            "end_time": (started_at + timedelta(days=2)).isoformat(),
            **selection,
        }
    )
    answer = await client.receive_json()
    assert answer["success"], answer
    return [entry for entry in answer["result"] if entry.get("domain") == DOMAIN]


async def device_entries(home: Home, ws_client: WebSocketGenerator) -> list[dict[str, Any]]:
    """Return what the device's page shows of our own events."""
    return await entries(home, ws_client, device_ids=[registered(home).id])


@pytest.mark.usefixtures("ready")
async def test_a_whole_upgrade(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """It reads as a story, and every line leads to the update entity."""
    await home.install_and_notify()
    await home.transfer(bytes_served=1024, complete=True)
    await home.report(firmware="1.4.0")
    told = await device_entries(home, hass_ws_client)
    assert [f"{entry['name']} {entry['message']}" for entry in told] == [
        "weather_1 upgrade to 1.4.0 requested (firmware)",
        "weather_1 upgrade to 1.4.0 waits for the device (firmware)",
        "weather_1 upgrade to 1.4.0 waits for its turn (firmware)",
        "weather_1 was told to upgrade to 1.4.0 (firmware)",
        "weather_1 has downloaded 1.4.0 (firmware)",
        "weather_1 was upgraded from 1.3.0 to 1.4.0 (firmware)",
    ]
    assert {entry["entity_id"] for entry in told} == {home.entity_id()}


@pytest.mark.usefixtures("ready")
async def test_a_failure_names_its_cause(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """It names the cause."""
    await home.install_and_notify()
    await home.report_progress(result_code=4)
    told = await device_entries(home, hass_ws_client)
    assert told[-1]["message"] == "upgrade to 1.4.0 failed: Battery low (firmware)"


@pytest.mark.usefixtures("ready")
async def test_success_without_a_download_is_said(
    home: Home, hass_ws_client: WebSocketGenerator, caplog: pytest.LogCaptureFixture
) -> None:
    """Some devices tell success with the bytes of a refusal on their disk."""
    await home.install_and_notify()
    await home.report_progress(version="1.4.0", progress=100)
    assert home.stage() == "verifying"
    assert "told success" not in caplog.text
    await home.report(firmware="1.4.0")
    told = await device_entries(home, hass_ws_client)
    assert told[-1]["message"] == (
        "was upgraded from 1.3.0 to 1.4.0 (firmware); "
        "it told success without having fetched the whole package"
    )
    assert told[-2]["message"].endswith("(firmware)")
    assert "weather_1 told success, but the depot did not see it fetch" in caplog.text


@pytest.mark.usefixtures("ready")
async def test_every_line_names_who_asked(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Every line names the user, hours after the button was pressed."""
    user = MockUser(name="Ada", is_owner=True).add_to_hass(home.hass)
    await home.hass.services.async_call(
        UPDATE,
        SERVICE_INSTALL,
        {ATTR_ENTITY_ID: home.entity_id()},
        blocking=True,
        context=Context(user_id=user.id),
    )
    await home.restart()
    await home.report()
    told = await device_entries(home, hass_ws_client)
    assert len(told) > 2
    assert {entry["context_user_id"] for entry in told} == {user.id}


@pytest.mark.usefixtures("ready")
async def test_an_automation_asked(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Every line names the automation."""
    # The logbook goes by time, and the clock is frozen
    home.hass.services.async_register("test", "tick", lambda _call: home.clock.tick())
    action = {"action": "update.install", "target": {"entity_id": home.entity_id()}}
    assert await async_setup_component(
        home.hass,
        "automation",
        {
            "automation": {
                "alias": "At night",
                "triggers": [{"trigger": "event", "event_type": "night"}],
                "actions": [{"action": "test.tick"}, action],
            }
        },
    )
    home.hass.bus.async_fire("night")
    told = await device_entries(home, hass_ws_client)
    assert len(told) > 1
    assert {entry["context_name"] for entry in told} == {"At night"}
    assert {entry["context_event_type"] for entry in told} == {"automation_triggered"}


@pytest.mark.usefixtures("ready")
async def test_a_device_that_is_gone(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Its past can still be read in the logbook of everything."""
    await home.install()
    await delete(home)
    told = await entries(home, hass_ws_client)
    assert told[0]["name"] == "weather_1"
    assert told[0]["message"] == "upgrade to 1.4.0 requested (firmware)"


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_sentence(state: State) -> None:
    """None falls through to the words for a state of another version."""
    data = {"kind": "firmware", "version": "2", "from_version": "1", "from_state": "x"}
    told = sentence({**data, "state": state, "cause": None})
    assert str(state) not in told.replace("failed", "").replace("cancelled", "")
    assert told.endswith("(firmware)")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"state": "succeeded", "from_version": "2"}, "already runs 2 (firmware)"),
        ({"state": "succeeded"}, "was upgraded from another version to 2 (firmware)"),
        (
            {"state": "failed", "cause": "task_conflict"},
            "upgrade to 2 failed: Task Conflict (firmware)",
        ),
        ({"state": "failed", "cause": "of_later"}, "upgrade to 2 failed: of_later (firmware)"),
        (
            {"state": "cancelled", "cause": "package_withdrawn"},
            "upgrade to 2 was cancelled: Package withdrawn (firmware)",
        ),
        ({"state": "of_later"}, "upgrade to 2: of_later (firmware)"),
    ],
)
def test_some_ends_need_other_words(data: dict[str, str], told: str) -> None:
    """Ends that need other words, and what another version may have left in the database."""
    common = {"kind": "firmware", "version": "2", "from_state": "queued"}
    assert sentence({**common, **data}) == told
