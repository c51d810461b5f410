"""Uploads: what is stored, what is refused, and that nothing stays of what is refused."""

import asyncio
from collections.abc import AsyncIterator
import errno
import hashlib
from pathlib import Path
from typing import Any

from aiohttp import ClientError
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
import pytest

from mqtt_ota_depot import uploads
from mqtt_ota_depot.blobs import FileBlobs, Space, _FileIncoming
from mqtt_ota_depot.catalog import SqlCatalog

from .rig import AUTHORIZATION, PREFIX, Rig, checked, depot_running, form

BOUNDARY = "boundary-of-the-test"
MULTIPART = {**AUTHORIZATION, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def parts(*fields: tuple[str, bytes], end: bytes = b"--\r\n") -> bytes:
    """Return a multipart body by hand."""
    body = b""
    for header, value in fields:
        body += f"--{BOUNDARY}\r\nContent-Disposition: form-data; {header}\r\n\r\n".encode()
        body += value + b"\r\n"
    return body + f"--{BOUNDARY}".encode() + end


FACTS = (('name="kind"', b"firmware"), ('name="model"', b"m"), ('name="version"', b"1"))
FILE = ('name="file"; filename="x.bin"', b"bytes")


async def test_a_package_is_stored_and_described(rig: Rig) -> None:
    """The answer tells everything about the new package."""
    data = b"\x00\r\n--" + bytes(range(256)) * 5000
    answer = await rig.upload(
        data,
        name="../w eather.bin",
        source_versions=["1.2.0", "1.3.0"],
        release_notes="# New",
        custom_info="{}",
        sha256=hashlib.sha256(data).hexdigest(),
    )
    assert answer.status == 201
    package = answer.body
    assert answer.headers["Location"] == f"{PREFIX}/packages/{package['id']}"
    assert package["file_name"] == "w_eather.bin"
    assert package["size"] == len(data)
    assert package["sha256"] == hashlib.sha256(data).hexdigest()
    assert package["source_versions"] == ["1.2.0", "1.3.0"]
    assert package["withdrawn"] is False
    assert rig.files() == [f"packages/{package['sha256']}"]
    assert (rig.data_dir / rig.files()[0]).read_bytes() == data


async def test_repeating_an_upload_changes_nothing(rig: Rig) -> None:
    """The same bytes for the same version are the same package."""
    package = await rig.package(release_notes="first")
    answer = await rig.upload(release_notes="second")
    assert (answer.status, answer.body) == (200, package)
    assert len(rig.files()) == 1


async def test_other_bytes_for_a_version_are_refused(rig: Rig) -> None:
    """A version never changes its content."""
    package = await rig.package()
    answer = await rig.upload(b"other")
    assert (answer.status, answer.problem) == (409, "version-exists")
    assert answer.body["package_id"] == package["id"]
    assert rig.files() == [f"packages/{package['sha256']}"]


async def test_kinds_and_models_have_versions_of_their_own(rig: Rig) -> None:
    """The same bytes serve several packages and are stored once."""
    await rig.package()
    await rig.package(kind="software")
    await rig.package(model="other")
    assert len(rig.files()) == 1


async def test_a_wrong_hash_is_refused(rig: Rig) -> None:
    """Bytes that changed on the way are not stored."""
    answer = await rig.upload(sha256="0" * 64)
    assert (answer.status, answer.problem) == (422, "hash-mismatch")
    assert answer.body["actual"] == hashlib.sha256(b"firmware").hexdigest()
    assert rig.files() == []


WRONG_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"kind": None}, "kind"),
    ({"kind": "module"}, "kind"),
    ({"model": None}, "model"),
    ({"version": " 1"}, "version"),
    ({"version": ["1", "2"]}, "version"),
    ({"sha256": "x"}, "sha256"),
    ({"colour": "red"}, "colour"),
    ({"source_versions": ["1"] * 21}, "source_versions"),
    ({"release_notes": "x" * 70_000}, "release_notes"),
    ({"custom_info": "x" * 70_000}, "custom_info"),
    ({"model": b"\xff\xfe"}, "model"),
]
WRONG_FORMS = [
    b"",
    b"nonsense",
    b"\r\n" * 100,
    parts(),
    parts(*FACTS),
    parts(*FACTS, ('name="file"; filename="x"', b"")),
    parts(*FACTS, FILE, end=b""),
    parts(*FACTS, FILE, end=b"x"),
    parts(*FACTS, FILE)[:-20],
    parts(*FACTS, FILE)[:300],
    parts(*FACTS, FILE, FILE),
    parts(*FACTS[:2], FILE, FACTS[2]),
    parts(*FACTS, FILE, ('name="late"', b"x")),
    parts(*FACTS, *[(f'name="f{i}"', b"") for i in range(60)], FILE),
    parts(*FACTS, ("", b"no name"), FILE),
    parts(*FACTS, (f'name="file"; filename="x"\r\nX-Long: {"y" * 20_000}', b"bytes")),
    parts(
        *FACTS,
        ('name="file"; filename="x"\r\nContent-Transfer-Encoding: base64', b"Ynl0ZXM="),
    ),
    parts(*FACTS, ('name="x"\r\nContent-Type: multipart/mixed; boundary=inner', b"--inner--")),
]


