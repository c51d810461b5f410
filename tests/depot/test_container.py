"""What starts the depot elsewhere: the app's service, a container, systemd, uv."""

import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
import yaml

from mqtt_ota_depot.settings import SETTINGS
from tests.documents import Claim, runs

from .process import DepotProcess

ADDON = Path(__file__).parents[2] / "addon"
SERVICE = ADDON / "rootfs/etc/s6-overlay/s6-rc.d/depot"
HEALTH = ADDON / "rootfs/usr/local/bin/mqtt-ota-health"
DEPLOY = ADDON / "deploy"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("depot-process")]


def bash(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the image as its init does, though without that."""
    return subprocess.run(
        ["bash", script, *arguments],
        env={"PATH": PATH, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("supervised", [False, True])
def test_the_service_becomes_the_depot(tmp_path: Path, supervised: bool) -> None:
    """The script leaves no shell behind; the page's door opens under a Supervisor only."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "options.json").write_text('{"ssl": false, "drop_dir": "", "log_level": "debug"}')
    environment = {
        "PATH": PATH,
        "MQTT_OTA_DATA_DIR": str(data),
        "MQTT_OTA_HOST": "127.0.0.1",
        "MQTT_OTA_PORT": "0",
        "MQTT_OTA_HTTP_PORT": "0",
        "MQTT_OTA_INGRESS_PORT": "0",
    }
    if supervised:
        # Nothing answers there: the depot must start all the same.
        environment |= {"SUPERVISOR_TOKEN": "x", "no_proxy": "*"}
    else:
        del environment["MQTT_OTA_INGRESS_PORT"]
    process = subprocess.Popen(["bash", SERVICE / "run"], env=environment, stderr=subprocess.PIPE)
    try:
        endpoint = wait_for(data / "endpoint.json", process)
        assert endpoint["pid"] == process.pid
        assert endpoint["url"].startswith("http://127.0.0.1:")
        assert "http_port" in endpoint
        assert ("ingress_port" in endpoint) is supervised
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


def wait_for(file: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Return what the depot announces."""
    deadline = time.monotonic() + 45
    while not file.exists():
        assert process.poll() is None, process.communicate()[1].decode()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    read: dict[str, Any] = yaml.safe_load(file.read_text())
    return read


@pytest.mark.parametrize(
    ("status", "number", "code", "halts"),
    [
        ("0", "0", None, True),
        ("1", "0", "1", True),
        ("2", "0", "2", True),
        ("256", "9", "137", True),
        ("256", "15", None, False),
    ],
)
def test_the_container_ends_as_the_depot_ended(
    tmp_path: Path, status: str, number: str, code: str | None, halts: bool
) -> None:
    """With its exit code; when the container itself is being stopped there is nothing to do."""
    halt, halted = tmp_path / "halt", tmp_path / "halted"
    halt.write_text(f"#!/bin/sh\ntouch {halted}\n")
    halt.chmod(0o755)
    done = bash(SERVICE / "finish", status, number, RESULTS=str(tmp_path), HALT=str(halt))
    assert done.returncode == 0, done.stderr
    file = tmp_path / "exitcode"
    assert (file.read_text() if file.exists() else None) == code
    assert halted.exists() is halts


@pytest.mark.parametrize("tls", ["true", "false"])
def test_the_health_check_knows_life_from_death(tmp_path: Path, tls: str) -> None:
    """With HTTPS and without."""
    depot = DepotProcess(tmp_path / "data", "--tls", tls)
    try:
        alive = bash(HEALTH, MQTT_OTA_PORT=str(depot.port))
        assert alive.returncode == 0, alive.stderr
    finally:
        depot.stop()
    assert bash(HEALTH, MQTT_OTA_PORT=str(depot.port)).returncode != 0


def test_the_compose_file_fits_image_and_program() -> None:
    """Ports, volume and settings are those that the image has."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    (service,) = compose["services"].values()
    dockerfile = (ADDON / "Dockerfile").read_text()
    assert (DEPLOY / service["build"]).resolve() == ADDON
    for port in service["ports"]:
        assert port.rpartition(":")[2] in dockerfile.partition("EXPOSE ")[2].split()
    assert set(service["environment"]) <= {setting.variable for setting in SETTINGS}
    (volume,) = service["volumes"]
    assert volume.partition(":")[0] in compose["volumes"]
    assert f"ENV MQTT_OTA_DATA_DIR={volume.partition(':')[2]}\n" in dockerfile


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    """Nothing unknown in it, and little that the service may do."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed; remedy: apt-get install systemd")
    text = (DEPLOY / "mqtt-ota.service").read_text()
    program = "/usr/local/bin/mqtt-ota"
    assert f"ExecStart={program} serve\n" in text
    unit = tmp_path / "mqtt-ota.service"
    unit.write_text(text.replace(program, shutil.which("mqtt-ota", path=PATH) or program))
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False, timeout=60
    )
    complaints = [line for line in done.stderr.splitlines() if "mqtt-ota" in line]
    assert complaints == []
    for line in text.splitlines():
        if line.startswith("Environment="):
            variable = line.removeprefix("Environment=").partition("=")[0]
            assert variable in {setting.variable for setting in SETTINGS}


@runs("addon/DOCS.md", "uv tool install")
def test_one_command_installs_it(tmp_path: Path, claim: Claim) -> None:
    """Uv makes the environment; the command is there and runs."""
    uv = shutil.which("uv", path=PATH)
    if uv is None:
        pytest.fail("uv is not installed; remedy: script/setup --again")
    source = tmp_path / "addon"
    left_out = shutil.ignore_patterns("node_modules", "__pycache__", "*.egg-info")
    shutil.copytree(ADDON, source, ignore=left_out)
    environment = {
        **os.environ,
        "PATH": PATH,
        "UV_TOOL_DIR": str(tmp_path / "tools"),
        "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
        "UV_PYTHON": sys.executable,
        "UV_SYSTEM_CERTS": "1",
    }
    done = subprocess.run(
        ["bash", "-euc", claim.block().text],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    told = subprocess.run(
        [tmp_path / "bin" / "mqtt-ota", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert told.stdout.strip()
