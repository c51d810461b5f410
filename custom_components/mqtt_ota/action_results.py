"""What the actions answer: tasks, packages and refusals as JSON types."""

from datetime import datetime

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util.json import JsonObjectType

from .const import PackageKind
from .depot import Package
from .manager import UpgradeManager
from .targets import update_entity_of
from .texts import cause_advice, cause_title
from .upgrade import Task, likely_mistake

# Beside the states of a task: there is none, because it could not be created.
REFUSED = "refused"


@callback
def device_name(hass: HomeAssistant, manager: UpgradeManager, device_id: str) -> str:
    """Return the name that a user gave to a device, else its own."""
    registry_id = manager.registry_id(device_id)
    device = None if registry_id is None else dr.async_get(hass).async_get(registry_id)
    return (device and (device.name_by_user or device.name)) or device_id


@callback
def task_result(hass: HomeAssistant, manager: UpgradeManager, task: Task) -> JsonObjectType:
    """Return where a task stands, or how it ended and why."""
    return {
        **_whose(hass, manager, task.device_id, task.kind),
        "task_id": task.id,
        "version": task.package.version,
        "from_version": task.previous_version,
        "state": task.state.value,
        "since": task.state_since.isoformat(),
        "created_at": task.created_at.isoformat(),
        "deadline": _moment(task.deadline),
        "progress": task.progress,
        "place": manager.place(task.id),
        "attempt": task.attempt,
        "retry_at": _moment(task.retry_at),
        "cause": None if task.cause is None else task.cause.value,
        "likely_mistake": likely_mistake(task),
        "message": failure_message(hass, task),
        "description": task.description,
        "result_code": task.result_code,
    }


@callback
def refusal_result(
    hass: HomeAssistant,
    manager: UpgradeManager,
    device_id: str,
    kind: PackageKind,
    error: HomeAssistantError,
) -> JsonObjectType:
    """Return that and why there is no task."""
    return {
        **_whose(hass, manager, device_id, kind),
        "task_id": None,
        "state": REFUSED,
        "cause": error.translation_key,
        "message": str(error),
    }


@callback
def device_result(hass: HomeAssistant, manager: UpgradeManager, device_id: str) -> JsonObjectType:
    """Return what a device last reported, and whether it is there to be asked."""
    device = manager.devices[device_id]
    return {
        **_names(hass, manager, device_id),
        "online": manager.presence.is_online(device_id),
        "last_seen": _moment(manager.presence.last_seen(device_id)),
        "firmware": device.firmware,
        "software": device.software,
    }


def package_result(package: Package) -> JsonObjectType:
    """Return what the depot tells of a package, but for its notes, which may be long."""
    return {
        "package_id": package.id,
        "kind": package.kind.value,
        "model": package.model,
        "version": package.version,
        "source_versions": list(package.source_versions),
        "file_name": package.file_name,
        "size": package.size,
        "sha256": package.sha256,
        "withdrawn": package.withdrawn,
        "created_at": package.created_at.isoformat(),
    }


@callback
def failure_message(hass: HomeAssistant, task: Task) -> str | None:
    """Return a failed task's cause and what to do, in Home Assistant's language."""
    if task.cause is None:
        return None
    return f"{cause_title(hass, task.cause)}. {cause_advice(hass, task)}"


@callback
def _whose(
    hass: HomeAssistant, manager: UpgradeManager, device_id: str, kind: PackageKind
) -> JsonObjectType:
    """Return which kind of which device an answer is about."""
    return {
        **_names(hass, manager, device_id),
        "entity_id": update_entity_of(hass, device_id, kind),
        "kind": kind.value,
    }


@callback
def _names(hass: HomeAssistant, manager: UpgradeManager, device_id: str) -> JsonObjectType:
    """Return what a device is called: by Home Assistant's registry, by itself, by its user."""
    return {
        "device_id": manager.registry_id(device_id),
        "device": device_id,
        "name": device_name(hass, manager, device_id),
    }


def _moment(time: datetime | None) -> str | None:
    """Return a time as JSON has it."""
    return None if time is None else time.isoformat()