async def test_wrong_fields_are_named(rig: Rig) -> None:
    """The problem names the field, and nothing is stored."""
    for changes, field in WRONG_FIELDS:
        answer = await rig.upload(**changes)
        assert (answer.status, answer.problem) == (400, "invalid-request"), changes
        assert answer.body["field"] == field
        assert rig.files() == []


@pytest.mark.filterwarnings("ignore::aiohttp.multipart.BadContentDispositionHeader")
async def test_malformed_forms_are_refused(rig: Rig) -> None:
    """Whatever is wrong with the form, it is the client's fault and nothing stays."""
    for body in WRONG_FORMS:
        answer = await rig.api("POST", "/packages", data=body, headers=MULTIPART)
        assert (answer.status, answer.problem) == (400, "invalid-request"), body[:400]
        assert rig.files() == []
    assert (await rig.api("GET", "/packages")).body == {"packages": []}


async def test_a_form_by_hand_is_accepted(rig: Rig) -> None:
    """The refused forms differ from this one by their fault alone."""
    body = parts(*FACTS, FILE)
    answer = await rig.api("POST", "/packages", data=body, headers=MULTIPART)
    assert answer.status == 201


@given(cut=st.integers(0, 340), size=st.integers(0, 400))
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_a_cut_form_never_becomes_a_package(rig: Rig, cut: int, size: int) -> None:
    """At whatever byte a form ends, it is refused and nothing stays."""
    body = parts(*FACTS, ('name="file"; filename="x"', b"\r\n--" + b"z" * size))
    cut = min(cut, len(body) - 3)
    answer = await rig.api("POST", "/packages", data=body[:cut], headers=MULTIPART)
    assert (answer.status, answer.problem) == (400, "invalid-request")
    assert rig.files() == []


@given(data=st.binary(min_size=1, max_size=2000), chunk=st.integers(1, 300))
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_all_bytes_arrive_however_they_are_cut(rig: Rig, data: bytes, chunk: int) -> None:
    """Boundaries split over packets, and bytes that look like them, are no trouble."""
    tricky = data + f"\r\n--{BOUNDARY[:-1]}!".encode() + data
    body = parts(*FACTS, ('name="file"; filename="x"', tricky))

    async def stream() -> AsyncIterator[bytes]:
        """Send the body in small pieces."""
        for start in range(0, len(body), chunk):
            yield body[start : start + chunk]

    answer = await rig.api("POST", "/packages", data=stream(), headers=MULTIPART)
    assert answer.status == 201
    assert answer.body["sha256"] == hashlib.sha256(tricky).hexdigest()
    await rig.api("DELETE", f"/packages/{answer.body['id']}")


async def test_only_forms_are_accepted(rig: Rig) -> None:
    """Anything but a form is an unsupported media type."""
    for content_type in ("application/json", "multipart/mixed; boundary=x", "text/plain", ""):
        headers = {**AUTHORIZATION, "Content-Type": content_type}
        answer = await rig.api("POST", "/packages", data=b"{}", headers=headers)
        assert (answer.status, answer.problem) == (415, "unsupported-media-type")


async def test_a_form_without_boundary_is_refused(rig: Rig) -> None:
    """The media type lacks what is needed to read it."""
    headers = {**AUTHORIZATION, "Content-Type": "multipart/form-data"}
    answer = await rig.api("POST", "/packages", data=b"x", headers=headers)
    assert (answer.status, answer.problem) == (400, "invalid-request")


async def test_too_large_packages_are_refused(tmp_path: Path) -> None:
    """The limit holds with and without a length announced, to the byte."""
    async with depot_running(tmp_path, max_package_size=100_000) as rig:
        assert (await rig.upload(b"x" * 100_000)).status == 201
        announced = await rig.upload(b"x" * 3_000_000, version="2")
        assert (announced.status, announced.problem) == (413, "too-large")
        slightly = await rig.upload(b"x" * 100_001, version="2")
        assert (slightly.status, slightly.problem) == (413, "too-large")
        assert slightly.body["max_package_size"] == 100_000
        async with rig.session.post(
            rig.url + PREFIX + "/packages",
            data=form(b"x" * 200_000, version="2"),
            headers=AUTHORIZATION,
            chunked=True,
        ) as response:
            unannounced = await checked(response, "POST", PREFIX + "/packages")
        assert (unannounced.status, unannounced.problem) == (413, "too-large")
        assert len(rig.files()) == 1


