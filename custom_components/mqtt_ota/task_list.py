"""All tasks, and whose turn it is: at most one per device and so many transfers at a time."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from .const import PackageKind
from .upgrade import Task


class TaskList:
    """Holds live tasks, and of the ended ones the last of each device and kind."""

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        """Take over the tasks that were saved."""
        self._tasks: dict[str, Task] = {}
        self._ids: dict[str, list[str]] = {}
        for task in sorted(tasks, key=lambda task: task.created_at):
            self.put(task)

    @property
    def all(self) -> Mapping[str, Task]:
        """Return every task by its id."""
        return MappingProxyType(self._tasks)

    def live(self) -> Iterator[Task]:
        """Iterate over the tasks that have not ended, oldest first."""
        return (task for task in list(self._tasks.values()) if not task.is_ended)

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

    def put(self, task: Task) -> None:
        """Add or replace a task; an older ended one of the same device and kind goes."""
        if task.id not in self._tasks:
            for other in self.of_device(task.device_id):
                if other.kind is task.kind and other.is_ended:
                    self._remove(other)
            self._ids.setdefault(task.device_id, []).append(task.id)
        self._tasks[task.id] = task

    def next_turn(self) -> Task | None:
        """Return a task that may begin, because its device has no other one."""
        for task in self.live():
            if task.wants_turn and self.active(task.device_id) is None:
                return task
        return None

    def next_slot(self, limit: int) -> Task | None:
        """Return the task that may transfer next; first come, first served."""
        held = 0
        first: Task | None = None
        for task in self.live():
            held += task.holds_slot
            if task.wants_slot and first is None:
                first = task
        return first if held < limit else None

    def _remove(self, task: Task) -> None:
        """Forget a task."""
        del self._tasks[task.id]
        self._ids[task.device_id].remove(task.id)
