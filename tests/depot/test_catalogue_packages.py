"""The catalogue of faults and attacks, P1 to P10: packages and their uploads."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import hashlib
import os
from pathlib import Path
import shutil
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.mqtt_ota.const import PackageKind as OfferedKind
from custom_components.mqtt_ota.depot import Package as OfferedPackage
from custom_components.mqtt_ota.depot.models import _PACKAGE
from custom_components.mqtt_ota.devices import Device
from custom_components.mqtt_ota.offers import Offers
from mqtt_ota_depot import scrub
from mqtt_ota_depot.blobs import FileBlobs, StorageFullError
from mqtt_ota_depot.catalog import SqlCatalog, _package_row
from mqtt_ota_depot.packages import Package, PackageKind, safe_file_name
from mqtt_ota_depot.times import utcnow

from .process import DepotProcess
from .rig import AUTHORIZATION, PREFIX, Rig, depot_running, form
from .test_image_header import esp_app

pytestmark = pytest.mark.long

HOSTILE_NAMES = [
    "../../../etc/passwd",
    "..\\..\\windows\\system32\\x.exe",
    "/absolute/path.bin",
    "C:\\boot.ini",
    "nul\0byte.bin",
    "new\nline.bin",
    "a" * 300 + ".bin",
    "ü" * 200,
    ".htaccess",
    "-rf",
    "..",
    ".",
    "",
    "<script>alert(1)</script>.bin",
    "x.bin;echo y",
    "\u202egpj.bin",
    "con.bin",
    "42.zip",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_p1_no_name_leads_anywhere(name: str) -> None:
    """What is left is a short plain name, without a path and without a dot in front."""
    safe = safe_file_name(name)
    assert 0 < len(safe) <= 100
    assert set(safe) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert safe[0] not in ".-"
    assert ".." not in safe.strip("._-")[:2]


async def test_p1_bytes_lie_under_their_hash_whatever_they_are_called(rig: Rig) -> None:
    """Links that lie in the way are replaced, names that differ by case do not clash."""
    before = set(rig.data_dir.parent.iterdir())
    stored = set()
    for number, name in enumerate(("../../evil.bin", "Weather.bin", "weather.bin", "..\\x")):
        data = b"content %d" % number
        digest = hashlib.sha256(data).hexdigest()
        victim = rig.data_dir / "victim"
        victim.write_bytes(b"untouched")
        (rig.data_dir / "packages" / digest).symlink_to(victim)
        package = (
            await rig.api(
                "POST", "/packages", data=form(data, name=name, version=f"{number}", model="M")
            )
        ).body
        assert "/" not in package["file_name"]
        assert await rig.download(await rig.grant(package)) == data
        assert victim.read_bytes() == b"untouched"
        stored.add(f"packages/{digest}")
    assert set(rig.files()) == stored
    assert set(rig.data_dir.parent.iterdir()) == before


async def test_p1_models_and_versions_that_differ_by_case_are_two(rig: Rig) -> None:
    """They are facts, not names of files."""
    first = await rig.package(b"one", model="weather", version="1.0-rc")
    second = await rig.package(b"two", model="Weather", version="1.0-RC")
    assert first["id"] != second["id"]
    assert await rig.download(await rig.grant(first)) == b"one"


async def test_p2_an_upload_that_ends_anywhere_leaves_nothing(rig: Rig) -> None:
    """Cut after every part of the form and of the file: no package, no bytes, no event."""
    fields = (("kind", "firmware"), ("model", "m"), ("version", "1"))
    texts = [
        f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    ]
    file = '--cut\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    body = "".join((*texts, file)).encode() + b"x" * 5000 + b"\r\n--cut--\r\n"
    head = (
        b"POST /api/v1/packages HTTP/1.1\r\nHost: x\r\nAuthorization: "
        + AUTHORIZATION["Authorization"].encode()
        + b"\r\nContent-Type: multipart/form-data; boundary=cut\r\nContent-Length: %d\r\n\r\n"
    ) % len(body)
    port = int(rig.url.rpartition(":")[2])
    for cut in [*range(0, len(body), 397), len(body) - 3, len(body) - 1]:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head + body[:cut])
        await writer.drain()
        writer.transport.abort()
    async with asyncio.timeout(10):
        while rig.files():  # noqa: ASYNC110 - the folder has no events
            await asyncio.sleep(0.02)
    assert (await rig.api("GET", "/packages")).body == {"packages": []}
    await rig.package(b"x" * 5000)


@pytest.mark.parametrize("step", ["write", "seal", "keep"])
async def test_p2_a_full_disk_costs_no_older_package(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """507 at each step, nothing of the new one stays, the old one is served on."""
    old = await rig.package(b"old", version="1")

    async def full(*_: object) -> None:
        """Have no room."""
        raise StorageFullError

    with monkeypatch.context() as patched:
        patched.setattr(f"mqtt_ota_depot.blobs._FileIncoming.{step}", full)
        answer = await rig.upload(b"new", version="2")
        assert (answer.status, answer.problem) == (507, "storage-full")
    assert len(rig.files()) == 1
    assert await rig.download(await rig.grant(old)) == b"old"
    await rig.package(b"new", version="2")


@pytest.mark.e2e
@pytest.mark.xdist_group("depot-process")
async def test_p2_a_file_is_bounded_by_the_system(tmp_path: Path) -> None:
    """The system itself refuses to write on: the answer is 507, and the depot lives."""
    depot = DepotProcess(tmp_path / "data", "--tls", "false", limit="--fsize=2000000")
    try:
        async with depot.client() as rig:
            old = await rig.package(b"old", version="1")
            answer = await rig.upload(bytes(3_000_000), version="2")
            assert answer.status == 507
            assert await rig.download(await rig.grant(old)) == b"old"
    finally:
        depot.kill()


@pytest.mark.parametrize("damage", [b"firmwar", b"firmware!", b"Firmware", b"firmware\0"])
async def test_p3_bytes_that_are_not_those_announced_are_refused(rig: Rig, damage: bytes) -> None:
    """Cut, longer, changed: only the very bytes of the hash become a package."""
    digest = hashlib.sha256(b"firmware").hexdigest()
    answer = await rig.upload(damage, sha256=digest)
    assert (answer.status, answer.problem) == (422, "hash-mismatch")
    assert rig.files() == []
    await rig.package(b"firmware", sha256=digest)


async def test_p3_ten_gibibytes_that_are_announced_are_not_waited_for(rig: Rig) -> None:
    """The answer comes before the first byte, with and without `Expect`."""
    port = int(rig.url.rpartition(":")[2])
    for expect in (b"", b"Expect: 100-continue\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /api/v1/packages HTTP/1.1\r\nHost: x\r\nAuthorization: "
            + AUTHORIZATION["Authorization"].encode()
            + b"\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            + b"Content-Length: 10737418240\r\n" + expect + b"\r\n"
        )  # fmt: skip
        async with asyncio.timeout(5):
            assert b" 413 " in await reader.readline()
        writer.close()
    answer = await rig.upload(b"")
    assert (answer.status, answer.problem) == (400, "invalid-request")


async def test_p4_a_version_never_changes_its_content(rig: Rig) -> None:
    """Other bytes need another version; after a removal the URL and the entity tag are others."""
    first = await rig.package(b"one")
    grant = await rig.grant(first)
    answer = await rig.upload(b"two")
    assert (answer.status, answer.problem) == (409, "version-exists")
    assert await rig.download(grant) == b"one"
    assert (await rig.api("DELETE", f"/packages/{first['id']}")).status == 204
    second = await rig.grant(await rig.package(b"two"), task_id="other")
    assert second["url"] != grant["url"]
    async with rig.get(grant) as response:
        assert response.status == 401


async def test_p5_a_package_for_other_hardware_is_refused(rig: Rig) -> None:
    """By the chip in its header; the kinds are apart, so software never takes firmware's place."""
    await rig.package(esp_app(0), model="weather", version="1")
    answer = await rig.upload(esp_app(5), model="weather", version="2")
    assert answer.problem == "wrong-chip"
    software = await rig.package(b"s", model="weather", version="1", kind="software")
    packages = (await rig.api("GET", "/packages")).body["packages"]
    assert {(each["kind"], each["version"]) for each in packages} == {
        ("firmware", "1"),
        ("software", "1"),
    }
    assert _newest(software, installed="0") is None
    assert _newest({**software, "kind": "firmware", "model": "porch"}, installed="0") is None


