"""Whoever wants to hear of devices: all that is shown hangs on these."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Container, Coroutine, Iterable
from itertools import batched
from typing import Final

from homeassistant.core import CALLBACK_TYPE, callback

from .const import PackageKind
from .devices import Device
from .task_list import TaskList

type DeviceListener = Callable[[Device, Iterable[PackageKind]], None]

# So many are told before anything else may run.
_AT_ONCE: Final = 25
_PLACES_PAUSE: Final = 10.0


class Listeners:
    """Tells the listeners of one device, of all devices, and of those that come."""

    def __init__(
        self, tasks: TaskList, run: Callable[[Coroutine[None, None, None], str], object]
    ) -> None:
        """Remember whose places are told, and how to run a job in the background."""
        self._tasks = tasks
        self._run = run
        self._of_device: defaultdict[str, list[CALLBACK_TYPE]] = defaultdict(list)
        self._of_devices: list[DeviceListener] = []
        self._of_candidates: list[CALLBACK_TYPE] = []
        self._places: dict[str, int] = {}
        self._follows_places = False

    @callback
    def add(self, device_id: str, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener whenever something of a device changes."""
        self._of_device[device_id].append(listener)

        @callback
        def remove() -> None:
            """Call the listener no more."""
            listeners = self._of_device[device_id]
            listeners.remove(listener)
            if not listeners:
                del self._of_device[device_id]

        return remove

    @callback
    def add_for_devices(self, listener: DeviceListener) -> CALLBACK_TYPE:
        """Call the listener with every device that is new or has a kind more, and with which."""
        self._of_devices.append(listener)
        return lambda: self._of_devices.remove(listener)

    @callback
    def add_for_candidates(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener whenever other devices wait to be confirmed."""
        self._of_candidates.append(listener)
        return lambda: self._of_candidates.remove(listener)

    @callback
    def tell(self, device_id: str) -> None:
        """Tell the listeners of a device."""
        for listener in list(self._of_device.get(device_id, ())):
            listener()

    @callback
    def tell_of_device(self, device: Device, kinds: Iterable[PackageKind]) -> None:
        """Tell of a device that is new or has more kinds than before."""
        for listener in list(self._of_devices):
            listener(device, kinds)

    @callback
    def tell_of_candidates(self) -> None:
        """Tell that other devices wait to be confirmed."""
        for listener in list(self._of_candidates):
            listener()

    @callback
    def tell_models(self, devices: Iterable[Device], models: Container[str]) -> None:
        """Tell the listeners of the devices of some models, little by little."""
        some = [device.id for device in devices if device.model in models]
        self._run(self._async_tell(some), "tell of packages")

    @callback
    def tell_all(self) -> None:
        """Tell the listeners of every device, little by little."""
        self._run(self._async_tell(list(self._of_device)), "tell all devices")

    @callback
    def tell_places(self) -> None:
        """Tell in a while who has moved in the queue: every end moves all behind it."""
        if not self._follows_places:
            self._follows_places = True
            self._run(self._async_tell_places(), "tell the places in the queue")

    async def _async_tell_places(self) -> None:
        """Wait for further moves, then tell those who have another place than before."""
        try:
            await asyncio.sleep(_PLACES_PAUSE)
        finally:
            self._follows_places = False
        before = self._places
        self._places = {task.id: place for place, task in enumerate(self._tasks.ready(), 1)}
        await self._async_tell(
            [
                self._tasks.all[task_id].device_id
                for task_id, place in self._places.items()
                if before.get(task_id) != place
            ]
        )

    async def _async_tell(self, device_ids: Iterable[str]) -> None:
        """Tell the listeners of many devices without stopping everything else."""
        for some in batched(device_ids, _AT_ONCE, strict=False):
            for device_id in some:
                self.tell(device_id)
            await asyncio.sleep(0)
