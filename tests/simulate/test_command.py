"""The command as people run it: a program that lives until it is told to end."""

import resource
import signal
import socket
import subprocess
import sys

import pytest
from stack.broker import Broker

from mqtt_ota_depot.__main__ import main
from mqtt_ota_tools.connection import CONNECT_SECONDS

pytestmark = pytest.mark.e2e

COMMAND = [sys.executable, "-m", "mqtt_ota_depot", "simulate"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_lives_until_it_is_told_to_end(broker: Broker, how: signal.Signals) -> None:
    """Ctrl-C is the usual end, and no failure."""
    device = f"weather_{how.name}"
    with subprocess.Popen(
        [*COMMAND, "--broker", f"mqtt://127.0.0.1:{broker.port}", "--device-id", device],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        broker.wait_for_subscriber(f"$oc/devices/{device}/sys/events/down")
        process.send_signal(how)
        told, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert [line.partition(" ")[2] for line in told.splitlines()] == ["connected to the broker"]
    assert errors == ""


def test_each_device_may_have_a_download(broker: Broker) -> None:
    """The system's usual limit of open files is not that of the devices."""
    with subprocess.Popen(
        [
            *("prlimit", "--nofile=256:4096", *COMMAND),
            *("--broker", f"mqtt://127.0.0.1:{broker.port}", "--device-id", "weather_files"),
        ],
        stdout=subprocess.DEVNULL,
    ) as process:
        broker.wait_for_subscriber("$oc/devices/weather_files/sys/events/down")
        limits = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        process.terminate()
    assert (process.returncode, limits) == (0, (4096, 4096))


def test_it_can_be_told_to_end_before_the_broker_has_answered() -> None:
    """Whoever has typed the wrong port does not wait for the end of its patience."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with subprocess.Popen(
            [*COMMAND, "--broker", f"mqtt://127.0.0.1:{port}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(1)
                process.send_signal(signal.SIGINT)
                told = process.communicate(timeout=CONNECT_SECONDS / 2)
    assert (process.returncode, *told) == (0, b"", b"")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--broker", "mqtt://127.0.0.1:9"], "no connection to the broker 127.0.0.1:9"),
        (["--count", "0"], "--count must be 1 to 10000"),
    ],
)
def test_what_cannot_be_simulated(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says why, and what to check."""
    assert main(["simulate", *arguments]) == 2
    told = capsys.readouterr().err
    assert told.startswith("mqtt-ota simulate: ")
    assert says in told
    assert told.count("\n") == 1


def test_the_list_needs_no_broker(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever chooses has not connected anything yet."""
    assert main(["simulate", "--list"]) == 0
    assert "rolls-back" in capsys.readouterr().out