async def test_p6_an_older_version_is_never_offered_by_itself(rig: Rig) -> None:
    """It stays in the depot for those who ask for exactly it."""
    old = await rig.package(b"old", model="weather", version="1.0.0")
    assert _newest(old, installed="2.0.0") is None
    assert _newest(old, installed="0.9.0") is not None
    exact = _offers(old).exactly(_device("2.0.0"), OfferedKind.FIRMWARE, "1.0.0")
    assert exact is not None


async def test_p7_a_delta_is_for_its_source_only(rig: Rig) -> None:
    """Where the delta does not fit, the full package is offered, be it older."""
    full = await rig.package(b"full", model="weather", version="1.9.0")
    delta = await rig.package(b"d", model="weather", version="2.0.0", source_versions=["1.9.0"])
    for installed, expected in (("1.9.0", "2.0.0"), ("1.0.0", "1.9.0")):
        offered = _newest(full, delta, installed=installed)
        assert offered is not None
        assert offered.version == expected


async def test_p8_a_package_that_is_deleted_ends_its_downloads(rig: Rig) -> None:
    """The integration is told, and devices hear that their right has ended, not 404 for ever."""
    package = await rig.package()
    grant = await rig.grant(package)
    async with rig.events() as events:
        await events.next()
        await rig.api("DELETE", f"/packages/{package['id']}")
        told = await events.next()
        while told["type"] != "package_removed":
            told = await events.next()
    assert told["package_id"] == package["id"]
    async with rig.get(grant) as response:
        assert response.status == 401
    assert (await rig.api("GET", "/grants")).body == {"grants": []}
    answer = await rig.api(
        "POST", "/grants", json={"package_id": package["id"], "device_id": "d", "task_id": "t"}
    )
    assert (answer.status, answer.problem) == (404, "package-not-found")


