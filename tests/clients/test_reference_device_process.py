"""The reference device as makers run it: a program with a command line."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time

import pytest

from .conftest import EXAMPLES
from .misbehaving_depot import CONTENT, SIZE, MisbehavingDepot, honest
from .platform_double import Platform

AS_MODULE = [sys.executable, "-m", "reference_device"]
AS_FOLDER = [sys.executable, str(EXAMPLES / "reference_device")]

pytestmark = pytest.mark.e2e


@pytest.fixture
def platform(broker_port: int) -> Iterator[Platform]:
    """Return a platform that talks to the device `kitchen`."""
    platform = Platform(broker_port, "kitchen")
    yield platform
    platform.close()


@pytest.fixture
def run_device(broker_port: int, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts the program; what still runs at the end is killed."""
    with ExitStack() as running:

        def run(*options: str, command: list[str] = AS_MODULE) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [
                    *command,
                    *("--device-id", "kitchen", "--firmware", "1", "--reboot-seconds", "0.1"),
                    *("--port", str(broker_port), "--state-dir", str(tmp_path / "device")),
                    *options,
                ],
                cwd=EXAMPLES if command is AS_MODULE else tmp_path,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                stderr=subprocess.PIPE,
                text=True,
            )
            running.callback(process.communicate)
            running.callback(process.kill)
            return process

        yield run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("command", [AS_MODULE, AS_FOLDER], ids=["module", "folder"])
def test_starts_both_ways_and_stops_cleanly(
    command: list[str],
    number: signal.Signals,
    platform: Platform,
    run_device: Callable[..., subprocess.Popen[str]],
) -> None:
    """Either way of starting works, and a signal ends it with exit code 0."""
    process = run_device(command=command)
    assert platform.next() == ("version_report", {"fw_version": "1"})
    process.send_signal(number)
    _, log = process.communicate(timeout=5)
    assert process.returncode == 0
    assert "online as kitchen with firmware 1" in log
    assert "Traceback" not in log


def test_killed_in_mid_download_goes_on_by_itself(
    platform: Platform, run_device: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    """A power cut costs no byte and needs no second command."""
    with MisbehavingDepot([honest]) as depot:
        process = run_device("--throttle", str(SIZE // 2))
        platform.next()
        platform.upgrade(depot.url)
        platform.until(lambda _, paras: paras.get("progress", 0) >= 30)
        process.kill()
        process.wait()
        have = (tmp_path / "device" / "package.part").stat().st_size
        run_device()
        *_, result = platform.result()
    assert result[1]["version"] == "2"
    assert depot.starts == [None, have]
    assert have >= SIZE * 3 // 10
    state = json.loads((tmp_path / "device" / "flash.json").read_bytes())
    assert state["installed"]["firmware"]["version"] == "2"
    assert (tmp_path / "device" / "firmware.a.bin").read_bytes() == CONTENT


def test_stops_in_mid_download(
    platform: Platform, run_device: Callable[..., subprocess.Popen[str]]
) -> None:
    """A signal does not wait for a depot that keeps silent."""
    silent = threading.Event()
    with MisbehavingDepot([lambda _: str(silent.wait(20)).encode()]) as depot:
        process = run_device()
        platform.next()
        platform.upgrade(depot.url)
        while not depot.requests:
            time.sleep(0.02)
        process.terminate()
        _, log = process.communicate(timeout=5)
        silent.set()
    assert process.returncode == 0
    assert log.rstrip().endswith("stopped")


def test_knobs_of_the_command_line(
    platform: Platform, run_device: Callable[..., subprocess.Popen[str]]
) -> None:
    """Cuts happen as often as asked, and every one is resumed."""
    with MisbehavingDepot([honest]) as depot:
        run_device("--cut-after", "50000", "--cut-times", "2")
        platform.next()
        platform.upgrade(depot.url)
        assert platform.result()[-1][1]["version"] == "2"
    assert depot.starts == [None, 50000, 100000]
