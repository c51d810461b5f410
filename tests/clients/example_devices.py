"""The example devices as programs: how each is started, and where it keeps what."""

import atexit
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import paho.mqtt.client as mqtt

from tests.json_schema import mistakes_of

from .conftest import EXAMPLES
from .platform_double import Platform

# A board restarts by itself after an upgrade; so does a service of an init system.
_AGAIN = ("sh", "-c", 'while "$@"; do :; done', "sh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a device is told before its first start."""

    device_id: str
    broker_port: int
    folder: Path
    version: str = "1"
    login: tuple[str, str] | None = None
    ca_pem: Path | None = None
    ca_der: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One of the examples; `prepare` writes its settings and returns command and environment."""

    name: str
    prepare: Callable[[Settings], tuple[list[str], Mapping[str, str]]]

    @contextmanager
    def running(self, settings: Settings) -> Iterator[RunningDevice]:
        """Switch the device on, and off at the end."""
        settings.folder.mkdir(exist_ok=True)
        command, environment = self.prepare(settings)
        with (settings.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*_AGAIN, *command],
                cwd=settings.folder,
                env={**os.environ, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        device = RunningDevice(process=process, settings=settings)
        try:
            yield device
        finally:
            device.kill()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningDevice:
    """A device that is on."""

    process: subprocess.Popen[bytes]
    settings: Settings

    def kill(self) -> None:
        """Take the power away, from every process that belongs to the device."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def wait_for_bytes(self, count: int) -> int:
        """Return how many bytes of a package are stored, once they are so many."""
        end = time.monotonic() + 10
        part = self.settings.folder / "package.part"
        while not part.exists() or part.stat().st_size < count:
            assert time.monotonic() < end, f"no {count} bytes in {self.log()}"
            time.sleep(0.02)
        return part.stat().st_size

    def image(self) -> bytes | None:
        """Return what the device runs."""
        image = self.settings.folder / "image.bin"
        return image.read_bytes() if image.exists() else None

    def log(self) -> str:
        """Return what the device said."""
        return (self.settings.folder / "log").read_text(errors="replace")


class CheckedPlatform(Platform):
    """A platform that compares every message of the device with its schema."""

    def __init__(self, port: int, device_id: str) -> None:
        """Connect; nothing is wrong yet."""
        self.mistakes: list[str] = []
        super().__init__(port, device_id)

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        """Keep what is wrong for the end of the test."""
        self.mistakes += mistakes_of(message.payload)
        super()._on_message(client, userdata, message)


def _micropython(settings: Settings) -> tuple[list[str], Mapping[str, str]]:
    """Write settings.json; the heap is that of a small board."""
    user, password = settings.login or (None, None)
    values = {
        "device_id": settings.device_id,
        "broker": "127.0.0.1",
        "port": settings.broker_port,
        "username": user,
        "password": password,
        "version": settings.version,
        "ca": str(settings.ca_der) if settings.ca_der else None,
        "first_wait": 0.01,
        "tries": 6,
    }
    (settings.folder / "settings.json").write_text(json.dumps(values))
    example = EXAMPLES / "micropython"
    library = Path(__file__).with_name("micropython_lib")
    program = Path(sys.executable).with_name("micropython")
    path = f".frozen:{example}:{library}"
    return [str(program), "-X", "heapsize=64k", str(example / "main.py")], {"MICROPYPATH": path}


def _environment(settings: Settings) -> dict[str, str]:
    """Return the settings of the examples that are told in the environment."""
    user, password = settings.login or ("", "")
    return {
        "OTA_DEVICE_ID": settings.device_id,
        "OTA_BROKER": "127.0.0.1",
        "OTA_PORT": str(settings.broker_port),
        "OTA_USERNAME": user,
        "OTA_PASSWORD": password,
        "OTA_VERSION": settings.version,
        "OTA_CA": str(settings.ca_pem or ""),
        "OTA_FIRST_WAIT": "0.01",
        "OTA_TRIES": "6",
    }


def _shell(settings: Settings) -> tuple[list[str], Mapping[str, str]]:
    """Run the script by the plainest shell that there is."""
    return ["sh", str(EXAMPLES / "shell/ota-device.sh")], _environment(settings)


@cache
def _built() -> Path:
    """Build the example in C, with every warning, and with a guard over its memory."""
    folder = Path(tempfile.mkdtemp(prefix="c-"))
    # The file goes with the temporary folder of the run; the next run builds anew.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    guarded = "CFLAGS=-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all"
    command = ["make", "--silent", "-C", EXAMPLES / "c", f"O={folder}", guarded]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{result.stderr}\nremedy: script/setup installs what is missing"
    return folder / "ota-device"


def _c(settings: Settings) -> tuple[list[str], Mapping[str, str]]:
    """Run the built program; the settings are those of the shell's example."""
    return [str(_built())], _environment(settings)


MICROPYTHON = Example(name="micropython", prepare=_micropython)
EVERY_EXAMPLE = (
    Example(name="c", prepare=_c),
    MICROPYTHON,
    Example(name="shell", prepare=_shell),
)
