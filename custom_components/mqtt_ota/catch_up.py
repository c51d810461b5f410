"""Catching up whenever devices can be heard again: after a start, and after the broker's return."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from itertools import batched
from typing import Final

from homeassistant.core import callback

from .devices import Device
from .messenger import Messenger
from .runner import TaskRunner
from .task_list import TaskList

# So many tasks are taken up before anything else may run.
_AT_ONCE: Final = 25
# Asking all devices at once would make all of them answer at once.
_REFRESH_PAUSE: Final = 0.05


class CatchUp:
    """Looks after every task and every device, of which there may be thousands."""

    def __init__(
        self,
        devices: Mapping[str, Device],
        tasks: TaskList,
        runner: TaskRunner,
        messenger: Messenger,
        run: Callable[[Coroutine[None, None, None], str], asyncio.Task[None]],
    ) -> None:
        """Remember whom to look after."""
        self._devices = devices
        self._tasks = tasks
        self._runner = runner
        self._messenger = messenger
        self._run = run
        self._job: asyncio.Task[None] | None = None

    @callback
    def begin(self) -> None:
        """Begin anew, and give up what was begun before."""
        if self._job is not None:
            self._job.cancel()
        self._job = self._run(self._async_go(), "look after all devices")

    async def _async_go(self) -> None:
        """Take up every task, then ask all other devices what they run."""
        for some in batched(list(self._tasks.live()), _AT_ONCE, strict=False):
            for task in some:
                self._runner.resume(task.id)
            await asyncio.sleep(0)
        self._runner.use_slots()
        for device in list(self._devices.values()):
            if self._tasks.active(device.id) is None:
                await self._messenger.async_query_version(device.id, device.gateway_id)
                await asyncio.sleep(_REFRESH_PAUSE)
