"""Upgrades from the button to the reported version, and all that comes between."""

from datetime import timedelta
import json
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.components.update import DOMAIN as UPDATE, SERVICE_INSTALL
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.mqtt_ota import (
    async_remove_config_entry_device,
    intake,
    known_devices,
)
from custom_components.mqtt_ota.const import EVENT_TASK_CHANGED, PackageKind
from custom_components.mqtt_ota.devices import Device
from custom_components.mqtt_ota.task_list import SLOT_PATIENCE
from tests.integration.fake_depot import make_package
from tests.integration.home import Home
from tests.integration.views import registered

SOFTWARE = PackageKind.SOFTWARE
HOURS = timedelta(hours=1)
MINUTES = timedelta(minutes=1)


pytestmark = pytest.mark.usefixtures("two_packages")


# Discovery


async def test_a_report_makes_the_entities_of_what_it_names(home: Home) -> None:
    """A device has the entities for what it has a version of; more come when it reports more."""
    await home.start()
    await home.report("weather_1", firmware="1.3.0")
    assert home.entity_id("weather_1") == "update.weather_1_firmware"
    assert home.entity_id("weather_1", SOFTWARE) is None
    await home.report("weather_1", firmware=None, software="2.0")
    assert home.entity_id("weather_1", SOFTWARE) == "update.weather_1_software"
    assert home.state().state == "on"
    assert home.state(kind=SOFTWARE).attributes["latest_version"] == "2.1"


async def test_a_device_is_remembered_over_a_restart(home: Home) -> None:
    """Devices that sleep for days are not forgotten, and all are asked what they run."""
    await home.start()
    await home.report("weather_1", software="2.0")
    await home.report("lamp_7", gateway="gate_1")
    home.forget_sent()
    await home.restart()
    assert set(home.manager.devices) == {"weather_1", "lamp_7", "gate_1"}
    await home.until(lambda: home.sent_types("weather_1"), "question")
    await home.until(lambda: home.sent_types("gate_1"), "question through the gateway")
    assert {message.event_type for message in home.sent} == {"version_query"}


async def test_an_unknown_device_is_asked_now_and_then(home: Home) -> None:
    """A device that talks a lot is not asked with each of its messages."""
    await home.start()
    for _ in range(3):
        await home.say("lamp_7", "hello")
    assert home.sent_types("lamp_7") == ["version_query"]
    home.clock.tick(MINUTES)
    await home.say("lamp_7", "hello")
    assert home.sent_types("lamp_7") == ["version_query", "version_query"]
    assert home.manager.devices == {}


async def test_who_is_asked_is_forgotten_in_the_end(home: Home) -> None:
    """Ever new names do not fill the memory."""
    await home.start()
    with patch.object(intake, "MAX_DEVICES", 2):
        for number in range(5):
            await home.say(f"lamp_{number}", "hello")
            assert len(home.manager._intake._asked) <= 2


