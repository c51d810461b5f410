"""Whether devices and the depot can be reached."""

import json

from homeassistant.components.binary_sensor.const import DOMAIN as BINARY_SENSOR
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mqtt_ota import async_remove_config_entry_device
from tests.integration.fake_depot import DEPOT_ID, make_info
from tests.integration.home import Home
from tests.integration.views import (
    depot_entity_id,
    entity_id,
    registered,
    shown,
)


@pytest.fixture(autouse=True)
async def ready(home: Home) -> None:
    """Have a device behind a gateway."""
    await home.start()
    await home.report("lamp_7", gateway="gate_1")


def connectivity(home: Home, device_id: str = "lamp_7") -> str:
    """Return what is shown of a device."""
    return shown(home, entity_id(home, BINARY_SENSOR, "connectivity", device_id)).state


def depot_connectivity(home: Home) -> str:
    """Return what is shown of the depot."""
    return shown(home, depot_entity_id(home, BINARY_SENSOR, "connectivity")).state


async def gateway_tells(home: Home, status: str) -> None:
    """Let the gateway tell of the device."""
    service = {
        "service_id": "$sub_device_manager",
        "event_type": "sub_device_update_status",
        "paras": {"device_statuses": [{"device_id": "lamp_7", "status": status}]},
    }
    await home.publish("gate_1", json.dumps({"services": [service]}))


async def test_a_message_alone_is_no_evidence_of_a_connection(
    home: Home, snapshot: SnapshotAssertion
) -> None:
    """A message alone is no evidence of a connection that lasts."""
    assert shown(home, entity_id(home, BINARY_SENSOR, "connectivity", "lamp_7")) == snapshot
    assert connectivity(home) == STATE_UNKNOWN


async def test_device_of_which_nobody_tells_shows_no_connectivity(home: Home) -> None:
    """Without a gateway and an availability topic it would stay unknown for ever."""
    registry = er.async_get(home.hass)
    entry = registry.async_get(entity_id(home, BINARY_SENSOR, "connectivity", "gate_1"))
    assert entry is not None
    assert entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_what_the_gateway_tells(home: Home) -> None:
    """It knows who is there; a message of the device itself knows better."""
    await gateway_tells(home, "ONLINE")
    assert connectivity(home) == STATE_ON
    await gateway_tells(home, "OFFLINE")
    assert connectivity(home) == STATE_OFF
    await home.report("lamp_7", gateway="gate_1")
    assert connectivity(home) == STATE_ON


async def test_without_a_broker(home: Home) -> None:
    """Nobody can be heard, and afterwards nothing is believed of before."""
    await gateway_tells(home, "ONLINE")
    home.broker_goes_away()
    await home.settle()
    assert connectivity(home) == STATE_UNAVAILABLE
    await home.broker_returns()
    assert connectivity(home) == STATE_UNKNOWN


async def test_the_depot_is_connected_while_its_events_come(home: Home) -> None:
    """It is on while its stream of events is open."""
    assert depot_connectivity(home) == STATE_ON
    await home.depot_goes_away()
    await home.until(lambda: depot_connectivity(home) == STATE_OFF, "lost depot")
    home.depot.info = make_info(version="0.2.0")
    await home.depot_returns()
    await home.until(lambda: registered(home, f"depot/{DEPOT_ID}").sw_version == "0.2.0", "version")
    assert depot_connectivity(home) == STATE_ON


async def test_the_depot_is_a_service(home: Home) -> None:
    """Its page leads to it; nobody can delete it there, for it would not come back."""
    depot = registered(home, f"depot/{DEPOT_ID}")
    assert (depot.name, depot.entry_type) == ("Depot", dr.DeviceEntryType.SERVICE)
    assert depot.configuration_url == home.depot.url
    assert depot.sw_version == "0.1.0"
    assert not await async_remove_config_entry_device(home.hass, home.entry, depot)
