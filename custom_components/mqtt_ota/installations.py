"""Tells the depot what the devices run, so that its page can show who has a package."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from itertools import batched
from typing import Any, Final

from homeassistant.core import callback

from .const import LOGGER
from .depot import DepotClient, DepotError, DepotNotFoundError
from .devices import Device

# The depot takes more, but no longer message than so many devices make at worst.
_AT_ONCE: Final = 50
_MAX_NAME: Final = 256
# Devices that come back together after a power cut are told together.
_PAUSE: Final = 5.0
_RETRY: Final = 300.0


class InstallationFeed:
    """Tells all devices when the depot is found, which keeps them in memory only, then changes."""

    def __init__(
        self,
        client: DepotClient,
        devices: Mapping[str, Device],
        name_of: Callable[[str], str],
        run: Callable[[Coroutine[None, None, None], str], asyncio.Task[None]],
    ) -> None:
        """Remember whom to tell of what, and how to run a job in the background."""
        self._client = client
        self._devices = devices
        self._name_of = name_of
        self._run = run
        self._changed: dict[str, None] = {}
        self._news = asyncio.Event()
        self._job: asyncio.Task[None] | None = None

    @callback
    def on_found(self) -> None:
        """Begin anew with a depot that may have forgotten everything."""
        if self._job is not None:
            self._job.cancel()
        self._job = self._run(self._async_tell(), "tell the depot what devices run")

    @callback
    def on_changed(self, device_id: str) -> None:
        """Note a device that runs something else, is new or is gone, where somebody is told of it."""
        if self._job is None or self._job.done():
            return
        self._changed[device_id] = None
        self._news.set()

    async def _async_tell(self) -> None:
        """Tell everything, then what changes; a failure is no matter of the upgrades."""
        while True:
            try:
                await self._async_tell_all()
                while True:
                    await self._async_tell_changes()
            except DepotNotFoundError:
                LOGGER.debug("The depot is too old to keep what devices run")
                return
            except DepotError as err:
                LOGGER.debug("The depot was not told what devices run: %s", err)
            await asyncio.sleep(_RETRY)

    async def _async_tell_all(self) -> None:
        """Tell of every device."""
        self._forget_news()
        await self._client.async_tell_installations(reset=True)
        await self._async_tell_of(list(self._devices))

    async def _async_tell_changes(self) -> None:
        """Wait for changes, and for those that come with them; then tell."""
        await self._news.wait()
        await asyncio.sleep(_PAUSE)
        await self._async_tell_of(self._forget_news())

    async def _async_tell_of(self, device_ids: Iterable[str]) -> None:
        """Tell what these devices run, or that they are gone."""
        for part in batched(device_ids, _AT_ONCE, strict=False):
            known = [device for each in part if (device := self._devices.get(each)) is not None]
            await self._client.async_tell_installations(
                # The depot has no package without a model, and takes no device without one.
                devices=[self._as_dict(each) for each in known if not each.model.isspace()],
                gone=[each for each in part if each not in self._devices],
            )

    def _forget_news(self) -> list[str]:
        """Return the devices that have changed, and wait for others from now on."""
        changed, self._changed = self._changed, {}
        self._news.clear()
        return list(changed)

    def _as_dict(self, device: Device) -> dict[str, Any]:
        """Return a device as the depot wants it; a user's name for it may be anything."""
        name = "".join(char for char in self._name_of(device.id) if char.isprintable())
        return {
            "device_id": device.id,
            "name": name.strip()[:_MAX_NAME] or device.id,
            "model": device.model,
            "firmware": device.firmware,
            "software": device.software,
        }
