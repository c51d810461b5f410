"""Runs the tasks: one step for each event, a timer for each task, slots for those ready."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .task_list import CALL_PATIENCE, TaskList
from .upgrade import (
    CellReported,
    DepotLost,
    Effect,
    Event,
    ProgressReported,
    Resumed,
    SignOfLife,
    SlotFreed,
    Started,
    Task,
    TimePassed,
    VersionReported,
    step,
)

# Slots also become free with time alone, see SLOT_PATIENCE.
_SLOT_PAUSE: Final = timedelta(minutes=1)
# A device that speaks is awake now, and perhaps for seconds only.
_FROM_DEVICES: Final = (SignOfLife, CellReported, VersionReported, ProgressReported)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What one event has made of a task; `urgent` when its device spoke just now."""

    before: Task
    task: Task
    effects: tuple[Effect, ...]
    urgent: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What the runner looks up before it acts; `limits` are slots in all and per cell."""

    is_broker_there: Callable[[], bool]
    is_depot_there: Callable[[], bool]
    is_online: Callable[[str], bool | None]
    limits: tuple[int, int | None]


class TaskRunner:
    """Takes the steps of all tasks, each at its time."""

    def __init__(
        self,
        hass: HomeAssistant,
        tasks: TaskList,
        around: Surroundings,
        on_step: Callable[[Step], None],
    ) -> None:
        """Remember the tasks and who performs what their steps want."""
        self._hass = hass
        self._tasks = tasks
        self._around = around
        self._on_step = on_step
        self._timers: dict[str, tuple[datetime, CALLBACK_TYPE]] = {}
        self._slot_timer: tuple[datetime, CALLBACK_TYPE] | None = None
        self._using_slots = False
        self._has_stopped = False

    @callback
    def stop(self) -> None:
        """End all timers; from now on nothing moves, because nothing more would be saved."""
        self._has_stopped = True
        while self._timers:
            self._timers.popitem()[1][1]()
        if self._slot_timer is not None:
            self._slot_timer[1]()
            self._slot_timer = None

    @callback
    def apply(self, task_id: str, event: Event) -> bool:
        """Take one step of a task and all that follows; return whether there is such a task."""
        if self._has_stopped or (before := self._tasks.all.get(task_id)) is None:
            return False
        now = dt_util.utcnow()
        task, effects = step(before, event, now)
        if task == before and not effects:
            return True
        self._tasks.put(task, now)
        self._arm(task)
        urgent = isinstance(event, _FROM_DEVICES)
        self._on_step(Step(before=before, task=task, effects=effects, urgent=urgent))
        if task.wants_slot and not before.wants_slot and not self._around.is_depot_there():
            self.apply(task_id, DepotLost())
        if task.is_ended:
            self.begin(task.device_id)
        if task.is_ended or (task.wants_slot, task.holds_slot) != (
            before.wants_slot,
            before.holds_slot,
        ):
            self.use_slots()
        return True

    @callback
    def begin(self, device_id: str) -> None:
        """Let a device's next task begin when no other one is active."""
        if (task := self._tasks.next_turn(device_id)) is not None:
            self.apply(task.id, Started(online=self._around.is_online(device_id)))

    @callback
    def resume(self, task_id: str) -> None:
        """Let a task catch up with what could not be heard."""
        if self.apply(task_id, Resumed()):
            task = self._tasks.all[task_id]
            self._arm(task)
            self.begin(task.device_id)

    @callback
    def use_slots(self) -> None:
        """Let tasks transfer while there are free slots and everybody is there."""
        if self._using_slots or self._has_stopped:
            return
        self._using_slots = True
        limit, cell_limit = self._around.limits
        try:
            while (
                self._around.is_depot_there()
                and self._around.is_broker_there()
                and (task := self._tasks.next_slot(limit, dt_util.utcnow(), cell_limit))
            ):
                self.apply(task.id, SlotFreed())
        finally:
            self._using_slots = False
        if self._tasks.queue_length:
            self._arm_slots(dt_util.utcnow())

    @callback
    def _on_slot_time(self, _now: datetime) -> None:
        """Look for slots that nothing but time has freed."""
        self._slot_timer = None
        self.use_slots()

    @callback
    def _arm_slots(self, now: datetime) -> None:
        """Look for slots again in a while, or when those called up have had their time."""
        when = now + (CALL_PATIENCE if self._tasks.calls(now) else _SLOT_PAUSE)
        if self._slot_timer is not None:
            if self._slot_timer[0] <= when:
                return
            self._slot_timer[1]()
        job = HassJob(self._on_slot_time, cancel_on_shutdown=True)
        self._slot_timer = when, async_track_point_in_utc_time(self._hass, job, when)

    @callback
    def _arm(self, task: Task) -> None:
        """Set the task's one timer to its next deadline or probe."""
        when, cancel = self._timers.get(task.id, (None, None))
        if when == task.wake_at:
            return
        if cancel is not None:
            cancel()
            del self._timers[task.id]
        if task.wake_at is None:
            return

        @callback
        def wake(_now: datetime) -> None:
            """Tell the task that its time has come."""
            del self._timers[task.id]
            # Nobody fails for what we can't hear: the broker's return sets the timer anew.
            if not self._around.is_broker_there():
                return
            self.apply(task.id, TimePassed())
            self._arm(self._tasks.all[task.id])

        cancel = async_track_point_in_utc_time(
            self._hass, HassJob(wake, cancel_on_shutdown=True), task.wake_at
        )
        self._timers[task.id] = (task.wake_at, cancel)
