"""The actions of the integration."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockUser, async_capture_events

from custom_components.mqtt_ota.const import DOMAIN, EVENT_TASK_CHANGED, PackageKind
from custom_components.mqtt_ota.upgrade import State, Task
from tests.integration.actions import act, begin, registry_id
from tests.integration.home import Home

pytestmark = pytest.mark.long

OLDER = {"id": "pkg3", "version": "1.2.0", "source_versions": []}


@pytest.fixture
async def weather(home: Home, two_packages: None) -> Home:
    """Start with a device that has an update of both kinds."""
    await home.start()
    await home.report(software="2.0")
    return home


def user_of(home: Home, *entities: str | None) -> Context:
    """Return the context of a user who may control certain entities and is no administrator."""
    user = MockUser(groups=[]).add_to_hass(home.hass)
    user.mock_policy({"entities": {"entity_ids": dict.fromkeys(entities, True)}})
    return Context(user_id=user.id)


async def test_actions_are_there_before_any_depot_is(hass: HomeAssistant) -> None:
    """An automation that uses them must not break because the depot is away."""
    assert await async_setup_component(hass, DOMAIN, {})
    actions = hass.services.async_services_for_domain(DOMAIN)
    assert set(actions) == {
        "upgrade", "cancel", "retry", "check_version", "list_tasks", "list_packages",
    }  # fmt: skip


async def test_actions_say_that_the_integration_does_not_run(home: Home) -> None:
    """Without its depot nothing can be done, and that is said."""
    await home.start()
    await home.stop()
    with pytest.raises(ServiceValidationError) as raised:
        await act(home, "list_packages")
    assert raised.value.translation_key == "service_config_entry_not_loaded"


async def test_upgrade_begins_all_that_has_an_update(weather: Home) -> None:
    """A device that is named is upgraded whole, and each task is answered."""
    answer = await act(weather, "upgrade", device_id=registry_id(weather))
    firmware, software = answer["upgrades"]
    assert (firmware["kind"], firmware["version"]) == ("firmware", "1.4.0")
    assert (software["kind"], software["version"]) == ("software", "2.1")
    assert firmware["task_id"] == weather.task().id
    assert firmware["device"] == firmware["name"] == "weather_1"
    assert firmware["device_id"] == registry_id(weather)
    assert firmware["entity_id"] == weather.entity_id()
    assert firmware["cause"] is firmware["message"] is None
    assert weather.task().pinned is False


async def test_upgrade_of_one_kind(weather: Home) -> None:
    """The kind can be chosen, or an update entity named."""
    await act(weather, "upgrade", device_id=registry_id(weather), kind="software")
    assert weather.stage() is None
    assert weather.stage(kind=PackageKind.SOFTWARE) is not None
    await act(weather, "upgrade", entity_id=weather.entity_id())
    assert weather.stage() is not None


async def test_upgrade_leaves_alone_what_is_up_to_date(weather: Home) -> None:
    """Nothing to do is no error: an automation runs every night."""
    await weather.report(firmware="1.4.0", software="2.1")
    answer = await act(weather, "upgrade", device_id=registry_id(weather))
    assert answer == {"upgrades": []}


async def test_upgrade_to_a_certain_version(weather: Home) -> None:
    """A chosen version is not replaced by a newer one that comes while it waits."""
    answer = await act(
        weather, "upgrade", entity_id="all", version="1.4.0", wait_online=True, retries=2,
        retry_interval={"minutes": 7},
    )  # fmt: skip
    (upgrade,) = answer["upgrades"]
    assert upgrade["version"] == "1.4.0"
    task = weather.task()
    assert task.pinned
    assert task.policy.retry_count == 2
    assert task.policy.retry_interval == timedelta(minutes=7)


async def test_upgrade_to_a_version_that_is_nowhere(weather: Home) -> None:
    """A version that the depot does not have for any target is a mistake."""
    with pytest.raises(ServiceValidationError) as raised:
        await act(weather, "upgrade", entity_id="all", version="9.9")
    assert raised.value.translation_key == "no_such_version"
    assert "9.9" in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": ""},
        {"version": "1" * 300},
        {"kind": "hardware"},
        {"retries": 6},
        {"retries": -1},
        {"retry_interval": {"seconds": 1}},
        {"retry_interval": {"days": 2}},
        {"surprise": 1},
    ],
)
async def test_upgrade_with_nonsense(weather: Home, wrong: dict[str, Any]) -> None:
    """What cannot be meant never reaches a device."""
    with pytest.raises(vol.Invalid):
        await act(weather, "upgrade", entity_id="all", **wrong)
    assert weather.stage() is None


async def test_upgrade_joins_what_is_under_way(weather: Home) -> None:
    """Asked twice for the same, a device is upgraded once."""
    await act(weather, "upgrade", entity_id=weather.entity_id())
    task = weather.task()
    answer = await act(weather, "upgrade", entity_id=weather.entity_id())
    assert [upgrade["task_id"] for upgrade in answer["upgrades"]] == [task.id]


async def test_another_version_while_one_is_under_way_is_refused(weather: Home) -> None:
    """Another version while one is under way is an error of whoever calls."""
    await weather.add_package(**OLDER)
    await act(weather, "upgrade", entity_id=weather.entity_id(), version="1.2.0")
    with pytest.raises(ServiceValidationError) as raised:
        await act(weather, "upgrade", entity_id=weather.entity_id(), version="1.4.0")
    assert raised.value.translation_key == "task_conflict"


async def test_one_refusal_does_not_stop_the_others(weather: Home) -> None:
    """What could not begin stands in the answer beside what did."""
    await weather.add_package(**OLDER)
    await act(weather, "upgrade", entity_id=weather.entity_id(), version="1.2.0")
    await weather.report("weather_2")
    answer = await act(weather, "upgrade", entity_id="all", version="1.4.0")
    refused, begun = answer["upgrades"]
    assert (refused["device"], refused["state"]) == ("weather_1", "refused")
    assert refused["cause"] == "task_conflict"
    assert "1.2.0" in refused["message"]
    assert (begun["device"], begun["version"]) == ("weather_2", "1.4.0")


async def test_an_action_that_did_nothing_names_every_reason_once(weather: Home) -> None:
    """An action that did nothing at all has failed, and names every reason once."""
    await weather.report("weather_2")
    await weather.add_package(**OLDER)
    await act(weather, "upgrade", entity_id="all", version="1.2.0")
    with pytest.raises(ServiceValidationError) as raised:
        await act(weather, "upgrade", entity_id="all", version="1.4.0")
    assert raised.value.translation_key == "all_refused"
    assert "None of the 2 upgrades" in str(raised.value)
    assert "weather_1" in str(raised.value)
    assert "weather_2" in str(raised.value)


async def test_waiting_for_the_end(weather: Home) -> None:
    """With `wait` the answer tells how it ended."""
    action = await begin(weather, "upgrade", entity_id=weather.entity_id(), wait=True)
    await weather.report()
    await weather.until(weather.sent_upgrades, "upgrade message")
    assert not action.done()
    await weather.report(firmware="1.4.0")
    await weather.until(action.done, "answer")
    (upgrade,) = action.result()["upgrades"]
    assert (upgrade["state"], upgrade["from_version"]) == ("succeeded", "1.3.0")


async def test_waiting_through_further_attempts(weather: Home) -> None:
    """A failure after which another attempt comes is not the end."""
    action = await begin(
        weather, "upgrade", entity_id=weather.entity_id(), wait=True, retries=1,
        retry_interval={"minutes": 1},
    )  # fmt: skip
    await weather.report()
    await weather.until(weather.sent_upgrades, "upgrade message")
    await weather.report_progress(result_code=6, version="1.3.0")
    await weather.until(lambda: weather.task().state is State.FAILED, "failure")
    assert not action.done()
    weather.forget_sent()
    await weather.pass_time(timedelta(minutes=2))
    await weather.report()
    await weather.until(weather.sent_upgrades, "second upgrade message")
    await weather.report(firmware="1.4.0")
    await weather.until(action.done, "answer")
    (upgrade,) = action.result()["upgrades"]
    assert (upgrade["state"], upgrade["attempt"]) == ("succeeded", 2)


async def fail(home: Home, result_code: int = 7) -> None:
    """Let a device that is being upgraded fail."""
    await home.report()
    await home.until(home.sent_upgrades, "upgrade message")
    await home.report_progress(result_code=result_code, version="1.3.0")
    await home.until(lambda: home.task().state is State.FAILED, "failure")


async def test_waiting_answers_a_failure_with_its_cause(weather: Home) -> None:
    """Who looks at the answer decides what a failure means."""
    action = await begin(weather, "upgrade", entity_id=weather.entity_id(), wait=True)
    await fail(weather)
    await weather.until(action.done, "answer")
    (upgrade,) = action.result()["upgrades"]
    assert (upgrade["state"], upgrade["cause"]) == ("failed", "integrity_check_failed")
    assert upgrade["message"].startswith("Integrity check failure for new downloaded package. ")


async def test_waiting_without_an_answer_raises(weather: Home) -> None:
    """Who does not look at the answer is stopped by a failure."""
    action = await begin(
        weather, "upgrade", response=False, entity_id=weather.entity_id(), wait=True
    )
    await fail(weather)
    await weather.until(action.done, "end of the action")
    error = action.exception()
    assert isinstance(error, HomeAssistantError)
    assert error.translation_key == "upgrades_failed"
    assert "weather_1: Integrity check failure" in str(error)


async def test_waiting_without_an_answer_for_a_success(weather: Home) -> None:
    """A success needs no answer."""
    action = await begin(
        weather, "upgrade", response=False, entity_id=weather.entity_id(), wait=True
    )
    await weather.report()
    await weather.until(weather.sent_upgrades, "upgrade message")
    await weather.report(firmware="1.4.0")
    await weather.until(action.done, "end of the action")
    assert action.exception() is None


async def test_waiting_names_what_could_not_begin(weather: Home) -> None:
    """A refusal among successes is not lost on who does not look at the answer."""
    await weather.add_package(**OLDER)
    await act(weather, "upgrade", entity_id=weather.entity_id(), version="1.2.0")
    await weather.report("weather_2")
    action = await begin(
        weather, "upgrade", response=False, entity_id="all", version="1.4.0", wait=True
    )
    await weather.report("weather_2")
    await weather.until(lambda: weather.sent_upgrades("weather_2"), "upgrade message")
    await weather.report("weather_2", "1.4.0")
    await weather.until(action.done, "end of the action")
    message = str(action.exception())
    assert message.startswith("1 of 2 upgrades did not succeed. weather_1: ")
    assert "1.2.0" in message


async def test_waiting_ends_with_the_integration(weather: Home) -> None:
    """No action hangs on something that has stopped."""
    action = await begin(weather, "upgrade", entity_id=weather.entity_id(), wait=True)
    await weather.settle()
    await weather.stop()
    await weather.until(action.done, "end of the action")
    error = action.exception()
    assert isinstance(error, HomeAssistantError)
    assert error.translation_key == "stopped_waiting"


async def test_waiting_for_a_forgotten_device(weather: Home) -> None:
    """A device that is deleted meanwhile takes its upgrade with it; nobody waits on."""
    action = await begin(weather, "upgrade", entity_id=weather.entity_id(), wait=True)
    await weather.manager.async_forget("weather_1")
    await weather.until(action.done, "answer")
    (upgrade,) = action.result()["upgrades"]
    assert (upgrade["state"], upgrade["device_id"]) == ("cancelled", registry_id(weather))


async def test_upgrade_is_the_doing_of_whoever_called(weather: Home) -> None:
    """Events of the task carry the context of the action."""
    events = async_capture_events(weather.hass, EVENT_TASK_CHANGED)
    user = MockUser(is_owner=True).add_to_hass(weather.hass)
    context = Context(user_id=user.id)
    await act(weather, "upgrade", context=context, entity_id=weather.entity_id())
    requester = weather.task().requester
    assert requester is not None
    assert (requester.context_id, requester.user_id) == (context.id, user.id)
    assert events
    assert {event.context.user_id for event in events} == {user.id}


@pytest.mark.parametrize("action", ["upgrade", "cancel", "retry"])
async def test_changes_are_for_administrators(weather: Home, action: str) -> None:
    """Who may not press Install may do none of this, either."""
    context = user_of(weather, weather.entity_id(), weather.entity_id(kind=PackageKind.SOFTWARE))
    with pytest.raises(Unauthorized):
        await act(weather, action, context=context, device_id=registry_id(weather))
    assert weather.stage() is None


async def test_many_devices_at_once(weather: Home) -> None:
    """An area full of devices is answered at once, and its tasks are saved together."""
    for number in range(200):
        await weather.report(f"weather_{number}")
    saved = 0
    store = weather.manager._store
    save = store._tasks.async_save

    async def count(data: dict[str, Any]) -> None:
        nonlocal saved
        saved += 1
        # As a disk does
        await asyncio.sleep(0.02)
        await save(data)

    store._tasks.async_save = count
    answer = await act(weather, "upgrade", entity_id="all", kind="firmware")
    assert len(answer["upgrades"]) == 200
    assert {upgrade["state"] for upgrade in answer["upgrades"]} <= set(State)
    assert saved < 20


async def test_cancel_gives_up_an_upgrade_that_waits(weather: Home) -> None:
    """Who pressed Install by mistake on a sleeping device does not wait for a day."""
    await weather.install()
    answer = await act(weather, "cancel", entity_id=weather.entity_id())
    (upgrade,) = answer["upgrades"]
    assert (upgrade["device"], upgrade["state"]) == ("weather_1", "cancelled")
    assert weather.stage() == "cancelled"
    assert weather.state().attributes["in_progress"] is False
    await weather.report()
    assert weather.sent_upgrades() == []


async def test_cancel_both_kinds_of_a_device(weather: Home) -> None:
    """The one that waits for its turn is cancelled, too."""
    await act(weather, "upgrade", device_id=registry_id(weather))
    answer = await act(weather, "cancel", device_id=registry_id(weather))
    assert [upgrade["state"] for upgrade in answer["upgrades"]] == ["cancelled", "cancelled"]


async def test_cancel_takes_the_download_right_back(weather: Home) -> None:
    """The token of a cancelled upgrade is of no use to anybody."""
    await weather.install_and_notify()
    grant = weather.task().grant
    assert grant is not None
    await act(weather, "cancel", entity_id=weather.entity_id())
    revocation = ("DELETE", f"/api/v1/grants/{grant.id}")
    await weather.until(lambda: revocation in weather.depot.requests, "revocation")


async def test_cancel_ends_further_attempts(weather: Home) -> None:
    """What has failed and would be tried again is not."""
    await act(
        weather, "upgrade", entity_id=weather.entity_id(), retries=3, retry_interval={"minutes": 1}
    )
    await fail(weather, result_code=6)
    task = weather.task()
    assert task.retry_at is not None
    await act(weather, "cancel", entity_id=weather.entity_id())
    await weather.pass_time(timedelta(minutes=5))
    assert weather.task().id == task.id


async def test_cancel_without_an_upgrade_says_so(weather: Home) -> None:
    """Nothing to cancel is an error of whoever calls, not silence."""
    with pytest.raises(ServiceValidationError) as raised:
        await act(weather, "cancel", entity_id=weather.entity_id())
    assert raised.value.translation_key == "nothing_to_cancel"
    assert "weather_1" in str(raised.value)


async def test_retry_takes_the_same_package(weather: Home) -> None:
    """What failed is tried again with the same package; what never was is left alone."""
    await act(weather, "upgrade", entity_id=weather.entity_id())
    await fail(weather)
    before = weather.task()
    answer = await act(weather, "retry", device_id=registry_id(weather))
    (upgrade,) = answer["upgrades"]
    assert upgrade["task_id"] == weather.task().id != before.id
    assert weather.task().package == before.package
    assert weather.stage(kind=PackageKind.SOFTWARE) is None


async def test_retry_without_a_failure_says_so(weather: Home) -> None:
    """Nothing to retry is an error of whoever calls."""
    with pytest.raises(ServiceValidationError) as raised:
        await act(weather, "retry", entity_id=weather.entity_id())
    assert raised.value.translation_key == "nothing_to_retry"


async def test_check_version_asks_and_answers_what_is_known(weather: Home) -> None:
    """Devices are asked, and what they last said is answered."""
    weather.forget_sent()
    answer = await act(weather, "check_version", device_id=registry_id(weather))
    assert weather.sent_types() == ["version_query"]
    (device,) = answer["devices"]
    assert (device["device"], device["firmware"], device["software"]) == (
        "weather_1",
        "1.3.0",
        "2.0",
    )


async def test_waiting_for_a_device_that_is_forgotten_at_once(weather: Home) -> None:
    """Gone before the wait has even begun, it is answered as it was."""
    install = weather.manager.async_install

    async def forget(*args: Any, **wishes: Any) -> Task:
        task = await install(*args, **wishes)
        await weather.manager.async_forget("weather_1")
        return task

    with patch.object(weather.manager, "async_install", forget):
        answer = await act(weather, "upgrade", entity_id=weather.entity_id(), wait=True)
    (upgrade,) = answer["upgrades"]
    assert upgrade["device"] == "weather_1"


async def test_check_version_without_a_broker(weather: Home) -> None:
    """Nobody is asked while the broker is away, and that is said."""
    weather.broker_goes_away()
    with pytest.raises(HomeAssistantError) as raised:
        await act(weather, "check_version", device_id=registry_id(weather))
    assert raised.value.translation_key == "broker_away"
    await weather.broker_returns()


async def test_check_version_needs_the_right_to_control(weather: Home) -> None:
    """Who may control both update entities of a device may ask it."""
    both = [weather.entity_id(kind=kind) for kind in PackageKind]
    await act(
        weather, "check_version", context=user_of(weather, *both), device_id=registry_id(weather)
    )
    with pytest.raises(Unauthorized):
        await act(
            weather,
            "check_version",
            context=user_of(weather, both[0]),
            device_id=registry_id(weather),
        )


async def test_list_tasks_begins_with_the_newest(weather: Home) -> None:
    """The newest stands first, and can be chosen by kind, state and target."""
    await weather.report("weather_2")
    await act(weather, "upgrade", entity_id=weather.entity_id())
    await weather.pass_time(timedelta(seconds=1))
    await weather.install("weather_2")
    await act(weather, "cancel", entity_id=weather.entity_id("weather_2"))

    async def devices(**filters: Any) -> list[str]:
        answer = await act(weather, "list_tasks", **filters)
        return [task["device"] for task in answer["tasks"]]

    assert await devices() == ["weather_2", "weather_1"]
    assert await devices(state="cancelled") == ["weather_2"]
    assert await devices(device_id=registry_id(weather)) == ["weather_1"]
    assert await devices(kind="software") == []


async def test_list_tasks_shows_what_a_user_may_see(weather: Home) -> None:
    """Of other devices nothing is told."""
    await weather.report("weather_2")
    await act(weather, "upgrade", entity_id="all", kind="firmware")
    answer = await act(
        weather, "list_tasks", context=user_of(weather, weather.entity_id("weather_2"))
    )
    assert [task["device"] for task in answer["tasks"]] == ["weather_2"]


async def test_list_packages_begins_with_the_newest(weather: Home) -> None:
    """The newest stands first; withdrawn ones are told only when asked for."""
    await weather.add_package(
        id="old", version="1.0.0", withdrawn=True, created_at="2026-10-01T10:00:00Z"
    )
    await weather.add_package(id="car", model="car", created_at="2026-11-02T10:00:00Z")

    async def packages(**filters: Any) -> list[str]:
        answer = await act(weather, "list_packages", **filters)
        return [package["package_id"] for package in answer["packages"]]

    assert await packages() == ["car", "pkg1", "pkg2"]
    assert await packages(withdrawn=True) == ["car", "pkg1", "pkg2", "old"]
    assert await packages(kind="software") == ["pkg2"]
    assert await packages(model="car") == ["car"]
    assert await packages(version="1.4.0", model="weather") == ["pkg1"]
    assert await packages(device_id=registry_id(weather)) == ["pkg1", "pkg2"]
    assert await packages(entity_id=weather.entity_id()) == ["pkg1"]
    (package,) = (await act(weather, "list_packages", kind="software"))["packages"]
    assert package["sha256"] == "ab" * 32
    assert package["size"] == 1024


async def test_lists_without_an_unknown_user(weather: Home) -> None:
    """A context of a user who was deleted opens nothing."""
    with pytest.raises(Unauthorized):
        await act(weather, "list_tasks", context=Context(user_id="gone"))