async def test_p9_bytes_that_have_changed_are_found_and_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The weekly look compares hashes; the same upload brings the package back."""
    monkeypatch.setattr(scrub, "REST", 0)
    monkeypatch.setattr(scrub, "FIRST_PAUSE", 0.5)
    monkeypatch.setattr(scrub, "PAUSE", 0.1)
    async with depot_running(tmp_path) as rig:
        good = await rig.package(b"good", version="1")
        bad = await rig.package(b"x" * 3_000_000, version="2")
        grant = await rig.grant(bad)
        file = tmp_path / "packages" / bad["sha256"]
        async with rig.events() as events:
            await events.next()
            with file.open("r+b") as opened:
                opened.seek(2_000_000)
                opened.write(b"y")
            event = await events.next()
            while event["type"] != "package_removed":
                event = await events.next()
        assert event["package_id"] == bad["id"]
        assert "is missing or damaged" in caplog.text
        async with rig.get(grant) as response:
            assert response.status == 401
        assert (await rig.api("GET", "/packages")).body["packages"] == [good]
        assert not file.exists()
        again = await rig.package(b"x" * 3_000_000, version="2")
        received = await rig.download(await rig.grant(again))
        assert hashlib.sha256(received).hexdigest() == bad["sha256"]
        assert await rig.download(await rig.grant(good, task_id="other")) == b"good"


def _package(number: int, sha256: str, size: int) -> Package:
    """Return a package's facts."""
    return Package(
        id=f"{number:032x}",
        kind=PackageKind.FIRMWARE,
        model=f"model {number % 100}",
        version=f"{number}",
        source_versions=(),
        file_name="a.bin",
        size=size,
        sha256=sha256,
        release_notes=None,
        custom_info=None,
        withdrawn=False,
        created_at=utcnow() + timedelta(seconds=number),
    )


