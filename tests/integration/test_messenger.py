"""Messages on the wire: what leaves, and what is made of what comes."""

import asyncio
import json
from unittest.mock import patch

from homeassistant.components import mqtt
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mqtt_ota import messenger
from custom_components.mqtt_ota.const import LOGGER
from custom_components.mqtt_ota.protocol import MAX_ID_LENGTH, MAX_PAYLOAD_BYTES
from tests.integration.fake_depot import make_package
from tests.integration.home import Home

BROKEN = [
    (b"\xff\xfe", "message is not JSON"),
    (b"[]", "message is not a JSON object"),
    (b"{}", "services is not a list"),
    (b'{"services": [1]}', "service is not an object"),
    (b'{"object_device_id": "a/b", "services": []}', "object_device_id holds no valid device id"),
    (b" " * (MAX_PAYLOAD_BYTES + 1), f"message is longer than {MAX_PAYLOAD_BYTES} bytes"),
]


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the integration has logged as a warning or worse."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == LOGGER.name and record.levelname != "DEBUG"
    ]


async def test_the_exact_query(home: Home) -> None:
    """A version query is compact JSON with QoS 1, never retained."""
    await home.start()
    await home.report()
    home.forget_sent()
    await home.manager.async_check_version("weather_1")
    topic, payload, qos, retain, *_ = home.paho.publish.mock_calls[0].args
    assert topic == "$oc/devices/weather_1/sys/events/down"
    assert payload == (
        b'{"object_device_id":"weather_1","services":[{"service_id":"$ota",'
        b'"event_type":"version_query","event_time":"20261101T100000Z","paras":{}}]}'
    )
    assert (qos, retain) == (1, False)


async def test_the_exact_upgrade_message(home: Home) -> None:
    """The upgrade message holds the whole download and nothing else."""
    home.depot.packages.append(make_package(custom_info="slot=b"))
    await home.start()
    await home.report()
    await home.install_and_notify()
    (sent,) = home.sent_upgrades()
    assert (sent.qos, sent.retain) == (1, False)
    assert sent.message == {
        "object_device_id": "weather_1",
        "services": [
            {
                "service_id": "$ota",
                "event_type": "firmware_upgrade",
                "event_time": "20261101T100000Z",
                "paras": {
                    "version": "1.4.0",
                    "url": "https://192.168.1.20:8443/p/abababababababab",
                    "file_size": 1024,
                    "file_name": "weather-1.4.0.bin",
                    "access_token": "secret-grant1",
                    "expires": 86400,
                    "sign": "ab" * 32,
                    "custom_info": "slot=b",
                },
            }
        ],
    }


@pytest.mark.parametrize(("payload", "fault"), BROKEN)
async def test_a_broken_message_disturbs_nothing(
    home: Home, caplog: pytest.LogCaptureFixture, payload: bytes, fault: str
) -> None:
    """It is logged once per device and counted each time; the next message is heard."""
    await home.start()
    for _ in range(3):
        await home.publish("weather_1", payload)
    await home.publish("weather_2", payload)
    await home.report()
    assert home.state().attributes["installed_version"] == "1.3.0"
    assert home.manager.messenger.faults == {fault: 4}
    assert told(caplog) == [
        f"Ignored a message from 'weather_1': {fault}",
        f"Ignored a message from 'weather_2': {fault}",
    ]


async def test_one_broken_service_costs_only_itself(home: Home) -> None:
    """The others of the same message count."""
    await home.start()
    good = {
        "service_id": "$ota",
        "event_type": "version_report",
        "paras": {"fw_version": "1.3.0"},
    }
    await home.publish("weather_1", json.dumps({"services": [{"service_id": "$ota"}, good]}))
    assert home.state().attributes["installed_version"] == "1.3.0"
    assert home.manager.messenger.faults == {"event_type is not a string": 1}


async def test_a_retained_message_is_no_news(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """What a broker has kept says nothing about today."""
    await home.start()
    await home.say("weather_1", "version_report", {"fw_version": "1.3.0"}, retain=True)
    assert home.manager.devices == {}
    assert home.manager.messenger.faults == {"retained message": 1}
    assert told(caplog) == []


async def test_what_is_kept_of_faults_is_bounded(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sends rubbish under ever new and long names fills neither memory nor log."""
    await home.start()
    with patch.object(messenger, "MAX_DEVICES", 3):
        for number in range(10):
            await home.publish(f"{number}{'x' * 60_000}", b"")
    assert len(told(caplog)) == 3
    assert len(home.manager.messenger._told_faults) == 3
    assert all(len(name) <= MAX_ID_LENGTH for name, _ in home.manager.messenger._told_faults)


async def test_nothing_is_sent_while_the_broker_is_away(home: Home) -> None:
    """Home Assistant would keep it and send it once more with every attempt."""
    await home.start()
    await home.report()
    home.forget_sent()
    home.broker_goes_away()
    with pytest.raises(HomeAssistantError) as raised:
        await home.manager.async_check_version("weather_1")
    assert raised.value.translation_key == "broker_away"
    await home.manager.messenger.async_query_version("weather_1", None)
    assert home.sent == []


async def test_an_unconfirmed_message_counts_as_sent(home: Home) -> None:
    """It is in the client's queue: sent once more, the device would start twice."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    await home.install()
    with patch.object(mqtt, "async_publish", side_effect=HomeAssistantError("lost")) as publish:
        await home.report()
        await home.until(lambda: home.stage() == "awaiting_download", "notification")
    assert home.task().notified_at is not None
    payloads = [call.args[2] for call in publish.mock_calls]
    assert sum(b"firmware_upgrade" in payload for payload in payloads) == 1


async def test_a_gateway_is_asked_for_its_device(home: Home) -> None:
    """Messages for a device behind a gateway go to the gateway, known or not."""
    await home.start()
    await home.say("lamp_7", "hello", gateway="gate_1")
    await home.report("lamp_7", gateway="gate_1")
    await home.manager.async_check_version("lamp_7")
    topics = {message.topic for message in home.sent}
    assert topics == {"$oc/devices/gate_1/sys/events/down"}
    assert [message.message["object_device_id"] for message in home.sent] == ["lamp_7", "lamp_7"]


async def test_a_query_does_not_wait_for_the_disk(home: Home) -> None:
    """A battery device is awake for seconds: it is asked at once, however slow the store is."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    await home.install()
    assert home.stage() == "waiting_online"
    home.forget_sent()
    disk = asyncio.Event()

    async def slow(*_args: object) -> None:
        await disk.wait()

    loop = home.hass.loop
    with patch.object(home.manager._store, "async_save_tasks", slow):
        began = loop.time()
        topic = "$oc/devices/weather_1/sys/events/up"
        hello = json.dumps({"services": [{"service_id": "other"}]})
        home.receive(topic, hello)
        while not home.sent:
            assert loop.time() - began < 0.1
            await asyncio.sleep(0)
        disk.set()
        await home.settle()
    assert home.sent_types() == ["version_query"]
    assert home.stage() == "querying_version"
