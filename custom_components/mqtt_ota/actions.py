"""What the actions do: from a call to the manager, and back to an answer."""

from collections.abc import Callable, Iterable
from typing import Final

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.const import CONF_MODEL
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.helpers.target import TargetSelection

from .action_outcomes import (
    Begin,
    async_begin_all,
    async_wait_for_all,
    raise_if_all_refused,
    raise_if_any_failed,
)
from .action_results import device_result, package_result, task_result
from .const import DOMAIN, PackageKind
from .manager import MqttOtaConfigEntry, UpgradeManager
from .targets import async_resolve_targets, every_target, named_briefly, update_entity_of
from .upgrade import State, Task

ATTR_KIND: Final = "kind"
ATTR_RETRIES: Final = "retries"
ATTR_RETRY_INTERVAL: Final = "retry_interval"
ATTR_STATE: Final = "state"
ATTR_VERSION: Final = "version"
ATTR_WAIT: Final = "wait"
ATTR_WAIT_ONLINE: Final = "wait_online"
ATTR_WITHDRAWN: Final = "withdrawn"

# Filters that are attributes of a package by the same name
_PACKAGE_FILTERS: Final = (ATTR_KIND, CONF_MODEL, ATTR_VERSION)


async def async_upgrade(call: ServiceCall) -> ServiceResponse:
    """Upgrade all that has an update, or all to the version that is asked for."""
    await _async_check_administrator(call)
    manager = _async_manager(call.hass)
    version: str | None = call.data.get(ATTR_VERSION)

    async def begin(device_id: str, kind: PackageKind) -> Task:
        """Create a task, or join the one that already does what is asked for."""
        last = manager.last_task(device_id, kind)
        if last is not None and not last.is_ended and version in {None, last.package.version}:
            return last
        return await manager.async_install(
            device_id,
            kind,
            version,
            context=call.context,
            # Who names a version wants that one, even if a newer one comes meanwhile.
            pinned=version is not None or None,
            wait_online=call.data.get(ATTR_WAIT_ONLINE),
            retry_count=call.data.get(ATTR_RETRIES),
            retry_interval=call.data.get(ATTR_RETRY_INTERVAL),
        )

    wanted = [
        (device_id, kind)
        for device_id, kind in _async_targets(call, manager)
        if _is_upgradable(manager, device_id, kind, version)
    ]
    if version is not None and not wanted:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_such_version",
            translation_placeholders={"version": version},
        )
    return await _async_begin(call, manager, wanted, begin)


async def async_retry(call: ServiceCall) -> ServiceResponse:
    """Begin once more what failed or was cancelled."""
    await _async_check_administrator(call)
    manager = _async_manager(call.hass)

    async def begin(device_id: str, kind: PackageKind) -> Task:
        """Create the task anew."""
        return await manager.async_retry(device_id, kind, context=call.context)

    targets = _async_targets(call, manager)
    # A device that was upgraded well needs nothing; where nothing failed at all, say so.
    failed = [
        (device_id, kind)
        for device_id, kind in targets
        if (task := manager.last_task(device_id, kind)) is not None
        and task.state in {State.FAILED, State.CANCELLED}
    ]
    return await _async_begin(call, manager, failed or targets, begin)


async def _async_begin(
    call: ServiceCall, manager: UpgradeManager, wanted: list[tuple[str, PackageKind]], begin: Begin
) -> ServiceResponse:
    """Create tasks, wait for them if asked to, and answer what came of each."""
    outcomes = await async_begin_all(manager, wanted, begin)
    raise_if_all_refused(outcomes)
    if call.data[ATTR_WAIT]:
        outcomes = await async_wait_for_all(manager, outcomes)
        if not call.return_response:
            raise_if_any_failed(call.hass, manager, outcomes)
    return {"upgrades": [outcome.as_response(call.hass, manager) for outcome in outcomes]}


async def async_cancel(call: ServiceCall) -> ServiceResponse:
    """Give up what is under way or waits for another attempt."""
    await _async_check_administrator(call)
    manager = _async_manager(call.hass)
    targets = _async_targets(call, manager)
    tasks = [
        task
        for device_id, kind in targets
        if (task := manager.last_task(device_id, kind)) is not None
        and (not task.is_ended or task.retry_at is not None)
    ]
    if not tasks:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="nothing_to_cancel",
            translation_placeholders={"device": named_briefly(dict(targets))},
        )
    for task in tasks:
        manager.cancel(task.id)
    cancelled = [manager.tasks.get(task.id, task) for task in tasks]
    return {"upgrades": [task_result(call.hass, manager, task) for task in cancelled]}


