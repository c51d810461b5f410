"""Our devices in Home Assistant's registry, where a gateway comes before what is behind it."""

from collections.abc import Callable

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .devices import Device


class DeviceEntries:
    """Finds and keeps the registry's entries of one config entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Remember where to look."""
        self._hass = hass
        self._registry = dr.async_get(hass)
        self._entry_id = entry.entry_id

    @callback
    def id_of(self, device_id: str) -> str | None:
        """Return the registry's id of a device, None for one that it does not have."""
        entry = self._registry.async_get_device_by_identifier((DOMAIN, device_id), self._entry_id)
        return None if entry is None else entry.id

    @callback
    def name_of(self, device_id: str) -> str:
        """Return how people call a device."""
        entry = self._registry.async_get_device_by_identifier((DOMAIN, device_id), self._entry_id)
        return (entry and (entry.name_by_user or entry.name)) or device_id

    @callback
    def listen_for_names(self, listener: Callable[[str], None]) -> CALLBACK_TYPE:
        """Call the listener with every device of ours that a user names; return what ends that."""

        @callback
        def on_changed(event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
            """Tell of a device whose name is another one now."""
            if event.data["action"] != "update" or "name_by_user" not in event.data["changes"]:
                return
            entry = self._registry.async_get(event.data["device_id"])
            if entry is not None and self._entry_id in entry.config_entries:
                for domain, device_id in entry.identifiers:
                    if domain == DOMAIN:
                        listener(device_id)

        return self._hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, on_changed)

    @callback
    def add(self, device: Device) -> None:
        """Register a device of which there may be no entities yet."""
        self._registry.async_get_or_create(
            config_entry_id=self._entry_id,
            identifiers={(DOMAIN, device.id)},
            name=device.id,
            model=device.model,
            serial_number=device.id,
        )

    @callback
    def move(self, device: Device) -> None:
        """Show the gateway that a device is behind now; None is its own connection."""
        if (entry_id := self.id_of(device.id)) is not None:
            gateway_id = None if device.gateway_id is None else self.id_of(device.gateway_id)
            self._registry.async_update_device(entry_id, via_device_id=gateway_id)
