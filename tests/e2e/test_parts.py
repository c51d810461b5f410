"""The single parts: both brokers, and what happens to processes that fail."""

from collections.abc import Iterator
from pathlib import Path
import subprocess
import sys
from threading import Event

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
import pytest
from stack.broker import Broker, BrokerKind, Login
from stack.errors import NotInTimeError, PartFailedError, wait_until
from stack.package import NewPackage, image_bytes
from stack.places import SCRIPTS
from stack.processes import Process
from stack.upgrade_watch import UpgradeWatch, prove_upgraded
from stack.world import running_world

# Mostly waiting: these run beside the tests that share the one world.
pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own_programs")]

SECONDS = 10.0
UPLINK = "$oc/devices/weather_kitchen/sys/events/up"


class Talker:
    """An MQTT client that remembers what it has received."""

    def __init__(self, broker: Broker, login: Login) -> None:
        """Prepare a client."""
        self.refused: bool | None = None
        self.subscribed = Event()
        self.received: list[tuple[str, bytes, int]] = []
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.username_pw_set(login.username, login.password)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()

    def stop(self) -> None:
        """Disconnect and end the client's thread."""
        self.client.disconnect()
        self.client.loop_stop()

    def _on_connect(self, _c: Client, _u: object, _f: object, reason: object, _p: object) -> None:
        """Remember whether the broker let the client in."""
        self.refused = bool(getattr(reason, "is_failure", False))

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        """Remember a message."""
        self.received.append((message.topic, message.payload, message.qos))


@pytest.fixture(params=list(BrokerKind))
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """Run a broker of each kind."""
    broker = Broker(tmp_path / "broker", logins=(Login(username="device"),), kind=request.param)
    with broker.process:
        broker.wait_ready()
        yield broker


def test_devices_talk_through_the_broker(broker: Broker) -> None:
    """Both brokers carry what devices report on their `$oc` topics."""
    talker = Talker(broker, broker.logins[0])
    try:
        wait_until(lambda: talker.refused is False, "the connection", SECONDS)
        talker.client.subscribe("$oc/devices/+/sys/events/up", qos=1)
        assert talker.subscribed.wait(SECONDS)
        talker.client.publish(UPLINK, b"report", qos=1)
        wait_until(lambda: talker.received, "the message", SECONDS)
    finally:
        talker.stop()
    assert talker.received == [(UPLINK, b"report", 1)]
    broker.wait_for_subscriber("$oc/devices/+/sys/events/up")


def test_the_broker_refuses_wrong_passwords(broker: Broker) -> None:
    """Neither broker lets in whoever has not got the password."""
    talker = Talker(broker, Login(username="device", password="wrong"))
    try:
        wait_until(lambda: talker.refused, "the refusal", SECONDS)
    finally:
        talker.stop()


def test_the_whole_chain_works_with_the_embedded_broker(tmp_path: Path) -> None:
    """Where there is no Mosquitto, everything works all the same."""
    package = NewPackage(content=image_bytes(300_000, "embedded"))
    with running_world(tmp_path / "world", broker_kind=BrokerKind.EMBEDDED) as world:
        device = world.add_device("weather_kitchen")
        device.start()
        world.wait_for_device(device)
        world.offer(device, package)
        world.home_assistant.api.install(device.entity_id)
        UpgradeWatch(world, device).until_end(30)
        prove_upgraded(world, device, package)


def test_a_part_that_ends_early_is_told_with_its_log(tmp_path: Path) -> None:
    """The error names the part, its exit code and what it said last."""
    script = "import sys; print('no disk'); sys.exit(3)"
    with (
        Process("The part", [sys.executable, "-c", script], log=tmp_path / "part.log") as part,
        pytest.raises(PartFailedError, match=r"The part ended with code 3(.|\n)*no disk"),
    ):
        part.wait_until(lambda: None, "being ready", SECONDS)


def test_a_part_that_is_never_ready_is_told(tmp_path: Path) -> None:
    """The error names what did not happen."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with (
        Process("The part", command, log=tmp_path / "part.log") as part,
        pytest.raises(PartFailedError, match="being ready did not happen"),
    ):
        part.wait_until(lambda: None, "being ready", 0.3)


def test_a_part_that_does_not_listen_is_stopped_by_force(tmp_path: Path) -> None:
    """A child that ignores the polite request is killed."""
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(60)"
    )
    part = Process("The part", [sys.executable, "-c", script], log=tmp_path / "part.log")
    part.start()
    part.wait_until(lambda: "deaf" in part.log_tail() or None, "being deaf", SECONDS)
    part.stop(0.2)
    assert not part.running


def test_parts_end_with_the_program_that_started_them(tmp_path: Path) -> None:
    """The kernel ends a child whose parent was killed."""
    script = (
        "import sys, time; from pathlib import Path; from stack.processes import Process;"
        "part = Process('child', [sys.executable, '-c', 'import time; time.sleep(60)'],"
        " log=Path('child.log')); part.start(); print(part.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(SCRIPTS), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = Path("/proc", parent.stdout.readline().strip())
        assert child.exists()
        parent.kill()
    wait_until(lambda: not child.exists(), "the child's end", SECONDS)


def test_waiting_names_what_did_not_happen() -> None:
    """The error tells what was waited for."""
    with pytest.raises(NotInTimeError, match="rain did not happen within 0 seconds"):
        wait_until(lambda: None, "rain", 0)
