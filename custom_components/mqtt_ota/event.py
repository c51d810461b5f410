"""How each upgrade of a device ended, as events that automations can wait for."""

from typing import Any, override

from homeassistant.components.event import EventEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .announcer import TaskChange, requester_context
from .const import DOMAIN
from .devices import Device
from .entity import DeviceEntity, async_add_by_device
from .manager import MqttOtaConfigEntry, UpgradeManager
from .texts import cause_advice
from .upgrade import ENDED_STATES, Task, likely_mistake

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MqttOtaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entity for every device, now and later, and tell each of its own tasks."""
    shown: dict[str, UpgradeResult] = {}

    def entity_of(manager: UpgradeManager, device: Device) -> UpgradeResult:
        """Return a device's entity."""
        return UpgradeResult(manager, device, shown)

    @callback
    def on_task_changed(change: TaskChange) -> None:
        """Hand the end of a task to its device's entity."""
        if change.task.is_ended and (entity := shown.get(change.task.device_id)) is not None:
            entry.async_create_background_task(
                hass,
                entity.async_tell_end(change.task),
                f"{DOMAIN}: tell the end of an upgrade",
                eager_start=True,
            )

    await async_add_by_device(entry, async_add_entities, entity_of)
    # One listener for all: with one for each device, each change would cost them all.
    entry.async_on_unload(entry.runtime_data.listen_for_tasks(on_task_changed))


class UpgradeResult(DeviceEntity, EventEntity):
    """The ends of a device's upgrades."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_event_types = sorted(ENDED_STATES)

    def __init__(
        self, manager: UpgradeManager, device: Device, shown: dict[str, UpgradeResult]
    ) -> None:
        """Belong to a device; `shown` holds the entities that are told of tasks."""
        super().__init__(manager, device, "upgrade_result")
        self._shown = shown

    @property
    @override
    def available(self) -> bool:
        """Return True: what has happened has happened, broker or not."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Hear of tasks from now on; nothing else of the device is shown here."""
        self._shown[self._device_id] = self

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Hear of no more tasks."""
        del self._shown[self._device_id]

    async def async_tell_end(self, task: Task) -> None:
        """Show how a task ended, as the doing of whoever asked for it."""
        attributes = await self._async_attributes(task)
        if (context := requester_context(task.requester)) is not None:
            self.async_set_context(context)
        self._trigger_event(task.state, attributes)
        self.async_write_ha_state()

    async def _async_attributes(self, task: Task) -> dict[str, Any]:
        """Return what there is to know of a task's end."""
        return {
            "kind": task.kind,
            "version": task.package.version,
            "from_version": task.previous_version,
            "cause": task.cause,
            "cause_text": None if task.cause is None else cause_advice(self.hass, task),
            "likely_mistake": likely_mistake(task),
            "description": task.description,
            "result_code": task.result_code,
            "attempt": task.attempt,
            "retry_at": task.retry_at,
            "requested_by": await self._async_requested_by(task),
        }

    async def _async_requested_by(self, task: Task) -> str | None:
        """Return the name of the user who asked for the upgrade, if it was one."""
        if task.requester is None or task.requester.user_id is None:
            return None
        user = await self.hass.auth.async_get_user(task.requester.user_id)
        return None if user is None else user.name
