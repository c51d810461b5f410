"""Gateways and the devices behind them."""

from datetime import timedelta
from typing import Any

from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.known_devices import GATEWAY_PATIENCE
from tests.integration.fake_depot import make_package
from tests.integration.home import Home

MINUTES = timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("two_packages")


def registered(home: Home, device_id: str) -> dr.DeviceEntry | dr.ChildDeviceEntry:
    """Return a device's entry in Home Assistant's registry."""
    entry_id = home.manager.registry_id(device_id)
    assert entry_id is not None
    entry = dr.async_get(home.hass).async_get(entry_id)
    assert entry is not None
    return entry


def answers(home: Home, gateway: str = "gate_1") -> list[dict[str, Any]]:
    """Return what a gateway was answered about its devices."""
    return [
        message.message["services"][0]
        for message in home.sent
        if message.topic == f"$oc/devices/{gateway}/sys/events/down"
        and message.event_type == "sub_device_update_status_response"
    ]


# The registry


async def test_a_gateway_that_reports_nothing_is_a_device(home: Home) -> None:
    """It is there before the devices behind it, which hang on it."""
    heard: list[tuple[str, tuple[PackageKind, ...]]] = []
    await home.start()
    home.manager.listen_for_devices(lambda device, kinds: heard.append((device.id, tuple(kinds))))
    await home.report("weather_9", gateway="gate_1")
    await home.report("weather_8", gateway="gate_1")
    assert heard[0] == ("gate_1", ())
    assert [device_id for device_id, _ in heard] == ["gate_1", "weather_9", "weather_8"]
    gateway = registered(home, "gate_1")
    assert registered(home, "weather_9").via_device_id == gateway.id
    assert gateway.model == "gate"
    await home.restart()
    assert set(home.manager.devices) == {"gate_1", "weather_8", "weather_9"}
    assert registered(home, "weather_9").via_device_id == registered(home, "gate_1").id


async def test_a_gateway_gets_its_versions_later(home: Home) -> None:
    """It is a device like the others, with upgrades of its own."""
    await home.start()
    await home.report("weather_9", gateway="gate_1")
    home.forget_sent()
    await home.say("gate_1", "hello")
    await home.say("gate_1", "hello")
    (asked,) = home.sent
    assert (asked.event_type, asked.message["object_device_id"]) == ("version_query", "gate_1")
    await home.report("gate_1", "7.0")
    assert home.manager.devices["gate_1"].firmware == "7.0"
    assert home.state("gate_1").attributes["installed_version"] == "7.0"


async def test_a_gateway_that_was_deleted_comes_back(home: Home) -> None:
    """Its devices could not hang on it otherwise."""
    await home.start()
    await home.report("weather_9", gateway="gate_1")
    await home.manager.async_forget("gate_1")
    dr.async_get(home.hass).async_remove_device(registered(home, "gate_1").id)
    await home.settle()
    await home.restart()
    assert registered(home, "gate_1").model == "gate"


# Who speaks for a device


async def test_a_device_moves_when_its_gateway_is_gone(home: Home) -> None:
    """Silence for an hour, while another one speaks for the device."""
    await home.start()
    await home.report("weather_9", gateway="gate_1")
    await home.report("weather_9", "1.3.1", gateway="gate_2")
    assert home.manager.devices["weather_9"].gateway_id == "gate_1"
    home.clock.tick(GATEWAY_PATIENCE)
    await home.report("weather_9", "1.3.1", gateway="gate_2")
    device = home.manager.devices["weather_9"]
    assert (device.gateway_id, device.firmware) == ("gate_2", "1.3.1")
    assert registered(home, "weather_9").via_device_id == registered(home, "gate_2").id
    await home.report("weather_9", "1.3.0", gateway="gate_1")
    assert home.manager.devices["weather_9"].gateway_id == "gate_2"


async def test_a_gateway_that_lives_keeps_its_devices(home: Home) -> None:
    """However long another one claims them."""
    await home.start()
    await home.report("weather_9", gateway="gate_1")
    for _ in range(5):
        home.clock.tick(GATEWAY_PATIENCE / 2)
        await home.report("weather_9", "6.6.6", gateway="liar")
        await home.say("gate_1", "hello")
    assert home.manager.devices["weather_9"].gateway_id == "gate_1"
    assert home.manager.devices["weather_9"].firmware == "1.3.0"


@pytest.mark.parametrize("away", ["gate_1", "weather_9"])
async def test_a_gateway_may_let_go(home: Home, away: str) -> None:
    """It is offline, or says that the device has left it."""
    home.set_options(availability_topic="tele/{device_id}/LWT")
    await home.start()
    await home.report("weather_9", gateway="gate_1")
    if away == "gate_1":
        home.receive("tele/gate_1/LWT", "offline")
    else:
        await home.tell_statuses("gate_1", weather_9="OFFLINE")
    await home.report("weather_9", "1.3.1", gateway="gate_2")
    assert home.manager.devices["weather_9"].gateway_id == "gate_2"


async def test_claims_are_bounded(home: Home) -> None:
    """Whoever claims everything is remembered for some of it only."""
    await home.start()
    known = home.manager._known
    await home.report("weather_9", gateway="gate_1")
    await home.report("weather_9", gateway="liar")
    assert len(known._claims) == 1
    await home.manager.async_forget("weather_9")
    assert known._claims == {}


# What gateways tell


