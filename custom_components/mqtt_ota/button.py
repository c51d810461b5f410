"""The button that asks a device what it runs."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .devices import Device
from .entity import DeviceEntity, async_add_by_device
from .manager import MqttOtaConfigEntry, UpgradeManager

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MqttOtaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a button for every device, now and later."""
    await async_add_by_device(entry, async_add_entities, CheckVersionButton)


class CheckVersionButton(DeviceEntity, ButtonEntity):
    """Asks the device for its versions; the answer shows in its update entities."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, manager: UpgradeManager, device: Device) -> None:
        """Belong to a device."""
        super().__init__(manager, device, "check_version")

    @override
    async def async_press(self) -> None:
        """Ask; raises HomeAssistantError without a broker."""
        await self._manager.async_check_version(self._device_id)
