"""Whether a device, or the depot, can be reached."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .devices import Device
from .entity import DepotEntity, DeviceEntity, async_add_by_device
from .manager import MqttOtaConfigEntry, UpgradeManager

PARALLEL_UPDATES = 0

_KEY = "connectivity"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MqttOtaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the depot, and every device now and later."""
    async_add_entities([DepotConnectivity(entry)])
    await async_add_by_device(entry, async_add_entities, DeviceConnectivity)


class _Connectivity(BinarySensorEntity):
    """On is connected, off is away, and unknown is what nobody has told."""

    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC


class DeviceConnectivity(DeviceEntity, _Connectivity):
    """What the device's messages, its availability topic or its gateway tell."""

    def __init__(self, manager: UpgradeManager, device: Device) -> None:
        """Belong to a device."""
        super().__init__(manager, device, _KEY)
        # Where nobody tells, it would stay unknown for ever.
        if manager.options.availability_topic is None and device.gateway_id is None:
            self._attr_entity_registry_enabled_default = False

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the device is online, None where nobody knows."""
        return self._manager.presence.is_online(self._device_id)


class DepotConnectivity(DepotEntity, _Connectivity):
    """Whether the depot's stream of events is open."""

    def __init__(self, entry: MqttOtaConfigEntry) -> None:
        """Belong to the depot."""
        super().__init__(entry, _KEY)

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the depot is followed now."""
        return self._manager.mirror.is_connected
