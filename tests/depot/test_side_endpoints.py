"""Checksums and manifests beside a package, as the libraries that want them read them."""

import base64
import hashlib
from pathlib import Path
import sqlite3
from typing import Any
from urllib.parse import urljoin

from hypothesis import given, strategies as st
import pytest

from mqtt_ota_depot.image_header import CHIP_SIZE, chip_family
from mqtt_ota_depot.manifests import CHIP_FAMILIES

from .openapi import DESCRIPTION, check
from .rig import Rig, depot_running

FORMS = ("sha256", "md5", "web.json", "fota.json")
SCHEMAS = DESCRIPTION["components"]["schemas"]


def esp_image(chip: int = 5, rest: bytes = b"code") -> bytes:
    """Return the beginning of an application image of ESP-IDF."""
    header = b"\xe9\x01\x02\x20" + bytes(8) + chip.to_bytes(2, "little") + bytes(18)
    return header + (0xABCD5432).to_bytes(4, "little") + rest


async def asked(rig: Rig, url: str, **headers: str) -> tuple[int, str, Any]:
    """Return status, media type and text of an answer."""
    async with rig.session.get(url, headers=headers) as response:
        assert "Content-Length" in response.headers
        return response.status, response.content_type, await response.text()


async def test_checksums_are_nothing_but_hexadecimal_digits(rig: Rig) -> None:
    """Libraries compare the whole answer; the header field says the same."""
    grant = await rig.grant(await rig.package(b"firmware"))
    sums = {form: getattr(hashlib, form)(b"firmware").hexdigest() for form in ("sha256", "md5")}
    for form, expected in sums.items():
        url = f"{grant['url']}.{form}?token={grant['token']}"
        assert await asked(rig, url) == (200, "text/plain", expected)
        async with rig.session.head(url) as response:
            assert (response.status, await response.read()) == (200, b"")
    async with rig.get(grant) as response:
        assert response.headers["x-MD5"] == sums["md5"]
    async with rig.get(grant, Range="bytes=1-") as response:
        assert "x-MD5" not in response.headers


async def test_every_form_wants_the_token_of_its_package(rig: Rig) -> None:
    """As the package itself: strangers learn nothing, another's token finds nothing."""
    grant = await rig.grant(await rig.package(esp_image()))
    other = await rig.grant(await rig.package(b"other", version="2"), task_id="other")
    for form in FORMS:
        missing = f"{rig.url}/p/0123456789abcdef.{form}"
        strangers = [await asked(rig, f"{url}") for url in (f"{grant['url']}.{form}", missing)]
        assert strangers[0] == strangers[1]
        assert strangers[0][0] == 401
        wrong = {"Authorization": "Bearer wrong"}
        assert (await asked(rig, f"{grant['url']}.{form}", **wrong))[0] == 401
        token = {"Authorization": f"Bearer {other['token']}"}
        found = [await asked(rig, url, **token) for url in (f"{grant['url']}.{form}", missing)]
        assert found[0] == found[1]
        assert found[0][0] == 404
        basic = base64.b64encode(f"x:{grant['token']}".encode()).decode()
        for value in (f"Bearer {grant['token']}", f"Basic {basic}"):
            assert (await asked(rig, f"{grant['url']}.{form}", Authorization=value))[0] == 200
    assert (await asked(rig, f"{grant['url']}.exe?token={grant['token']}"))[0] == 404
    transfers = [await rig.api("DELETE", f"/grants/{each['id']}") for each in (grant, other)]
    assert [answer.status for answer in transfers] == [204, 204]
    assert (await asked(rig, f"{grant['url']}.md5?token={grant['token']}"))[0] == 401


