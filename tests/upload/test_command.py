"""The command beside a real depot: what is published, what is refused and why."""

import asyncio
import json
from pathlib import Path
import signal
import sys
import tracemalloc

from aiohttp import ClientSession, web
import pytest

from mqtt_ota_depot.blobs import FileBlobs, Space
from mqtt_ota_depot.packages import Package
from mqtt_ota_depot.uploads import Uploads
from mqtt_ota_upload import screen
from mqtt_ota_upload.client import DepotClient
from tests.depot.rig import AUTHORIZATION, KEY, PREFIX, depot_running, form
from tests.depot.test_image_header import esp_app

from .rig import Uploader, run

MIB = 1024 * 1024


async def test_an_image_describes_itself(uploader: Uploader) -> None:
    """Kind, model and version fill themselves in, and what was read is told."""
    done = await uploader(uploader.file())
    assert (done.code, done.err) == (0, "")
    assert "chip ESP32-C3, name weather, version 1.4.0" in done.out
    assert "is the firmware 1.4.0 for weather: model and version from the header" in done.out
    assert done.out.endswith("Uploaded the firmware 1.4.0 for weather.\n")
    (package,) = await uploader.packages()
    assert package["size"] == len(esp_app())
    assert package["file_name"] == "weather.bin"


async def test_everything_can_be_said(uploader: Uploader) -> None:
    """What the maker says goes before what the file says."""
    notes = uploader.folder / "notes.md"
    notes.write_text("Better *wind*.\n")
    done = await uploader(
        *(uploader.file(), "--kind", "software", "--model", "wetter", "--version", "2.0"),
        *("--source-version", "1.0", "--source-version", "1.1"),
        *("--release-notes", notes, "--custom-info", "slot=b"),
    )
    assert done.code == 0, done.err
    assert "software 2.0 for wetter: model from --model, version from --version" in done.out
    (package,) = await uploader.packages()
    assert (package["kind"], package["model"], package["version"]) == ("software", "wetter", "2.0")
    assert package["source_versions"] == ["1.0", "1.1"]
    assert package["release_notes"] == "Better *wind*.\n"
    assert package["custom_info"] == "slot=b"