async def async_check_version(call: ServiceCall) -> ServiceResponse:
    """Ask devices what they run; their answers change the entities when they come."""
    manager = _async_manager(call.hass)
    targets = async_resolve_targets(call.hass, manager, call.data)
    may_control = await _async_permission(call, POLICY_CONTROL)
    if not all(may_control(device_id, kinds) for device_id, kinds in targets.items()):
        raise Unauthorized(context=call.context, permission=POLICY_CONTROL)
    for device_id in targets:
        await manager.async_check_version(device_id)
    return {"devices": [device_result(call.hass, manager, device_id) for device_id in targets]}


async def async_list_tasks(call: ServiceCall) -> ServiceResponse:
    """Answer the last upgrade of each kind of each device, the newest first."""
    manager = _async_manager(call.hass)
    may_read = await _async_permission(call, POLICY_READ)
    states = call.data.get(ATTR_STATE, State)
    tasks = [
        task
        for device_id, kind in _async_targets(call, manager)
        if (task := manager.last_task(device_id, kind)) is not None
        and task.state in states
        and may_read(device_id, (kind,))
    ]
    tasks.sort(key=lambda task: task.created_at, reverse=True)
    return {"tasks": [task_result(call.hass, manager, task) for task in tasks]}


async def async_list_packages(call: ServiceCall) -> ServiceResponse:
    """Answer what the depot has, perhaps only what fits certain devices."""
    manager = _async_manager(call.hass)
    wanted = {name: call.data[name] for name in _PACKAGE_FILTERS if name in call.data}
    packages = list(manager.mirror.packages.values())
    if _has_target(call):
        fitting = {
            package.id
            for device_id, kind in _async_targets(call, manager)
            for package in manager.packages_for(device_id, kind)
        }
        packages = [package for package in packages if package.id in fitting]
    packages = [
        package
        for package in packages
        if all(getattr(package, name) == value for name, value in wanted.items())
        and (call.data[ATTR_WITHDRAWN] or not package.withdrawn)
    ]
    packages.sort(key=lambda package: package.created_at, reverse=True)
    return {"packages": [package_result(package) for package in packages]}


@callback
def _async_manager(hass: HomeAssistant) -> UpgradeManager:
    """Return the running manager; raises ServiceValidationError while there is none."""
    entry: MqttOtaConfigEntry = async_get_config_entry(hass, DOMAIN, None)
    return entry.runtime_data


@callback
def _async_targets(call: ServiceCall, manager: UpgradeManager) -> list[tuple[str, PackageKind]]:
    """Return the kinds and devices that an action means; without any target all of them."""
    if _has_target(call):
        targets = async_resolve_targets(call.hass, manager, call.data)
    else:
        targets = every_target(manager)
    only: PackageKind | None = call.data.get(ATTR_KIND)
    return [
        (device_id, kind)
        for device_id, kinds in targets.items()
        for kind in kinds
        if only in {None, kind}
    ]


def _has_target(call: ServiceCall) -> bool:
    """Return whether an action names anything; only those that list need not."""
    return TargetSelection(call.data).has_any_target


def _is_upgradable(
    manager: UpgradeManager, device_id: str, kind: PackageKind, version: str | None
) -> bool:
    """Return whether there is anything to do where no kind was asked for."""
    if version is not None:
        return manager.package(device_id, kind, version) is not None
    task = manager.last_task(device_id, kind)
    is_live = task is not None and not task.is_ended
    return is_live or manager.offer(device_id, kind) is not None


async def _async_user(call: ServiceCall) -> User | None:
    """Return who calls; None for an automation of Home Assistant's own."""
    if call.context.user_id is None:
        return None
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    return user


async def _async_check_administrator(call: ServiceCall) -> None:
    """Refuse users who may not press Install: that is for administrators and automations.

    Home Assistant's own helper would run an action that waits as a job that holds up its end.
    """
    user = await _async_user(call)
    if user is not None and not user.is_admin:
        raise Unauthorized(context=call.context)


async def _async_permission(
    call: ServiceCall, policy: str
) -> Callable[[str, Iterable[PackageKind]], bool]:
    """Return who answers whether the user who calls may do something with a device's kinds."""
    user = await _async_user(call)

    def is_permitted(device_id: str, kinds: Iterable[PackageKind]) -> bool:
        """Return whether the user may, for each of the update entities."""
        entities = (update_entity_of(call.hass, device_id, kind) for kind in kinds)
        return user is None or all(
            entity is not None and user.permissions.check_entity(entity, policy)
            for entity in entities
        )

    return is_permitted
