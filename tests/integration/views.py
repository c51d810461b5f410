"""What the page shows of a home: entities by platform and key, and devices of the registry."""

from homeassistant.core import State
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.mqtt_ota import async_remove_config_entry_device
from custom_components.mqtt_ota.const import DOMAIN
from tests.integration.fake_depot import DEPOT_ID
from tests.integration.home import Home


def entity_id(home: Home, platform: str, key: str, device_id: str = "weather_1") -> str:
    """Return an entity of a device."""
    found = er.async_get(home.hass).async_get_entity_id(platform, DOMAIN, f"{device_id}_{key}")
    assert found is not None
    return found


def depot_entity_id(home: Home, platform: str, key: str) -> str:
    """Return an entity of the depot."""
    return entity_id(home, platform, key, f"depot/{DEPOT_ID}")


def shown(home: Home, entity_id: str) -> State:
    """Return the state of an entity."""
    state = home.hass.states.get(entity_id)
    assert state is not None
    return state


def registered(home: Home, name: str = "weather_1") -> dr.DeviceEntry:
    """Return a device, or the depot, from Home Assistant's registry."""
    device = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, name), home.entry.entry_id
    )
    assert isinstance(device, dr.DeviceEntry)
    return device


async def delete(home: Home, name: str = "weather_1") -> None:
    """Delete a device, as its page does."""
    device = registered(home, name)
    assert await async_remove_config_entry_device(home.hass, home.entry, device)
    dr.async_get(home.hass).async_remove_device(device.id)
    await home.settle()
