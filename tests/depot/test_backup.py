"""A backup that is made while everything goes on is whole when it comes back."""

import asyncio
from collections.abc import AsyncIterator
import hashlib
import os
from pathlib import Path, PurePosixPath
import random
import tarfile
import time

from aiohttp import FormData
import pytest
import yaml

from mqtt_ota_depot import backup
from mqtt_ota_depot.errors import StartError

from .process import DepotProcess, run
from .rig import Rig, depot_running, form

BLOCK = random.Random(4).randbytes(256 * 1024)
CONFIG = yaml.safe_load((Path(__file__).parents[2] / "addon" / "config.yaml").read_text())


def tarred(data: Path, archive: Path) -> None:
    """Make the archive that the Supervisor makes, with the app's own exclusions."""

    def wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        """Leave out what the app asks to leave out."""
        host_path = PurePosixPath("/mnt/data/apps/data/local_mqtt_ota") / member.name
        excluded = any(host_path.match(pattern) for pattern in CONFIG["backup_exclude"])
        return None if excluded else member

    with tarfile.open(archive, "w") as tar:
        for path in sorted(data.iterdir()):
            tar.add(path, path.name, filter=wanted)


def untarred(archive: Path, data: Path) -> None:
    """Restore an archive into an empty folder."""
    data.mkdir()
    with tarfile.open(archive) as tar:
        tar.extractall(data, filter="data")


def supervisor_runs(command: str, data: Path) -> None:
    """Run the app's command for a backup, beside the running depot."""
    _, name = CONFIG[command].split()
    done = run(name, env={**os.environ, "MQTT_OTA_DATA_DIR": str(data)})
    assert done.returncode == 0, done.stderr


def endless(stop: asyncio.Event, begun: asyncio.Event) -> FormData:
    """Return an upload that goes on until it is told to end."""

    async def blocks() -> AsyncIterator[bytes]:
        """Yield one block after the other."""
        while not stop.is_set():
            yield BLOCK
            begun.set()
            await asyncio.sleep(0.05)

    upload = form(None, version="endless")
    upload.add_field("file", blocks(), filename="big.bin", content_type="application/octet-stream")
    return upload


async def churn(rig: Rig, stop: asyncio.Event) -> None:
    """Add packages and grants, and remove some, as fast as it goes."""
    for number in range(10_000):
        if stop.is_set():
            return
        package = await rig.package(f"bytes {number}".encode(), version=f"churn {number}")
        await rig.grant(package, task_id=f"task {number}")
        if number % 2:
            await rig.api("DELETE", f"/packages/{package['id']}")


@pytest.mark.e2e
@pytest.mark.xdist_group("depot-process")
async def test_a_backup_in_mid_upload_comes_back_whole(tmp_path: Path) -> None:
    """Packages, key, certificates and identity; the half upload is not there, the rest works."""
    data, restored, archive = tmp_path / "data", tmp_path / "restored", tmp_path / "backup.tar"
    depot = DepotProcess(data, "--tls", "false")
    stop, begun = asyncio.Event(), asyncio.Event()
    try:
        async with depot.client() as rig, asyncio.TaskGroup() as group:
            kept = await rig.package(BLOCK * 4, version="kept")
            doomed = await rig.package(b"doomed", version="doomed")
            before = (await rig.api("GET", "/info")).body["depot_id"]
            upload = group.create_task(rig.api("POST", "/packages", data=endless(stop, begun)))
            group.create_task(churn(rig, stop))
            await begun.wait()
            await asyncio.to_thread(supervisor_runs, "backup_pre", data)
            # Removed while the copy is being made: its bytes must come along all the same.
            assert (await rig.api("DELETE", f"/packages/{doomed['id']}")).status == 204
            await asyncio.to_thread(tarred, data, archive)
            assert not upload.done()
            await asyncio.to_thread(supervisor_runs, "backup_post", data)
            stop.set()
    finally:
        depot.kill()
    untarred(archive, restored)
    assert not (restored / "depot.db").exists()
    async with depot_running(restored) as rig:
        assert (await rig.api("GET", "/info")).body["depot_id"] == before
        listed = (await rig.api("GET", "/packages")).body["packages"]
        versions = {each["version"] for each in listed}
        assert {"kept", "doomed"} <= versions
        assert "endless" not in versions
        for package in listed:
            grant = await rig.grant(package, task_id=package["id"])
            received = await rig.download(grant)
            assert hashlib.sha256(received).hexdigest() == package["sha256"]
        assert kept["id"] in {each["id"] for each in listed}
        # Nothing is hidden for want of bytes, and nothing lies about that no package uses.
        assert {name.partition("/")[2] for name in rig.files()} == {
            each["sha256"] for each in listed
        }


async def test_removed_bytes_go_when_the_backup_is_made(tmp_path: Path) -> None:
    """Held during the backup, removed after it; a package that comes back keeps them."""
    async with depot_running(tmp_path) as rig:
        gone, back = await rig.package(b"gone", version="1"), await rig.package(b"b", version="2")
        backup.begin(tmp_path)
        for package in (gone, back):
            assert (await rig.api("DELETE", f"/packages/{package['id']}")).status == 204
        assert len(rig.files()) == 2
        await rig.package(b"b", version="2")
    # The depot is started anew while the backup is being made.
    async with depot_running(tmp_path) as rig:
        assert len(rig.files()) == 2
        backup.end(tmp_path)
        assert not backup.is_under_way(tmp_path)
    async with depot_running(tmp_path) as rig:
        assert rig.files() == [f"packages/{hashlib.sha256(b'b').hexdigest()}"]


async def test_a_backup_that_never_ended_holds_nothing_for_ever(tmp_path: Path) -> None:
    """After some hours bytes are removed again, and its copy replaces no database."""
    async with depot_running(tmp_path) as rig:
        package = await rig.package()
        backup.begin(tmp_path)
        long_ago = time.time() - backup.LONGEST - 1
        os.utime(tmp_path / backup.COPY, (long_ago, long_ago))
        await rig.api("DELETE", f"/packages/{package['id']}")
        assert rig.files() == []
    async with depot_running(tmp_path) as rig:
        assert (await rig.api("GET", "/packages")).body == {"packages": []}


def test_a_copy_that_cannot_be_made_fails_the_backup(tmp_path: Path) -> None:
    """The Supervisor then tells its user, instead of keeping half a backup."""
    backup.begin(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "depot.db").write_text("This is no database, whatever its name says." * 100)
    with pytest.raises(StartError, match="cannot be copied"):
        backup.begin(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["depot.db"]
    backup.end(tmp_path)
