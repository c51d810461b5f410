"""What survives a restart: devices and tasks, in two private files."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN, LOGGER
from .devices import Device
from .upgrade import Task

_VERSION: Final = 1
_SAVE_DELAY: Final = 1.0


class UpgradeStore:
    """Saves tasks at once, because a deadline must survive a power cut, and devices later."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Prepare the files; nothing is read yet."""
        # The tasks' file holds download tokens.
        self._tasks = _private_store(hass, f"{DOMAIN}.tasks")
        self._devices = _private_store(hass, f"{DOMAIN}.devices")
        self._lock = asyncio.Lock()
        self._devices_changed = False
        self._wanted = 0
        self._written = 0

    async def async_load_devices(self) -> list[Device]:
        """Return the remembered devices; a broken record is skipped, not fatal."""
        return _read(await self._devices.async_load(), "devices", Device.from_dict)

    async def async_load_tasks(self) -> list[Task]:
        """Return the remembered tasks; a broken record is skipped, not fatal."""
        return _read(await self._tasks.async_load(), "tasks", Task.from_dict)

    def delay_save_devices(self, devices: Mapping[str, Device]) -> None:
        """Save the devices, which have changed, soon."""
        self._devices_changed = True
        self._devices.async_delay_save(lambda: self._devices_file(devices), _SAVE_DELAY)

    async def async_save_devices(self, devices: Mapping[str, Device]) -> None:
        """Save the devices now, if any has changed since they were saved."""
        if self._devices_changed:
            await self._devices.async_save(self._devices_file(devices))

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
            await self._tasks.async_save({"tasks": [item.as_dict() for item in tasks.values()]})
            self._written = written

    async def async_remove(self) -> None:
        """Delete both files."""
        await self._tasks.async_remove()
        await self._devices.async_remove()

    def _devices_file(self, devices: Mapping[str, Device]) -> dict[str, Any]:
        """Return what is about to be written to the devices' file."""
        self._devices_changed = False
        return {"devices": [device.as_dict() for device in devices.values()]}


def _private_store(hass: HomeAssistant, key: str) -> Store[dict[str, Any]]:
    """Return a store that only Home Assistant's user may read, replaced in one step."""
    return Store(hass, _VERSION, key, private=True, atomic_writes=True)


def _read[T](
    data: dict[str, Any] | None, name: str, parse: Callable[[Mapping[str, Any]], T]
) -> list[T]:
    """Return the records of a file that can be read."""
    records: list[T] = []
    for raw in (data or {}).get(name, ()):
        try:
            records.append(parse(raw))
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            # The record may hold a token: only the kind of fault is told.
            LOGGER.warning("Skipped a broken record of %s: %s", name, type(err).__name__)
    return records