async def test_a_manifest_of_esp_web_tools_leads_to_the_package(rig: Rig) -> None:
    """ESPHome's updater takes version, checksum and path from it."""
    data = esp_image(chip=9)
    package = await rig.package(data, release_notes="Better sleep.\n\nAnd more.")
    grant = await rig.grant(package)
    manifest = f"{grant['url']}.web.json?token={grant['token']}"
    async with rig.session.get(manifest) as response:
        assert response.headers["Cache-Control"] == "no-store"
        read = await response.json()
    check(SCHEMAS["WebManifest"], read, "manifest")
    assert (read["name"], read["version"]) == ("weather", "1.4.0")
    (build,) = read["builds"]
    assert build["chipFamily"] == "ESP32-S3"
    assert build["ota"]["md5"] == hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert build["ota"]["summary"] == "Better sleep."
    async with rig.session.get(urljoin(manifest, build["ota"]["path"])) as response:
        assert await response.read() == data
    by_header = {"Authorization": f"Bearer {grant['token']}"}
    async with rig.session.get(grant["url"] + ".web.json", headers=by_header) as response:
        assert "?" not in (await response.json())["builds"][0]["ota"]["path"]


async def test_a_package_that_names_no_chip_takes_it_from_the_request(rig: Rig) -> None:
    """Images for the ESP8266 name none; an invented one is refused with the list."""
    grant = await rig.grant(await rig.package(b"\xe9 for an older chip"))
    manifest = f"{grant['url']}.web.json?token={grant['token']}"
    status, _, text = await asked(rig, manifest)
    assert status == 400
    assert "ESP32-C3" in text
    assert (await asked(rig, manifest + "&chip=Z80"))[0] == 400
    async with rig.session.get(manifest + "&chip=ESP8266") as response:
        build = (await response.json())["builds"][0]
    assert build["chipFamily"] == "ESP8266"
    assert build["ota"]["path"].endswith(f"?token={grant['token']}")
    assert "summary" not in build["ota"]


async def test_a_manifest_of_esp32fota_leads_to_the_package(rig: Rig) -> None:
    """The library compares type and version and follows the absolute URL."""
    grant = await rig.grant(await rig.package(b"firmware"))
    async with rig.session.get(f"{grant['url']}.fota.json?token={grant['token']}") as response:
        read = await response.json()
    check(SCHEMAS["FotaManifest"], read, "manifest")
    assert (read["type"], read["version"]) == ("weather", "1.4.0")
    async with rig.session.get(read["url"]) as response:
        assert await response.read() == b"firmware"


async def test_the_md5_of_an_older_package_is_worked_out_once(tmp_path: Path) -> None:
    """Packages stored before it was noted get theirs when somebody asks."""
    data = bytes(600_000)
    expected = hashlib.md5(data, usedforsecurity=False).hexdigest()
    async with depot_running(tmp_path) as rig:
        package = await rig.package(data)
    with sqlite3.connect(tmp_path / "depot.db") as database:
        database.execute("UPDATE packages SET md5 = NULL")
    database.close()
    async with depot_running(tmp_path) as rig:
        grant = await rig.grant(package)
        async with rig.get(grant) as response:
            assert "x-MD5" not in response.headers
        answer = await asked(rig, f"{grant['url']}.md5?token={grant['token']}")
        assert answer == (200, "text/plain", expected)
    async with depot_running(tmp_path) as rig:
        again = {**grant, "url": rig.url + grant["url"][grant["url"].index("/p/") :]}
        async with rig.get(again) as response:
            assert response.headers["x-MD5"] == expected


@pytest.mark.parametrize("chip", [0, 2, 5, 9, 12, 13, 16, 18, 20, 23])
def test_chips_are_read_from_the_header(chip: int) -> None:
    """Each has its name; without the description behind it the number means nothing."""
    image = esp_image(chip)
    assert chip_family(image) in CHIP_FAMILIES - {"ESP8266"}
    assert chip_family(image[:32] + b"\0\0\0\0" + image[36:]) is None
    assert chip_family(b"\xe8" + image[1:]) is None
    assert chip_family(image[: CHIP_SIZE - 1]) is None
    assert chip_family(esp_image(4)) is None


@given(st.binary(max_size=64))
def test_any_bytes_have_a_chip_or_none(header: bytes) -> None:
    """Nothing that a maker uploads breaks the reading."""
    assert chip_family(header) in CHIP_FAMILIES | {None}
