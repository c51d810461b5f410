"""The command as makers run it: a program that checks a program."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
import json
import os
from pathlib import Path
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET

import pytest
from stack.broker import Broker

from mqtt_ota_check.command import RestartError, _by_command
from mqtt_ota_depot.__main__ import main
from tests.meta.files import ROOT

pytestmark = pytest.mark.e2e

DEVICE = [sys.executable, "-m", "reference_device", "--device-id", "kitchen", "--firmware", "1"]
HASTY = (
    "--random-size",
    "65536",
    "--answer-seconds",
    "10",
    "--idle-seconds",
    "10",
    "--quiet-seconds",
    "0.5",
)


def url(broker: Broker) -> str:
    """Return the address of the broker."""
    return f"mqtt://127.0.0.1:{broker.port}"


@pytest.fixture
def pid_file(broker: Broker, tmp_path: Path) -> Iterator[Path]:
    """Run the reference device, anew whenever it is killed; return where its number is written."""
    file = tmp_path / "pid"
    ended = threading.Event()

    def live() -> None:
        """Start the device until the test is over."""
        while not ended.is_set():
            with running_device(broker, tmp_path) as process:
                file.write_text(str(process.pid))
                process.wait()

    thread = threading.Thread(target=live)
    thread.start()
    broker.wait_for_subscriber("$oc/devices/kitchen/sys/events/down")
    yield file
    ended.set()
    with ExitStack() as stack:
        stack.callback(thread.join, 10)
        os.kill(int(file.read_text()), 9)


@contextmanager
def running_device(broker: Broker, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the reference device once."""
    options = ("--port", str(broker.port), "--state-dir", str(folder), "--reboot-seconds", "0.1")
    with subprocess.Popen(
        [*DEVICE, *options, "--quiet"],
        cwd=ROOT / "examples",
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stderr=subprocess.DEVNULL,
    ) as process:
        yield process


def test_good_device(broker: Broker, pid_file: Path, tmp_path: Path) -> None:
    """Chosen cases are run, a restart included, and told to people and machines."""
    junit, data = tmp_path / "junit.xml", tmp_path / "results.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mqtt_ota_depot", "check-device", "--broker", url(broker)),
            *("--device-id", "kitchen", "--case", "device-restart", "--case", "broker-restart"),
            *("--restart-command", f"kill -9 $(cat {pid_file})", *HASTY),
            *("--junit", str(junit), "--json", str(data)),
        ],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=50,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed, 0 failed, 1 skipped" in done.stdout
    assert "give --broker-restart-command" in done.stdout
    assert done.stderr == ""
    cases = {case["name"]: case for case in json.loads(data.read_text())["cases"]}
    assert list(cases) == [
        *("version-query", "good-package", "cut-50", "device-restart", "broker-restart")
    ]
    assert "206 Partial Content" in cases["device-restart"]["saw"]
    assert ET.parse(junit).getroot().attrib["failures"] == "0"  # noqa: S314 - made just now


def test_absent_device(broker: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    """A device that does not answer fails, with the reason, and nothing else is tried."""
    code = main(
        [
            "check-device",
            "--broker",
            url(broker),
            "--device-id",
            "nobody",
            "--case",
            "cut-50",
            *HASTY,
            "--answer-seconds",
            "0.3",
        ]
    )
    told = capsys.readouterr().out
    assert code == 1
    assert "✗ version-query" in told
    assert "likely reason" in told
    assert "0 passed, 1 failed, 2 skipped" in told


async def test_failed_restart_command() -> None:
    """A restart that fails ends the check, with the command's own words."""
    restart = _by_command("echo no relay >&2; exit 3")
    assert restart
    with pytest.raises(RestartError, match="ended with code 3: no relay"):
        await restart()


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (["--list"], 0, "garbled-bytes"),
        (["--device-id", "a", *HASTY, "--case", "x"], 2, "no case 'x'; --list shows all"),
        (["--device-id", "a", *HASTY, "--broker", "127.0.0.1:1"], 2, "check --broker"),
        (["--device-id", "a"], 2, "--package VERSION=FILE twice"),
    ],
)
def test_ends_at_once(
    options: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list needs no device; wrong use is told in one line."""
    assert main(["check-device", *options]) == code
    told = capsys.readouterr()
    assert text in told.out + told.err
    assert len(told.err.splitlines()) == (code == 2)
