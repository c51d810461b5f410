"""What all entities of a device have in common."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity

from .const import DOMAIN
from .devices import Device
from .manager import UpgradeManager


class DeviceEntity(Entity):
    """A view on one device of the manager."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, manager: UpgradeManager, device: Device, key: str) -> None:
        """Belong to a device."""
        self._manager = manager
        self._device_id = device.id
        self._attr_unique_id = f"{device.id}_{key}"
        self._attr_translation_key = key
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, device.id)},
            name=device.id,
            model=device.model,
            serial_number=device.id,
            sw_version=device.firmware or device.software,
        )

    @property
    def device(self) -> Device:
        """Return what is known of the device now."""
        return self._manager.devices[self._device_id]

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the device."""
        await super().async_added_to_hass()
        self.async_on_remove(self._manager.listen(self._device_id, self._on_device_changed))

    @callback
    def _on_device_changed(self) -> None:
        """Show what has changed."""
        self.async_write_ha_state()
