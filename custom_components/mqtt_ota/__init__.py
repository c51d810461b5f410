"""MQTT OTA: upgrades the firmware and software of MQTT devices from home."""

from typing import Any

from homeassistant.components import mqtt
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryNotReady,
)
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN, LOGGER
from .depot import (
    DepotAuthenticationError,
    DepotClient,
    DepotError,
    create_depot_client,
)
from .entity import is_depot
from .issues import async_watch, clear_issues, report_depot
from .manager import MqttOtaConfigEntry, UpgradeManager
from .services import async_register_services
from .store import UpgradeStore

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.SENSOR,
    Platform.UPDATE,
]

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, which are there whether or not the depot is."""
    async_register_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: MqttOtaConfigEntry) -> bool:
    """Start the manager once the broker's client and the depot are there."""
    if not await mqtt.async_wait_for_mqtt_client(hass):
        raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="mqtt_not_ready")
    client = create_depot_client(hass, entry.data)
    await _async_check_depot(hass, client)
    manager = UpgradeManager(hass, entry, client)
    entry.runtime_data = manager
    # Also when the set-up fails from here on
    entry.async_on_unload(manager.async_stop)
    await manager.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(async_watch(hass, entry, manager))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: MqttOtaConfigEntry) -> bool:
    """Let the entities go; the manager stops after them, and its tasks go on later."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: MqttOtaConfigEntry, device_entry: dr.DeviceEntry
) -> bool:
    """Let a user delete a device, though not the depot; one that reports comes back as new.

    Raises ServiceValidationError while nothing runs: what is saved would bring it back.
    """
    if is_depot(device_entry):
        return False
    async_get_config_entry(hass, DOMAIN, entry.entry_id)
    for domain, device_id in device_entry.identifiers:
        if domain == DOMAIN:
            await entry.runtime_data.async_forget(device_id)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: MqttOtaConfigEntry) -> None:
    """Forget devices, tasks and issues, and take the grants back from the depot."""
    clear_issues(hass)
    store = UpgradeStore(hass)
    client = create_depot_client(hass, entry.data)
    try:
        for task in await store.async_load_tasks():
            if task.grant is not None:
                await client.async_revoke_grant(task.grant.id)
    except DepotError as err:
        LOGGER.warning("Downloads stay granted until they expire: %s", err)
    await store.async_remove()


async def _async_check_depot(hass: HomeAssistant, client: DepotClient) -> None:
    """Ask the user for a new key; all else may mend itself, a wrong clock or version too."""
    try:
        await client.async_get_info()
    except DepotError as err:
        report_depot(hass, err)
        refused = isinstance(err, DepotAuthenticationError)
        failure = ConfigEntryAuthFailed if refused else ConfigEntryNotReady
        raise failure(**_translation(err)) from err
    report_depot(hass, None)


def _translation(err: DepotError) -> dict[str, Any]:
    """Return the texts of an error for the one that Home Assistant acts on."""
    return {
        "translation_domain": err.translation_domain,
        "translation_key": err.translation_key,
        "translation_placeholders": err.translation_placeholders,
    }
