"""Firmware and software of every device as update entities."""

from collections.abc import Iterable
from typing import Any, Final, override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityFeature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import LOGGER, PackageKind
from .depot import Package
from .devices import Device
from .entity import DeviceEntity, async_add_by_kind
from .manager import MqttOtaConfigEntry, UpgradeManager
from .texts import failure_notice
from .upgrade import Task, likely_mistake

# An install holds its platform's semaphore: the manager limits transfers itself.
PARALLEL_UPDATES = 0

_TASK_ATTRIBUTES: Final = (
    "stage",
    "deadline",
    "cause",
    "likely_mistake",
    "description",
    "result_code",
    "place",
    "attempt",
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MqttOtaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entity for everything that a device has a version of, now and later."""

    def entities_of(device: Device, kinds: Iterable[PackageKind]) -> Iterable[DeviceUpdate]:
        """Return an entity for each of the kinds."""
        return [DeviceUpdate(entry.runtime_data, device, kind) for kind in kinds]

    await async_add_by_kind(entry, async_add_entities, entities_of)


class DeviceUpdate(DeviceEntity, UpdateEntity):
    """The firmware or the software of one device."""

    _is_essential = True
    _attr_supported_features = (
        UpdateEntityFeature.INSTALL
        | UpdateEntityFeature.SPECIFIC_VERSION
        | UpdateEntityFeature.PROGRESS
        | UpdateEntityFeature.RELEASE_NOTES
    )
    _unrecorded_attributes = frozenset({"deadline", "place"})

    def __init__(self, manager: UpgradeManager, device: Device, kind: PackageKind) -> None:
        """Show one kind of a device."""
        super().__init__(manager, device, kind)
        self._kind = kind
        self._registered = _registered(device)
        if kind is PackageKind.FIRMWARE:
            self._attr_device_class = UpdateDeviceClass.FIRMWARE

    @property
    @override
    def entity_picture(self) -> str | None:
        """Return no picture: the integration's icon would look like the device's own."""
        return None

    @property
    @override
    def title(self) -> str:
        """Return what the update is for."""
        return self.device.model

    @property
    @override
    def installed_version(self) -> str | None:
        """Return what the device last reported, and nothing else."""
        return self.device.version(self._kind)

    @property
    @override
    def latest_version(self) -> str | None:
        """Return the version on its way, else the one that is offered."""
        if (task := self._live_task) is not None:
            return task.package.version
        if (package := self._offer) is not None:
            return package.version
        return self.installed_version

    @property
    @override
    def in_progress(self) -> bool:
        """Return whether a task is live: it outlives the action that created it."""
        return self._live_task is not None

    @property
    @override
    def update_percentage(self) -> int | None:
        """Return how much of the download is done, None while that says nothing."""
        task = self._live_task
        # Whole steps only: the recorder writes a row for each change.
        return None if task is None or task.progress is None else int(task.progress)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return where the last upgrade stands, or how it ended."""
        task = self._last_task
        if task is None:
            return dict.fromkeys(_TASK_ATTRIBUTES)
        return {
            "stage": task.state,
            "deadline": task.deadline,
            "cause": task.cause,
            "likely_mistake": likely_mistake(task),
            "description": task.description,
            "result_code": task.result_code,
            "place": self._manager.place(task.id),
            "attempt": task.attempt,
        }

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """Return True: the manager has compared, and a chosen version may be older."""
        return True

    @override
    async def async_release_notes(self) -> str | None:
        """Return the package's notes, below what the last upgrade has to say."""
        package = self._shown_package
        notes = None if package is None else package.release_notes
        task = self._last_task
        notice = None if task is None else failure_notice(self.hass, task)
        return "\n\n".join(part for part in (notice, notes) if part) or None

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        """Create a task; its outcome is told by the entity, hours later if need be."""
        await self._manager.async_install(
            self._device_id, self._kind, version, context=self._context
        )

    async def async_update(self) -> None:
        """Ask the device what it runs, when a user checks for updates."""
        try:
            await self._manager.async_check_version(self._device_id)
        except HomeAssistantError as err:
            # Home Assistant would log an error raised here as a fault of ours, with its traceback.
            LOGGER.warning("%s was not asked for its version: %s", self._device_id, err)

    @callback
    @override
    def _on_device_changed(self) -> None:
        """Keep the device registry true, too."""
        super()._on_device_changed()
        registered = _registered(self.device)
        if registered == self._registered or self.device_entry is None:
            return
        self._registered = registered
        model, version = registered
        dr.async_get(self.hass).async_update_device(
            self.device_entry.id, model=model, sw_version=version
        )

    @property
    def _last_task(self) -> Task | None:
        """Return the newest task."""
        return self._manager.last_task(self._device_id, self._kind)

    @property
    def _live_task(self) -> Task | None:
        """Return the task that has not ended."""
        task = self._last_task
        return None if task is None or task.is_ended else task

    @property
    def _offer(self) -> Package | None:
        """Return the package that is offered."""
        return self._manager.offer(self._device_id, self._kind)

    @property
    def _shown_package(self) -> Package | None:
        """Return the package of the latest version."""
        version = self.latest_version
        if version is None:
            return None
        return self._manager.package(self._device_id, self._kind, version)


def _registered(device: Device) -> tuple[str, str | None]:
    """Return what the device registry shows of a device: its model and its one version."""
    return device.model, device.firmware or device.software
