"""The page as it is served: names, types, strict rules, and the path of a proxy."""

import base64
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest

import mqtt_ota_depot
from mqtt_ota_depot.page import CONTENT_SECURITY_POLICY, FILES, with_base

from .rig import KEY, PREFIX, Rig

INDEX = "<!doctype html><html><head><title>x</title></head></html>"


# Texts whose key is put together from what the depot or the route says.
FAMILIES = {"formats", "kinds", "orders"}
PUT_TOGETHER = {"upload.reading", "upload.waiting", "depot.title", "downloads.title"}
SOURCE = Path(mqtt_ota_depot.__file__).parents[1] / "page" / "src"


async def test_the_page_needs_no_key(rig: Rig) -> None:
    """It holds nothing secret; the key is asked for by the page itself."""
    async with rig.session.get(rig.url + "/") as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert await response.text() == (FILES / "index.html").read_text()


async def test_the_page_runs_nothing_but_its_own_files(rig: Rig) -> None:
    """Every file that it names is there; nothing stands inline and nothing comes from elsewhere."""
    index = (FILES / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|//", index)
    names = re.findall(r'(?:src|href)="\./([^"]+)"', index)
    assert len(names) == len(re.findall(r"(?:src|href)=", index))
    assert names
    for name in names:
        async with rig.session.get(f"{rig.url}/{name}") as response:
            assert response.status == 200
            assert "immutable" in response.headers["Cache-Control"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.content_type in {"text/javascript", "text/css", "image/svg+xml"}


@pytest.mark.parametrize(
    "name", ["none.js", "%2e%2e%2findex.html", "..%2f__init__.py", "%00", "a" * 300]
)
async def test_there_is_no_other_file(rig: Rig, name: str) -> None:
    """Whatever is asked for, only the built files can be had."""
    async with rig.session.get(f"{rig.url}/page/{name}") as response:
        assert response.status == 404
        assert (await response.json())["type"] == "urn:mqtt-ota:not-found"


def test_the_path_of_the_proxy() -> None:
    """Links are relative to where Home Assistant shows the page, with or without a slash."""
    expected = INDEX.replace("<head>", '<head><base href="/api/hassio_ingress/aB-_9/">')
    for path in ("/api/hassio_ingress/aB-_9", "/api/hassio_ingress/aB-_9/"):
        assert with_base(INDEX, path) == expected


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "/",
        "//evil.example",
        "https://evil.example/",
        '/a"><script>',
        "/a b",
        "/../x",
        "/a\n",
    ],
)
def test_what_is_no_path_changes_nothing(path: str | None) -> None:
    """A header that somebody made up cannot send the page's links elsewhere."""
    assert with_base(INDEX, path) == INDEX


@pytest.mark.parametrize("key", [KEY, "wrong"])
async def test_a_page_offers_its_key_as_a_subprotocol(rig: Rig, key: str) -> None:
    """Browsers cannot set a header for a WebSocket; a wrong key is refused all the same."""
    encoded = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    answer = await rig.session.get(
        rig.url + PREFIX + "/events",
        headers={
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
            "Sec-WebSocket-Protocol": f"mqtt-ota, mqtt-ota.key.{encoded}",
        },
    )
    assert answer.status == (101 if key == KEY else 401)
    assert answer.headers.get("Sec-WebSocket-Protocol") == ("mqtt-ota" if key == KEY else None)
    answer.close()


def keys_of(texts: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield the path of every text."""
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from keys_of(value, f"{path}{key}.")
        else:
            yield path + key


def test_every_text_is_used() -> None:
    """The compiler refuses keys without a text; here no text is left without a key."""
    source = "\n".join(path.read_text() for path in SOURCE.glob("*.ts"))
    named = set(re.findall(r"[\"`]([a-z_]+\.[a-z_0-9]+)[\"`]", source))
    texts = json.loads((SOURCE / "translations" / "en.json").read_text())
    unused = {key for key in keys_of(texts) if key not in named | PUT_TOGETHER}
    unused -= {key for key in unused if key.partition(".")[0] in FAMILIES}
    assert unused == set()
