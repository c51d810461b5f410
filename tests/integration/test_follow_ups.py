"""What comes after a task: further attempts, newer packages, and those who wait for the end."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.mqtt_ota.announcer import TaskChange, requester_context
from custom_components.mqtt_ota.const import EVENT_TASK_CHANGED, PackageKind
from tests.integration.fake_depot import make_package
from tests.integration.home import TASKS_FILE, Home

FIRMWARE, SOFTWARE = PackageKind.FIRMWARE, PackageKind.SOFTWARE
MINUTES = timedelta(minutes=1)

pytestmark = [pytest.mark.usefixtures("two_packages"), pytest.mark.long]


async def fail(home: Home, code: int = 6) -> None:
    """Bring the device its upgrade message, and let it report a failure."""
    await home.report()
    sent = len(home.sent_upgrades())
    await home.until(lambda: len(home.sent_upgrades()) > sent or _notified(home), "message")
    await home.report_progress(result_code=code)


def _notified(home: Home) -> bool:
    """Return whether the device has been told of its upgrade."""
    return home.task().notified_at is not None and not home.task().is_ended


# Further attempts


async def test_a_failure_is_tried_again(home: Home) -> None:
    """After the pause, as often as wanted, with a count that all can see."""
    home.set_options(retry_count=1, retry_interval=300)
    changes = async_capture_events(home.hass, EVENT_TASK_CHANGED)
    await home.start()
    await home.report()
    await home.install()
    await fail(home)
    first = home.task()
    assert first.cause == "connection_lost"
    assert first.retry_at is not None
    await home.pass_time(5 * MINUTES - timedelta(seconds=1))
    assert home.task().id == first.id
    await home.pass_time(timedelta(seconds=1))
    second = home.task()
    assert (second.attempt, second.state, second.requester) == (
        2,
        "waiting_online",
        first.requester,
    )
    await fail(home)
    assert home.task().id == second.id
    assert home.task().retry_at is None
    await home.pass_time(60 * MINUTES)
    assert home.task().id == second.id
    assert [change.data["attempt"] for change in changes][-1] == 2


async def test_what_a_retry_can_t_mend_is_not_tried_again(home: Home) -> None:
    """A package that is not supported will not be tomorrow."""
    home.set_options(retry_count=5)
    await home.start()
    await home.report()
    await home.install()
    await fail(home, code=8)
    assert home.task().retry_at is None


async def test_a_further_attempt_survives_a_restart(
    home: Home, hass_storage: dict[str, Any]
) -> None:
    """Its time is saved; one that has passed meanwhile is used at once."""
    home.set_options(retry_count=1, retry_interval=300)
    await home.start()
    await home.report()
    await home.install()
    await fail(home)
    first = home.task()
    await home.stop()
    assert hass_storage[TASKS_FILE]["data"]["tasks"][0]["retry_at"] is not None
    home.clock.tick(60 * MINUTES)
    await home.start()
    await home.pass_time(timedelta(seconds=1))
    assert home.task().attempt == 2
    assert home.task().id != first.id


async def test_a_further_attempt_is_given_up_by_hand(home: Home) -> None:
    """Cancel ends the pause, too."""
    home.set_options(retry_count=1)
    await home.start()
    await home.report()
    await home.install()
    await fail(home)
    home.manager.cancel(home.task().id)
    assert home.task().retry_at is None
    assert home.stage() == "failed"
    await home.pass_time(60 * MINUTES)
    assert home.task().attempt == 1


async def test_an_install_by_hand_comes_before_the_next_attempt(home: Home) -> None:
    """Whoever does not want to wait is not upgraded twice."""
    home.set_options(retry_count=1)
    await home.start()
    await home.report()
    await home.install()
    await fail(home)
    await home.install()
    by_hand = home.task()
    await home.pass_time(60 * MINUTES)
    assert home.task().id == by_hand.id


async def test_an_attempt_without_its_package_is_not_made(home: Home) -> None:
    """It was withdrawn while the device waited for its second chance."""
    home.set_options(retry_count=1)
    await home.start()
    await home.report()
    await home.install()
    await fail(home)
    await home.depot.async_send_event({"type": "package_removed", "package_id": "pkg1"})
    await home.until(lambda: "pkg1" not in home.manager.mirror.packages, "removal")
    await home.pass_time(60 * MINUTES)
    assert home.task().attempt == 1
    assert home.task().retry_at is None


async def test_the_next_attempt_takes_the_newest_package(home: Home) -> None:
    """The maker has mended meanwhile what failed."""
    home.set_options(retry_count=1)
    await home.start()
    await home.report()
    await home.install()
    await fail(home)
    await home.add_package(id="pkg3", version="1.4.1", source_versions=[])
    await home.pass_time(60 * MINUTES)
    assert home.task().attempt == 2
    assert home.task().package.version == "1.4.1"


async def test_a_retry_by_hand(home: Home) -> None:
    """The same package again, from the first attempt on, in the name of who asks."""
    await home.start()
    await home.report()
    with pytest.raises(ServiceValidationError) as raised:
        await home.manager.async_retry("weather_1", FIRMWARE)
    assert raised.value.translation_key == "nothing_to_retry"
    await home.install()
    with pytest.raises(ServiceValidationError) as raised:
        await home.manager.async_retry("weather_1", FIRMWARE)
    assert raised.value.translation_key == "task_conflict"
    await fail(home)
    context = Context()
    again = await home.manager.async_retry("weather_1", FIRMWARE, context=context)
    assert (again.attempt, again.package.version) == (1, "1.4.0")
    assert again.requester is not None
    assert again.requester.context_id == context.id
    home.manager.cancel(again.id)
    await home.depot.async_send_event({"type": "package_removed", "package_id": "pkg1"})
    await home.until(lambda: "pkg1" not in home.manager.mirror.packages, "removal")
    with pytest.raises(ServiceValidationError) as raised:
        await home.manager.async_retry("weather_1", FIRMWARE)
    assert raised.value.translation_key == "no_package"


# Newer packages


async def test_a_newer_package_takes_the_place_of_one_that_waits(home: Home) -> None:
    """The old task says why it ended; the new one is in the name of the same person."""
    await home.start()
    await home.report()
    changes: list[TaskChange] = []
    home.manager.listen_for_tasks(changes.append)
    context = Context()
    first = await home.manager.async_install("weather_1", FIRMWARE, context=context)
    await home.add_package(id="pkg3", version="1.5.0", source_versions=[])
    second = home.task()
    assert second.id != first.id
    assert (second.package.version, second.attempt) == ("1.5.0", 1)
    assert second.requester == first.requester
    ended = [change.task for change in changes if change.task.id == first.id][-1]
    assert (ended.state, ended.cause) == ("cancelled", "superseded")
    assert second.state == "waiting_online"


async def test_a_chosen_version_stays(home: Home) -> None:
    """Whoever names a version gets that one, whatever comes."""
    home.depot.packages.append(make_package(id="pkg0", version="1.3.5"))
    await home.start()
    await home.report()
    chosen = await home.manager.async_install("weather_1", FIRMWARE, "1.3.5")
    assert chosen.pinned
    await home.add_package(id="pkg3", version="1.5.0", source_versions=[])
    assert home.task().id == chosen.id
    pinned = await home.manager.async_install("weather_1", SOFTWARE, "2.1", pinned=True)
    assert pinned.pinned


async def test_an_older_package_supersedes_nothing(home: Home) -> None:
    """Nor does one for another kind or model, nor one that does not go over the version."""
    await home.start()
    await home.report()
    await home.install()
    first = home.task()
    for number, changes in enumerate(
        (
            {"version": "1.3.9"},
            {"version": "9.0", "kind": "software"},
            {"version": "9.0", "model": "lamp"},
            {"version": "9.0", "source_versions": ["8.0"]},
        )
    ):
        await home.add_package(**{"id": f"other{number}", "source_versions": []} | changes)
    assert home.task().id == first.id
    assert not home.task().is_ended


async def test_a_download_goes_on_when_a_newer_package_comes(home: Home) -> None:
    """What has begun is finished; then the newer one is offered."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    first = home.task()
    await home.add_package(id="pkg3", version="1.5.0", source_versions=[])
    assert home.task().id == first.id
    await home.report(firmware="1.4.0")
    assert home.stage() == "succeeded"
    offer = home.manager.offer("weather_1", FIRMWARE)
    assert offer is not None
    assert offer.version == "1.5.0"