async def test_there_is_an_end_to_devices(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever invents devices is stopped; those that are known stay heard."""
    await home.start()
    with patch.object(known_devices, "MAX_DEVICES", 2):
        for number in range(4):
            await home.report(f"weather_{number}")
        assert set(home.manager.devices) == {"weather_0", "weather_1"}
        assert home.sent_types("weather_3") == []
        await home.report("weather_0", "1.4.0")
    assert home.manager.devices["weather_0"].firmware == "1.4.0"
    assert "'weather_3': too many devices are known already" in caplog.text


async def test_a_report_without_versions_makes_no_device(home: Home) -> None:
    """There would be nothing to show."""
    await home.start()
    await home.report("weather_1", firmware=None, software="")
    assert home.manager.devices == {}


async def test_the_model_decides_what_is_offered(home: Home) -> None:
    """It comes from the id until the device names it."""
    await home.start()
    await home.report("station-77")
    assert home.state("station-77").state == "off"
    await home.report("station-77", model="weather")
    assert home.manager.devices["station-77"].model == "weather"
    assert home.state("station-77").state == "on"


async def test_nobody_speaks_for_another_device(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """A device that may publish only on its own topic can neither report for another nor end its task."""
    await home.start()
    await home.report("weather_1")
    await home.install_and_notify()
    await home.report("weather_1", "1.4.0", gateway="evil_1")
    assert home.manager.devices["weather_1"] == Device(
        id="weather_1", model="weather", firmware="1.3.0"
    )
    assert home.stage() == "awaiting_download"
    assert "'evil_1': it names a foreign device" in caplog.text


async def test_a_gateway_speaks_for_its_own(home: Home) -> None:
    """A device behind a gateway is upgraded through it; another gateway does not count."""
    await home.start()
    await home.report("weather_9", gateway="gate_1")
    await home.install("weather_9")
    await home.report("weather_9", "1.4.0", gateway="gate_2")
    assert home.state("weather_9").attributes["installed_version"] == "1.3.0"
    await home.report("weather_9", gateway="gate_1")
    await home.until(lambda: home.stage("weather_9") == "awaiting_download", "notification")
    (upgrade,) = home.sent_upgrades("gate_1")
    assert upgrade.message["object_device_id"] == "weather_9"


async def test_a_device_speaks_for_itself(home: Home) -> None:
    """Whoever claims a foreign name first does not keep it: the device's own topic wins."""
    await home.start()
    await home.report("weather_9", "9.9.9", gateway="liar")
    await home.report("weather_9", "1.3.0")
    assert home.state("weather_9").attributes["installed_version"] == "1.3.0"
    await home.report("weather_9", "9.9.9", gateway="liar")
    assert home.state("weather_9").attributes["installed_version"] == "1.3.0"


async def test_a_deleted_device_comes_back_as_a_new_one(home: Home) -> None:
    """Deleting gives its upgrade up; its next report shows it again."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    grant = home.task().grant
    assert grant is not None
    registry_id = home.manager.registry_id("weather_1")
    assert registry_id is not None
    device = dr.async_get(home.hass).async_get(registry_id)
    assert device is not None
    assert await async_remove_config_entry_device(home.hass, home.entry, device)
    dr.async_get(home.hass).async_remove_device(device.id)
    revocation = ("DELETE", f"/api/v1/grants/{grant.id}")
    await home.until(lambda: revocation in home.depot.requests, "revocation")
    assert home.entity_id() is None
    assert home.manager.devices == {}
    await home.report(firmware="1.3.1")
    assert home.state().attributes["installed_version"] == "1.3.1"
    assert home.stage() is None


async def test_a_device_is_not_deleted_while_nothing_runs(home: Home) -> None:
    """What is saved would bring it back, and nobody could take its upgrade's grant back."""
    await home.start()
    await home.report()
    device = registered(home)
    await home.stop()
    with pytest.raises(ServiceValidationError, match="not loaded"):
        await async_remove_config_entry_device(home.hass, home.entry, device)
    await home.start()
    assert "weather_1" in home.manager.devices


# The way of an upgrade


async def test_an_upgrade_succeeds_by_the_version_alone(home: Home) -> None:
    """Every stage is shown and told; neither bytes nor results count as success."""
    changes = async_capture_events(home.hass, EVENT_TASK_CHANGED)
    await home.start()
    await home.report()
    await home.install()
    assert home.stage() == "waiting_online"
    await home.say("weather_1", "hello")
    assert home.stage() == "querying_version"
    await home.report()
    await home.until(home.sent_upgrades, "upgrade message")
    assert home.stage() == "awaiting_download"
    await home.transfer(bytes_served=512)
    assert home.stage() == "downloading"
    assert home.state().attributes["update_percentage"] == 50
    await home.transfer(bytes_served=1024, complete=True)
    assert home.stage() == "awaiting_update"
    await home.report_progress(progress=100)
    assert home.stage() == "updating"
    assert home.state().attributes["installed_version"] == "1.3.0"
    assert home.state().attributes["in_progress"] is True
    await home.report(firmware="1.4.0")
    assert home.stage() == "succeeded"
    assert home.state().state == "off"
    assert home.state().attributes["in_progress"] is False
    states = [change.data["state"] for change in changes]
    assert states == [
        "queued",
        "waiting_online",
        "querying_version",
        "queued",
        "awaiting_download",
        "downloading",
        "awaiting_update",
        "updating",
        "succeeded",
    ]
    assert changes[-1].data == {
        "device_id": home.manager.registry_id("weather_1"),
        "device": "weather_1",
        "task_id": home.task().id,
        "kind": "firmware",
        "version": "1.4.0",
        "from_version": "1.3.0",
        "from_state": "updating",
        "state": "succeeded",
        "cause": None,
        "attempt": 1,
        "likely_mistake": None,
        "unproven": False,
    }
    assert len(home.sent_upgrades()) == 1


async def test_the_device_tells_its_progress(home: Home) -> None:
    """A device behind a proxy of its own reports what the depot can't see; it never falls."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    for progress, shown in ((10, 10), (42, 42), (7, 42)):
        await home.report_progress(progress=progress)
        assert home.state().attributes["update_percentage"] == shown


async def test_a_result_is_learnt_as_a_version(home: Home) -> None:
    """A device that reports its result and nothing else shows its new version."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.transfer(bytes_served=1024, complete=True)
    await home.report_progress(progress=100, version="1.4.0")
    assert home.stage() == "succeeded"
    assert home.state().attributes["installed_version"] == "1.4.0"


async def test_a_failure_names_its_cause(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """In the attributes, in the event and in the log; then Install may be pressed again."""
    changes = async_capture_events(home.hass, EVENT_TASK_CHANGED)
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.report_progress(result_code=5)
    assert home.stage() == "failed"
    assert home.state().attributes["cause"] == "not_enough_storage"
    assert home.state().attributes["in_progress"] is False
    assert changes[-1].data["cause"] == "not_enough_storage"
    assert (
        "Upgrade of weather_1 to firmware 1.4.0 failed: "
        "Not enough storage for the new firmware package."
    ) in caplog.text
    home.forget_sent()
    await home.install_and_notify()
    assert home.state().attributes["cause"] is None


async def test_a_failure_names_the_likely_mistake(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """In the attributes, in the event and, with its numbers, in the log."""
    changes = async_capture_events(home.hass, EVENT_TASK_CHANGED)
    await home.start()
    await home.report()
    await home.install_and_notify()
    message = home.sent_upgrades()[0]
    payload = json.dumps(message.message, separators=(",", ":"))
    size = len(message.topic) + len(payload)
    await home.pass_time(timedelta(minutes=2))
    await home.say("weather_1", "telemetry")
    await home.pass_time(timedelta(hours=25))
    assert home.state().attributes["cause"] == "download_start_timeout"
    assert home.state().attributes["likely_mistake"] == "buffer_too_small"
    assert changes[-1].data["likely_mistake"] == "buffer_too_small"
    assert f"smaller than the upgrade message of {size} bytes" in caplog.text


async def test_the_depot_tells_what_shows_a_mistake(home: Home) -> None:
    """Its counts reach the task; a depot that does not tell them is no worse than before."""
    await home.start()
    await home.report()
    await home.install_and_notify()
    evidence = {"unauthorized": 3, "gap": [100, 300], "left_open": True}
    await home.transfer(bytes_served=200, **evidence)
    task = home.task()
    assert (task.unauthorized, task.gap_start, task.gap_end, task.left_open) == (3, 100, 300, True)
    await home.transfer(bytes_served=300)
    task = home.task()
    assert (task.unauthorized, task.gap_start, task.gap_end, task.left_open) == (0, 0, 0, False)


async def test_a_chosen_version_may_be_older(home: Home) -> None:
    """Whoever names a version gets that one."""
    home.depot.packages.append(make_package(id="pkg3", version="1.2.0"))
    await home.start()
    await home.report()
    await home.install(version="1.2.0")
    assert home.state().attributes["latest_version"] == "1.2.0"
    await home.report()
    await home.until(home.sent_upgrades, "upgrade message")
    assert home.sent_upgrades()[0].paras["version"] == "1.2.0"


async def test_a_version_that_is_not_there(home: Home) -> None:
    """The error names the device and the version."""
    await home.start()
    await home.report()
    with pytest.raises(ServiceValidationError) as raised:
        await home.install(version="9.9")
    assert raised.value.translation_key == "no_package"
    assert raised.value.translation_placeholders == {
        "device": "weather_1",
        "model": "weather",
        "version": "9.9",
    }


async def test_a_second_install_is_refused(home: Home) -> None:
    """One upgrade of a kind at a time, whoever asks."""
    await home.start()
    await home.report()
    await home.install()
    with pytest.raises(HomeAssistantError):
        await home.install()
    with pytest.raises(ServiceValidationError) as raised:
        await home.manager.async_install("weather_1", PackageKind.FIRMWARE, "1.4.0")
    assert raised.value.translation_key == "task_conflict"
    assert raised.value.translation_placeholders == {"device": "weather_1", "version": "1.4.0"}


async def test_two_kinds_run_one_after_the_other(home: Home) -> None:
    """Update all presses both buttons; the second waits for the end of the first."""
    await home.start()
    await home.report(software="2.0")
    await home.hass.services.async_call(
        UPDATE,
        SERVICE_INSTALL,
        {ATTR_ENTITY_ID: [home.entity_id(), home.entity_id(kind=SOFTWARE)]},
        blocking=True,
    )
    await home.report(software="2.0")
    await home.until(home.sent_upgrades, "upgrade message")
    first, second = home.stage(), home.stage(kind=SOFTWARE)
    assert sorted([str(first), str(second)]) == ["awaiting_download", "queued"]
    assert home.state(kind=SOFTWARE).attributes["in_progress"] is True
    assert home.state().attributes["in_progress"] is True
    done = {"firmware": "1.4.0"} if first == "awaiting_download" else {"software": "2.1"}
    both: dict[str, Any] = {"firmware": "1.3.0", "software": "2.0"} | done
    await home.report(**both)
    await home.report(**both)
    await home.until(lambda: len(home.sent_upgrades()) == 2, "second upgrade message")
    await home.report(firmware="1.4.0", software="2.1")
    assert home.stage() == home.stage(kind=SOFTWARE) == "succeeded"


async def test_so_many_transfer_at_a_time(home: Home) -> None:
    """First come, first served; each end lets the next one in."""
    await home.start()
    names = [f"weather_{number}" for number in range(6)]
    for name in names:
        await home.report(name)
        await home.install(name)
        await home.report(name)
    await home.until(lambda: len(home.depot.grants) == 4, "four grants")
    assert [home.stage(name) for name in names] == ["awaiting_download"] * 4 + ["queued"] * 2
    await home.report(names[2], "1.4.0")
    await home.until(lambda: home.stage(names[4]) == "awaiting_download", "fifth")
    assert home.stage(names[5]) == "queued"


async def test_dead_devices_do_not_block_the_home(home: Home) -> None:
    """Devices that fell silent lose their slots to those that are there, but may still come."""
    await home.start()
    names = [f"weather_{number}" for number in range(5)]
    for name in names:
        await home.report(name)
        await home.install(name)
        await home.report(name)
    await home.until(lambda: len(home.depot.grants) == 4, "four grants")
    for _ in range(SLOT_PATIENCE // MINUTES + 1):
        await home.pass_time(MINUTES)
    assert home.stage(names[4]) == "querying_version" or home.stage(names[4]) == "waiting_online"
    await home.report(names[4])
    await home.until(lambda: home.stage(names[4]) == "awaiting_download", "fifth")
    assert home.stage(names[0]) == "awaiting_download"


# Time


@pytest.mark.parametrize(
    ("stage", "duration", "cause"),
    [
        ("waiting_online", 25 * HOURS, "online_timeout"),
        ("querying_version", 3 * MINUTES, "version_timeout"),
        ("awaiting_download", 24 * HOURS, "download_start_timeout"),
    ],
)
async def test_time_runs_out(home: Home, stage: str, duration: timedelta, cause: str) -> None:
    """Each stage ends at its deadline and not before."""
    await home.start()
    await home.report()
    await home.install()
    if stage != "waiting_online":
        await home.say("weather_1", "hello")
    if stage == "awaiting_download":
        await home.report()
        await home.until(home.sent_upgrades, "upgrade message")
    assert home.stage() == stage
    assert home.state().attributes["deadline"] == home.task().deadline
    await home.pass_time(duration - timedelta(seconds=1))
    assert home.stage() == stage
    await home.pass_time(timedelta(seconds=1))
    assert home.stage() == "failed"
    assert home.state().attributes["cause"] == cause


async def test_a_device_is_asked_again_and_again(home: Home) -> None:
    """A query is lost when the device has not subscribed yet."""
    await home.start()
    await home.report()
    await home.install()
    home.forget_sent()
    for _ in range(6):
        await home.pass_time(MINUTES)
    assert 2 <= len(home.sent_types()) <= 4
    assert set(home.sent_types()) == {"version_query"}


async def test_no_secret_is_logged(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Neither tokens nor keys are in any log, at any level."""
    caplog.set_level(logging.DEBUG, logger="custom_components.mqtt_ota")
    await home.start()
    await home.report()
    await home.install_and_notify()
    await home.report(firmware="1.4.0")
    ours = [record.getMessage() for record in caplog.records if "mqtt_ota" in record.name]
    assert any("awaiting_download" in line for line in ours)
    assert not any("secret" in line or home.entry.data["api_key"] in line for line in ours)


async def test_cancelling_what_is_gone_is_nothing(home: Home) -> None:
    """An automation may be late."""
    await home.start()
    home.manager.cancel("unknown")
    await home.report()
    await home.install()
    home.manager.cancel(home.task().id)
    home.manager.cancel(home.task().id)
    assert home.stage() == "cancelled"
