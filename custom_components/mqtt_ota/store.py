"""What survives a restart: devices and tasks, in two private files."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import cached_json_fragment, json_fragment
from homeassistant.helpers.storage import Store

from .const import DOMAIN, LOGGER
from .devices import Device, migrated_device
from .upgrade import Task

_VERSION: Final = 1
_MINOR_VERSION: Final = 2
_SAVE_DELAY: Final = 1.0
# So many records are made at once without anybody noticing.
_MANY: Final = 100
# What else is in the devices' file
_REJECTED: Final = "rejected"


class UpgradeStore:
    """Saves tasks at once, because a deadline must survive a power cut, and devices later."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Prepare the files; nothing is read yet."""
        self._hass = hass
        # The tasks' file holds download tokens.
        self._tasks = _PrivateStore(hass, f"{DOMAIN}.tasks")
        self._devices = _PrivateStore(hass, f"{DOMAIN}.devices")
        self._task_records = _Records[Task]()
        self._device_records = _Records[Device]()
        self._lock = asyncio.Lock()
        self._devices_changed = False
        self._wanted = 0
        self._written = 0

    async def async_load_devices(self) -> tuple[list[Device], list[str]]:
        """Return the remembered devices and the ids of those that the user does not want.

        A broken record is skipped, not fatal.
        """
        data = await self._devices.async_load() or {}
        rejected = [name for name in data.get(_REJECTED, ()) if isinstance(name, str)]
        devices = await self._async_read(data, "devices", Device.from_dict)
        self._device_records.keep(devices)
        return [device for device, _ in devices], rejected

    async def async_load_tasks(self) -> list[Task]:
        """Return the remembered tasks; a broken record is skipped, not fatal."""
        tasks = await self._async_read(
            await self._tasks.async_load() or {}, "tasks", Task.from_dict
        )
        self._task_records.keep(tasks)
        return [task for task, _ in tasks]

    def delay_save_devices(
        self,
        devices: Mapping[str, Device],
        rejected: Iterable[str],
        changed: Device | None = None,
    ) -> None:
        """Save the devices soon; `changed` is the one that is new or tells something else."""
        self._devices_changed = True
        if changed is not None:
            # Now, one by one: ten thousand at the end would stop everything else.
            self._device_records.keep(_encoded([changed]))
        self._devices.async_delay_save(lambda: self._devices_file(devices, rejected), _SAVE_DELAY)

    async def async_save_devices(
        self, devices: Mapping[str, Device], rejected: Iterable[str]
    ) -> None:
        """Save the devices now, if any has changed since they were saved."""
        if self._devices_changed:
            await self._devices.async_save(self._devices_file(devices, rejected))

    async def async_save_tasks(self, tasks: Mapping[str, Task]) -> None:
        """Return when the tasks as they are now, or newer, are on disk.

        Calls that come while the file is being written share the next write: when 500
        devices return at once, the file is not written 500 times.
        """
        self._wanted += 1
        wanted = self._wanted
        async with self._lock:
            if self._written >= wanted:
                return
            written = self._wanted
            changed = self._task_records.changed(tasks)
            if len(changed) > _MANY:
                self._task_records.keep(await self._hass.async_add_executor_job(_encoded, changed))
            await self._tasks.async_save({"tasks": self._task_records.of(tasks)})
            self._written = written

    async def async_remove(self) -> None:
        """Delete both files."""
        await self._tasks.async_remove()
        await self._devices.async_remove()

    async def _async_read[T](
        self, data: Mapping[str, Any], name: str, parse: Callable[[Mapping[str, Any]], T]
    ) -> list[tuple[T, json_fragment]]:
        """Return the records of a file with what they were read from."""
        # Ten thousand of them take a second.
        return await self._hass.async_add_executor_job(_read, data, name, parse)

    def _devices_file(
        self, devices: Mapping[str, Device], rejected: Iterable[str]
    ) -> dict[str, Any]:
        """Return what is about to be written to the devices' file."""
        self._devices_changed = False
        return {"devices": self._device_records.of(devices), _REJECTED: list(rejected)}


class _PrivateStore(Store[dict[str, Any]]):
    """A file that only Home Assistant's user may read, replaced in one step."""

    def __init__(self, hass: HomeAssistant, key: str) -> None:
        """Prepare the file; nothing is read yet."""
        super().__init__(
            hass,
            _VERSION,
            key,
            private=True,
            atomic_writes=True,
            minor_version=_MINOR_VERSION,
        )

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Return what an older version has saved in the form of this one.

        Tasks need nothing: what they lack takes its default.
        """
        if "devices" in old_data and old_minor_version < _MINOR_VERSION:
            devices = _read(old_data, "devices", migrated_device)
            return {"devices": [device for device, _ in devices], _REJECTED: []}
        return old_data


class _Record(Protocol):
    """What has an id and knows its own JSON types."""

    @property
    def id(self) -> str:
        """Return the id."""

    def as_dict(self) -> dict[str, Any]:
        """Return itself as JSON types."""


class _Records[T: _Record]:
    """Keeps the JSON of what has not changed: writing one of 20,000 must not stop the rest."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._kept: dict[str, tuple[T, json_fragment]] = {}

    def keep(self, records: Iterable[tuple[T, json_fragment]]) -> None:
        """Take over what was made or read elsewhere."""
        self._kept.update((item.id, (item, fragment)) for item, fragment in records)

    def changed(self, items: Mapping[str, T]) -> list[T]:
        """Return the items whose JSON is not known."""
        kept = self._kept
        return [item for key, item in items.items() if key not in kept or kept[key][0] is not item]

    def of(self, items: Mapping[str, T]) -> list[json_fragment]:
        """Return the records of all items, of which only the changed ones are made anew."""
        self.keep(_encoded(self.changed(items)))
        self._kept = {key: self._kept[key] for key in items}
        return [fragment for _, fragment in self._kept.values()]


def _encoded[T: _Record](items: Iterable[T]) -> list[tuple[T, json_fragment]]:
    """Return items with their JSON."""
    return [(item, cached_json_fragment(item.as_dict())) for item in items]


def _read[T](
    data: Mapping[str, Any], name: str, parse: Callable[[Mapping[str, Any]], T]
) -> list[tuple[T, json_fragment]]:
    """Return the records of a file that can be read, with what they were read from."""
    records: list[tuple[T, json_fragment]] = []
    for raw in data.get(name, ()):
        try:
            records.append((parse(raw), cached_json_fragment(raw)))
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            # The record may hold a token: only the kind of fault is told.
            LOGGER.warning("Skipped a broken record of %s: %s", name, type(err).__name__)
    return records