# Those who wait


async def test_waiting_for_the_end(home: Home) -> None:
    """An end that has come is told at once, a later one when it comes."""
    await home.start()
    await home.report()
    await home.install()
    task = home.task()
    waiting = asyncio.create_task(home.manager.async_wait_ended(task.id))
    await home.settle()
    assert not waiting.done()
    home.manager.cancel(task.id)
    assert (await waiting).state == "cancelled"
    assert (await home.manager.async_wait_ended(task.id)).state == "cancelled"
    with pytest.raises(KeyError):
        await home.manager.async_wait_ended("unknown")


async def test_waiting_goes_on_over_attempts_and_newer_packages(home: Home) -> None:
    """Who waits is told of the last of them."""
    home.set_options(retry_count=1)
    await home.start()
    await home.report()
    await home.install()
    waiting = asyncio.create_task(home.manager.async_wait_ended(home.task().id))
    await fail(home)
    await home.pass_time(60 * MINUTES)
    assert home.task().attempt == 2
    await home.add_package(id="pkg3", version="1.5.0", source_versions=[])
    assert not waiting.done()
    await home.report(firmware="1.5.0")
    ended = await waiting
    assert (ended.state, ended.package.version) == ("succeeded", "1.5.0")


@pytest.mark.parametrize("retry", [True, False])
async def test_waiting_goes_on_over_what_is_begun_by_hand(home: Home, retry: bool) -> None:
    """Somebody presses Install, or retries, before the next attempt would have come."""
    home.set_options(retry_count=1)
    await home.start()
    await home.report()
    await home.install()
    waiting = asyncio.create_task(home.manager.async_wait_ended(home.task().id))
    await fail(home)
    if retry:
        await home.manager.async_retry("weather_1", PackageKind.FIRMWARE)
    else:
        await home.install()
    await home.pass_time(60 * MINUTES)
    assert not waiting.done()
    await home.report(firmware="1.4.0")
    async with asyncio.timeout(1):
        assert (await waiting).state == "succeeded"


