"""The depot as a real process: start, stop, kill, memory."""

import asyncio
from collections.abc import AsyncIterator, Iterator
import hashlib
from pathlib import Path
import random
import shutil
import socket
import subprocess
import time
from typing import Any

from aiohttp import ClientError, FormData
import pytest

from mqtt_ota_depot import __version__

from .process import DepotProcess, run
from .rig import AUTHORIZATION, KEY, PREFIX, Rig, form

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("depot-process")]

MIB = 1024 * 1024
BLOCK = random.Random(2).randbytes(MIB)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[DepotProcess]]:
    """Return a list of processes that are ended with the test."""
    processes: list[DepotProcess] = []
    yield processes
    for each in processes:
        if each.process.poll() is None:
            each.kill()


@pytest.fixture
def depot(tmp_path: Path, started: list[DepotProcess]) -> DepotProcess:
    """Return a running depot."""
    started.append(DepotProcess(tmp_path / "data"))
    return started[-1]


def streamed(size: int, pause: float = 0.0, **fields: Any) -> FormData:
    """Return an upload of `size` MiB that is made while it is sent."""

    async def blocks() -> AsyncIterator[bytes]:
        """Yield the blocks."""
        for _ in range(size):
            yield BLOCK
            await asyncio.sleep(pause)

    upload = form(None, **fields)
    upload.add_field("file", blocks(), filename="big.bin", content_type="application/octet-stream")
    return upload


async def upload(rig: Rig, data: FormData) -> dict[str, Any]:
    """Upload a form that must be accepted."""
    answer = await rig.api("POST", "/packages", data=data)
    assert answer.status == 201, answer.body
    return dict(answer.body)


async def test_it_tells_how_to_reach_it_and_stops_cleanly(depot: DepotProcess) -> None:
    """URL, fingerprint and key are found by people and programs; nothing else is told."""
    async with depot.client() as rig:
        assert (await rig.api("GET", "/info")).body["device_url"] == depot.url
    fingerprint = run("fingerprint", "--data-dir", str(depot.data_dir)).stdout.strip()
    assert depot.endpoint["fingerprint"] == fingerprint
    assert depot.stop() == 0
    assert not (depot.data_dir / "endpoint.json").exists()
    log = depot.log.read_text()
    assert depot.url in log
    assert fingerprint in log
    assert KEY not in log
    assert "Traceback" not in log


def test_the_key_is_made_once_and_printed_on_request(
    tmp_path: Path, started: list[DepotProcess]
) -> None:
    """The command shows the key that the server uses; its file is private."""
    arguments = ("api-key", "--data-dir", str(tmp_path / "data"))
    keys = []
    for _ in range(2):
        started.append(DepotProcess(tmp_path / "data", api_key=None))
        keys.append(run(*arguments).stdout.strip())
        assert started[-1].stop() == 0
    assert len(keys[0]) >= 40
    assert keys[0] == keys[1]
    assert (tmp_path / "data" / "api_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", ["api-key", "fingerprint"])
def test_nothing_is_made_that_no_depot_uses(tmp_path: Path, command: str) -> None:
    """A mistyped data folder is an error, not a new key or authority."""
    done = run(command, "--data-dir", str(tmp_path / "typo"))
    assert done.returncode == 1
    assert "start it first" in done.stderr
    assert not (tmp_path / "typo").exists()


def test_wrong_use_is_explained(tmp_path: Path, depot: DepotProcess) -> None:
    """Every reason not to start has one line that names it, and a status."""
    other = str(tmp_path / "other")
    (tmp_path / "file").write_text("")
    port = depot.url.rpartition(":")[2]
    cases = [
        (2, "port (from --port)", ["serve", "--port", "x"]),
        (2, "settings file", ["serve", "--settings", str(tmp_path / "none.json")]),
        (1, "another depot uses data_dir", ["serve", "--data-dir", str(depot.data_dir)]),
        (1, f"cannot listen on 127.0.0.1 port {port}",
         ["serve", "--data-dir", other, "--host", "127.0.0.1", "--port", port]),
        (1, "cannot use data_dir", ["serve", "--data-dir", str(tmp_path / "file" / "x")]),
        (1, "check certfile",
         ["serve", "--data-dir", other, "--port", "0", "--certfile", "/none", "--keyfile", "/none"]),
    ]  # fmt: skip
    for status, says, arguments in cases:
        done = run(*arguments)
        assert (done.returncode, says in done.stderr) == (status, True), done.stderr
        assert "Traceback" not in done.stderr
    assert run("--version").stdout.strip() == __version__