async def test_the_same_bytes_again(uploader: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are there already, which is found out without sending them."""
    file = uploader.file()
    assert (await uploader(file)).code == 0
    monkeypatch.delattr(DepotClient, "upload")
    again = await uploader(file)
    assert again.code == 0, again.err
    assert "The firmware 1.4.0 for weather is there already, with the same bytes." in again.out
    other = await uploader(file, "--custom-info", "slot=b", "--source-version", "1.0")
    assert other.code == 0
    assert "source versions and custom info are not those given here and stay" in other.out


async def test_other_bytes_under_the_same_version(uploader: Uploader) -> None:
    """Both hashes are named, and what can be done."""
    file = uploader.file()
    await uploader(file)
    (package,) = await uploader.packages()
    file.write_bytes(esp_app() + b"more")
    done = await uploader(file, "--quiet")
    assert (done.code, done.out) == (1, "")
    assert f"there SHA-256 {package['sha256']}, here " in done.err
    assert "raise the version, or delete the old package" in done.err
    assert await uploader.packages() == [package]


async def test_somebody_else_is_quicker(
    uploader: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another one uploads between the look and the upload is told alike."""
    original = DepotClient.packages
    looks: list[int] = []

    async def packages(self: DepotClient) -> list[dict[str, object]]:
        """Let somebody upload after each look; the second time changes nothing."""
        found = await original(self)
        looks.append(len(found))
        async with ClientSession(headers=AUTHORIZATION) as session:
            await session.post(uploader.rig.url + PREFIX + "/packages", data=form(b"other"))
        return found

    monkeypatch.setattr(DepotClient, "packages", packages)
    done = await uploader(uploader.file())
    assert done.code == 1
    assert looks == [0, 1]
    assert "exists with other bytes: there SHA-256 " in done.err


async def test_a_withdrawn_package(uploader: Uploader) -> None:
    """The same bytes are there, but no device gets them: that is no success."""
    file = uploader.file()
    await uploader(file)
    (package,) = await uploader.packages()
    await uploader.rig.api("PATCH", f"/packages/{package['id']}", json={"withdrawn": True})
    done = await uploader(file)
    assert done.code == 1
    assert "is there already with the same bytes, but it is withdrawn" in done.err
    assert "Restore it on the depot's page, or raise the version" in done.err


async def test_a_package_that_is_about_to_be_removed(uploader: Uploader) -> None:
    """The new one takes its place."""
    file = uploader.file()
    await uploader(file)
    (package,) = await uploader.packages()
    await uploader.rig.api("DELETE", f"/packages/{package['id']}?undo=60")
    done = await uploader(file)
    assert done.code == 0, done.err
    (new,) = await uploader.packages()
    assert (new["withdrawn"], new["id"] == package["id"]) == (False, False)


async def test_another_chip(uploader: Uploader) -> None:
    """The depot's own reason is told."""
    await uploader(uploader.file())
    done = await uploader(uploader.file(esp_app(9, version=b"1.5.0")))
    assert done.code == 1
    assert "The file is built for ESP32-S3, but weather 1.4.0 is for ESP32-C3" in done.err


async def test_several_files(uploader: Uploader) -> None:
    """Each has a header of its own; one that is refused does not keep back the others."""
    files = [
        uploader.file(esp_app(name=name), f"{name.decode()}.bin")
        for name in (b"weather", b"garden", b"attic")
    ]
    await uploader(files[0])
    files[0].write_bytes(esp_app() + b"other")
    done = await uploader(*files)
    assert done.code == 1
    assert len(done.err.splitlines()) == 1
    assert {package["model"] for package in await uploader.packages()} == {
        *("weather", "garden", "attic")
    }


async def test_nothing_is_sent_unless_all_files_can_be(uploader: Uploader) -> None:
    """A file that tells too little is found before the first upload."""
    done = await uploader(uploader.file(), uploader.file(b"firmware", "image.bin"))
    assert done.code == 2
    assert "tells the model and version; give --model MODEL and --version VERSION" in done.err
    assert await uploader.packages() == []


async def test_json(uploader: Uploader) -> None:
    """Programs get one line for each package, and nothing else on the standard output."""
    file = uploader.file()
    for _ in range(2):
        done = await uploader(file, "--json")
        assert done.code == 0
        assert [json.loads(done.out)] == await uploader.packages()
        assert "its header says" in done.err
    quiet = await uploader(file, "--json", "--quiet")
    assert (quiet.out, quiet.err) == (done.out, "")


async def test_a_wrong_key(uploader: Uploader) -> None:
    """The error names where the key came from, and where the right one is."""
    key = uploader.folder / "key"
    key.write_text("another-key-than-the-right-one\n")
    done = await uploader(uploader.file(), "--api-key-file", key)
    assert done.code == 1
    assert f"does not accept the API key from --api-key-file {key}" in done.err
    assert "`mqtt-ota api-key` on the depot's machine prints the right one" in done.err
    assert "another-key" not in done.out + done.err


async def test_the_key_from_a_file(uploader: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes before the environment."""
    monkeypatch.setenv("MQTT_OTA_API_KEY", "another-key-than-the-right-one")
    key = uploader.folder / "key"
    key.write_text(KEY + "\n")
    assert (await uploader(uploader.file(), "--api-key-file", key)).code == 0


async def test_a_package_that_is_too_large(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused before it is sent, with both sizes and the setting."""
    file = tmp_path / "weather-1.4.0.bin"
    file.write_bytes(bytes(2000))
    async with depot_running(tmp_path / "data", max_package_size=1000) as rig:
        done = await run(capsys, "--depot", rig.url, file)
    assert done.code == 1
    assert "has 2000 bytes, the depot takes at most 1000; raise max_package_size" in done.err


async def test_a_full_storage(uploader: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told before the upload, and as well when the depot notices it in the middle."""
    file = uploader.file(bytes(3 * MIB), "weather-1.4.0.bin")

    async def space(_self: FileBlobs) -> Space:
        """Return a nearly full storage."""
        return Space(used=0, free=1000, total=10_000)

    with monkeypatch.context() as patch:
        patch.setattr(FileBlobs, "space", space)
        done = await uploader(file)
    assert done.code == 1
    assert "the depot's storage only 1000 left; remove packages" in done.err

    def fail(*_arguments: object) -> None:
        """Fail as a full disk does."""
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mqtt_ota_depot.blobs._FileIncoming._write", fail)
        done = await uploader(file)
    assert done.code == 1
    assert "The depot refused: No room is left" in done.err


@pytest.mark.parametrize("way", ["failure", "loss"])
async def test_a_depot_that_comes_back(
    uploader: Uploader, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A failed depot and a broken connection are tried again; that is told."""
    original = Uploads.receive
    lengths: list[int | None] = []

    async def receive(self: Uploads, request: web.Request) -> tuple[Package, bool]:
        """Fail twice, then work."""
        lengths.append(request.content_length)
        if len(lengths) <= 2:
            if way == "loss":
                assert request.transport
                request.transport.abort()
            msg = "out of order"
            raise RuntimeError(msg)
        return await original(self, request)

    monkeypatch.setattr(Uploads, "receive", receive)
    done = await uploader(uploader.file())
    assert done.code == 0, done.err
    # The depot can compare a length with its room, but not a body in chunks.
    assert [length is not None and length > len(esp_app()) for length in lengths] == [True] * 3
    assert done.out.count("Trying again in 0 s.") == 2
    assert len(await uploader.packages()) == 1


async def test_a_depot_that_stays_away(uploader: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some tries it is given up."""

    async def receive(_self: Uploads, _request: object) -> None:
        """Fail."""
        msg = "out of order"
        raise RuntimeError(msg)

    monkeypatch.setattr(Uploads, "receive", receive)
    done = await uploader(uploader.file())
    assert done.code == 2
    assert "The depot failed: " in done.err
    assert "Traceback" not in done.err


async def test_a_file_that_changes_meanwhile(
    uploader: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a build is never published."""
    file = uploader.file()
    original = DepotClient.packages

    async def packages(self: DepotClient) -> list[dict[str, object]]:
        """Build again during the look."""
        file.write_bytes(esp_app() + b"still linking")
        return await original(self)

    monkeypatch.setattr(DepotClient, "packages", packages)
    done = await uploader(file)
    assert done.code == 2
    assert "has changed since it was read; upload it again when it is finished" in done.err
    assert await uploader.packages() == []


async def test_a_large_package_takes_little_memory(
    uploader: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read while it is sent; slow uploads show that they live."""
    monkeypatch.setattr(screen, "PLAIN_PAUSE", 0.0)
    file = uploader.file(esp_app())
    with file.open("r+b") as opened:
        opened.truncate(64 * MIB)
    tracemalloc.start()
    try:
        done = await uploader(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert done.code == 0, done.err
    # The depot, in the same process, has its own blocks.
    assert peak < 24 * MIB
    assert "  50 % of 67.1 MB\n" in done.out
    (package,) = await uploader.packages()
    assert package["size"] == 64 * MIB


@pytest.mark.e2e
async def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends it at once, with the shell's code for that."""
    connected = asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the request and be silent."""
        await reader.readuntil(b"\r\n\r\n")
        connected.set()
        await reader.read()
        writer.close()

    file = tmp_path / "weather-1.4.0.bin"
    file.write_bytes(b"firmware")
    server = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mqtt_ota_depot", "upload", str(file)),
            *("--depot", f"http://127.0.0.1:{port}"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await asyncio.wait_for(connected.wait(), 40)
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert (process.returncode, err) == (130, b"")
