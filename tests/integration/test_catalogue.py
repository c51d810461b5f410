"""Faults and attacks of the catalogue that take a whole home; the engine's own are with it."""

from collections.abc import Awaitable, Callable
from copy import deepcopy
from datetime import timedelta
import re
from typing import Any, Final

from homeassistant.core import Event, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.mqtt_ota import async_remove_config_entry_device
from custom_components.mqtt_ota.const import EVENT_TASK_CHANGED, PackageKind
from custom_components.mqtt_ota.upgrade import Cause, State
from tests.integration.fake_depot import make_package
from tests.integration.home import TASKS_FILE, Home
from tests.integration.stages import DEVICE, LIVE, NEW, OLD, bring, finish
from tests.meta.files import ROOT

MINUTES: Final = timedelta(minutes=1)
HOURS: Final = timedelta(hours=1)

pytestmark = [pytest.mark.usefixtures("two_packages"), pytest.mark.long]


def test_every_fault_has_its_test() -> None:
    """S1 to S22: whoever adds a fault to the catalogue names its test after it."""
    files = (ROOT / "tests/integration").rglob("test_*.py")
    names = {name for file in files for name in re.findall(r"def test_s(\d\d)_", file.read_text())}
    assert names == {f"{number:02}" for number in range(1, 23)}


# S1: duplicated, reordered, delayed, retained


def journey(home: Home) -> list[Callable[[], Awaitable[None]]]:
    """Return what a device says from the query to the end, as one call each."""
    return [
        lambda: home.report(DEVICE, OLD),
        lambda: home.report_progress(DEVICE, progress=30, version=OLD),
        lambda: home.report_progress(DEVICE, progress=100, version=OLD),
        lambda: home.report_progress(DEVICE, progress=100, version=NEW),
        lambda: home.report(DEVICE, NEW),
    ]


async def test_s01_every_message_twice_and_late(home: Home) -> None:
    """A broker may deliver again what it has delivered, and later than the next one."""
    changes = changes_of(home)
    await home.start()
    await home.report(DEVICE, OLD)
    await home.install()
    said: list[Callable[[], Awaitable[None]]] = []
    for say in journey(home):
        for again in (say, say, *said[-1:]):
            await again()
        said.append(say)
        if home.task().state is State.QUEUED or home.task().granting:
            await home.until(lambda: home.task().notified_at, "upgrade message")
    assert home.stage() == "succeeded"
    assert len(home.sent_upgrades()) == 1
    assert [state for state in changes if state == "succeeded"] == ["succeeded"]
    assert "failed" not in changes


async def test_s01_nothing_is_ever_published_retained(home: Home) -> None:
    """A command that the broker keeps would begin anew with every connection of the device."""
    await home.start()
    await bring(home, State.UPDATING)
    await finish(home)
    assert {"version_query", "firmware_upgrade"} <= set(home.sent_types())
    assert {(message.qos, message.retain) for message in home.sent} == {(1, False)}


# S9: everything that can stop, in every state


async def restart(home: Home, _storage: dict[str, Any]) -> None:
    """Restart Home Assistant, or reload the entry."""
    await home.restart()


async def lose_power(home: Home, storage: dict[str, Any]) -> None:
    """Go on with what was on the disk at this moment."""
    saved = deepcopy(storage[TASKS_FILE])
    await home.stop()
    storage[TASKS_FILE] = saved
    await home.start()


async def restart_broker(home: Home, _storage: dict[str, Any]) -> None:
    """Lose the broker for a minute."""
    home.broker_goes_away()
    await home.pass_time(MINUTES)
    await home.broker_returns()


async def restart_depot(home: Home, _storage: dict[str, Any]) -> None:
    """Lose the depot for a minute."""
    await home.depot_goes_away()
    await home.pass_time(MINUTES)
    await home.depot_returns()


@pytest.mark.parametrize("interrupt", [restart, lose_power, restart_broker, restart_depot])
@pytest.mark.parametrize("state", LIVE)
async def test_s09_interrupted_in_every_state(
    home: Home,
    hass_storage: dict[str, Any],
    state: State,
    interrupt: Callable[[Home, dict[str, Any]], Awaitable[None]],
) -> None:
    """The task goes on, the device is told once, and nothing stays "in progress"."""
    await home.start()
    await bring(home, state)
    task_id = home.task().id
    await interrupt(home, hass_storage)
    assert home.task().id == task_id
    assert home.state().attributes["in_progress"] is True
    await finish(home)
    assert home.task().id == task_id
    assert len(home.sent_upgrades()) == 1
    assert home.state().attributes["in_progress"] is False
    assert home.state().attributes["installed_version"] == NEW


# S10: two tasks for one device


async def test_s10_another_version_of_the_same_kind(home: Home) -> None:
    """It is refused under the source document's name, and the first one goes on."""
    home.depot.packages.append(make_package(id="pkg3", version="1.5.0"))
    await home.start()
    await home.report(DEVICE, OLD)
    await home.install(version=NEW)
    with pytest.raises(ServiceValidationError) as raised:
        await home.manager.async_install(DEVICE, PackageKind.FIRMWARE, "1.5.0")
    assert raised.value.translation_key == "task_conflict"
    assert home.task().package.version == NEW
    await finish(home)


