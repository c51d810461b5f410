"""Slots for transfers: in all, in one cell, in order; and many devices at once."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from homeassistant.components.update import DOMAIN as UPDATE, SERVICE_INSTALL
from homeassistant.const import ATTR_ENTITY_ID
import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.store import UpgradeStore
from custom_components.mqtt_ota.task_list import CALL_PATIENCE, SLOT_PATIENCE, TaskList
from custom_components.mqtt_ota.upgrade import State
from tests.integration.home import Home
from tests.integration.test_task_list import a_task, ready
from tests.integration.upgrade.builders import NOW, a_grant

SOFTWARE = PackageKind.SOFTWARE
MINUTES = timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("two_packages")


# The list


def test_places_follow_the_line() -> None:
    """Who is before whom is known at once, and only of those in line."""
    tasks = TaskList([ready(name, f"weather_{name}") for name in "abc"])
    assert [tasks.place(name) for name in "abcx"] == [1, 2, 3, None]
    assert tasks.queue_length == 3
    tasks.put(replace(ready("a", "weather_a"), granting=True), NOW)
    assert [tasks.place(name) for name in "abc"] == [None, 1, 2]
    assert [task.id for task in tasks.ready()] == ["b", "c"]


def test_a_device_that_sleeps_keeps_its_turn() -> None:
    """A device that has to be caught again does not go to the end of the line."""
    tasks = TaskList([ready(name, f"weather_{name}") for name in "abc"])
    tasks.put(replace(ready("a", "weather_a"), state=State.WAITING_ONLINE), NOW)
    assert tasks.place("b") == 1
    tasks.put(ready("a", "weather_a"), NOW)
    assert [tasks.place(name) for name in "abc"] == [1, 2, 3]


def test_a_full_cell_lets_others_pass() -> None:
    """So many of one access point at a time, whoever is first in line."""
    tasks = TaskList()
    for name, cell in (("a", "roof"), ("b", "roof"), ("c", "cellar"), ("d", None)):
        tasks.put(replace(ready(name, f"weather_{name}"), cell_id=cell), NOW)
    order: list[str] = []
    while task := tasks.next_slot(4, NOW, cell_limit=1):
        order.append(task.id)
        tasks.put(replace(task, granting=True), NOW)
    assert order == ["a", "c", "d"]
    roof = replace(ready("a", "weather_a"), state=State.AWAITING_UPDATE, grant=a_grant())
    tasks.put(replace(roof, cell_id="roof"), NOW)
    task = tasks.next_slot(4, NOW, cell_limit=1)
    assert task is not None
    assert task.id == "b"


def test_nobody_overtakes_a_gateway_in_line() -> None:
    """A gateway that waits for its devices is not made to wait for ever by new ones."""
    gateways = {"lamp_1": "gate", "lamp_2": "gate", "lamp_3": "gate"}
    tasks = TaskList(gateway_of=gateways.get)
    tasks.put(replace(ready("a", "lamp_1"), granting=True), NOW)
    for name, device_id in (("b", "gate"), ("c", "lamp_2"), ("d", "weather_1")):
        tasks.put(ready(name, device_id), NOW)
    task = tasks.next_slot(4, NOW)
    assert task is not None
    assert task.id == "d"
    # A device that fell silent is waited for no longer than for its slot.
    task = tasks.next_slot(4, NOW + SLOT_PATIENCE)
    assert task is not None
    assert task.id == "b"


def test_as_many_are_called_up_as_there_are_free_slots() -> None:
    """The others stay in line; who is there just now is not kept waiting by who sleeps."""
    tasks = TaskList([ready(name, f"weather_{name}") for name in "abcd"])
    later = NOW + 10 * MINUTES
    called: list[str] = []
    while task := tasks.next_slot(2, later):
        called.append(task.id)
        tasks.put(replace(task, state=State.WAITING_ONLINE), later)
    assert called == ["a", "b"]
    assert tasks.queue_length == 2
    tasks.put(replace(ready("d", "weather_d"), version_at=later), later)
    task = tasks.next_slot(2, later)
    assert task is not None
    assert task.id == "d"
    tasks.put(replace(ready("b", "weather_b"), version_at=later), later)
    task = tasks.next_slot(2, later)
    assert task is not None
    assert task.id == "b"
    tasks.put(replace(task, granting=True), later)
    tasks.put(replace(ready("d", "weather_d"), version_at=NOW), later)
    assert tasks.next_slot(2, later) is None
    for other_time in (later + CALL_PATIENCE, later - MINUTES):
        tasks.put(replace(ready("a", "weather_a"), version_at=NOW), later)
        tasks.put(replace(ready("a", "weather_a"), state=State.WAITING_ONLINE), later)
        task = tasks.next_slot(2, other_time)
        assert task is not None
        assert task.id == "c"


def test_silent_transfers_cost_nothing_to_skip() -> None:
    """Thousands of devices that fell silent are not looked at with each message."""
    tasks = TaskList()
    for number in range(100):
        silent = a_task(str(number), f"weather_{number}", state=State.AWAITING_DOWNLOAD)
        tasks.put(silent, NOW)
    later = NOW + SLOT_PATIENCE
    assert list(tasks._moving(later)) == []
    tasks.put(a_task("5", "weather_5", state=State.DOWNLOADING), later)
    assert [task.id for task in tasks._moving(later)] == ["5"]


def test_after_a_restart_silent_transfers_hide_no_others() -> None:
    """Which task was made first says nothing about which device spoke last."""
    older = a_task("a", "weather_a", state=State.DOWNLOADING, state_since=NOW)
    silent = a_task("b", "weather_b", state=State.DOWNLOADING, state_since=NOW - SLOT_PATIENCE)
    later = replace(silent, created_at=NOW + MINUTES)
    tasks = TaskList([later, older, ready("c", "weather_c")])
    assert [task.id for task in tasks._moving(NOW)] == ["a"]
    assert tasks.next_slot(1, NOW) is None


# A home


async def test_cells_are_limited(home: Home) -> None:
    """With a limit each device names its cell first; the second of a cell waits."""
    home.set_options(cell_limit=1)
    await home.start()
    names = [f"weather_{number}" for number in range(3)]
    for name, cell in zip(names, ["roof", "roof", "cellar"], strict=True):
        await home.report(name)
        await home.install(name)
        await home.say(name, "hello")
        assert home.stage(name) == "querying_cell"
        await home.say(name, "cell_report", {"cell_id": cell})
        await home.report(name)
    await home.until(lambda: len(home.depot.grants) == 2, "two grants")
    assert [home.stage(name) for name in names] == [
        "awaiting_download",
        "queued",
        "awaiting_download",
    ]
    await home.report(names[0], "1.4.0")
    await home.until(lambda: home.stage(names[1]) == "awaiting_download", "the second")


async def test_the_limit_is_an_option(home: Home) -> None:
    """One at a time, where the network bears no more; those who wait have a place."""
    home.set_options(parallel_transfers=1)
    await home.start()
    names = [f"weather_{number}" for number in range(3)]
    for name in names:
        await home.report(name)
        await home.install(name)
        await home.report(name)
    await home.until(lambda: home.stage(names[0]) == "awaiting_download", "the first")
    assert [home.manager.place(home.task(name).id) for name in names] == [None, 1, 2]
    assert home.manager.queue_length == 2


async def test_those_who_move_up_are_told(home: Home) -> None:
    """Every end moves all behind it; their views hear of it."""
    home.set_options(parallel_transfers=1)
    await home.start()
    names = [f"weather_{number}" for number in range(3)]
    for name in names:
        await home.report(name)
        await home.install(name)
        await home.report(name)
    await home.until(lambda: home.stage(names[0]) == "awaiting_download", "the first")
    last = home.task(names[2]).id
    told: list[int | None] = []
    home.manager.listen(names[2], lambda: told.append(home.manager.place(last)))
    await home.report(names[0], "1.4.0")
    await home.until(lambda: told, "the new place")
    assert told == [1]


async def test_s17_update_all(home: Home) -> None:
    """Two hundred updates of a hundred devices: all are upgraded, four at a time, in order."""
    await home.start()
    names = [f"weather_{number}" for number in range(100)]
    for name in names:
        home.receive(*_report(name, "1.3.0", "2.0"))
    await home.settle()
    entities = [home.entity_id(name, kind) for name in names for kind in PackageKind]
    # The plugin's store writes each time anew, where the real one lets all share a write.
    with patch.object(UpgradeStore, "async_save_tasks"):
        await home.hass.services.async_call(
            UPDATE, SERVICE_INSTALL, {ATTR_ENTITY_ID: entities}, blocking=True
        )
        tasks = home.manager.tasks
        assert len(tasks) == 200
        shown = [home.hass.states.get(entity_id) for entity_id in entities]
        assert all(state is not None and state.attributes["in_progress"] for state in shown)
        assert sum(task.wants_turn for task in tasks.values()) == 100
        for name in names:
            home.receive(*_report(name, "1.3.0", "2.0"))
        await home.until(lambda: len(home.depot.grants) == 4, "four grants")
        assert sum(task.holds_slot for task in tasks.values()) == 4
        assert home.manager.queue_length == 96
        assert [task.device_id for task in home.manager._tasks.ready()] == names[4:]
        for _ in range(3):
            await home.pass_time(MINUTES)
            for task in [task for task in tasks.values() if task.holds_slot]:
                home.receive(*_report(task.device_id, **{task.kind: task.package.version}))
            # Those who wait are asked when it is their turn, and answer
            for task in [task for task in tasks.values() if not task.is_ended]:
                home.receive(*_report(task.device_id, "1.3.0", "2.0"))
            await home.settle()
            await home.until(
                lambda: sum(task.state is State.AWAITING_DOWNLOAD for task in tasks.values()) == 4,
                "the next four",
            )
    states = [task.state for task in tasks.values()]
    assert State.FAILED not in states
    assert states.count(State.SUCCEEDED) == 12


async def test_all_return_at_once(home: Home) -> None:
    """After a power cut each is asked once, at once, and nobody fails for having to wait."""
    await home.start()
    names = [f"weather_{number}" for number in range(100)]
    for name in names:
        home.receive(*_report(name, "1.3.0"))
    with patch.object(UpgradeStore, "async_save_tasks"):
        for name in names:
            await home.manager.async_install(name, PackageKind.FIRMWARE)
        await home.settle()
        home.forget_sent()
        for name in names:
            home.receive(f"$oc/devices/{name}/sys/events/up", '{"services": []}')
        await home.settle()
        asked = [message.topic.split("/")[2] for message in home.sent]
        assert asked == names
        for name in names:
            home.receive(*_report(name, "1.3.0"))
        await home.until(lambda: len(home.depot.grants) == 4, "four grants")
    states = {task.state for task in home.manager.tasks.values()}
    assert states == {State.AWAITING_DOWNLOAD, State.QUEUED}
    assert home.manager.queue_length == 96


async def test_who_waits_for_hours_keeps_a_place(home: Home) -> None:
    """A slot that becomes free calls up one device; who does not answer lets the next go first."""
    home.set_options(parallel_transfers=1)
    await home.start()
    names = [f"weather_{number}" for number in range(5)]
    for name in names:
        await home.report(name)
        await home.install(name)
        await home.report(name)
    await home.until(lambda: home.stage(names[0]) == "awaiting_download", "the first")
    await home.pass_time(2 * MINUTES)
    home.forget_sent()
    await home.report(names[0], "1.4.0")
    stages = ["succeeded", "waiting_online", "queued", "queued", "queued"]
    assert [home.stage(name) for name in names] == stages
    assert [home.manager.place(home.task(name).id) for name in names[2:]] == [1, 2, 3]
    assert [message.topic.split("/")[2] for message in home.sent] == [names[1]]
    await home.pass_time(CALL_PATIENCE)
    assert [home.stage(name) for name in names[1:3]] == ["waiting_online", "waiting_online"]
    await home.report(names[2])
    await home.until(lambda: home.stage(names[2]) == "awaiting_download", "the next")
    await home.report(names[1])
    assert home.manager.place(home.task(names[1]).id) == 1
    assert [home.stage(name) for name in names[3:]] == ["queued", "queued"]


def _report(name: str, firmware: str = "", software: str = "") -> tuple[str, str]:
    """Return the topic and the payload of a version report."""
    paras = f'{{"fw_version": "{firmware}", "sw_version": "{software}"}}'
    event = f'{{"service_id": "$ota", "event_type": "version_report", "paras": {paras}}}'
    return f"$oc/devices/{name}/sys/events/up", f'{{"services": [{event}]}}'
