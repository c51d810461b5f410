"""Many devices on one connection to a real broker."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import json
from pathlib import Path
from typing import Any

import pytest
from stack.broker import Broker

from mqtt_ota_simulate import fleet as fleets
from mqtt_ota_simulate.device import Device, World
from mqtt_ota_simulate.fleet import Fleet
from mqtt_ota_simulate.personality import PERSONALITIES, PLAIN
from mqtt_ota_tools.connection import Broker as BrokerAddress, BrokerError, Connection
from mqtt_ota_tools.protocol import Kind

pytestmark = pytest.mark.e2e

COUNT = 230
# More than Mosquitto keeps for one connection.
MANY = 3000


def address(broker: Broker, **changes: Any) -> BrokerAddress:
    """Return how the broker is reached."""
    return BrokerAddress(host="127.0.0.1", **{"port": broker.port, **changes})


def devices(fleet: Fleet, sent: Counter[str] | None = None, *, count: int = COUNT) -> list[Device]:
    """Return devices that can do no more than speak; what each sends is counted."""
    counted: Counter[str] = Counter() if sent is None else sent

    def send(device_id: str, message: str, qos: int) -> None:
        """Count a message on its way."""
        counted[device_id] += 1
        fleet.send(device_id, message, qos)

    world = World(
        send=send,
        tell=lambda *_: None,
        downloader=None,  # type: ignore[arg-type]
        restart_seconds=0,
    )
    plain = PERSONALITIES[PLAIN]
    return [
        Device(f"weather_sim{number}", {Kind.FIRMWARE: "1.0.0"}, plain, None, world)
        for number in range(count)
    ]


class Ear:
    """What the platform hears, from any device."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self.heard: Counter[str] = Counter()
        self.connection: Connection | None = None

    def hear(self, topic: str, payload: bytes) -> None:
        """Count a version report of a device."""
        message = json.loads(payload)
        assert message["services"][0]["event_type"] == "version_report"
        assert topic.split("/")[2] == message["object_device_id"]
        self.heard[message["object_device_id"]] += 1


async def until(done: Callable[[], bool]) -> None:
    """Wait for what only threads of the library know."""
    async with asyncio.timeout(20):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@asynccontextmanager
async def listening(broker: Broker) -> AsyncIterator[Ear]:
    """Listen to all devices."""
    ear = Ear()
    ear.connection = Connection(address(broker), ["$oc/devices/+/sys/events/up"], ear.hear)
    await ear.connection.connect()
    try:
        yield ear
    finally:
        await ear.connection.close()


async def test_all_devices_come_and_answer(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tells its version, and hears what is sent to it alone."""
    monkeypatch.setattr(fleets, "PAUSE", 0)
    states: list[str] = []
    fleet = Fleet(address(broker), states.append)
    async with listening(broker) as ear:
        try:
            await fleet.connect(devices(fleet))
            await until(lambda: len(ear.heard) == COUNT)
            assert set(ear.heard.values()) == {1}
            query = {"services": [{"service_id": "$ota", "event_type": "version_query"}]}
            down = "$oc/devices/weather_sim7/sys/events/down"
            assert ear.connection
            ear.connection.publish(down, json.dumps(query).encode(), 1)
            await until(lambda: ear.heard["weather_sim7"] == 2)
        finally:
            await fleet.close()
    assert ear.heard.total() == COUNT + 1
    assert states[0] == "connected to the broker"


async def test_no_message_of_a_burst_is_lost(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker drops what it has to keep for one connection beyond some hundreds of messages."""
    monkeypatch.setattr(fleets, "PAUSE", 0)
    sent: Counter[str] = Counter()
    fleet = Fleet(address(broker), lambda _: None)
    sender = Connection(address(broker), ["$oc/devices/nobody/sys/events/down"], lambda *_: None)
    # As tools for load tests send: nothing waits for the broker's word on what went before.
    sender._client.max_inflight_messages = MANY
    query = json.dumps({"services": [{"service_id": "$ota", "event_type": "version_query"}]})
    try:
        await fleet.connect(devices(fleet, sent, count=MANY))
        await sender.connect()
        await until(lambda: sent.total() == MANY)
        for number in range(MANY):
            down = f"$oc/devices/weather_sim{number}/sys/events/down"
            sender.publish(down, query.encode(), 1)
        await until(lambda: sent.total() == 2 * MANY)
    finally:
        await fleet.close()
        await sender.close()
    assert set(sent.values()) == {2}


async def test_devices_come_back_with_the_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They tell their version again: nobody knows what was missed."""
    monkeypatch.setattr(fleets, "PAUSE", 0)
    broker = Broker(tmp_path / "mosquitto")
    broker.start()
    states: list[str] = []
    sent: Counter[str] = Counter()
    fleet = Fleet(address(broker), states.append)
    try:
        await fleet.connect(devices(fleet, sent))
        await until(lambda: sent.total() == COUNT)
        await asyncio.to_thread(broker.stop)
        await until(lambda: len(states) == 2)
        assert sent.total() == COUNT
        await asyncio.to_thread(broker.start)
        await until(lambda: sent.total() == 2 * COUNT)
    finally:
        await fleet.close()
        broker.stop()
    assert set(sent.values()) == {2}
    assert states[:3] == [
        "connected to the broker",
        "the broker has gone; waiting for it",
        "connected to the broker",
    ]


async def test_a_broker_that_is_not_there_is_told(broker: Broker) -> None:
    """With what to check."""
    fleet = Fleet(address(broker, port=9), lambda _: None)
    with pytest.raises(
        BrokerError, match=r"no connection to the broker 127\.0\.0\.1:9: .*--broker"
    ):
        await fleet.connect(devices(fleet))
    await fleet.close()
