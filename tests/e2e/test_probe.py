"""The probe that finds out whether an access list hides the devices, at a real Mosquitto."""

from pathlib import Path
from threading import Event

import pytest
from stack.broker import Broker
from stack.errors import wait_until

from tests.e2e.test_access_list import LAST, REPORTS, SECONDS, broker_with, connected

pytestmark = pytest.mark.e2e

PROBE = REPORTS.replace("+", "mqtt_ota_probe_0a1b2c3d")


def comes_back(broker: Broker) -> bool:
    """Return whether Home Assistant hears what it sends on the devices' own topics."""
    topics: list[str] = []
    with connected(broker, broker.logins[0]) as home:
        home.on_message = lambda _client, _userdata, message: topics.append(message.topic)
        subscribed = Event()
        home.on_subscribe = lambda *_: subscribed.set()
        home.subscribe([(REPORTS, 1), (LAST, 1)])
        assert subscribed.wait(SECONDS)
        # Confirmed even where the access list forbids it: that is why there is a probe
        home.publish(PROBE, b"{}", qos=1).wait_for_publish(SECONDS)
        home.publish(LAST, b"", qos=1)
        wait_until(lambda: LAST in topics, "the last message", SECONDS)
    return PROBE in topics


def test_probe_is_dropped_without_a_word(tmp_path: Path) -> None:
    """A right to everything does not include the devices' topics."""
    with broker_with(tmp_path) as broker:
        assert not comes_back(broker)


def test_probe_comes_back_with_the_rule_of_the_repair(tmp_path: Path) -> None:
    """The line that the repair names is enough."""
    with broker_with(tmp_path, "topic readwrite $oc/devices/#") as broker:
        assert comes_back(broker)
