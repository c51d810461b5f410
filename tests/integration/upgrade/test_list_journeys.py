"""Many tasks in one list under random events: one per device, so many transfers, first come first."""

from collections import Counter
from datetime import datetime, timedelta
import json
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)
import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.task_list import SLOT_PATIENCE, TaskList
from custom_components.mqtt_ota.upgrade import (
    Event,
    Granted,
    Notified,
    Policy,
    Resumed,
    SlotFreed,
    Started,
    Task,
    TimePassed,
    VersionReported,
    step,
    successor,
)

from .builders import JOURNEYS, NOW, OLD, PATIENCE, a_grant, a_task
from .strategies import EVENTS, explore

DEVICES: Final = ("hub", "lamp", "lock", "plug", "valve")
# Two devices are behind the hub, and two cells have two devices each.
GATEWAYS: Final = {"lamp": "hub", "lock": "hub"}
CELLS: Final = {"hub": "cell-1", "plug": "cell-1", "lamp": "cell-2", "lock": "cell-2"}
PAUSES: Final = st.timedeltas(min_value=timedelta(0), max_value=timedelta(minutes=2)) | (
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2))
)


class Household(RuleBasedStateMachine):
    """Drives a list as the manager does."""

    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        """Begin with nothing to do."""
        super().__init__()
        self.now = NOW
        self.created = 0
        self.limit = 1
        self.cell_limit: int | None = None
        self.list = TaskList(gateway_of=GATEWAYS.get)
        self.moved: dict[str, datetime] = {}

    @initialize(
        limit=st.integers(min_value=1, max_value=3), cell_limit=st.none() | st.sampled_from([1, 2])
    )
    def begin(self, limit: int, cell_limit: int | None) -> None:
        """Press everything at once in a home with its options."""
        self.limit, self.cell_limit = limit, cell_limit
        for device_id in DEVICES:
            for kind in PackageKind:
                self.install_is_pressed(device_id, kind)

    @rule(device_id=st.sampled_from(DEVICES), kind=st.sampled_from(PackageKind))
    def install_is_pressed(self, device_id: str, kind: PackageKind) -> None:
        """Create a task, unless one of this kind lives already."""
        last = self.list.last(device_id, kind)
        if last is not None and not last.is_ended:
            return
        self.created += 1
        task_id = f"task-{self.created}"
        if last is not None and last.retry_at is not None:
            task = successor(last, task_id, self.now)
        else:
            policy = Policy(query_cell=self.cell_limit is not None, retry_count=1)
            task = a_task(
                id=task_id,
                device_id=device_id,
                kind=kind,
                policy=policy,
                created_at=self.now,
                state_since=self.now,
                cell_id=CELLS.get(device_id),
            )
        self._put(task)
        self._let_begin(device_id)

    @rule(device_id=st.sampled_from(DEVICES), event=EVENTS, pause=PAUSES)
    def something_happens(self, device_id: str, event: Event, pause: timedelta) -> None:
        """Let anything happen to the task that speaks with a device."""
        self.now += pause
        task = self.list.active(device_id)
        # The manager alone gives slots and begins tasks.
        if task is not None and not isinstance(event, SlotFreed | Started):
            self._apply(task, event)
        # Time alone frees the slots of devices that have fallen silent.
        self._use_slots()

    @rule(device_id=st.sampled_from(DEVICES))
    def device_goes_on(self, device_id: str) -> None:
        """Let what an upgrade needs happen, so that many get far."""
        for event in (VersionReported(version=OLD), Granted(grant=a_grant()), Notified()):
            if (task := self.list.active(device_id)) is not None:
                self._apply(task, event)

    @rule()
    def the_wanted_times_come(self) -> None:
        """Wake every task that wants it next."""
        times = [task.wake_at for task in self.list.live() if task.wake_at is not None]
        if times:
            self.now = max(self.now, min(times))
        for task in list(self.list.live()):
            if task.wake_at is not None and task.wake_at <= self.now:
                self._apply(task, TimePassed())
        self._use_slots()

    @rule(pause=PAUSES)
    def everything_restarts(self, pause: timedelta) -> None:
        """Load all that was saved and go on."""
        saved = json.dumps([task.as_dict() for task in self.list.all.values()])
        self.list = TaskList(map(Task.from_dict, json.loads(saved)), gateway_of=GATEWAYS.get)
        self.moved = {task.id: task.state_since for task in self.list.all.values()}
        self.now += pause
        for task in list(self.list.live()):
            self._apply(task, Resumed())
            self._let_begin(task.device_id)
        self._use_slots()

    @invariant()
    def one_task_speaks_with_a_device(self) -> None:
        """Have one active task per device, and one live task per device and kind."""
        live = [task for task in self.list.all.values() if not task.is_ended]
        active = Counter(task.device_id for task in live if not task.wants_turn)
        assert all(count == 1 for count in active.values())
        kinds = Counter((task.device_id, task.kind) for task in live)
        assert all(count == 1 for count in kinds.values())

    @invariant()
    def nobody_is_forgotten(self) -> None:
        """Have an active task wherever there is a live one, and everybody ready in line."""
        for device_id in DEVICES:
            tasks = [task for task in self.list.of_device(device_id) if not task.is_ended]
            assert bool(tasks) == (self.list.active(device_id) is not None)
            assert len(self.list.of_device(device_id)) <= 2 * len(PackageKind)
        ready = [task.id for task in self.list.all.values() if task.wants_slot]
        places = sorted(filter(None, map(self.list.place, ready)))
        assert places == list(range(1, len(ready) + 1))
        assert self.list.queue_length == len(ready)

    @invariant()
    def free_slots_are_used(self) -> None:
        """Leave nobody in line who could transfer."""
        assert self.list.next_slot(self.limit, self.now, self.cell_limit) is None

    def _apply(self, task: Task, event: Event) -> None:
        """Take a step and do what the manager does after each."""
        Household.steps += 1
        after, _ = step(task, event, self.now)
        self._put(after)
        if after.is_ended:
            self._let_begin(after.device_id)
        self._use_slots()

    def _put(self, task: Task) -> None:
        """Keep a task, and when it moved last."""
        self.list.put(task, self.now)
        self.moved[task.id] = self.now

    def _let_begin(self, device_id: str) -> None:
        """Let a device's next task begin."""
        if (task := self.list.next_turn(device_id)) is not None:
            self._apply(task, Started(online=None))

    def _use_slots(self) -> None:
        """Give free slots away, one after the other."""
        while task := self.list.next_slot(self.limit, self.now, self.cell_limit):
            moving = [
                other
                for other in self.list.all.values()
                if other.holds_slot and self.now - self.moved[other.id] < SLOT_PATIENCE
            ]
            assert len(moving) < self.limit
            if self.cell_limit is not None:
                assert sum(other.cell_id == task.cell_id for other in moving) < self.cell_limit
            for other in moving:
                assert GATEWAYS.get(other.device_id) != task.device_id
                assert GATEWAYS.get(task.device_id) != other.device_id
            Household.steps += 1
            self._put(step(task, SlotFreed(), self.now)[0])


@pytest.mark.timeout(PATIENCE)
def test_no_order_of_events_gives_a_slot_or_task_too_many() -> None:
    """No order of events gives a device two tasks or anybody a slot too many."""
    before = Household.steps
    explore(Household, examples=JOURNEYS, length=40)
    assert Household.steps - before > 500


@pytest.mark.long
@pytest.mark.timeout(600)
def test_long_lives_of_households() -> None:
    """Neither do long lives with many tasks."""
    wanted = Household.steps + 20_000
    while Household.steps < wanted:
        explore(Household, examples=25, length=200)
