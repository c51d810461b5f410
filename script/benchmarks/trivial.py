"""An integration with entities that do nothing: what any integration costs Home Assistant.

The benchmark copies this file into a configuration folder; `shapes` of the entry names, for
each platform, how many entities there are and how many of them are enabled.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.button import ButtonEntity
from homeassistant.components.event import EventEntity
from homeassistant.components.sensor import SensorEntity
from homeassistant.components.update import UpdateEntity
from homeassistant.config_entries import ConfigEntry, ConfigFlow
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

DOMAIN = "trivial"


class TrivialEntity(Entity):
    """What all of them have: a device, a name and an id."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, device_id: str, key: str, *, enabled: bool) -> None:
        """Belong to a device."""
        self._attr_unique_id = f"{device_id}_{key}"
        self._attr_name = key
        self._attr_entity_registry_enabled_default = enabled
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, device_id)},
            name=device_id,
            model="weather",
            serial_number=device_id,
            sw_version="1.3.0",
        )


class TrivialUpdate(TrivialEntity, UpdateEntity):
    """An update that never comes."""

    _attr_installed_version = "1.3.0"
    _attr_latest_version = "1.3.0"


class TrivialSensor(TrivialEntity, SensorEntity):
    """A sensor that always says the same."""

    _attr_native_value = "idle"


class TrivialBinarySensor(TrivialEntity, BinarySensorEntity):
    """A connection that is always there."""

    _attr_is_on = True


class TrivialButton(TrivialEntity, ButtonEntity):
    """A button that nobody presses."""


class TrivialEvent(TrivialEntity, EventEntity):
    """An event that never happens."""

    def __init__(self, device_id: str, key: str, *, enabled: bool) -> None:
        """Know what never happens."""
        super().__init__(device_id, key, enabled=enabled)
        self._attr_event_types = ["failed", "succeeded"]


CLASSES: dict[str, type[TrivialEntity]] = {
    Platform.UPDATE: TrivialUpdate,
    Platform.SENSOR: TrivialSensor,
    Platform.BINARY_SENSOR: TrivialBinarySensor,
    Platform.BUTTON: TrivialButton,
    Platform.EVENT: TrivialEvent,
}


class TrivialFlow(ConfigFlow, domain=DOMAIN):
    """Home Assistant wants every entry to have one; there is nothing to ask."""


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry[None]) -> bool:
    """Set up the platforms of which devices have entities."""
    await hass.config_entries.async_forward_entry_setups(entry, list(entry.data["shapes"]))
    return True


async def async_add_platform(
    platform: str, entry: ConfigEntry[None], async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the entities of one platform."""
    async_add_entities(_entities(platform, entry.data))


def _entities(platform: str, data: Mapping[str, Any]) -> Iterator[TrivialEntity]:
    """Yield the entities of one platform, device by device; the first are enabled."""
    every, enabled = data["shapes"][platform]
    each = every // data["devices"]
    for number in range(every):
        device_id = f"weather_{number // each:05}"
        yield CLASSES[platform](device_id, f"{platform}_{number % each}", enabled=number < enabled)
