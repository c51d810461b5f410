"""All tasks, and whose turn it is: one per device, so many transfers at a time and per cell."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from .const import PackageKind
from .upgrade import Task

# A device that falls silent in mid-transfer does not keep the others waiting for a day.
SLOT_PATIENCE: Final = timedelta(minutes=5)
# A device that is called up because it is its turn, and is there, answers sooner.
CALL_PATIENCE: Final = timedelta(seconds=5)


class TaskList:
    """Holds live tasks, and of the ended ones the last of each device and kind."""

    def __init__(
        self,
        tasks: Iterable[Task] = (),
        *,
        gateway_of: Callable[[str], str | None] = lambda _device_id: None,
    ) -> None:
        """Begin with some tasks; a gateway is not upgraded while devices behind it download."""
        self._gateway_of = gateway_of
        self._tasks: dict[str, Task] = {}
        self._ids: dict[str, list[str]] = {}
        # What follows is known from the tasks themselves; kept so that one message of one
        # device costs the same in a home with ten tasks and with ten thousand.
        self._live: dict[str, None] = {}
        # In line by the turn that each got when it was ready first.
        self._ready: list[tuple[int, str]] = []
        self._turns: dict[str, int] = {}
        self._last_turn = 0
        self._transferring: dict[str, datetime] = {}
        self._called: dict[str, datetime] = {}
        self.load(tasks)

    @property
    def all(self) -> Mapping[str, Task]:
        """Return every task by its id."""
        return MappingProxyType(self._tasks)

    @property
    def queue_length(self) -> int:
        """Return how many tasks wait for a slot."""
        return len(self._ready)

    def place(self, task_id: str) -> int | None:
        """Return the place (from 1) of a task that waits for a slot, else None."""
        task = self._tasks.get(task_id)
        if task is None or not task.wants_slot:
            return None
        return bisect_left(self._ready, (self._turns[task_id], task_id)) + 1

    def load(self, tasks: Iterable[Task]) -> None:
        """Take over the tasks that were saved."""
        for task in sorted(tasks, key=lambda task: task.created_at):
            self.put(task, task.state_since)
        by_time = sorted(self._transferring.items(), key=lambda item: item[1])
        self._transferring = dict(by_time)

    def live(self) -> Iterator[Task]:
        """Iterate over the tasks that have not ended, oldest first."""
        return (self._tasks[task_id] for task_id in list(self._live) if task_id in self._live)

    def ready(self) -> Iterator[Task]:
        """Iterate over the tasks that wait for a slot, first come first."""
        return (self._tasks[task_id] for _, task_id in list(self._ready) if task_id in self._tasks)

    def queued(self) -> list[Task]:
        """Return the tasks that wait for a slot or for the depot's grant."""
        granting = (self._tasks[task_id] for task_id in self._transferring)
        return [*self.ready(), *(task for task in granting if task.granting)]

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
        before = self._tasks.get(task.id)
        was_in_line = before is not None and before.wants_slot
        # A device that sleeps keeps its turn; one whose download could not be granted goes
        # to the end, so that it does not hold up the others.
        if before is not None and before.granting and task.wants_slot:
            self._turns.pop(task.id, None)
        self._tasks[task.id] = task
        if task.is_ended:
            self._live.pop(task.id, None)
        else:
            self._live.setdefault(task.id)
        if task.wants_slot and not was_in_line:
            self._join_line(task.id)
        elif was_in_line and not task.wants_slot:
            self._leave_line(task.id)
        self._note_call(task, now, was_in_line=was_in_line)
        # In the order of their last news
        self._transferring.pop(task.id, None)
        if task.holds_slot:
            self._transferring[task.id] = now

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

    def next_slot(self, limit: int, now: datetime, cell_limit: int | None = None) -> Task | None:
        """Return the task that may transfer next; first come, first served.

        `limit` is how many may transfer at a time, `cell_limit` how many of one cell. Who is
        there just now comes before those who have to be called up, of whom only as many are
        called as there are free slots: the others stay in line.
        """
        if not self._ready:
            return None
        moving = {task.device_id: task for task in self._moving(now)}
        if len(moving) >= limit:
            return None
        first: Task | None = None
        for task in self._unhindered(moving, cell_limit):
            if task.is_fresh(now):
                return task
            first = first or task
        return first if len(moving) + self.calls(now) < limit else None

    def calls(self, now: datetime) -> int:
        """Return how many tasks were called up and may still answer in time."""
        # A clock that was set back must not make them wait for hours.
        self._called = {
            task_id: at for task_id, at in self._called.items() if abs(now - at) < CALL_PATIENCE
        }
        return len(self._called)

    def _unhindered(self, moving: Mapping[str, Task], cell_limit: int | None) -> Iterator[Task]:
        """Iterate over the tasks in line that neither their cell nor a gateway holds up."""
        in_cell = Counter(task.cell_id for task in moving.values())
        gateways = {self._gateway_of(device_id) for device_id in moving}
        overtaken: set[str] = set()
        for _, task_id in self._ready:
            task = self._tasks[task_id]
            gateway_id = self._gateway_of(task.device_id)
            if not (
                (cell_limit is not None and in_cell[task.cell_id] >= cell_limit)
                # A gateway that restarts cuts its devices' downloads: whoever was first goes
                # first, and nobody younger overtakes, so that neither side waits for ever.
                or task.device_id in gateways
                or gateway_id in moving
                or gateway_id in overtaken
                or self._installs(gateway_id)
            ):
                yield task
            else:
                overtaken.add(task.device_id)

    def _moving(self, now: datetime) -> Iterator[Task]:
        """Iterate over the tasks that hold a slot; who fell silent holds none."""
        for task_id, moved in reversed(self._transferring.items()):
            if now - moved >= SLOT_PATIENCE:
                return
            yield self._tasks[task_id]

    def _installs(self, device_id: str | None) -> bool:
        """Return whether a device has downloaded and not come to an end yet."""
        task = None if device_id is None else self.active(device_id)
        return task is not None and task.grant is not None and not task.holds_slot

    def _note_call(self, task: Task, now: datetime, *, was_in_line: bool) -> None:
        """Remember a task that has left the line for its device to be looked for."""
        if task.is_ended or task.wants_slot or task.holds_slot:
            self._called.pop(task.id, None)
        elif was_in_line:
            self._called[task.id] = now

    def _join_line(self, task_id: str) -> None:
        """Put a task in line for a slot."""
        if task_id not in self._turns:
            self._last_turn += 1
            self._turns[task_id] = self._last_turn
        insort(self._ready, (self._turns[task_id], task_id))

    def _leave_line(self, task_id: str) -> None:
        """Take a task out of the line."""
        del self._ready[bisect_left(self._ready, (self._turns[task_id], task_id))]

    def _remove(self, task: Task) -> None:
        """Forget an ended task."""
        del self._tasks[task.id]
        self._turns.pop(task.id, None)
        self._ids[task.device_id].remove(task.id)
