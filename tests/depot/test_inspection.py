"""Headers over the API, and images for the wrong chip."""

import asyncio
from typing import Any

import pytest

from mqtt_ota_depot import inspection
from mqtt_ota_depot.image_header import DEEP_SIZE

from .rig import KEY, PREFIX, Rig
from .test_image_header import esp_app

C3, S3 = 5, 9


async def header(rig: Rig, data: bytes) -> dict[str, Any]:
    """Return what the depot reads in a file that is not uploaded."""
    answer = await rig.api("POST", "/headers", data=data)
    assert answer.status == 200, answer.body
    return dict(answer.body)


async def test_a_header_is_read_before_the_upload(rig: Rig) -> None:
    """The page fills in its form with it; nothing is stored."""
    found = await header(rig, esp_app(S3, b"weather", b"1.4.0", secure_version=2))
    expected = {"format": "esp", "chip": "ESP32-S3", "name": "weather", "version": "1.4.0"}
    assert expected.items() <= found.items()
    assert found["secure_version"] == 2
    assert rig.files() == []


async def test_any_file_has_an_answer(rig: Rig) -> None:
    """Also an empty one and one that lies."""
    assert (await header(rig, b""))["format"] == "unknown"
    assert (await header(rig, esp_app(version=b"\xff\xfe")))["version"] is None
    assert (await header(rig, bytes(DEEP_SIZE)))["format"] == "unknown"


async def test_too_many_bytes(rig: Rig) -> None:
    """Memory is bounded whatever is sent."""
    answer = await rig.api("POST", "/headers", data=bytes(DEEP_SIZE + 1))
    assert (answer.status, answer.problem) == (413, "too-large")


async def test_bytes_that_do_not_come(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stalled request ends with what to do."""
    monkeypatch.setattr(inspection, "_STALL_TIMEOUT", 0.1)
    reader, writer = await asyncio.open_connection(*rig.url.removeprefix("http://").split(":"))
    head = f"POST {PREFIX}/headers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
    writer.write(head.encode() + b"Content-Length: 10\r\n\r\nfive")
    assert b" 408 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_the_header_of_a_package(rig: Rig) -> None:
    """It is read from the stored bytes, however few or many they are."""
    package = await rig.package(esp_app(C3) + bytes(DEEP_SIZE))
    answer = await rig.api("GET", f"/packages/{package['id']}/header")
    assert (answer.body["chip"], answer.body["version"]) == ("ESP32-C3", "1.4.0")
    short = await rig.package(b"\xe9", model="short")
    assert (await rig.api("GET", f"/packages/{short['id']}/header")).body["format"] == "unknown"
    assert (await rig.api("GET", "/packages/none/header")).problem == "package-not-found"


async def test_headers_are_for_those_with_the_key(rig: Rig) -> None:
    """Neither way is open to everybody."""
    for method, path in (("POST", "/headers"), ("GET", "/packages/x/header")):
        assert (await rig.api(method, path, headers={})).status == 401


async def test_the_wrong_chip_is_refused(rig: Rig) -> None:
    """The reason names both chips and the package that decides; nothing is stored."""
    first = await rig.package(esp_app(C3))
    files = rig.files()
    answer = await rig.upload(esp_app(S3), version="1.5.0")
    assert (answer.status, answer.problem) == (422, "wrong-chip")
    assert (answer.body["expected"], answer.body["actual"]) == ("ESP32-C3", "ESP32-S3")
    assert answer.body["package_id"] == first["id"]
    assert rig.files() == files
    await rig.package(esp_app(C3, version=b"1.5.0"), version="1.5.0")


@pytest.mark.parametrize(
    "fields", [{"model": "other"}, {"kind": "software"}], ids=["model", "kind"]
)
async def test_other_packages_do_not_decide(rig: Rig, fields: dict[str, str]) -> None:
    """Only those of the same kind and model do."""
    await rig.package(esp_app(C3))
    await rig.package(esp_app(S3), **fields)


async def test_images_without_a_chip_pass(rig: Rig) -> None:
    """Most formats name none, and one that names none does not hide an older one that does."""
    await rig.package(esp_app(C3))
    await rig.package(b"an archive", version="2")
    assert (await rig.upload(esp_app(S3), version="3")).problem == "wrong-chip"


async def test_a_withdrawn_package_does_not_decide(rig: Rig) -> None:
    """Otherwise one wrong upload would keep all right ones out."""
    wrong = await rig.package(esp_app(S3))
    await rig.api("PATCH", f"/packages/{wrong['id']}", json={"withdrawn": True})
    await rig.package(esp_app(C3), version="2")
    restored = await rig.api("PATCH", f"/packages/{wrong['id']}", json={"withdrawn": False})
    assert restored.status == 200


async def test_a_package_does_not_move_to_a_model_of_another_chip(rig: Rig) -> None:
    """A change of the model is checked like an upload."""
    await rig.package(esp_app(C3))
    other = await rig.package(esp_app(S3), model="other")
    path = f"/packages/{other['id']}"
    answer = await rig.api("PATCH", path, json={"model": "weather", "version": "9"})
    assert answer.problem == "wrong-chip"
    assert (await rig.api("PATCH", path, json={"model": "third"})).status == 200
