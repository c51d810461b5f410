"""Firmware and software of every device as update entities."""

from collections.abc import Iterable
from typing import Any, override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityFeature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN, PackageKind
from .depot import Package
from .devices import Device
from .entity import DeviceEntity
from .manager import MqttOtaConfigEntry, UpgradeManager
from .upgrade import State, Task

# An install holds its platform's semaphore: the manager limits transfers itself.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MqttOtaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entity for everything that a device has a version of, now and later."""
    manager = entry.runtime_data

    @callback
    def add_entities(device: Device, kinds: Iterable[PackageKind]) -> None:
        """Show what a device has more than before."""
        async_add_entities(DeviceUpdate(manager, device, kind) for kind in kinds)

    entry.async_on_unload(manager.listen_for_devices(add_entities))
    for device in manager.devices.values():
        add_entities(device, device.kinds)


class DeviceUpdate(DeviceEntity, UpdateEntity):
    """The firmware or the software of one device."""

    _attr_supported_features = (
        UpdateEntityFeature.INSTALL
        | UpdateEntityFeature.SPECIFIC_VERSION
        | UpdateEntityFeature.PROGRESS
        | UpdateEntityFeature.RELEASE_NOTES
    )
    _unrecorded_attributes = frozenset({"deadline"})

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
        return {
            "stage": None if task is None else task.state,
            "deadline": None if task is None else task.deadline,
            "cause": None if task is None else task.cause,
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
        parts = [part for part in (await self._async_failure_notice(), notes) if part]
        return "\n\n".join(parts) or None

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        """Create a task; its outcome is told by the entity, hours later if need be."""
        wanted = version or self.latest_version
        # Home Assistant offers no Install without a latest version
        assert wanted is not None
        await self._manager.async_install(self._device_id, self._kind, wanted)

    async def async_cancel(self) -> None:
        """Give the live task up; raises ServiceValidationError when there is none."""
        if (task := self._live_task) is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="nothing_to_cancel",
                translation_placeholders={"device": self._device_id},
            )
        self._manager.cancel(task.id)

    async def async_update(self) -> None:
        """Ask the device what it runs, when a user checks for updates."""
        await self._manager.async_check_version(self._device_id)

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

    async def _async_failure_notice(self) -> str | None:
        """Return why the last upgrade failed and what to do, in the page's own alert."""
        task = self._last_task
        if task is None or task.state is not State.FAILED or task.cause is None:
            return None
        language = self.hass.config.language
        texts = await async_get_translations(self.hass, language, "exceptions", {DOMAIN})
        names = await async_get_translations(self.hass, language, "entity", {DOMAIN})
        states = f"component.{DOMAIN}.entity.update.{self._kind}.state_attributes.cause.state"
        title = names[f"{states}.{task.cause}"]
        text = texts[f"component.{DOMAIN}.exceptions.cause_{task.cause}.message"]
        return f"<ha-alert alert-type='error' title='{title}'>{text}</ha-alert>"

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
