"""All tasks, and whose turn it is: at most one per device and so many transfers at a time."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from .const import PackageKind
from .upgrade import Task

# A device that falls silent in mid-transfer does not keep the others waiting for a day.
SLOT_PATIENCE: Final = timedelta(minutes=5)


class TaskList:
    """Holds live tasks, and of the ended ones the last of each device and kind."""

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        """Take over the tasks that were saved."""
        self._tasks: dict[str, Task] = {}
        self._ids: dict[str, list[str]] = {}
        # What follows is known from the tasks themselves; kept so that one message of one
        # device costs the same in a home with ten tasks and with ten thousand.
        self._live: dict[str, None] = {}
        self._ready: dict[str, None] = {}
        self._transferring: dict[str, datetime] = {}
        for task in sorted(tasks, key=lambda task: task.created_at):
            self.put(task, task.state_since)

    @property
    def all(self) -> Mapping[str, Task]:
        """Return every task by its id."""
        return MappingProxyType(self._tasks)

    @property
    def waits_for_slot(self) -> bool:
        """Return whether a task is ready to transfer."""
        return bool(self._ready)

    def live(self) -> Iterator[Task]:
        """Iterate over the tasks that have not ended, oldest first."""
        return (self._tasks[task_id] for task_id in list(self._live))

    def of_device(self, device_id: str) -> list[Task]:
        """Return a device's tasks, oldest first."""
        return [self._tasks[task_id] for task_id in self._ids.get(device_id, ())]

    def active(self, device_id: str) -> Task | None:
        """Return the task that speaks with the device now."""
        for task in self.of_device(device_id):
            if not task.is_ended and not task.wants_turn:
                return task
        return None

    def last(self, device_id: str, kind: PackageKind) -> Task | None:
        """Return the newest task of a device and kind, live or ended."""
        for task in reversed(self.of_device(device_id)):
            if task.kind is kind:
                return task
        return None

    def put(self, task: Task, now: datetime) -> None:
        """Add or replace a task; an older ended one of the same device and kind goes."""
        if task.id not in self._tasks:
            for other in self.of_device(task.device_id):
                if other.kind is task.kind and other.is_ended:
                    self._remove(other)
            self._ids.setdefault(task.device_id, []).append(task.id)
        self._tasks[task.id] = task
        _keep(self._live, task.id, belongs=not task.is_ended)
        _keep(self._ready, task.id, belongs=task.wants_slot)
        if task.holds_slot:
            self._transferring[task.id] = now
        else:
            self._transferring.pop(task.id, None)

    def forget(self, device_id: str) -> None:
        """Forget a device's tasks, all of which have ended."""
        for task in self.of_device(device_id):
            self._remove(task)
        self._ids.pop(device_id, None)

    def next_turn(self, device_id: str) -> Task | None:
        """Return the device's task that may begin, because no other one is active."""
        if self.active(device_id) is not None:
            return None
        return next((task for task in self.of_device(device_id) if task.wants_turn), None)

    def next_slot(self, limit: int, now: datetime) -> Task | None:
        """Return the task that may transfer next; first come, first served."""
        held = sum(now - moved < SLOT_PATIENCE for moved in self._transferring.values())
        if held >= limit or not self._ready:
            return None
        return self._tasks[next(iter(self._ready))]

    def _remove(self, task: Task) -> None:
        """Forget an ended task."""
        del self._tasks[task.id]
        self._ids[task.device_id].remove(task.id)


def _keep(group: dict[str, None], task_id: str, *, belongs: bool) -> None:
    """Add a task to a group in order of arrival, or take it out."""
    if belongs:
        group.setdefault(task_id)
    else:
        group.pop(task_id, None)