async def test_a_gateway_tells_who_is_there(home: Home) -> None:
    """It is believed about its own devices, and answered."""
    await home.start()
    await home.report("weather_9", gateway="gate_1")
    await home.report("weather_1")
    home.forget_sent()
    await home.tell_statuses("gate_1", weather_9="ONLINE", weather_1="OFFLINE")
    assert home.manager.presence.is_online("weather_9") is True
    assert home.manager.presence.is_online("weather_1") is None
    (answer,) = answers(home)
    assert answer["service_id"] == "$sub_device_manager"
    assert answer["event_id"] == "e1"
    assert answer["paras"] == {
        "successful_devices": [{"device_id": "weather_9", "status": "ONLINE"}],
        "failed_devices": [
            {
                "device_id": "weather_1",
                "error_code": "foreign-device",
                "error_msg": "not behind this gateway",
            }
        ],
    }
    await home.tell_statuses("gate_1", weather_9="OFFLINE")
    assert home.manager.presence.is_online("weather_9") is False


async def test_views_behind_a_gateway_hear_of_it(home: Home) -> None:
    """It takes its devices with it, and any word through it brings them back."""
    home.set_options(availability_topic="tele/{device_id}/LWT")
    await home.start()
    await home.report("weather_8", gateway="gate_1")
    await home.report("weather_9", gateway="gate_1")
    told: list[bool | None] = []
    home.manager.listen(
        "weather_9", lambda: told.append(home.manager.presence.is_online("weather_9"))
    )
    home.receive("tele/gate_1/LWT", "offline")
    await home.say("weather_8", "hello", gateway="gate_1")
    assert told == [False, None]


async def test_a_new_device_behind_a_gateway_is_asked(home: Home) -> None:
    """Its gateway knows it before anybody else does."""
    await home.start()
    await home.tell_statuses("gate_1", weather_9="ONLINE", weather_8="OFFLINE", weather_7="ODD")
    asked = [message for message in home.sent if message.event_type == "version_query"]
    assert [message.message["object_device_id"] for message in asked] == ["weather_9", "gate_1"]
    assert {message.topic for message in asked} == {"$oc/devices/gate_1/sys/events/down"}


async def test_a_device_does_not_pass_for_a_gateway(home: Home) -> None:
    """What a device behind a gateway says of others counts for nothing."""
    await home.start()
    await home.report("weather_9", gateway="gate_1")
    home.forget_sent()
    await home.publish(
        "gate_1",
        '{"object_device_id": "weather_9", "services": [{"service_id": "$sub_device_manager",'
        '"event_type": "sub_device_update_status",'
        '"paras": {"device_statuses": [{"device_id": "weather_9", "status": "OFFLINE"}]}}]}',
    )
    assert home.manager.presence.is_online("weather_9") is None
    assert answers(home) == []


# Upgrades


async def test_an_absent_gateway_lets_its_devices_wait(home: Home) -> None:
    """Nobody is asked in vain; its return wakes them."""
    home.set_options(availability_topic="tele/{device_id}/LWT")
    await home.start()
    await home.report("weather_9", gateway="gate_1")
    await home.tell_statuses("gate_1", weather_9="ONLINE")
    await home.install("weather_9")
    assert home.stage("weather_9") == "querying_version"
    home.receive("tele/gate_1/LWT", "offline")
    await home.settle()
    assert home.stage("weather_9") == "waiting_online"
    assert home.manager.presence.is_online("weather_9") is False
    home.forget_sent()
    home.receive("tele/gate_1/LWT", "online")
    await home.settle()
    assert home.manager.presence.is_online("weather_9") is None
    assert home.sent_types("gate_1") == ["version_query"]
    await home.report("weather_9", gateway="gate_1")
    await home.until(lambda: home.stage("weather_9") == "awaiting_download", "notification")


async def start_both(home: Home, first: str, second: str) -> None:
    """Start the upgrades of a gateway and of a device behind it, one after the other."""
    home.depot.packages.append(
        make_package(id="pkg9", model="gate", version="8.0", source_versions=[])
    )
    await home.start()
    await home.report("weather_9", gateway="gate_1")
    await home.report("gate_1", "7.0")
    for device_id in (first, second):
        await home.install(device_id)
    for device_id in (first, second):
        await answer(home, device_id)


async def answer(home: Home, device_id: str, done: bool = False) -> None:
    """Report what a device of these tests runs."""
    if device_id == "gate_1":
        await home.report("gate_1", "8.0" if done else "7.0")
    else:
        await home.report(device_id, "1.4.0" if done else "1.3.0", gateway="gate_1")


@pytest.mark.parametrize(("first", "second"), [("gate_1", "weather_9"), ("weather_9", "gate_1")])
async def test_s18_a_gateway_is_not_upgraded_under_its_devices(
    home: Home, first: str, second: str
) -> None:
    """Its restart would cut their downloads: whoever was first goes first."""
    await start_both(home, first, second)
    await home.until(lambda: home.stage(first) == "awaiting_download", "notification")
    assert home.stage(second) == "queued"
    assert home.manager.place(home.task(second).id) == 1
    await answer(home, first, done=True)
    assert home.stage(first) == "succeeded"
    await home.until(lambda: home.stage(second) == "awaiting_download", "second notification")


async def test_a_gateway_that_installs_is_waited_for(home: Home) -> None:
    """From its download to its end nobody behind it begins."""
    await start_both(home, "gate_1", "weather_9")
    await home.until(lambda: home.stage("gate_1") == "awaiting_download", "notification")
    await home.transfer("gate_1", bytes_served=1024, complete=True)
    assert home.stage("gate_1") == "awaiting_update"
    await home.pass_time(10 * MINUTES)
    assert home.stage("weather_9") in ("queued", "waiting_online")
    await home.report("weather_9", gateway="gate_1")
    assert home.stage("weather_9") == "queued"
    await answer(home, "gate_1", done=True)
    await home.until(lambda: home.stage("weather_9") == "awaiting_download", "notification")