async def _filled(data: Path, packages: list[Package]) -> None:
    """Write packages into the catalog of a depot that does not run."""
    catalog = SqlCatalog.in_folder(data)
    await catalog.open()
    async with catalog._transaction() as session:
        session.add_all([_package_row(package) for package in packages])
    await catalog.close()


async def test_p10_ten_thousand_packages(tmp_path: Path) -> None:
    """They are there after a start, listed, found, downloaded and changed in good time."""
    folder = FileBlobs(tmp_path)._folder
    packages = []
    for number in range(10_000):
        data = b"%d" % number
        digest = hashlib.sha256(data).hexdigest()
        (folder / digest).write_bytes(data)
        packages.append(_package(number, digest, len(data)))
    await _filled(tmp_path, packages)
    async with asyncio.timeout(60), depot_running(tmp_path) as rig:
        listed = (await rig.api("GET", "/packages")).body["packages"]
        assert len(listed) == 10_000
        chosen = listed[7_777]
        assert await rig.download(await rig.grant(chosen)) == b"7777"
        assert (await rig.api("DELETE", f"/packages/{chosen['id']}")).status == 204
        answer = await rig.upload(b"new", model="model 77", version="7777")
        assert answer.status == 201
    async with depot_running(tmp_path) as rig:
        assert len((await rig.api("GET", "/packages")).body["packages"]) == 10_000


async def test_p10_offsets_beyond_four_gibibytes(tmp_path: Path) -> None:
    """Every byte has its place, also behind 2^31 and 2^32."""
    size = 2**32 + 5_000_000
    digest = "ab" * 32
    marks = {2**31 - 2: b"2^31", 2**32 - 2: b"2^32", size - 4: b"last"}
    if shutil.disk_usage(tmp_path).free < 64 * 2**20:
        pytest.skip("no room for a sparse file")
    with (FileBlobs(tmp_path)._folder / digest).open("wb") as file:
        os.truncate(file.fileno(), size)
        for offset, mark in marks.items():
            file.seek(offset)
            file.write(mark)
    await _filled(tmp_path, [replace(_package(1, digest, size), id="f" * 32)])
    async with depot_running(tmp_path) as rig, ClientSession() as session:
        async with session.get(rig.url + PREFIX + "/packages", headers=AUTHORIZATION) as response:
            (package,) = (await response.json())["packages"]
        assert package["size"] == size
        grant = await rig.grant(package)
        for offset, mark in marks.items():
            async with rig.get(grant, Range=f"bytes={offset}-{offset + 3}") as response:
                assert response.status == 206
                assert response.headers["Content-Range"] == f"bytes {offset}-{offset + 3}/{size}"
                assert await response.read() == mark
        async with rig.get(grant, method="HEAD") as response:
            assert response.headers["Content-Length"] == str(size)
        async with rig.get(grant, Range=f"bytes={size - 4_000_000}-") as response:
            received = await response.read()
        assert (len(received), received[-4:]) == (4_000_000, b"last")


def _device(installed: str) -> Device:
    """Return a device of the model, with a version of both kinds."""
    return Device(id="dev", model="weather", firmware=installed, software=installed)


def _offers(*packages: dict[str, Any]) -> Offers:
    """Return what the integration makes of the depot's answers."""
    return Offers([_PACKAGE(package) for package in packages])


def _newest(*packages: dict[str, Any], installed: str) -> OfferedPackage | None:
    """Return the firmware that a device of the model is offered."""
    return _offers(*packages).newest(_device(installed), OfferedKind.FIRMWARE)
