"""The first upgrade without a device, as the page for makers tells it, on real parts."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import shlex
import shutil
import subprocess
import sys

import pytest
from stack.world import World

from mqtt_ota_simulate.fault import Fault
from mqtt_ota_simulate.options import Role, add_options, read_options
from tests.documents import Claim, runs

pytestmark = pytest.mark.e2e

DOCUMENT = "docs/simulate.md"
# Other pages have a weather station in the same home.
MODEL = "rain"
ENTITY = f"update.{MODEL}_kitchen_firmware"
# Whatever takes long at home has no reason to here.
UPLOAD = """
head -c 100000 /dev/urandom > station-1.1.0.bin
mqtt-ota upload --depot https://192.168.1.10:8443 --ca-file ca.pem station-1.1.0.bin
"""
HASTY = " --quiet-seconds 0.5 --case good-package --case cut-50"


class Reader:
    """Somebody who follows the page, with the addresses of their own home."""

    def __init__(self, world: World, folder: Path) -> None:
        """Have the depot's certificate authority at hand, and the programs on the path."""
        self._world = world
        self._folder = folder
        shutil.copy(world.depot.ca_file, folder / "ca.pem")
        self._environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "MQTT_OTA_API_KEY": world.depot.api_key,
        }

    def types(self, text: str, more: str = "") -> subprocess.CompletedProcess[str]:
        """Type a block, and wait for its end."""
        return subprocess.run(
            ["bash", "-euc", self._at_home(text) + more],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=50,
        )

    @contextmanager
    def leaves_running(self, text: str) -> Iterator[None]:
        """Type a block, and go on while its last command runs."""
        *first, last = self._at_home(text).rstrip().splitlines()
        with subprocess.Popen(
            ["bash", "-euc", "\n".join([*first, f"exec {last}"])],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
        ) as process:
            try:
                yield
            finally:
                process.terminate()
            assert process.wait(20) == 0

    def _at_home(self, text: str) -> str:
        """Return a block with this home's addresses and logins."""
        logins = {login.username: login.password for login in self._world.broker.logins}
        text = text.replace("weather", MODEL)
        text = text.replace("https://192.168.1.10:8443", self._world.depot.url)
        text = text.replace("mqtt://192.168.1.10", f"mqtt://127.0.0.1:{self._world.broker.port}")
        for username, password in logins.items():
            if f"--username {username}" in text:
                text = f"export MQTT_PASSWORD={password}\n" + text.replace(
                    "export MQTT_PASSWORD=secret\n", ""
                )
        return text


@runs(DOCUMENT, "--device-id weather_kitchen\n", "start")
@runs(DOCUMENT, "mqtt-ota upload", "upload")
@runs(DOCUMENT, "mqtt-ota check-device", "check")
def test_a_first_upgrade_without_a_device(
    start: Claim, upload: Claim, check: Claim, world: World, tmp_path: Path
) -> None:
    """It appears, is upgraded with Update, and is checked; then it is gone without a word."""
    reader, api = Reader(world, tmp_path), world.home_assistant.api
    with reader.leaves_running(start.block().text):
        api.wait_for_state(ENTITY, "off", 20, installed_version="1.0.0")
        uploaded = reader.types(upload.block().text)
        assert uploaded.returncode == 0, uploaded.stderr
        api.wait_for_state(ENTITY, "on", 15, latest_version="1.1.0")
        api.install(ENTITY)
        api.wait_for_state(ENTITY, "off", 30, installed_version="1.1.0", stage="succeeded")
        checked = reader.types(check.block().text.rstrip(), HASTY)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "0 failed" in checked.stdout


@runs(DOCUMENT, "--fault cut=20")
def test_a_house_full_of_trouble(claim: Claim, world: World, tmp_path: Path) -> None:
    """All fifty appear; one that is low on battery fails for that reason."""
    reader, api = Reader(world, tmp_path), world.home_assistant.api
    text = claim.block().text.replace("\\\n", "").replace("--model weather", "--model station")
    weak = next(role.device_id for role in roles(text) if role.fault is Fault.LOW_BATTERY)
    with reader.leaves_running(text):
        for device in ("station_sim1", "station_sim50"):
            api.wait_for_state(f"update.{device}_firmware", "off", 30, installed_version="1.0.0")
        uploaded = reader.types(UPLOAD)
        assert uploaded.returncode == 0, uploaded.stderr
        entity_id = f"update.{weak}_firmware"
        api.wait_for_state(entity_id, "on", 15, latest_version="1.1.0")
        api.install(entity_id)
        api.wait_for_state(entity_id, "on", 20, stage="failed", cause="low_battery")


def roles(text: str) -> tuple[Role, ...]:
    """Return what each device of a command line is."""
    parser = ArgumentParser()
    add_options(parser)
    _, _, arguments = text.partition("mqtt-ota simulate ")
    known = [each for each in shlex.split(arguments) if each not in {"--depot-ca-file", "ca.pem"}]
    return read_options(parser.parse_args(known)).roles
