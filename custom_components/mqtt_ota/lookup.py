"""From Home Assistant's device registry to our devices."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .devices import Device
from .manager import MqttOtaConfigEntry, UpgradeManager


@callback
def find_device(hass: HomeAssistant, registry_id: str) -> tuple[UpgradeManager, Device] | None:
    """Return a device by its id in the registry, None while the integration is not loaded."""
    device_entry = dr.async_get(hass).async_get(registry_id)
    entries: list[MqttOtaConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    for entry in entries:
        if device_entry is None or entry.state is not ConfigEntryState.LOADED:
            continue
        for domain, device_id in device_entry.identifiers:
            if domain == DOMAIN and device_id in entry.runtime_data.devices:
                return entry.runtime_data, entry.runtime_data.devices[device_id]
    return None
