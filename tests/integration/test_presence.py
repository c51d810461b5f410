"""Who is there: what devices, availability topics and gateways tell, and what follows."""

import asyncio
from datetime import timedelta
import json

import pytest

from custom_components.mqtt_ota.devices import MAX_DEVICES
from custom_components.mqtt_ota.presence import Presence
from tests.integration.home import Home
from tests.integration.upgrade.builders import NOW

AVAILABILITY = "tele/{device_id}/LWT"

pytestmark = pytest.mark.usefixtures("two_packages")


def alone(_device_id: str) -> str | None:
    """Return no gateway."""
    return None


# The belief


def test_nobody_is_believed_without_evidence() -> None:
    """A message shows that a device was there, not that it still is."""
    belief = Presence(alone)
    assert belief.is_online("a") is None
    assert belief.last_seen("a") is None
    assert belief.see("a", NOW) is False
    assert belief.is_online("a") is None
    assert belief.last_seen("a") == NOW


def test_a_message_refutes_an_absence() -> None:
    """The notice of the old connection's end comes after the new connection has begun."""
    belief = Presence(alone)
    assert belief.tell("a", online=False) is True
    assert belief.tell("a", online=False) is False
    assert belief.is_online("a") is False
    assert belief.see("a", NOW) is True
    assert belief.is_online("a") is True
    assert belief.tell("a", online=False) is True
    assert belief.is_online("a") is False


def test_behind_an_absent_gateway_nobody_is_there() -> None:
    """Whatever was told of the device itself."""
    belief = Presence({"lamp": "gate"}.get)
    belief.tell("lamp", online=True)
    assert belief.is_online("lamp") is True
    belief.tell("gate", online=False)
    assert belief.is_online("lamp") is False
    belief.tell("gate", online=True)
    assert belief.is_online("lamp") is True
    belief.doubt("lamp")
    assert belief.is_online("lamp") is None


def test_what_is_kept_has_an_end() -> None:
    """Availability topics of devices that nobody knows may be invented."""
    belief = Presence(alone)
    for number in range(MAX_DEVICES + 10):
        belief.tell(str(number), online=True)
    assert belief.is_online(str(MAX_DEVICES + 1)) is None
    assert belief.tell("0", online=False) is True
    belief.forget("0")
    assert belief.is_online("0") is None


# Signs of life


@pytest.mark.parametrize(
    ("suffix", "payload"),
    [
        ("events/up", {"services": []}),
        ("events/up", {"services": [{"service_id": "$log", "event_type": "log_report"}]}),
        ("events/up", {"services": [{"service_id": "$ota", "event_type": "from_the_future"}]}),
        ("events/up", {"services": [{"service_id": "$ota"}]}),
        ("properties/report", {"services": []}),
        ("messages/up", {"anything": 1}),
        ("gateway/sub_devices/properties/report", {"devices": []}),
    ],
)
async def test_any_message_is_a_sign_of_life(
    home: Home, suffix: str, payload: dict[str, object]
) -> None:
    """A battery device is asked for its version within 100 ms of its first message."""
    await home.start()
    await home.report()
    await home.install()
    assert home.stage() == "waiting_online"
    home.forget_sent()
    began = home.hass.loop.time()
    home.receive(f"$oc/devices/weather_1/sys/{suffix}", json.dumps(payload))
    while not home.sent:
        assert home.hass.loop.time() - began < 0.1
        await asyncio.sleep(0)
    assert home.sent_types() == ["version_query"]
    assert home.stage() == "querying_version"


async def test_when_a_device_was_last_seen(home: Home) -> None:
    """Its own messages count, and those of the devices behind it for their gateway."""
    await home.start()
    await home.report("weather_9", gateway="gate_1")
    home.clock.tick(timedelta(minutes=5))
    await home.say("weather_9", "hello", gateway="gate_1")
    now = home.clock().isoformat()
    for device_id in ("weather_9", "gate_1"):
        seen = home.manager.presence.last_seen(device_id)
        assert seen is not None
        assert seen.isoformat() == f"{now}+00:00"
    assert home.manager.presence.last_seen("weather_1") is None


# Availability topics


async def test_a_device_that_is_online_is_asked_at_once(home: Home) -> None:
    """A retained word counts: that is how a broker tells those that come later."""
    home.set_options(availability_topic=AVAILABILITY)
    await home.start()
    await home.report()
    home.receive("tele/weather_1/LWT", "online", retain=True)
    await home.settle()
    assert home.manager.presence.is_online("weather_1") is True
    await home.install()
    assert home.stage() == "querying_version"


async def test_a_device_that_goes_offline_is_waited_for(home: Home) -> None:
    """Before the notification it waits again; its return goes on."""
    home.set_options(availability_topic=AVAILABILITY)
    await home.start()
    await home.report()
    home.receive("tele/weather_1/LWT", "online")
    await home.install()
    home.receive("tele/weather_1/LWT", "offline")
    await home.settle()
    assert home.stage() == "waiting_online"
    assert home.manager.presence.is_online("weather_1") is False
    home.receive("tele/weather_1/LWT", "online")
    await home.settle()
    assert home.stage() in ("waiting_online", "querying_version")
    await home.report()
    await home.until(home.sent_upgrades, "upgrade message")


async def test_a_device_known_to_be_away_is_not_asked(home: Home) -> None:
    """Where the user does not want to wait, that is told at once."""
    home.set_options(availability_topic=AVAILABILITY, wait_online=False)
    await home.start()
    await home.report()
    home.receive("tele/weather_1/LWT", "offline")
    await home.install()
    assert home.stage() == "failed"
    assert home.task().cause == "device_offline"


async def test_words_of_the_users_own(home: Home) -> None:
    """Other words on the topic, broken ones too, tell nothing."""
    home.set_options(
        availability_topic="home/{device_id}/state/up",
        payload_available="1",
        payload_not_available="0",
    )
    await home.start()
    await home.report()
    for payload, online in [
        ("online", None),
        (b"\xff", None),
        ("1", True),
        ("", True),
        ("0", False),
    ]:
        home.receive("home/weather_1/state/up", payload)
        await home.settle()
        assert home.manager.presence.is_online("weather_1") is online
    assert home.manager.messenger.faults == {}


async def test_a_word_before_the_device_is_kept(home: Home) -> None:
    """The broker's retained words come before the devices themselves."""
    home.set_options(availability_topic=AVAILABILITY)
    await home.start()
    home.receive("tele/weather_1/LWT", "online", retain=True)
    await home.settle()
    await home.report()
    assert home.manager.presence.is_online("weather_1") is True


async def test_without_a_broker_nothing_is_known(home: Home) -> None:
    """What was told before may be over; the broker tells it again."""
    home.set_options(availability_topic=AVAILABILITY)
    await home.start()
    await home.report()
    home.receive("tele/weather_1/LWT", "offline")
    await home.settle()
    home.broker_goes_away()
    assert home.manager.presence.is_online("weather_1") is None


# Who is told


async def test_views_hear_of_presence_and_broker(home: Home) -> None:
    """They show whether a device is there, and whether anybody can be heard."""
    home.set_options(availability_topic=AVAILABILITY)
    await home.start()
    await home.report()
    told: list[bool | None] = []
    stop = home.manager.listen(
        "weather_1", lambda: told.append(home.manager.presence.is_online("weather_1"))
    )
    home.receive("tele/weather_1/LWT", "online")
    await home.settle()
    assert told == [True]
    home.broker_goes_away()
    await home.settle()
    assert told == [True, None]
    stop()
    home.receive("tele/weather_1/LWT", "online")
    await home.settle()
    assert told == [True, None]
