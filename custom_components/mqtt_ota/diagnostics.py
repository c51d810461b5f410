"""What a maintainer needs to see of an installation, and nothing that opens a door.

Devices' ids stay: without them nobody could match this with the log or with the broker's
topics, and by themselves they give no right. API key, download tokens, what a package hands
to its devices, cells (which are places) and people are left out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_API_KEY
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from .const import CONF_CERTIFICATE, DOMAIN
from .depot import Package
from .entity import is_depot
from .manager import MqttOtaConfigEntry, UpgradeManager
from .upgrade import Task, likely_mistake

_TO_REDACT: Final = {
    CONF_API_KEY,
    CONF_CERTIFICATE,
    "cell_id",
    "context_id",
    "custom_info",
    "parent_id",
    "release_notes",
    "token",
    "user_id",
}
# Of each list: ten thousand devices would make a file that nobody can open.
_MAX_LISTED: Final = 200
_ONLINE: Final = {True: "online", False: "offline", None: "unknown"}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: MqttOtaConfigEntry
) -> dict[str, Any]:
    """Return the whole installation: settings, broker, depot, packages, devices and tasks."""
    report: dict[str, Any] = {"entry": {"data": entry.data, "options": entry.options}}
    tasks: list[Task] = []
    if entry.state is ConfigEntryState.LOADED:
        manager = entry.runtime_data
        tasks = _newest(manager.tasks.values())
        report |= {
            "options": manager.options,
            "broker": _broker(manager),
            "depot": _depot(manager),
            "packages": {
                "count": len(manager.mirror.packages),
                "newest": _newest(manager.mirror.packages.values())[:_MAX_LISTED],
            },
            "devices": _devices(manager, tasks),
            "tasks": {
                "count": len(tasks),
                "states": Counter(task.state for task in tasks),
                "likely_mistakes": Counter(
                    mistake for task in tasks if (mistake := likely_mistake(task)) is not None
                ),
                "newest": tasks[:_MAX_LISTED],
            },
        }
    return await _async_safe(hass, entry, report, tasks)


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: MqttOtaConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return all that is known of one device, or of the depot, which is one among them."""
    if entry.state is not ConfigEntryState.LOADED:
        return {}
    manager = entry.runtime_data
    report: dict[str, Any] = {"depot": _depot(manager)}
    if not is_depot(device):
        report["broker"] = _broker(manager)
        for domain, device_id in device.identifiers:
            if domain == DOMAIN and device_id in manager.devices:
                report |= _one_device(manager, device_id)
    return await _async_safe(hass, entry, report, manager.tasks.values())


def _broker(manager: UpgradeManager) -> dict[str, Any]:
    """Return what is heard, and what was of no use."""
    return {
        "connected": manager.messenger.is_connected,
        "heard": manager.messenger.heard,
        "faults": dict(manager.messenger.faults.most_common(_MAX_LISTED)),
    }


def _depot(manager: UpgradeManager) -> dict[str, Any]:
    """Return what the depot told of itself, and how it is reached."""
    error = manager.mirror.last_error
    return {
        "connected": manager.mirror.is_connected,
        "last_error": None if error is None else str(error),
        "info": manager.depot_info,
    }


def _devices(manager: UpgradeManager, tasks: Iterable[Task]) -> dict[str, Any]:
    """Return how many devices there are of which sort, and those whose tasks are the newest."""
    devices = manager.devices
    models = Counter(device.model for device in devices.values())
    first = dict.fromkeys(task.device_id for task in tasks if task.device_id in devices)
    return {
        "count": len(devices),
        "models": dict(models.most_common(_MAX_LISTED)),
        "online": Counter(_ONLINE[manager.presence.is_online(device_id)] for device_id in devices),
        "listed": [
            _device(manager, device_id)
            for device_id in list(first | dict.fromkeys(devices))[:_MAX_LISTED]
        ],
    }


def _device(manager: UpgradeManager, device_id: str) -> dict[str, Any]:
    """Return a device and whether it is there."""
    return {
        "device": manager.devices[device_id],
        "online": manager.presence.is_online(device_id),
        "last_seen": manager.presence.last_seen(device_id),
    }


def _one_device(manager: UpgradeManager, device_id: str) -> dict[str, Any]:
    """Return a device with its tasks, what is offered to it and what the depot saw of it."""
    device = manager.devices[device_id]
    tasks = _newest(task for task in manager.tasks.values() if task.device_id == device_id)
    gateway = device.gateway_id
    return {
        **_device(manager, device_id),
        "gateway_online": None if gateway is None else manager.presence.is_online(gateway),
        "tasks": tasks,
        "likely_mistakes": {task.id: likely_mistake(task) for task in tasks},
        "places": {task.kind: manager.place(task.id) for task in tasks},
        "offers": {kind: manager.offer(device_id, kind) for kind in device.kinds},
        "transfers": [
            transfer
            for transfer in manager.mirror.transfers.values()
            if transfer.device_id == device_id
        ],
    }


def _newest[T: (Task, Package)](items: Iterable[T]) -> list[T]:
    """Return tasks or packages, the newest first."""
    return sorted(items, key=lambda item: item.created_at, reverse=True)


async def _async_safe(
    hass: HomeAssistant, entry: MqttOtaConfigEntry, report: dict[str, Any], tasks: Iterable[Task]
) -> dict[str, Any]:
    """Return a report as JSON types, without secrets wherever they may stand.

    A device may repeat in its own words what it was handed, so that leaving out the fields of
    the secrets is not enough.
    """
    secrets = [entry.data[CONF_API_KEY], *(task.grant.token for task in tasks if task.grant)]

    def clean() -> dict[str, Any]:
        """Look for every secret in every text, which takes its time in a big home."""
        redacted: dict[str, Any] = async_redact_data(_plain(report), _TO_REDACT)
        cleaned: dict[str, Any] = _replaced(redacted, secrets)
        return cleaned

    return await hass.async_add_executor_job(clean)


def _plain(value: object) -> Any:
    """Return a value as JSON types."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {item.name: getattr(value, item.name) for item in fields(value)}
    plain: Any = value
    match value:
        case Mapping():
            plain = {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            plain = [_plain(item) for item in value]
        case Enum():
            plain = value.value
        case datetime():
            plain = value.isoformat()
        case timedelta():
            plain = value.total_seconds()
    return plain


def _replaced(value: Any, secrets: list[str]) -> Any:
    """Return JSON types without any of the secrets."""
    match value:
        case dict():
            return {
                _replaced(key, secrets): _replaced(item, secrets) for key, item in value.items()
            }
        case list():
            return [_replaced(item, secrets) for item in value]
        case str():
            for secret in secrets:
                value = value.replace(secret, REDACTED)
    return value