@pytest.mark.parametrize("code", [6, 8])
async def test_nobody_waits_for_an_attempt_that_never_comes(home: Home, code: int) -> None:
    """It was given up, or there was none."""
    home.set_options(retry_count=1)
    await home.start()
    await home.report()
    await home.install()
    waiting = asyncio.create_task(home.manager.async_wait_ended(home.task().id))
    await fail(home, code)
    home.manager.cancel(home.task().id)
    assert (await waiting).state == "failed"


async def test_nobody_waits_for_ever(home: Home) -> None:
    """When the integration is unloaded, those who wait are told."""
    await home.start()
    await home.report()
    await home.install()
    waiting = asyncio.create_task(home.manager.async_wait_ended(home.task().id))
    given_up = asyncio.create_task(home.manager.async_wait_ended(home.task().id))
    await home.settle()
    given_up.cancel()
    await home.settle()
    await home.stop()
    with pytest.raises(HomeAssistantError) as raised:
        await waiting
    assert raised.value.translation_key == "stopped_waiting"


# In whose name


async def test_every_change_is_in_the_name_of_who_asked(home: Home) -> None:
    """The logbook tells who upgraded what, over a restart, too."""
    changes = async_capture_events(home.hass, EVENT_TASK_CHANGED)
    await home.start()
    await home.report()
    context = Context(user_id="somebody")
    task = await home.manager.async_install("weather_1", FIRMWARE, context=context)
    await home.restart()
    await home.report(firmware="1.4.0")
    assert home.stage() == "succeeded"
    assert [change.data["state"] for change in changes][:1] == ["queued"]
    assert changes[0].data["from_state"] is None
    for change in changes:
        assert (change.context.id, change.context.user_id) == (context.id, "somebody")
    again = requester_context(task.requester)
    assert again is not None
    assert again.id == context.id
    assert requester_context(None) is None


async def test_the_offer_is_installed_without_naming_it(home: Home) -> None:
    """And where there is none, that is said."""
    await home.start()
    await home.report()
    task = await home.manager.async_install(
        "weather_1", FIRMWARE, wait_online=False, retry_count=2, retry_interval=2 * MINUTES
    )
    assert task.package.version == "1.4.0"
    assert not task.pinned
    assert not task.policy.wait_online
    assert (task.policy.retry_count, task.policy.retry_interval) == (2, 2 * MINUTES)
    with pytest.raises(ServiceValidationError) as raised:
        await home.manager.async_install("weather_1", SOFTWARE)
    assert raised.value.translation_key == "no_offer"
