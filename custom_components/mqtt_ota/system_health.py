"""What Home Assistant's system information says about MQTT OTA."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .depot import DepotInfo
from .manager import MqttOtaConfigEntry, UpgradeManager


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Take part in the system information."""
    register.async_register_info(async_system_health_info)


async def async_system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return what tells at a glance whether upgrades can work."""
    entries: list[MqttOtaConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    if not entries:
        return {"running": False}
    manager = entries[0].runtime_data
    info = manager.depot_info
    return {
        "running": True,
        "depot": _depot_health(manager),
        "depot_version": None if info is None else info.version,
        "depot_device_url": None if info is None else _address_health(info),
        "broker_connected": manager.messenger.is_connected,
        "topic_prefix": manager.options.topic_prefix,
        "devices": len(manager.devices),
        "packages": len(manager.mirror.packages),
        "live_tasks": sum(not task.is_ended for task in manager.tasks.values()),
    }


def _address_health(info: DepotInfo) -> str | dict[str, str]:
    """Return the address that devices are told, or why the depot itself fails to reach it."""
    if info.device_url_check.reachable is not False:
        return info.device_url
    return {"type": "failed", "error": f"{info.device_url}: {info.device_url_check.detail}"}


def _depot_health(manager: UpgradeManager) -> str | dict[str, str]:
    """Return `ok`, or the failure in the form that the page shows in red."""
    if manager.mirror.is_connected:
        return "ok"
    error = manager.mirror.last_error
    return {"type": "failed", "error": "unreachable" if error is None else str(error)}
