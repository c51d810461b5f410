"""The drop folder: files become packages, or stay with the reason beside them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
import json
import os
from pathlib import Path
from typing import Any

import pytest

from mqtt_ota_depot import drop_folder, ticking
from mqtt_ota_depot.blobs import FileBlobs, StorageFullError
from mqtt_ota_depot.catalog import SqlCatalog
from mqtt_ota_depot.depot import Depot
from mqtt_ota_depot.drop_folder import DropFolder
from mqtt_ota_depot.grants import GrantRequest
from mqtt_ota_depot.packages import Package
from mqtt_ota_depot.retention import remove_old_versions, superfluous
from mqtt_ota_depot.times import utcnow
from tests.documents import Claim, runs

from .rig import depot_running
from .test_image_header import esp_app

MAX = 100_000
FACTS = {"model": "weather", "version": "1.4.0"}


@pytest.fixture
async def depot(tmp_path: Path) -> AsyncIterator[Depot]:
    """Return an open depot without a server."""
    data = tmp_path / "data"
    data.mkdir()
    catalog, blobs = SqlCatalog.in_folder(data), FileBlobs(data)
    opened = Depot(catalog, blobs)
    await opened.open()
    yield opened
    blobs.close()
    await catalog.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the drop folder."""
    made = tmp_path / "drop"
    made.mkdir()
    return made


def drop(folder: Path, name: str, data: bytes = b"firmware", **facts: Any) -> Path:
    """Put a file into the folder, with facts beside it when there are some."""
    path = folder / name
    path.write_bytes(data)
    if facts:
        (folder / f"{name}.json").write_text(json.dumps(facts))
    return path


def names(folder: Path) -> list[str]:
    """Return what lies in the folder."""
    return sorted(path.name for path in folder.iterdir())


@runs("addon/DOCS.md", '"release_notes"')
async def test_a_file_with_facts_becomes_a_package(
    depot: Depot, folder: Path, claim: Claim
) -> None:
    """The second look takes it, with all that stands beside it, and clears the folder."""
    drops = DropFolder(folder, depot, MAX)
    drop(folder, "weather.bin", **json.loads(claim.block().text))
    await drops.look()
    assert depot.packages() == []
    await drops.look()
    (package,) = depot.packages()
    assert (package.model, package.version, package.kind) == ("weather", "1.4.0", "firmware")
    assert (package.source_versions, package.release_notes) == (("1.3.0",), "Better wind.")
    assert package.file_name == "weather.bin"
    assert names(folder) == []


async def test_an_image_says_itself_what_it_is(depot: Depot, folder: Path) -> None:
    """The header is enough; facts beside the file go before it."""
    drops = DropFolder(folder, depot, MAX)
    drop(folder, "a.bin", esp_app(name=b"weather", version=b"1.5.0"))
    drop(folder, "b.bin", esp_app(name=b"weather", version=b"1.6.0"), model="porch")
    await drops.look()
    await drops.look()
    assert {(each.model, each.version) for each in depot.packages()} == {
        ("weather", "1.5.0"),
        ("porch", "1.6.0"),
    }


async def test_an_image_for_another_chip_is_refused(depot: Depot, folder: Path) -> None:
    """As by the page: devices of the model would not start it."""
    drops = DropFolder(folder, depot, MAX)
    drop(folder, "a.bin", esp_app(name=b"weather", version=b"1.5.0", chip=0))
    await drops.look()
    await drops.look()
    drop(folder, "b.bin", esp_app(name=b"weather", version=b"1.6.0", chip=5))
    await drops.look()
    await drops.look()
    assert [each.version for each in depot.packages()] == ["1.5.0"]
    assert "ESP32-C3" in (folder / "b.bin.problem.txt").read_text()


