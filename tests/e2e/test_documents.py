"""What the documents tell people to type, typed into a shell beside the real parts."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
import json
import os
from pathlib import Path
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile

import pytest
from stack.depot import Depot
from stack.errors import PartFailedError, wait_until
from stack.json_client import JsonClient
from stack.package import NewPackage, image_bytes
from stack.places import CHECKOUT, console_command
from stack.ports import LOOPBACK, free_port
from stack.processes import Process
from stack.world import World

from mqtt_ota_depot.uploads import storage_full
from tests.documents import Claim, code_spans, prose, runs, section, table

pytestmark = pytest.mark.e2e

DEPOT_DOCS = "addon/DOCS.md"
DEVICE_README = "examples/reference_device/README.md"
# The depot's address in all documents.
DOCUMENTED_HOST = "192.168.1.10"
PORT = 8443
DATA_DIR = "/srv/depot"

CURL_HTTP_ERROR = 22
UPGRADE_SECONDS = 40
INSTALL_SECONDS = 100


def shell(text: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Type a text into a shell that stops at the first failing command."""
    return subprocess.run(
        ["bash", "-euc", text],
        cwd=folder,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def in_place(text: str, **replacements: str) -> str:
    """Return a block with the reader's own host, port or folder in place of the documented one."""
    for documented, own in replacements.items():
        assert documented in text
        text = text.replace(documented, own)
    return text


def copy_without_caches(source: Path, target: Path) -> None:
    """Copy a folder of the checkout."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def curl_leads_to(tmp_path: Path) -> Callable[[int], str]:
    """Return a function that makes a curl settings folder leading the documented host here."""
    if shutil.which("curl") is None:
        pytest.fail("curl is not installed; remedy: apt-get install curl")

    def lead(port: int) -> str:
        folder = tmp_path / "curl"
        folder.mkdir()
        target = f"{DOCUMENTED_HOST}:{PORT}:{LOOPBACK}:{port}"
        (folder / ".curlrc").write_text(f'connect-to = "{target}"\nnoproxy = "*"\nsilent\n')
        return str(folder)

    return lead


@runs(DEVICE_README, "--device-id weather_kitchen", argument="start_device")
@runs("README.md", "curl --fail", argument="upload")
def test_a_maker_follows_the_readme(
    world: World,
    tmp_path: Path,
    curl_leads_to: Callable[[int], str],
    start_device: Claim,
    upload: Claim,
) -> None:
    """The documented device appears, gets the documented upload and runs it in the end."""
    copy_without_caches(CHECKOUT / "examples", tmp_path / "examples")
    shutil.copy(world.depot.ca_file, tmp_path / "examples/depot-ca.pem")
    login = world.broker.logins[-1]
    command = in_place(
        start_device.block().text,
        **{
            f"--host {DOCUMENTED_HOST}": f"--host {LOOPBACK} --port {world.broker.port}",
            "--username weather": f"--username {login.username}",
        },
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    api = world.home_assistant.api
    entity_id = "update.weather_kitchen_firmware"
    image = image_bytes(200_000, "weather")
    (tmp_path / "weather-1.1.0.bin").write_bytes(image)
    shutil.copy(world.depot.ca_file, tmp_path / "ca.pem")
    with Process(
        "The documented device",
        ["bash", "-euc", command],
        log=tmp_path / "device.log",
        folder=tmp_path,
        environment={"MQTT_PASSWORD": login.password, "PATH": path},
    ):
        api.wait_for_state(entity_id, "off", 20, installed_version="1.0.0")
        uploaded = shell(
            in_place(upload.block().text, **{f"{DOCUMENTED_HOST}:{PORT}": world.depot.url[8:]}),
            tmp_path,
            API_KEY=world.depot.api_key,
            CURL_HOME=curl_leads_to(world.depot.port),
        )
        assert uploaded.returncode == 0, uploaded.stderr
        assert json.loads(uploaded.stdout)["version"] == "1.1.0"
        api.wait_for_state(entity_id, "on", 15, latest_version="1.1.0")
        api.install(entity_id)
        api.wait_for_state(
            entity_id, "off", UPGRADE_SECONDS, installed_version="1.1.0", stage="succeeded"
        )
    flash = tmp_path / "examples/state-of-weather_kitchen"
    assert (flash / "firmware.a.bin").read_bytes() == image
    check_flash_folder(flash)


def check_flash_folder(flash: Path) -> None:
    """Compare the flash with its description."""
    described = code_spans(section(DEVICE_README, "The flash folder"))
    memory = flash / "flash.json"
    assert set(json.loads(memory.read_bytes())) <= set(described)
    assert {"installed", "staged", "upgrade", "result"} <= set(described)
    assert {path.name for path in flash.iterdir()} <= set(described)
    assert memory.stat().st_mode & 0o077 == 0


@pytest.mark.timeout(2 * INSTALL_SECONDS)
@runs(DEPOT_DOCS, "python3 -m venv depot", argument="install")
@runs(DEPOT_DOCS, "-F version=1.4.0", argument="upload")
def test_a_depot_on_any_other_machine(
    tmp_path: Path,
    python3_on_path: str,
    curl_leads_to: Callable[[int], str],
    install: Claim,
    upload: Claim,
) -> None:
    """The depot is installed, started, asked for its secrets, fed and stopped as documented."""
    folder, data, port = tmp_path / "addon", tmp_path / "data", free_port()
    copy_without_caches(CHECKOUT / "addon", folder)
    with installed_depot(
        in_place(install.block().text, **{DATA_DIR: str(data)}),
        folder,
        PATH=python3_on_path,
        MQTT_OTA_HOST=LOOPBACK,
        MQTT_OTA_PORT=str(port),
        MQTT_OTA_DEVICE_URL=f"https://{DOCUMENTED_HOST}:{PORT}",
    ) as depot:
        wait_until_announced(depot, data, folder)
        endpoint = json.loads((data / "endpoint.json").read_bytes())
        assert endpoint.keys() == {"url", "fingerprint", "pid"}
        key = told_by_depot("api-key", data, folder)
        assert key == (data / "api_key").read_text().strip()
        assert told_by_depot("fingerprint", data, folder) == endpoint["fingerprint"]
        log = depot.log.read_text(encoding="utf-8")
        assert all(
            told in log for told in (endpoint["url"], endpoint["fingerprint"], f"{data}/api_key")
        )
        (data / "weather.bin").write_bytes(b"firmware")
        environment = {"KEY": key, "CURL_HOME": curl_leads_to(port)}
        # Repeating the same upload is harmless.
        answers = [shell(upload.block().text, data, **environment) for _ in range(2)]
        assert [answer.returncode for answer in answers] == [0, 0], answers
        first, second = (json.loads(answer.stdout) for answer in answers)
        assert first == second
        (data / "weather.bin").write_bytes(b"other bytes")
        refused = shell(upload.block().text, data, **environment)
        assert refused.returncode == CURL_HTTP_ERROR
        os.kill(endpoint["pid"], signal.SIGTERM)
        assert depot.wait(15) == 0
    assert not (data / "endpoint.json").exists()


@contextmanager
def installed_depot(commands: str, folder: Path, **environment: str) -> Iterator[Process]:
    """Run the commands that end with a running depot."""
    with Process(
        "The documented depot",
        ["bash", "-euc", commands],
        log=folder.parent / "depot.log",
        folder=folder,
        # What is fetched is not kept: a test leaves nothing behind.
        environment={**environment, "PIP_NO_CACHE_DIR": "1", "PIP_RETRIES": "1"},
    ) as process:
        yield process


def wait_until_announced(depot: Process, data: Path, folder: Path) -> None:
    """Wait until the depot serves; a machine without a package index cannot install it."""
    try:
        depot.wait_until((data / "endpoint.json").exists, "serving", INSTALL_SECONDS)
    except PartFailedError:
        pip = folder / "depot/bin/pip"
        if pip.exists() and not reaches_index(pip):
            pytest.skip("no package index can be reached from this machine")
        raise


def reaches_index(pip: Path) -> bool:
    """Return whether pip can fetch anything at all."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(pip), "download", "--quiet", "--no-deps", "--no-cache-dir", "--retries", "0"]
        return not subprocess.run([*command, "--dest", folder, "idna"], check=False).returncode


def told_by_depot(command: str, data: Path, folder: Path) -> str:
    """Return what a documented command of the depot prints."""
    documented = f"mqtt-ota {command} --data-dir {DATA_DIR}"
    assert f"`{documented}`" in prose(DEPOT_DOCS)
    path = f"{folder}/depot/bin{os.pathsep}{os.environ['PATH']}"
    told = shell(in_place(documented, **{DATA_DIR: str(data)}), folder, PATH=path)
    assert told.returncode == 0, told.stderr
    return told.stdout.strip()


@pytest.fixture
def python3_on_path(tmp_path: Path) -> str:
    """Return a PATH whose `python3` is this Python and can make virtual environments."""
    python = Path(sys.executable).resolve()
    tools = tmp_path / "tools"
    tools.mkdir()
    wheels = list(python.parents[1].glob("share/python-wheels/pip-*.whl"))
    if python.is_relative_to("/usr") or not wheels:
        (tools / "python3").symlink_to(python)
    else:
        # A Python that was unpacked, not installed, would take the pip of another one.
        shim = tools / "python3"
        shim.write_text(
            f'#!/bin/sh -eu\n"{python}" "$1" "$2" --without-pip "$3"\n'
            f'"$3/bin/python" "{wheels[0]}/pip" install --quiet --no-index "{wheels[0]}"\n'
        )
        shim.chmod(0o755)
    return f"{tools}{os.pathsep}{os.environ['PATH']}"


@runs(DEPOT_DOCS, "openssl s_client")
def test_authority_without_the_data_folder(tmp_path: Path, claim: Claim) -> None:
    """The depot tells its authority to whoever asks, with the fingerprint to compare."""
    if shutil.which("openssl") is None:
        pytest.fail("openssl is not installed; remedy: apt-get install openssl")
    depot = Depot(tmp_path / "depot")
    with depot.process:
        depot.wait_ready()
        done = shell(
            in_place(claim.block().text, **{f"{DOCUMENTED_HOST}:{PORT}": depot.url[8:]}), tmp_path
        )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ca.pem").read_bytes() == depot.ca_file.read_bytes()
    shown = done.stdout.strip().partition("=")[2]
    assert shown == depot.fingerprint


def test_what_the_depot_says(tmp_path: Path) -> None:
    """Every complaint of the table is the depot's own, and no other one stands there."""
    complaints = {
        "cannot listen on …": another_on_the_same_port,
        "another depot uses data_dir …": another_on_the_same_data,
        "the database was written by a newer version": database_of_the_future,
        "No room is left": no_room,
        "The token is unknown, expired or revoked": wrong_token,
        "Too many wrong tokens came from this address": many_wrong_tokens,
        "Too many wrong keys came from this address": many_wrong_keys,
        "no more are taken": many_connections,
        "The package was sent": many_downloads,
        "Too many programs listen to the events": many_listeners,
    }
    rows = table(DEPOT_DOCS, "When something is wrong")
    assert [code_spans(row[0])[0] for row in rows] == list(complaints)
    depot = Depot(tmp_path / "depot")
    with depot.process:
        depot.wait_ready()
        for row, (words, provoke) in zip(rows, complaints.items(), strict=True):
            said, status = provoke(depot, tmp_path)
            assert words.removesuffix("…") in said
            assert (f"({status})" in row[0]) is (status is not None)


type Complaint = tuple[str, int | None]


def serve(data: Path, port: int) -> Complaint:
    """Start a depot that cannot run; return what it says."""
    command = [str(console_command("mqtt-ota")), "serve", "--data-dir", str(data)]
    done = subprocess.run(
        [*command, "--host", LOOPBACK, "--port", str(port)],
        check=False,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr, None


def another_on_the_same_port(depot: Depot, folder: Path) -> Complaint:
    """Start a second depot on a port that is taken."""
    return serve(folder / "other", depot.port)


def another_on_the_same_data(depot: Depot, _folder: Path) -> Complaint:
    """Start a second depot on a data folder that is in use."""
    return serve(depot.data, 0)


def database_of_the_future(depot: Depot, folder: Path) -> Complaint:
    """Start a depot on a database with tables that it does not know."""
    data = folder / "future"
    data.mkdir()
    with (
        sqlite3.connect(depot.data / "depot.db") as present,
        sqlite3.connect(data / "depot.db") as future,
    ):
        present.backup(future)
        future.execute("UPDATE alembic_version SET version_num = '9999'")
    return serve(data, 0)


def no_room(_depot: Depot, _folder: Path) -> Complaint:
    """Return the answer for a full disk, which nobody wants to fill."""
    problem = storage_full()
    return problem.detail, problem.status


def asked(depot: Depot, path: str, headers: Mapping[str, str] | None = None) -> Complaint:
    """Return what the depot answers to a request."""
    answer = JsonClient(depot.url, ssl_context=depot.ssl_context()).request(
        "GET", path, headers=headers
    )
    return (answer.data or {}).get("detail", ""), answer.status


def wrong_token(depot: Depot, _folder: Path) -> Complaint:
    """Download with a token that was never given."""
    return asked(depot, "/p/0123456789abcdef?token=never-given")


def many_wrong_tokens(depot: Depot, folder: Path) -> Complaint:
    """Guess tokens until the depot has enough of it."""
    return until_limited(lambda: wrong_token(depot, folder))


def many_wrong_keys(depot: Depot, _folder: Path) -> Complaint:
    """Guess API keys until the depot has enough of it."""
    wrong = {"Authorization": "Bearer never-given"}
    return until_limited(lambda: asked(depot, "/api/v1/info", wrong))


def until_limited(ask: Callable[[], Complaint]) -> Complaint:
    """Ask again and again, but not for ever."""
    for _ in range(100):
        said, status = ask()
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return said, status
    pytest.fail("the depot answers everything")


def many_connections(_depot: Depot, folder: Path) -> Complaint:
    """Keep more connections open than one address may have."""
    depot = Depot(folder / "few", tls=False, options=("--max-connections", "3"))
    with depot.process, ExitStack() as stack:
        depot.wait_ready()
        for _ in range(4):
            stack.enter_context(socket.create_connection((LOOPBACK, depot.port)))
        wait_until(lambda: "no more are taken" in depot.log_tail() or None, "the warning", 10)
        return depot.log_tail(), None


def many_downloads(_depot: Depot, folder: Path) -> Complaint:
    """Download a package again and again under one grant."""
    depot = Depot(folder / "repeats", options=("--max-repeats", "1"))
    with depot.process:
        depot.wait_ready()
        package = depot.upload(NewPackage(content=image_bytes(1024, "repeats")))
        grant = depot.grant(package["id"], "weather_1", "task")
        token = {"Authorization": f"Bearer {grant['token']}"}
        answers = [asked(depot, grant["url"].removeprefix(depot.url), token) for _ in range(3)]
    return answers[-1]


def many_listeners(_depot: Depot, folder: Path) -> Complaint:
    """Listen to the events with one program more than may."""
    depot = Depot(folder / "listeners", tls=False, options=("--max-listeners", "1"))
    with depot.process, socket.socket() as first:
        depot.wait_ready()
        first.connect((LOOPBACK, depot.port))
        upgrade = {
            "Authorization": f"Bearer {depot.api_key}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        fields = "".join(f"{name}: {value}\r\n" for name, value in upgrade.items())
        first.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: depot\r\n{fields}\r\n".encode())
        assert first.recv(12) == b"HTTP/1.1 101"
        return asked(depot, "/api/v1/events", upgrade)
