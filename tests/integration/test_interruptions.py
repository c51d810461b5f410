"""Upgrades while parts are away, and over restarts."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import Event, callback
import pytest

from custom_components.mqtt_ota.const import EVENT_TASK_CHANGED, PackageKind
from custom_components.mqtt_ota.store import UpgradeStore
from custom_components.mqtt_ota.upgrade import Resumed, State, Task
from tests.integration.fake_depot import make_package, make_transfer
from tests.integration.home import TASKS_FILE, Home

SOFTWARE = PackageKind.SOFTWARE
HOURS = timedelta(hours=1)
MINUTES = timedelta(minutes=1)


pytestmark = [pytest.mark.usefixtures("two_packages"), pytest.mark.long]


# Parts that are away


async def test_install_while_the_depot_is_away(home: Home) -> None:
    """The task waits for the depot; nothing is lost and nobody has to press again."""
    await home.start()
    await home.report()
    await home.depot_goes_away()
    await home.install()
    await home.report()
    assert home.stage() == "queued"
    await home.depot_returns()
    await home.until(home.sent_upgrades, "upgrade message")


async def test_install_while_the_broker_is_away(home: Home) -> None:
    """Nothing is published, and nothing twice afterwards."""
    await home.start()
    await home.report()
    home.forget_sent()
    home.broker_goes_away()
    await home.manager.async_install("weather_1", PackageKind.FIRMWARE)
    assert home.stage() == "waiting_online"
    await home.pass_time(2 * HOURS)
    assert home.sent == []
    await home.broker_returns()
    assert home.sent_types() == ["version_query"]
    await home.report()
    await home.until(home.sent_upgrades, "upgrade message")
    assert len(home.sent_upgrades()) == 1


async def test_the_broker_goes_before_the_notification(home: Home) -> None:
    """The grant is kept, and the device gets its message once, when the broker returns."""
    await home.start()
    await home.report()
    await home.install()
    queued = home.hass.bus.async_listen(
        EVENT_TASK_CHANGED, _on_state("queued", home.broker_goes_away)
    )
    await home.report()
    queued()
    # Without a broker no slot is used: its device could not be told
    assert home.stage() == "queued"
    assert home.depot.grants == {}
    await home.broker_returns()
    await home.until(home.sent_upgrades, "upgrade message")
    assert len(home.sent_upgrades()) == 1


async def test_the_broker_goes_while_the_depot_answers(home: Home) -> None:
    """A task with a grant that could not be told waits for the broker; its time has not begun."""
    await home.start()
    await home.report()
    await home.install()
    with patch.object(home.manager.messenger, "async_notify", return_value=None):
        await home.report()
        await home.until(lambda: home.stage() == "awaiting_download", "grant")
    assert home.task().notified_at is None
    home.broker_goes_away()
    await home.broker_returns()
    assert len(home.sent_upgrades()) == 1
    assert home.task().notified_at is not None
    assert home.sent_upgrades()[0].paras["access_token"] == "secret-grant1"


async def test_nobody_fails_for_what_could_not_be_heard(home: Home) -> None:
    """A deadline that passes while the broker is away leaves the device a fair chance."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    home.broker_goes_away()
    await home.pass_time(30 * HOURS)
    assert home.stage() == "awaiting_download"
    await home.broker_returns()
    await home.pass_time(2 * MINUTES)
    assert home.stage() == "awaiting_download"
    await home.pass_time(2 * MINUTES)
    assert home.stage() == "failed"
    assert home.state().attributes["cause"] == "download_start_timeout"


async def test_a_withdrawn_package_ends_waiting_tasks(home: Home) -> None:
    """The depot's change is enough: nobody has to look at the task."""
    await home.start()
    await home.report()
    await home.install()
    changed = make_package(withdrawn=True)
    await home.depot.async_send_event({"type": "package_changed", "package": changed})
    await home.until(lambda: home.stage() == "failed", "failure")
    assert home.state().attributes["cause"] == "package_withdrawn"
    assert home.state().attributes["latest_version"] == "1.3.0"


async def test_a_transfer_is_caught_up_with(home: Home) -> None:
    """What the depot served while nobody followed it is in its first message afterwards."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.depot_goes_away()
    grant = home.task().grant
    assert grant is not None
    home.depot.transfers = [_transfer(task_id=home.task().id, grant_id=grant.id)]
    await home.depot_returns()
    assert home.stage() == "awaiting_update"


async def test_a_foreign_transfer_is_none_of_ours(home: Home) -> None:
    """Only the grant that the task holds counts."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    for stranger in ({"task_id": "other"}, {"task_id": home.task().id, "grant_id": "other"}):
        event = {"type": "transfer_changed", "transfer": _transfer(**stranger)}
        await home.depot.async_send_event(event)
    await home.add_package(id="pkg9", version="1.5.0")
    assert home.stage() == "awaiting_download"


# Restarts