async def test_plain_http_is_an_explicit_choice(
    tmp_path: Path, started: list[DepotProcess]
) -> None:
    """Without TLS there is no fingerprint, and the log warns."""
    started.append(DepotProcess(tmp_path / "data", "--tls", "false"))
    assert started[0].url.startswith("http://127.0.0.1:")
    assert started[0].endpoint["fingerprint"] is None
    assert "anyone on the network" in started[0].log.read_text()
    assert not (tmp_path / "data" / "certificates").exists()


async def test_wrong_fields_are_named_by_the_shipped_libraries(depot: DepotProcess) -> None:
    """The process has no test environment around it, so its own validators answer."""
    async with depot.client() as rig:
        for fields, field in (
            ({"kind": "module"}, "kind"),
            ({"model": None}, "model"),
            ({"version": " 1"}, "version"),
            ({"source_versions": ["1"] * 21}, "source_versions"),
            ({"colour": "red"}, "colour"),
        ):
            answer = await rig.upload(**fields)  # type: ignore[arg-type]
            assert (answer.status, answer.body["field"]) == (400, field)
        package = await rig.package(sha256=hashlib.sha256(b"firmware").hexdigest().upper())
        for changes in ({"withdrawn": 1}, {"size": 1}, [], {"model": None}):
            answer = await rig.api("PATCH", f"/packages/{package['id']}", json=changes)
            assert (answer.status, answer.problem) == (400, "invalid-request"), changes
        body = {"package_id": package["id"], "device_id": "d", "task_id": "t"}
        for change in ({"expires_in": True}, {"expires_in": 1}, {"x": 1}, {"task_id": None}):
            answer = await rig.api("POST", "/grants", json={**body, **change})
            assert (answer.status, answer.body["field"]) == (400, next(iter(change)))
        assert await rig.download(await rig.grant(package)) == b"firmware"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_resumes(depot: DepotProcess, tmp_path: Path) -> None:
    """The command of the handbook, cut and continued."""
    async with depot.client() as rig:
        grant = await rig.grant(await upload(rig, streamed(4)))
        target = tmp_path / "out.bin"
        target.write_bytes((BLOCK * 4)[:1_234_567])
        command = ["curl", "--fail", "--silent", "--show-error", "--cacert", depot.ca,
                   "-H", f"Authorization: Bearer {grant['token']}", "-C", "-",
                   "-o", str(target), grant["url"]]  # fmt: skip
        await asyncio.to_thread(subprocess.run, command, check=True, timeout=30)
    assert target.read_bytes() == BLOCK * 4


async def beginning(rig: Rig, grant: dict[str, Any], count: int) -> bytes:
    """Return the first bytes of a download that is then broken off."""
    async with rig.get(grant) as response:
        return bytes(await response.content.readexactly(count))


async def rest(rig: Rig, depot: DepotProcess, grant: dict[str, Any], start: int) -> bytes:
    """Return the rest of a download from a depot that may have another port by now."""
    moved = {**grant, "url": depot.url + grant["url"][grant["url"].index("/p/") :]}
    return await rig.download(moved, Range=f"bytes={start}-")


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_a_download_goes_on_after_the_depot_comes_back(
    tmp_path: Path, depot: DepotProcess, started: list[DepotProcess], how: str
) -> None:
    """The same token continues, and the transfer becomes complete."""
    async with depot.client() as rig:
        grant = await rig.grant(await upload(rig, streamed(64)))
        begun = asyncio.create_task(_slow_beginning(rig, grant))
        await asyncio.sleep(0.5)
        before = time.monotonic()
        await asyncio.to_thread(depot.stop if how == "stop" else depot.kill)
        assert time.monotonic() - before < 6
        received = await begun
    assert 0 < received < 64 * MIB
    started.append(DepotProcess(tmp_path / "data"))
    async with started[-1].client() as rig, rig.events() as events:
        (transfer,) = (await events.next())["transfers"]
        assert transfer["active"] is False
        data = await rest(rig, started[-1], grant, received)
        assert len(data) == 64 * MIB - received
        assert (await events.until(complete=True))["bytes_served"] == 64 * MIB
    assert started[-1].stop() == 0


