"""How far a device's upgrade has come, and how much room the depot has."""

from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfInformation
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .announcer import requester_context
from .const import PackageKind
from .devices import Device
from .entity import DepotEntity, DeviceEntity, async_add_by_device
from .manager import MqttOtaConfigEntry, UpgradeManager
from .upgrade import State, Task, likely_mistake

PARALLEL_UPDATES = 0

_IDLE: Final = "idle"
_OPTIONS: Final = [_IDLE, *State]


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MqttOtaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the depot, and every device now and later."""
    async_add_entities([DepotFreeSpace(entry)])
    await async_add_by_device(entry, async_add_entities, UpgradeStatus)


class UpgradeStatus(DeviceEntity, SensorEntity):
    """The state of a device's live task, else how its last one ended."""

    _attr_device_class = SensorDeviceClass.ENUM
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_options = _OPTIONS
    _unrecorded_attributes = frozenset({"deadline", "place", "retry_at"})

    def __init__(self, manager: UpgradeManager, device: Device) -> None:
        """Belong to a device."""
        super().__init__(manager, device, "upgrade_status")

    @property
    @override
    def available(self) -> bool:
        """Return True: tasks are known whether or not devices can be heard."""
        return True

    @property
    @override
    def native_value(self) -> str:
        """Return the task's state; idle only before the device's first task."""
        task = self._task
        return _IDLE if task is None else task.state

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return which upgrade it is, why it failed, and what it waits for."""
        task = self._task
        if task is None:
            return None
        return {
            "kind": task.kind,
            "version": task.package.version,
            "from_version": task.previous_version,
            "cause": task.cause,
            "likely_mistake": likely_mistake(task),
            "description": task.description,
            "result_code": task.result_code,
            "deadline": task.deadline,
            "place": self._manager.place(task.id),
            "attempt": task.attempt,
            "retry_at": task.retry_at,
        }

    @callback
    @override
    def _on_device_changed(self) -> None:
        """Show what has changed as the doing of whoever asked for the upgrade."""
        task = self._task
        context = None if task is None else requester_context(task.requester)
        if context is not None:
            self.async_set_context(context)
        super()._on_device_changed()

    @property
    def _task(self) -> Task | None:
        """Return the live task, else the one that ended last."""
        if (live := self._manager.live_task(self._device_id)) is not None:
            return live
        ended = [self._manager.last_task(self._device_id, kind) for kind in PackageKind]
        return max(
            (task for task in ended if task is not None),
            key=lambda task: task.state_since,
            default=None,
        )


class DepotFreeSpace(DepotEntity, SensorEntity):
    """How much room there is for packages."""

    _attr_device_class = SensorDeviceClass.DATA_SIZE
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_native_unit_of_measurement = UnitOfInformation.BYTES
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 1
    _attr_suggested_unit_of_measurement = UnitOfInformation.GIBIBYTES

    def __init__(self, entry: MqttOtaConfigEntry) -> None:
        """Belong to the depot."""
        super().__init__(entry, "free_space")

    @property
    @override
    def available(self) -> bool:
        """Return whether the depot is there to tell."""
        return self._manager.mirror.is_connected

    @property
    @override
    def native_value(self) -> int | None:
        """Return the free bytes that the depot last told."""
        info = self._manager.depot_info
        return None if info is None else info.storage.free