async def test_a_full_disk_is_told_and_nothing_stays(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ENOSPC at any write, at the sync and at the rename gives 507."""
    kept = await rig.package(b"kept", model="kept")
    full = OSError(errno.ENOSPC, "No space left on device")

    def fail(*_args: object, **_options: object) -> None:
        """Fail as a full disk does."""
        raise full

    for target, name in (
        (_FileIncoming, "_write"),
        ("os", "fsync"),
        (Path, "replace"),
        (Path, "open"),
    ):
        with monkeypatch.context() as patch:
            if isinstance(target, str):
                patch.setattr(f"mqtt_ota_depot.blobs.{target}.{name}", fail)
            else:
                patch.setattr(target, name, fail)
            answer = await rig.upload()
        assert (answer.status, answer.problem) == (507, "storage-full"), name
        assert rig.files() == [f"packages/{kept['sha256']}"]
    assert (await rig.upload()).status == 201


async def test_a_full_database_is_told_and_nothing_stays(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the fact cannot be kept, the bytes are not either."""
    opened: list[SqlCatalog] = []
    original = SqlCatalog.add_package

    async def add_package(self: SqlCatalog, *args: Any, **options: Any) -> None:
        """Let the database grow no further while adding."""
        opened.append(self)
        async with self._engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count=1")
        await original(self, *args, **options)

    monkeypatch.setattr(SqlCatalog, "add_package", add_package)
    answer = await rig.upload(release_notes="x" * 60_000)
    assert opened
    assert (answer.status, answer.problem) == (507, "storage-full")
    assert rig.files() == []
    assert (await rig.api("GET", "/packages")).body == {"packages": []}


async def test_no_room_is_told_before_the_bytes_are_sent(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A length beyond the free storage is refused at once."""

    async def space(_self: FileBlobs) -> Space:
        """Return a nearly full storage."""
        return Space(used=0, free=1000, total=10_000)

    monkeypatch.setattr(FileBlobs, "space", space)
    answer = await rig.upload(b"x" * 2000)
    assert (answer.status, answer.problem) == (507, "storage-full")


async def test_a_client_that_goes_leaves_nothing(rig: Rig) -> None:
    """An upload that breaks off is forgotten."""
    started = asyncio.Event()

    async def stream() -> AsyncIterator[bytes]:
        """Send the head, then break the connection."""
        yield parts(*FACTS, ('name="file"; filename="x"', b"x" * 3_000_000))[:-30]
        started.set()
        await asyncio.sleep(0.2)
        msg = "the client breaks"
        raise ClientError(msg)

    with pytest.raises(ClientError):
        await rig.session.post(rig.url + PREFIX + "/packages", data=stream(), headers=MULTIPART)
    assert started.is_set()
    for _ in range(100):
        if not rig.files():
            break
        await asyncio.sleep(0.02)
    assert rig.files() == []
    assert (await rig.upload()).status == 201


async def test_a_stalled_upload_ends(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends nothing more is told so and forgotten."""
    monkeypatch.setattr(uploads, "STALL_TIMEOUT", 0.2)

    async def stream() -> AsyncIterator[bytes]:
        """Send the head, then nothing."""
        yield parts(*FACTS, FILE)[:-30]
        await asyncio.sleep(2)
        yield b"x"

    answer = await rig.api("POST", "/packages", data=stream(), headers=MULTIPART)
    assert (answer.status, answer.problem) == (408, "upload-timeout")
    assert rig.files() == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({**AUTHORIZATION, "Content-Type": "text/plain"}, 415),
        ({**AUTHORIZATION, "Content-Length": "999999999999"}, 413),
        (AUTHORIZATION, 100),
    ],
)
async def test_expect_is_answered_before_the_bytes(
    rig: Rig, headers: dict[str, str], status: int
) -> None:
    """A client that asks first is refused or encouraged before it sends the package."""
    host, port = rig.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = {
        "Host": "x",
        "Expect": "100-continue",
        "Content-Length": "1000",
        **MULTIPART,
        **headers,
    }
    if not headers:
        del lines["Authorization"]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"POST {PREFIX}/packages HTTP/1.1\r\n{head}\r\n".encode())
    line = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    assert line.startswith(f"HTTP/1.1 {status} ".encode())