async def test_s10_firmware_and_software_at_once(home: Home) -> None:
    """Pressed together, one waits for the other, and none is a conflict."""
    await home.start()
    await home.report(DEVICE, OLD, "2.0")
    await home.install()
    await home.install(kind=PackageKind.SOFTWARE)
    assert home.stage(kind=PackageKind.SOFTWARE) == "queued"
    await home.report(DEVICE, OLD, "2.0")
    await home.until(home.sent_upgrades, "upgrade message")
    await home.report(DEVICE, NEW, "2.0")
    await home.until(lambda: home.stage(kind=PackageKind.SOFTWARE) != "queued", "second turn")


async def test_s10_a_device_that_is_busy_with_something_else(home: Home) -> None:
    """An upgrade, a log collection or a restart of its own is a conflict, too."""
    await home.start()
    await bring(home, State.AWAITING_DOWNLOAD)
    await home.report_progress(DEVICE, 1, description="log collection in progress")
    assert home.task().cause is Cause.TASK_CONFLICT


# S12: whatever a device says of its failure


async def test_s12_a_failure_with_64_kb_of_text(home: Home) -> None:
    """What is kept of it is short; a code that nobody knows is kept as it is."""
    await home.start()
    await bring(home, State.DOWNLOADING)
    await home.publish(DEVICE, b'{"services": [' * 20_000)
    await home.publish(DEVICE, b"\xff" * 64_000)
    assert home.task().state is State.DOWNLOADING
    await home.report_progress(DEVICE, 1234, description="\x1b[2J" + "x" * 60_000)
    task = home.task()
    assert (task.cause, task.result_code) == (Cause.UPDATE_FAILED, 1234)
    assert task.description is not None
    assert task.description.isprintable()
    assert len(task.description) <= 1024


# S13: what changes under a task


async def test_s13_a_device_is_deleted_in_mid_task(home: Home) -> None:
    """Its task is given up and its grant taken back; its late result makes nothing."""
    await home.start()
    await bring(home, State.DOWNLOADING)
    registry_id = home.manager.registry_id(DEVICE)
    assert registry_id is not None
    entry = dr.async_get(home.hass).async_get(registry_id)
    assert entry is not None
    assert await async_remove_config_entry_device(home.hass, home.entry, entry)
    dr.async_get(home.hass).async_remove_device(registry_id)
    await home.until(lambda: not home.depot.grants, "revocation")
    await home.report_progress(DEVICE, progress=100, version=NEW)
    assert dict(home.manager.tasks) == {}


async def test_s13_a_device_is_renamed_in_mid_task(home: Home) -> None:
    """A user's names are not ours: the task goes on and is shown under the new one."""
    await home.start()
    await bring(home, State.DOWNLOADING)
    registry_id, entity_id = home.manager.registry_id(DEVICE), home.entity_id()
    assert registry_id is not None
    assert entity_id is not None
    dr.async_get(home.hass).async_update_device(registry_id, name_by_user="Roof")
    er.async_get(home.hass).async_update_entity(entity_id, new_entity_id="update.roof")
    await home.settle()
    assert home.entity_id() == "update.roof"
    assert home.state().attributes["in_progress"] is True
    await finish(home)
    assert home.state().attributes["installed_version"] == NEW


async def test_s13_the_broker_gets_another_password_in_mid_task(home: Home) -> None:
    """Home Assistant is refused for hours until somebody mends it; nobody fails for that."""
    await home.start()
    await bring(home, State.AWAITING_DOWNLOAD)
    home.broker_goes_away()
    await home.pass_time(30 * HOURS)
    assert home.stage() == "awaiting_download"
    await home.broker_returns()
    await finish(home)


# S14, S22: devices that come and go


async def test_s14_a_device_that_flaps(home: Home) -> None:
    """A hundred connections in ten minutes are not a hundred negotiations."""
    await home.start()
    await bring(home, State.QUERYING_VERSION)
    home.forget_sent()
    for _ in range(100):
        await home.pass_time(timedelta(seconds=6))
        await home.say(DEVICE, "hello")
        if home.task().is_ended:
            break
    assert len(home.sent_types()) < 20


async def test_s22_a_device_that_wakes_for_ten_seconds_an_hour(home: Home) -> None:
    """Asked with its first word, told as soon as it has answered; it loads over many wakings."""
    await home.start()
    await home.report(DEVICE, OLD)
    await home.install()
    await home.pass_time(5 * HOURS)
    home.forget_sent()
    await home.say(DEVICE, "hello")
    assert home.sent_types() == ["version_query"]
    await home.report(DEVICE, OLD)
    await home.until(home.sent_upgrades, "upgrade message while it is awake")
    for waking in range(1, 5):
        await home.pass_time(HOURS)
        await home.say(DEVICE, "hello")
        await home.transfer(bytes_served=256 * waking, complete=waking == 4, active=False)
        assert not home.task().is_ended
    await home.pass_time(HOURS)
    await home.report(DEVICE, NEW)
    assert home.stage() == "succeeded"
    assert len(home.sent_upgrades()) == 1


def changes_of(home: Home) -> list[str]:
    """Return the list that every state of every task is added to."""
    states: list[str] = []

    @callback
    def note(event: Event) -> None:
        """Remember a state."""
        states.append(event.data["state"])

    home.hass.bus.async_listen(EVENT_TASK_CHANGED, note)
    return states