async def test_a_file_is_taken_only_when_it_is_whole(depot: Depot, folder: Path) -> None:
    """One that grows is left alone until it has the same size twice."""
    drops = DropFolder(folder, depot, MAX)
    path = drop(folder, "weather.bin", b"1", **FACTS)
    for _ in range(3):
        await drops.look()
        with path.open("ab") as file:
            file.write(b"more")
    assert depot.packages() == []
    await drops.look()
    await drops.look()
    assert depot.packages()[0].size == 1 + 3 * 4


@pytest.mark.parametrize(
    ("data", "facts", "says"),
    [
        (b"firmware", "", "model: is required"),
        (b"firmware", "{", "not valid JSON"),
        (b"firmware", "[" * 100_000, "not valid JSON"),
        (b"firmware", "[]", "one JSON object"),
        (b"firmware", '{"a": "' + "x" * 300_000 + '"}', "one JSON object"),
        (b"firmware", '{"model": "m", "version": "1", "colour": "red"}', "colour"),
        (b"firmware", '{"model": "m", "version": 1}', "version: must be text"),
        (b"firmware", '{"model": "m", "version": "1", "sha256": "00"}', "64 hexadecimal digits"),
        (b"firmware", json.dumps({**FACTS, "sha256": "0" * 64}), "not those that were announced"),
        (b"", json.dumps(FACTS), "must not be empty"),
        (b"x" * (MAX + 1), json.dumps(FACTS), f"at most {MAX} bytes"),
    ],
)
async def test_what_cannot_be_a_package_stays_with_the_reason(
    depot: Depot, folder: Path, data: bytes, facts: str, says: str
) -> None:
    """The reason is told once, and the file is tried again when its facts change."""
    drops = DropFolder(folder, depot, MAX)
    drop(folder, "weather.bin", data)
    if facts:
        (folder / "weather.bin.json").write_text(facts)
    for _ in range(4):
        await drops.look()
    problem = folder / "weather.bin.problem.txt"
    assert says in problem.read_text()
    assert depot.packages() == []
    assert list((depot.blobs._incoming).iterdir()) == []  # type: ignore[attr-defined]
    told = problem.stat().st_mtime_ns
    await drops.look()
    assert problem.stat().st_mtime_ns == told
    drop(folder, "weather.bin", b"good", **FACTS)
    await drops.look()
    await drops.look()
    assert len(depot.packages()) == 1
    assert names(folder) == []


async def test_a_version_never_changes_its_content(depot: Depot, folder: Path) -> None:
    """Other bytes are refused, the same ones are taken out without a word."""
    drops = DropFolder(folder, depot, MAX)
    for data in (b"one", b"two"):
        drop(folder, "weather.bin", data, **FACTS)
        await drops.look()
        await drops.look()
    assert "exists with other content" in (folder / "weather.bin.problem.txt").read_text()
    drop(folder, "weather.bin", b"one", **FACTS)
    await drops.look()
    await drops.look()
    assert len(depot.packages()) == 1
    assert names(folder) == []


async def test_what_is_no_finished_file_is_left_alone(
    depot: Depot, folder: Path, tmp_path: Path
) -> None:
    """Neither links, which could lead to keys, nor folders, pipes, and files under way."""
    secret = tmp_path / "secret"
    secret.write_text("key")
    (folder / "link.bin").symlink_to(secret)
    (folder / "folder.bin").mkdir()
    os.mkfifo(folder / "pipe.bin")
    for name in (".hidden", "~lock", "a.part", "b.TMP", "c.crdownload", "alone.json"):
        drop(folder, name)
    for name in ("link.bin", "folder.bin", "pipe.bin", "a.part"):
        (folder / f"{name}.json").write_text(json.dumps(FACTS))
    before = names(folder)
    drops = DropFolder(folder, depot, MAX)
    for _ in range(3):
        await drops.look()
    assert depot.packages() == []
    assert names(folder) == before


