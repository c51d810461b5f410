"""The address that devices download from: does anybody ever get through."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, callback
from yarl import URL

from ..announcer import TaskChange
from ..upgrade import TRANSFER_STATES, Cause, State, Task
from .registry import Issue, clear_issue, raise_issue
from .watch import Watch

# Devices that fetch at once do so within seconds, those that ask their user take longer.
_PATIENCE: Final = timedelta(minutes=10)
# With one of these ends a device says itself that it got nowhere.
_NOT_REACHED: Final = frozenset(
    {Cause.CONNECTION_LOST, Cause.DOWNLOAD_START_TIMEOUT, Cause.INVALID_URI}
)


class AddressWatch(Watch):
    """Finds devices that are alive, were told to download, and never arrived."""

    # Tasks whose device was told an address and has not been seen there, with that address
    _told: dict[str, str]
    _address = ""

    @callback
    def start(self) -> list[CALLBACK_TYPE]:
        """Take up the tasks that wait for a first request, and follow all."""
        self._told = {}
        for task in self._manager.tasks.values():
            self._follow(task)
        return [self._manager.listen_for_tasks(self._on_task)]

    @callback
    def look(self, now: datetime) -> None:
        """Look for devices that should have arrived by now."""
        info = self._manager.depot_info
        if self._address and info is not None and info.device_url != self._address:
            self._clear()
        for task_id, address in list(self._told.items()):
            task = self._manager.tasks[task_id]
            if _was_seen(task):
                self._clear()
                del self._told[task_id]
            elif task.state is State.AWAITING_DOWNLOAD and self._is_stuck(task, now):
                self._raise(task, address)

    @callback
    def _on_task(self, change: TaskChange) -> None:
        """Follow a task; one request of any device shows that the address is good."""
        task = change.task
        address = self._told.get(task.id)
        self._follow(task)
        if _was_seen(task):
            self._clear()
        elif address and task.state is State.FAILED and task.cause in _NOT_REACHED:
            self._raise(task, address)

    @callback
    def _follow(self, task: Task) -> None:
        """Remember a task from its upgrade message until the depot has seen the device."""
        if task.state in TRANSFER_STATES and task.grant is not None and not _was_seen(task):
            self._told[task.id] = str(URL(task.grant.url).origin())
        else:
            self._told.pop(task.id, None)

    def _is_stuck(self, task: Task, now: datetime) -> bool:
        """Return whether a device that lives has had the time to arrive."""
        told, seen = task.notified_at, self._manager.presence.last_seen(task.device_id)
        return told is not None and seen is not None and seen > told and now - told >= _PATIENCE

    @callback
    def _raise(self, task: Task, address: str) -> None:
        """Say which device does not reach which address."""
        self._address = address
        raise_issue(
            self._hass,
            Issue.ADDRESS_UNREACHABLE,
            {
                "device": task.device_id,
                "minutes": str(int(_PATIENCE.total_seconds() / 60)),
                "url": address,
            },
        )

    @callback
    def _clear(self) -> None:
        """Take the issue back."""
        self._address = ""
        clear_issue(self._hass, Issue.ADDRESS_UNREACHABLE)


def _was_seen(task: Task) -> bool:
    """Return whether the depot got a request for this download, a refused one perhaps."""
    return bool(task.requests or task.refusals)