async def _slow_beginning(rig: Rig, grant: dict[str, Any]) -> int:
    """Read slowly until the connection breaks; return the number of bytes."""
    count = 0
    try:
        async with rig.get(grant) as response:
            async for chunk in response.content.iter_chunked(65_536):
                count += len(chunk)
                await asyncio.sleep(0.01)
    except ClientError:
        return count
    return count


async def test_a_killed_depot_shows_no_half_package(
    tmp_path: Path, depot: DepotProcess, started: list[DepotProcess]
) -> None:
    """At whatever moment of an upload it dies: after the next start all or nothing."""
    seen = set()
    for number, moment in enumerate((0.0, 0.02, 0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.8)):
        async with started[-1].client() as rig:
            task = asyncio.create_task(
                rig.session.post(
                    rig.url + PREFIX + "/packages",
                    data=streamed(24, 0.005, version=str(number)),
                    headers=AUTHORIZATION,
                )
            )
            await asyncio.sleep(moment)
            await asyncio.to_thread(started[-1].kill)
            (answer,) = await asyncio.gather(task, return_exceptions=True)
        accepted = not isinstance(answer, BaseException) and answer.status == 201
        started.append(await asyncio.to_thread(DepotProcess, tmp_path / "data"))
        async with started[-1].client() as rig:
            packages = (await rig.api("GET", "/packages")).body["packages"]
            present = str(number) in {package["version"] for package in packages}
            assert present or not accepted
            assert rig.files() == sorted({f"packages/{each['sha256']}" for each in packages})
            for package in packages:
                assert (package["size"], package["sha256"]) == (24 * MIB, _digest(24))
                await rig.api("DELETE", f"/packages/{package['id']}")
        seen.add(present)
    assert False in seen


def _digest(size: int) -> str:
    """Return the SHA-256 of an upload of `size` MiB."""
    digest = hashlib.sha256()
    for _ in range(size):
        digest.update(BLOCK)
    return digest.hexdigest()


async def test_a_limit_of_the_file_system_is_a_full_storage(
    tmp_path: Path, started: list[DepotProcess]
) -> None:
    """When the system takes no more bytes the client is told, and the depot lives on."""
    started.append(DepotProcess(tmp_path / "data", limit=f"--fsize={8 * MIB}"))
    async with started[0].client() as rig:
        answer = await rig.api("POST", "/packages", data=streamed(16))
        assert (answer.status, answer.problem) == (507, "storage-full")
        assert rig.files() == []
        assert (await upload(rig, streamed(4)))["size"] == 4 * MIB


@pytest.mark.timeout(180)
async def test_memory_does_not_grow_with_packages_and_clients(depot: DepotProcess) -> None:
    """A package of 1 GiB and fifty slow devices cost less than 64 MiB each."""
    async with depot.client() as rig:
        await rig.package()
        idle = depot.memory()
        before = time.monotonic()
        package = await upload(rig, streamed(1024, version="big"))
        seconds = time.monotonic() - before
        assert package["size"] == 1024 * MIB
        grown = depot.memory("VmHWM") - idle
        print(f"1 GiB in {seconds:.1f} s, {grown / MIB:.1f} MiB above idle")  # noqa: T201
        assert grown < 64 * MIB
        grants = [await rig.grant(package, task_id=str(number)) for number in range(50)]
        readers = [asyncio.create_task(beginning(rig, each, 4 * MIB)) for each in grants]
        await asyncio.gather(*readers)
        assert depot.memory("VmHWM") - idle < 64 * MIB


async def test_a_lf_only_request_over_tls_is_answered(depot: DepotProcess) -> None:
    """The way of the C SDK, on its own connection, with a hang-up at the end in time."""
    async with depot.client() as rig:
        grant = await rig.grant(await rig.package())
        host, port = rig.url.removeprefix("https://").split(":")
        context = rig.session.connector._ssl  # type: ignore[union-attr]
        reader, writer = await asyncio.open_connection(
            host, int(port), ssl=context, server_hostname=host
        )
        head = (
            f"GET {grant['url'][len(rig.url) :]} HTTP/1.1\nHost: {host}\n"
            f"Authorization:Bearer {grant['token']}\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode())
        before = time.monotonic()
        answer = await asyncio.wait_for(reader.read(), 10)
        assert time.monotonic() - before < 5
        writer.close()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\nfirmware")


def test_a_client_that_never_speaks_is_no_trouble(depot: DepotProcess) -> None:
    """The end of the depot does not wait for silent connections."""
    port = int(depot.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)):
        before = time.monotonic()
        assert depot.stop() == 0
        assert time.monotonic() - before < 6