async def test_facts_that_are_a_link_are_not_followed(
    depot: Depot, folder: Path, tmp_path: Path
) -> None:
    """The file beside them stays, too."""
    (tmp_path / "facts").write_text(json.dumps(FACTS))
    drop(folder, "weather.bin")
    (folder / "weather.bin.json").symlink_to(tmp_path / "facts")
    drops = DropFolder(folder, depot, MAX)
    for _ in range(3):
        await drops.look()
    assert depot.packages() == []
    assert "weather.bin" in names(folder)


async def test_names_that_no_text_has_are_harmless(
    depot: Depot, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not UTF-8, markup, a new line: the package has a plain name."""
    drop(folder, os.fsdecode(b"caf\xe9 <img src=x>\n.bin"), **FACTS)
    drops = DropFolder(folder, depot, MAX)
    await drops.look()
    await drops.look()
    (package,) = depot.packages()
    assert package.file_name == "caf_img_src_x_.bin"
    assert "<img" not in caplog.text


async def test_a_full_disk_is_told_and_nothing_is_lost(
    depot: Depot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays where it is."""

    async def full(*_: object) -> None:
        """Have no room."""
        raise StorageFullError

    drops = DropFolder(folder, depot, MAX)
    drop(folder, "weather.bin", **FACTS)
    monkeypatch.setattr("mqtt_ota_depot.blobs._FileIncoming.write", full)
    await drops.look()
    await drops.look()
    assert "No room is left" in (folder / "weather.bin.problem.txt").read_text()
    assert (folder / "weather.bin").read_bytes() == b"firmware"


async def test_a_folder_that_is_away_is_told_once(
    depot: Depot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A share that is not mounted is no reason to fill the log."""
    (tmp_path / "share").write_text("a file")
    drops = DropFolder(tmp_path / "share", depot, MAX)
    for _ in range(3):
        await drops.look()
    assert caplog.text.count("Drop folder") == 1


@pytest.mark.parametrize("next_one", ["weather.bin", "weather.bin.json"])
async def test_the_next_file_of_the_same_name_is_not_removed_with_the_first(
    next_one: str, depot: Depot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may come at any moment, also just before the first one, which is a package, is removed."""
    drops, remove, put = DropFolder(folder, depot, MAX), Path.unlink, []

    def interrupted(path: Path, *, missing_ok: bool = False) -> None:
        """Remove a file; at the first time the user is faster."""
        if path.parent == folder and not put:
            put.append((folder / next_one).write_bytes(b"the next one"))
        remove(path, missing_ok=missing_ok)

    drop(folder, "weather.bin", b"firmware", **FACTS)
    await drops.look()
    monkeypatch.setattr(Path, "unlink", interrupted)
    await drops.look()
    assert [package.version for package in depot.packages()] == ["1.4.0"]
    assert (folder / next_one).read_bytes() == b"the next one"
    assert names(folder) == [next_one]


@pytest.mark.parametrize("next_one", ["weather.bin", "weather.bin.json"])
async def test_a_file_that_took_the_place_of_a_package_is_put_back(
    next_one: str, depot: Depot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies there when the first one is to be removed is looked at once more."""
    drops, replace, put = DropFolder(folder, depot, MAX), Path.replace, []

    def interrupted(path: Path, target: Path) -> Path:
        """Rename a file; at the first time the user is faster."""
        if path.parent == folder and not put:
            put.append((folder / next_one).write_bytes(b"the next one"))
        return replace(path, target)

    drop(folder, "weather.bin", b"firmware", **FACTS)
    await drops.look()
    monkeypatch.setattr(Path, "replace", interrupted)
    await drops.look()
    assert (folder / next_one).read_bytes() == b"the next one"
    assert not any(name.startswith(".") for name in names(folder))


async def test_the_running_depot_looks_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folder, retention and listeners work together: of three versions two stay."""
    monkeypatch.setattr(ticking, "TICK", 0.02)
    monkeypatch.setattr(ticking, "EXPIRE_TICKS", 1)
    monkeypatch.setattr(drop_folder, "PAUSE", 0.02)
    folder = tmp_path / "new" / "folder"
    async with (
        depot_running(tmp_path / "data", drop_dir=folder, keep_versions=2) as rig,
        rig.events() as events,
        asyncio.timeout(30),
    ):
        await events.next()
        seen = []
        while not folder.is_dir():  # noqa: ASYNC110 - a folder has no events
            await asyncio.sleep(0.02)
        for version in ("1", "2", "3"):
            drop(folder, "weather.bin", version.encode(), model="weather", version=version)
            seen.append((await events.next())["package"]["version"])
        removed = await events.next()
        assert removed["type"] == "package_removed"
    assert seen == ["1", "2", "3"]


async def test_one_failing_look_is_not_the_last(
    depot: Depot, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever fails unexpectedly is told, and the next look takes the file."""
    monkeypatch.setattr(drop_folder, "PAUSE", 0.02)
    scan, calls = DropFolder._scan, []

    def fails_once(self: DropFolder) -> Any:
        """Fail the first time only."""
        calls.append(self)
        if len(calls) == 1:
            raise ValueError("what nobody thought of")
        return scan(self)

    monkeypatch.setattr(DropFolder, "_scan", fails_once)
    drop(folder, "weather.bin", **FACTS)
    looking = asyncio.create_task(DropFolder(folder, depot, MAX).run())
    async with asyncio.timeout(10):
        while not depot.packages():  # noqa: ASYNC110 - no event tells a list
            await asyncio.sleep(0.02)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    assert caplog.text.count("ValueError: what nobody thought of") == 1


def package(version: str, age: int, **changes: Any) -> Package:
    """Return a package that was stored `age` hours ago."""
    values: dict[str, Any] = {
        "id": version,
        "kind": "firmware",
        "model": "weather",
        "version": version,
        "source_versions": (),
        "file_name": "a.bin",
        "size": 1,
        "sha256": version.rjust(64, "0"),
        "release_notes": None,
        "custom_info": None,
        "withdrawn": False,
        "created_at": utcnow() - timedelta(hours=age),
    }
    return Package(**{**values, **changes})


def test_the_newest_of_each_model_stay() -> None:
    """Kinds and models are counted apart, by the time when they were stored."""
    packages = [
        package("1", 5), package("2", 4), package("3", 3),
        package("4", 9, model="porch"), package("5", 9, kind="software"),
    ]  # fmt: skip
    for keep, gone in ((0, set()), (1, {"1", "2"}), (2, {"1"}), (3, set())):
        assert {each.id for each in superfluous(packages, keep)} == gone


def test_a_withdrawn_version_takes_no_place() -> None:
    """The last good version stays, however many bad ones came after it."""
    packages = [
        package("1", 5), package("2", 4), package("3", 3, withdrawn=True),
        package("4", 2, withdrawn=True),
    ]  # fmt: skip
    assert [each.id for each in superfluous(packages, 1)] == ["1"]


async def test_what_a_device_downloads_is_never_removed(depot: Depot, folder: Path) -> None:
    """The package goes when its grant has ended."""
    drops = DropFolder(folder, depot, MAX)
    for version in ("1", "2"):
        drop(folder, "weather.bin", version.encode(), model="weather", version=version)
        await drops.look()
        await drops.look()
    old = next(each for each in depot.packages() if each.version == "1")
    grant, _, _ = await depot.add_grant(
        GrantRequest(package_id=old.id, device_id="dev", task_id="task")
    )
    oldest_first = sorted(depot.packages(), key=lambda each: each.version)
    for each, hours in zip(oldest_first, (2, 1), strict=True):
        depot._packages[each.id] = package(
            each.version, hours, id=each.id, sha256=each.sha256, size=each.size
        )
    await remove_old_versions(depot, 1)
    assert len(depot.packages()) == 2
    await depot.remove_grant(grant.id)
    await remove_old_versions(depot, 1)
    assert [each.version for each in depot.packages()] == ["2"]
