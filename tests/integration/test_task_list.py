"""Whose turn it is, by examples."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.task_list import SLOT_PATIENCE, TaskList
from custom_components.mqtt_ota.upgrade import State, Task
from tests.integration.upgrade.builders import NOW, OLD, a_package


def a_task(task_id: str, device_id: str = "weather_1", **changes: object) -> Task:
    """Return a task that was just created."""
    task = Task(
        id=task_id,
        device_id=device_id,
        kind=PackageKind.FIRMWARE,
        package=a_package(),
        created_at=NOW,
        state_since=NOW,
    )
    return replace(task, **changes)  # type: ignore[arg-type]


def ready(task_id: str, device_id: str = "weather_1") -> Task:
    """Return a task that waits for a transfer slot."""
    return a_task(task_id, device_id, previous_version=OLD, version_at=NOW)


def test_one_task_of_a_device_is_active_and_the_next_waits_its_turn() -> None:
    """Firmware and software of one device never run at the same time."""
    first = a_task("a", state=State.DOWNLOADING)
    second = a_task("b", kind=PackageKind.SOFTWARE, created_at=NOW + timedelta(seconds=1))
    tasks = TaskList([second, first])
    assert tasks.active("weather_1") == first
    assert tasks.next_turn("weather_1") is None
    tasks.put(replace(first, state=State.SUCCEEDED), NOW)
    assert tasks.active("weather_1") is None
    assert tasks.next_turn("weather_1") == second
    assert tasks.next_turn("weather_2") is None


def test_the_last_ended_task_of_each_kind_is_kept() -> None:
    """A new task replaces the ended one of its kind and nothing else."""
    old = a_task("a", state=State.FAILED)
    software = a_task("b", kind=PackageKind.SOFTWARE, state=State.SUCCEEDED)
    tasks = TaskList([old, software])
    new = a_task("c", created_at=NOW + timedelta(seconds=1))
    tasks.put(new, NOW)
    assert tasks.last("weather_1", PackageKind.FIRMWARE) == new
    assert tasks.last("weather_1", PackageKind.SOFTWARE) == software
    assert set(tasks.all) == {"b", "c"}
    assert tasks.of_device("weather_1") == [software, new]
    assert list(tasks.live()) == [new]


def test_slots_go_to_who_came_first() -> None:
    """As many transfer as there are slots; the others follow in their order."""
    tasks = TaskList()
    for name in "abc":
        tasks.put(ready(name, f"weather_{name}"), NOW)
    order: list[str] = []
    while task := tasks.next_slot(2, NOW):
        order.append(task.id)
        tasks.put(replace(task, granting=True), NOW)
    assert order == ["a", "b"]
    assert tasks.queue_length == 1
    tasks.put(replace(ready("a", "weather_a"), state=State.AWAITING_UPDATE), NOW)
    task = tasks.next_slot(2, NOW)
    assert task is not None
    assert task.id == "c"


def test_a_task_that_could_not_be_granted_lets_the_others_pass() -> None:
    """Packages that the depot refuses for ever do not hold up the whole home."""
    tasks = TaskList()
    tasks.put(ready("a", "weather_a"), NOW)
    tasks.put(ready("b", "weather_b"), NOW)
    tasks.put(replace(ready("a", "weather_a"), granting=True), NOW)
    tasks.put(ready("a", "weather_a"), NOW)
    task = tasks.next_slot(1, NOW)
    assert task is not None
    assert task.id == "b"


@pytest.mark.parametrize("state", [State.AWAITING_DOWNLOAD, State.DOWNLOADING])
def test_a_device_that_fell_silent_does_not_keep_its_slot(state: State) -> None:
    """A dead device blocks the others for minutes, not for a day; progress keeps the slot."""
    tasks = TaskList()
    dead = replace(ready("a", "weather_a"), state=state)
    tasks.put(dead, NOW)
    tasks.put(ready("b", "weather_b"), NOW)
    later = NOW + SLOT_PATIENCE
    assert tasks.next_slot(1, later - timedelta(seconds=1)) is None
    tasks.put(replace(dead, progress=1.0), later - timedelta(seconds=1))
    assert tasks.next_slot(1, later) is None
    assert tasks.next_slot(1, later + SLOT_PATIENCE) is not None


def test_ended_tasks_hold_nothing() -> None:
    """What has ended neither waits nor counts."""
    tasks = TaskList()
    tasks.put(ready("a"), NOW)
    tasks.put(replace(ready("a"), state=State.CANCELLED), NOW)
    assert tasks.queue_length == 0
    assert tasks.next_slot(1, NOW) is None
    assert list(tasks.live()) == []
