"""The access list that the README asks for, kept by a real Mosquitto."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
import pytest
from stack.broker import Broker, BrokerKind, Login
from stack.errors import wait_until

from tests.documents import code_spans, section

pytestmark = pytest.mark.e2e

REPORTS = "$oc/devices/+/sys/events/up"
LAST = "test/last"
SECONDS = 10.0


def documented_rules() -> tuple[str, str]:
    """Return the README's rule for Home Assistant and the one for devices."""
    spans = code_spans(section("README.md", "Known limitations"))
    (home_assistant,) = (span for span in spans if span.startswith("topic "))
    (devices,) = (span for span in spans if span.startswith("pattern "))
    return home_assistant, devices


@contextmanager
def broker_with(folder: Path, *rules: str) -> Iterator[Broker]:
    """Run Mosquitto with rules for Home Assistant and, after them, for everybody."""
    names = ("home_assistant", "weather_kitchen", "weather_garden")
    logins = tuple(Login(username=name) for name in names)
    broker = Broker(folder / "broker", logins=logins, kind=BrokerKind.MOSQUITTO)
    rules_file = folder / "access_list"
    rules_file.write_text("\n".join(("user home_assistant", "topic readwrite #", *rules, "")))
    rules_file.chmod(0o600)
    with (folder / "broker/mosquitto.conf").open("a") as settings:
        settings.write(f"acl_file {rules_file}\n")
    with broker.process:
        broker.wait_ready()
        yield broker


@contextmanager
def connected(broker: Broker, login: Login) -> Iterator[Client]:
    """Connect a client."""
    client, is_connected = Client(CallbackAPIVersion.VERSION2), Event()
    client.username_pw_set(login.username, login.password)
    client.on_connect = lambda *_: is_connected.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        assert is_connected.wait(SECONDS)
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def heard_reports(broker: Broker) -> list[str]:
    """Let one device report as itself and as another one; return what Home Assistant hears."""
    home_login, device_login, _ = broker.logins
    topics: list[str] = []
    with connected(broker, home_login) as home, connected(broker, device_login) as device:
        home.on_message = lambda _client, _userdata, message: topics.append(message.topic)
        subscribed = Event()
        home.on_subscribe = lambda *_: subscribed.set()
        home.subscribe([(REPORTS, 1), (LAST, 1)])
        assert subscribed.wait(SECONDS)
        for device_id in ("weather_kitchen", "weather_garden"):
            report = device.publish(REPORTS.replace("+", device_id), b"{}", qos=1)
            report.wait_for_publish(SECONDS)
        # The broker keeps the order, so that nothing can arrive after this.
        home.publish(LAST, b"", qos=1)
        wait_until(lambda: LAST in topics, "the last message", SECONDS)
    return topics[:-1]


def test_documented_access_list(tmp_path: Path) -> None:
    """Home Assistant hears a device on its own topics, and nobody on another one's."""
    with broker_with(tmp_path, *documented_rules()) as broker:
        assert heard_reports(broker) == ["$oc/devices/weather_kitchen/sys/events/up"]


def test_everything_is_not_enough(tmp_path: Path) -> None:
    """Without its rule Home Assistant hears no device, although it may read `#`."""
    with broker_with(tmp_path, documented_rules()[1]) as broker:
        assert heard_reports(broker) == []
