"""The doors: the page's own listener without a key, and downloads over plain HTTP."""

import json
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession
import pytest

from .rig import AUTHORIZATION, KEY, PREFIX, Rig, depot_running, form


def door(rig: Rig, name: str) -> str:
    """Return the base of the URLs of another listener."""
    endpoint: dict[str, Any] = json.loads((rig.data_dir / "endpoint.json").read_text())
    return f"http://127.0.0.1:{endpoint[name]}"


async def test_home_assistant_needs_no_key(tmp_path: Path) -> None:
    """Whom Home Assistant lets in may do everything: read, upload, listen."""
    async with depot_running(tmp_path, ingress_port=0) as rig, ClientSession() as session:
        base = door(rig, "ingress_port") + PREFIX
        headers = {"Expect": "100-continue", "X-Ingress-Path": "/api/hassio_ingress/x"}
        async with session.post(base + "/packages", data=form(), headers=headers) as response:
            assert response.status == 201
        async with session.get(base + "/packages") as response:
            assert [each["version"] for each in (await response.json())["packages"]] == ["1.4.0"]
        async with session.ws_connect(base + "/events") as socket:
            assert (await socket.receive_json())["type"] == "snapshot"
        async with session.get(base + "/key") as response:
            assert await response.json() == {"api_key": KEY, "configured": True}


async def test_everybody_else_is_turned_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A connection from another address ends before a byte is read."""
    async with (
        depot_running(tmp_path, ingress_port=0, ingress_peer="172.30.32.2") as rig,
        ClientSession() as session,
    ):
        for headers in ({}, AUTHORIZATION, {"X-Forwarded-For": "172.30.32.2"}):
            with pytest.raises(ClientError):
                await session.get(door(rig, "ingress_port") + "/health", headers=headers)
    assert "127.0.0.1 may not use the page's port" in caplog.text


async def test_the_main_door_asks_for_the_key_whatever_is_claimed(tmp_path: Path) -> None:
    """Header fields that only the Supervisor sends open nothing."""
    async with depot_running(tmp_path, ingress_port=0) as rig:
        headers = {"X-Ingress-Path": "/", "X-Remote-User-Id": "1", "X-Hass-Source": "core.ingress"}
        assert (await rig.api("GET", "/info", headers=headers)).status == 401


async def test_devices_do_not_come_through_home_assistant(tmp_path: Path) -> None:
    """Downloads have their own door, also with a right token."""
    async with depot_running(tmp_path, ingress_port=0) as rig:
        grant = await rig.grant(await rig.package())
        path = "/p/" + grant["url"].rpartition("/")[2]
        headers = {"Authorization": f"Bearer {grant['token']}"}
        url = door(rig, "ingress_port") + path
        async with rig.session.get(url, headers=headers) as response:
            assert response.status == 404
        assert await rig.download(grant) == b"firmware"


async def test_no_door_is_open_that_nobody_asked_for(tmp_path: Path) -> None:
    """Without the settings there is one listener."""
    async with depot_running(tmp_path) as rig:
        endpoint = json.loads((rig.data_dir / "endpoint.json").read_text())
        assert endpoint.keys() == {"url", "fingerprint", "pid"}


async def test_plain_downloads_beside_https(tmp_path: Path) -> None:
    """Devices without TLS get their package there; keys are not taken in the clear."""
    async with depot_running(tmp_path, http_port=0, ingress_port=0) as rig:
        grant = await rig.grant(await rig.package())
        base = door(rig, "http_port")
        plain = {**grant, "url": base + "/p/" + grant["url"].rpartition("/")[2]}
        assert await rig.download(plain) == b"firmware"
        assert await rig.download(plain, Range="bytes=4-") == b"ware"
        async with rig.session.get(base + PREFIX + "/info", headers=AUTHORIZATION) as response:
            assert response.status == 404
            assert "without TLS" in (await response.json())["detail"]
        async with rig.session.get(base + "/") as response:
            assert response.status == 404
        async with rig.session.get(base + "/health") as response:
            assert response.status == 200
