"""The demo as people start it: what it tells, and that nothing is left behind."""

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import re
import signal
import subprocess
import time
from uuid import uuid4

import pytest
from stack.errors import wait_until
from stack.hass_api import HassApi
from stack.hass_config import Owner

# Mostly waiting: these run beside the tests that share the one world.
pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own_programs")]

DEMO = Path(__file__).parents[2] / "script" / "demo"
MARK = "RUN_OF_THE_DEMO"
READY_SECONDS = 40.0
END_SECONDS = 20.0

type StartDemo = Callable[..., Demo]


class Demo:
    """One run of the demo, with everything it starts marked by its environment."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        """Start the demo in a folder for its temporary files."""
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self._output = folder / "output"
        self._mark = uuid4().hex
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [DEMO, *arguments],
                cwd=folder,
                env={**os.environ, "TMPDIR": str(self.temporary), MARK: self._mark},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """Return what the demo has told so far."""
        return self._output.read_text(encoding="utf-8")

    def wait_for(self, text: str) -> None:
        """Wait until the demo has told something."""

        def is_told() -> bool:
            assert self.process.poll() is None, self.output
            return text in self.output

        wait_until(is_told, f"the demo telling {text!r}", READY_SECONDS)

    def processes(self) -> list[str]:
        """Return the command lines of everything that lives and belongs to this run."""
        wanted = f"{MARK}={self._mark}".encode()
        return [
            _read(process / "cmdline").replace(b"\0", b" ").decode()
            for process in Path("/proc").glob("[0-9]*")
            if wanted in _read(process / "environ").split(b"\0")
        ]

    def assert_nothing_left(self) -> None:
        """Check that every process and every file is gone."""
        assert not self.processes()
        assert not list(self.temporary.iterdir())


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[StartDemo]:
    """Return a function that starts the demo; it is ended with the test at the latest."""
    demos: list[Demo] = []

    def start(*arguments: str) -> Demo:
        demos.append(Demo(tmp_path, *arguments))
        return demos[-1]

    yield start
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.kill()
            demo.process.wait()


def test_once_upgrades_the_device_and_leaves_nothing(start_demo: StartDemo) -> None:
    """`--once` shows every stage, proves the upgrade and exits with 0."""
    begun = time.monotonic()
    demo = start_demo("--once")
    assert demo.process.wait() == 0, demo.output
    assert time.monotonic() - begun < 60
    for told in (
        "pressed Install",
        "downloading",
        "(cut and resumed once)",
        "succeeded",
        "the download was cut and resumed at byte 786432 of 2097152",
        "the device reported 1.1.0, and its flash holds the package's bytes",
    ):
        assert told in demo.output
    demo.assert_nothing_left()


def test_ctrl_c_stops_everything(start_demo: StartDemo) -> None:
    """The demo tells a page, a user and a password that work, and ends with Ctrl-C or two."""
    demo = start_demo()
    demo.wait_for("Press Ctrl-C")
    told = dict(re.findall(r"(Open|User|Password) +(\S+)", demo.output))
    url, device_page = told["Open"].split("/config/")
    assert device_page.startswith("devices/device/")
    api = HassApi(url, Owner(username=told["User"], password=told["Password"]))
    api.log_in()
    state = api.state("update.weather_kitchen_firmware")
    assert state is not None
    assert state["attributes"]["latest_version"] == "1.1.0"
    assert len(demo.processes()) == 5
    demo.process.send_signal(signal.SIGINT)
    wait_until(lambda: "stopping everything" in demo.output, "the demo stopping", END_SECONDS)
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(END_SECONDS) == 0, demo.output
    demo.assert_nothing_left()


def test_a_killed_demo_takes_everything_with_it(start_demo: StartDemo) -> None:
    """Even `kill -9` of the demo leaves no process."""
    demo = start_demo()
    demo.wait_for("starting Home Assistant")
    wait_until(lambda: len(demo.processes()) >= 4, "three parts running", READY_SECONDS)
    demo.process.kill()
    demo.process.wait()
    wait_until(lambda: not demo.processes(), "the end of every part", END_SECONDS)


def test_a_part_that_fails_is_named(start_demo: StartDemo) -> None:
    """A depot that ends by itself ends the demo, with the cause and the end of its log."""
    demo = start_demo()
    demo.wait_for("Press Ctrl-C")
    [depot] = [
        process
        for process in Path("/proc").glob("[0-9]*")
        if str(demo.temporary).encode() in _read(process / "cmdline")
        and b"mqtt_ota_depot" in _read(process / "cmdline")
    ]
    os.kill(int(depot.name), signal.SIGKILL)
    assert demo.process.wait(END_SECONDS) == 1, demo.output
    assert "The demo failed: The depot ended with code -9" in demo.output
    demo.assert_nothing_left()


def _read(path: Path) -> bytes:
    """Return a file of /proc, nothing where the process is gone meanwhile."""
    try:
        return path.read_bytes()
    except FileNotFoundError, ProcessLookupError, PermissionError:
        return b""