async def test_an_upgrade_survives_a_restart(home: Home, hass_storage: dict[str, Any]) -> None:
    """The same task goes on in mid-download, with its grant, its deadline and no second message."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.transfer(bytes_served=430)
    before = home.task()
    await home.restart()
    after = home.task()
    assert (after.id, after.grant, after.deadline) == (before.id, before.grant, before.deadline)
    assert home.state().attributes["in_progress"] is True
    assert len(home.sent_upgrades()) == 1
    await home.transfer(bytes_served=1024, complete=True)
    await home.report(firmware="1.4.0")
    assert home.stage() == "succeeded"
    saved = hass_storage[TASKS_FILE]["data"]["tasks"]
    assert [task["state"] for task in saved] == ["succeeded"]
    assert "secret" not in str(saved)


async def test_nothing_moves_after_the_end(home: Home) -> None:
    """What comes while all is being saved is left to the next start: no second pair of timers."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    manager, task = home.manager, home.task()
    await home.stop()
    home.forget_sent()
    assert not manager._runner.apply(task.id, Resumed())
    manager._runner.resume(task.id)
    manager._runner.use_slots()
    assert manager.tasks[task.id] is task
    await home.settle()
    assert home.sent == []
    assert manager._runner._timers == {}


async def test_a_power_cut_between_two_packages(home: Home) -> None:
    """Whatever is on disk, it holds either the upgrade or the one that took its place."""
    await home.start()
    await home.report()
    await home.install()
    saved: list[list[State]] = []

    async def note(_store: UpgradeStore, tasks: Mapping[str, Task]) -> None:
        saved.append([task.state for task in tasks.values() if task.kind is not SOFTWARE])

    with patch.object(UpgradeStore, "async_save_tasks", note):
        await home.add_package(id="pkg3", version="1.5.0", source_versions=[])
    assert saved
    assert [State.CANCELLED] not in saved


async def test_a_deadline_that_passed_meanwhile(home: Home) -> None:
    """The device gets time to tell what nobody heard while Home Assistant was down."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.transfer(bytes_served=1024, complete=True)
    await home.stop()
    home.clock.tick(30 * HOURS)
    home.forget_sent()
    await home.start()
    await home.pass_time(timedelta(seconds=1))
    assert home.stage() == "awaiting_update"
    assert home.sent_types()[0] == "version_query"
    await home.report(firmware="1.4.0")
    assert home.stage() == "succeeded"


async def test_killed_before_the_notification_was_noted(
    home: Home, hass_storage: dict[str, Any]
) -> None:
    """Nobody knows whether the message has left: the device gets it again, with the same grant."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.stop()
    (task,) = hass_storage[TASKS_FILE]["data"]["tasks"]
    task["notified_at"] = None
    home.forget_sent()
    await home.start()
    await home.until(home.sent_upgrades, "upgrade message")
    assert home.sent_upgrades()[0].paras["access_token"] == "secret-grant1"
    assert home.depot.requests.count(("POST", "/api/v1/grants")) == 1


async def test_killed_after_the_notification(home: Home, hass_storage: dict[str, Any]) -> None:
    """The message has left, so it never leaves again: that is known on disk, too."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    (saved,) = hass_storage[TASKS_FILE]["data"]["tasks"]
    assert saved["notified_at"] is not None
    await home.stop()
    hass_storage[TASKS_FILE]["data"]["tasks"] = [saved]
    home.forget_sent()
    await home.start()
    assert home.stage() == "awaiting_download"
    assert home.sent_upgrades() == []


async def test_killed_while_the_depot_was_asked(home: Home, hass_storage: dict[str, Any]) -> None:
    """The answer is lost: the task asks again and the depot replaces the grant."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.stop()
    (task,) = hass_storage[TASKS_FILE]["data"]["tasks"]
    task |= {"state": "queued", "granting": True, "grant": None, "notified_at": None}
    home.forget_sent()
    await home.start()
    await home.report()
    await home.until(home.sent_upgrades, "upgrade message")
    assert home.sent_upgrades()[0].paras["access_token"] == "secret-grant2"


async def test_waiting_turns_survive_a_restart(home: Home) -> None:
    """The second task of a device still begins after the first one."""
    await home.start()
    await home.report(software="2.0")
    await home.install()
    await home.install(kind=SOFTWARE)
    await home.restart()
    assert home.stage(kind=SOFTWARE) == "queued"
    home.manager.cancel(home.task().id)
    await home.settle()
    assert home.stage() == "cancelled"
    assert home.stage(kind=SOFTWARE) == "waiting_online"


async def test_a_task_of_a_forgotten_device_is_dropped(
    home: Home, hass_storage: dict[str, Any]
) -> None:
    """Without its device nobody could see or end it."""
    await home.start()
    await home.report()
    await home.install()
    await home.stop()
    hass_storage["mqtt_ota.devices"]["data"]["devices"] = []
    await home.start()
    await home.report()
    assert home.stage() is None


def _on_state(state: str, act: Callable[[], None]) -> Callable[[Event], None]:
    """Return a listener that acts when a task has come to a state."""

    @callback
    def listener(event: Event) -> None:
        """Act once it is there."""
        if event.data["state"] == state:
            act()

    return listener


def _transfer(**changes: Any) -> dict[str, Any]:
    """Return a complete transfer of somebody."""
    return make_transfer(bytes_served=1024, complete=True, **changes)
