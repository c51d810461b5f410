"""A real Mosquitto with the documented access list refuses what a device says of others."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode
import pytest
from stack.broker import Broker, Login
from stack.errors import wait_until

from tests.e2e.test_access_list import LAST, SECONDS, broker_with, documented_rules

pytestmark = pytest.mark.e2e

NOT_AUTHORIZED: Final = 0x87
VICTIM: Final = "weather_garden"
UP: Final = "$oc/devices/{}/sys/events/up"
DOWN: Final = "$oc/devices/{}/sys/events/down"

REPORTS: Final[dict[str, dict[str, Any]]] = {
    "version_report": {"fw_version": "9.9.9", "sw_version": "9.9.9"},
    "upgrade_progress_report": {"result_code": 0, "progress": 100, "version": "9.9.9"},
    "cell_report": {"cell_id": "elsewhere"},
}


class Party:
    """One client of the broker, with what it hears and what it is answered."""

    def __init__(self, broker: Broker, login: Login) -> None:
        """Connect; the newer protocol tells a client that it was refused."""
        self.heard: Queue[MQTTMessage] = Queue()
        self.answers: Queue[ReasonCode] = Queue()
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        client.username_pw_set(login.username, login.password)
        client.on_message = lambda _client, _userdata, message: self.heard.put(message)
        client.on_publish = lambda _client, _userdata, _mid, code, _more: self.answers.put(code)
        client.on_subscribe = lambda _client, _userdata, _mid, codes, _more: self.answers.put(
            codes[0]
        )
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        wait_until(client.is_connected, "a connection", SECONDS)
        self.client = client

    def subscribe(self, topic: str) -> int:
        """Subscribe; return what the broker says to that."""
        self.client.subscribe(topic, qos=1)
        return self._answer()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Publish with QoS 1; return what the broker says to that."""
        self.client.publish(topic, payload, qos=1, retain=retain)
        return self._answer()

    def hears_nothing_but(self, topic: str) -> None:
        """Check that the next message is of a topic: the broker keeps the order."""
        assert self.heard.get(timeout=SECONDS).topic == topic
        with pytest.raises(Empty):
            self.heard.get_nowait()

    def _answer(self) -> int:
        """Return the broker's next answer."""
        return int(self.answers.get(timeout=SECONDS).value)


@pytest.fixture
def parties(tmp_path: Path) -> Iterator[tuple[Party, Party, Party]]:
    """Return Home Assistant, a device that has turned bad, and its victim."""
    with broker_with(tmp_path, *documented_rules()) as broker, _connected(broker) as parties:
        yield parties


@contextmanager
def _connected(broker: Broker) -> Iterator[tuple[Party, Party, Party]]:
    """Connect everybody, and disconnect them in the end."""
    home, evil, victim = (Party(broker, login) for login in broker.logins)
    try:
        yield home, evil, victim
    finally:
        for party in (home, evil, victim):
            party.client.disconnect()
            party.client.loop_stop()


@pytest.mark.parametrize("retain", [False, True], ids=["news", "retained"])
@pytest.mark.parametrize("event_type", REPORTS)
def test_report_in_another_ones_name(
    parties: tuple[Party, Party, Party], event_type: str, retain: bool
) -> None:
    """It is refused and does not arrive, neither now nor at whoever subscribes later."""
    home, evil, _victim = parties
    service = {"service_id": "$ota", "event_type": event_type, "paras": REPORTS[event_type]}
    payload = json.dumps({"object_device_id": VICTIM, "services": [service]}).encode()
    assert home.subscribe(UP.format("+")) == 1
    assert home.subscribe(LAST) == 1
    assert evil.publish(UP.format(VICTIM), payload, retain=retain) == NOT_AUTHORIZED
    assert home.subscribe(UP.format(VICTIM)) == 1
    home.publish(LAST, b"")
    home.hears_nothing_but(LAST)


def test_command_in_our_name(parties: tuple[Party, Party, Party]) -> None:
    """No device can order another one to fetch something, nor leave such an order behind."""
    home, evil, victim = parties
    assert victim.subscribe(DOWN.format(VICTIM)) == 1
    for retain in (False, True):
        assert evil.publish(DOWN.format(VICTIM), b"{}", retain=retain) == NOT_AUTHORIZED
    home.publish(DOWN.format(VICTIM), b"{}")
    victim.hears_nothing_but(DOWN.format(VICTIM))


@pytest.mark.parametrize(
    "topic", [DOWN.format(VICTIM), DOWN.format("+"), "$oc/#", "#", "$oc/devices/+/#"]
)
def test_grant_of_another_device(parties: tuple[Party, Party, Party], topic: str) -> None:
    """Whatever it subscribes to, the message with the other one's token does not reach it."""
    home, evil, victim = parties
    evil.subscribe(topic)
    evil.subscribe(DOWN.format("weather_kitchen"))
    assert victim.subscribe(DOWN.format(VICTIM)) == 1
    home.publish(DOWN.format(VICTIM), b'{"access_token": "secret"}')
    victim.hears_nothing_but(DOWN.format(VICTIM))
    home.publish(DOWN.format("weather_kitchen"), b"{}")
    message = evil.heard.get(timeout=SECONDS)
    assert message.topic == DOWN.format("weather_kitchen")
    assert b"secret" not in message.payload
