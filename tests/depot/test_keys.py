"""The API key is exchanged, the root certificate handed out, the address looked after."""

import asyncio
from pathlib import Path
import ssl

from aiohttp import ClientSession, TCPConnector, WSMsgType, web
from aiohttp.test_utils import TestServer, unused_port
from cryptography import x509
import pytest

from mqtt_ota_depot import api
from mqtt_ota_depot.address_check import AddressCheck
from mqtt_ota_depot.auth import load_api_key
from mqtt_ota_depot.server import running

from .rig import AUTHORIZATION, PREFIX, Rig, depot_running, settings


def bearer(key: str) -> dict[str, str]:
    """Return the header field with a key."""
    return {"Authorization": f"Bearer {key}"}


async def test_the_key_is_exchanged_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one counts at once and after a restart, the old one no more; listeners leave."""
    monkeypatch.setattr(api, "KEY_GRACE", 0.05)
    old = load_api_key(tmp_path, None)
    async with depot_running(tmp_path, api_key=None) as rig:
        assert (await rig.api("GET", "/key", headers=bearer(old))).body == {
            "api_key": old,
            "configured": False,
        }
        events = PREFIX + "/events"
        async with rig.session.ws_connect(rig.url + events, headers=bearer(old)) as socket:
            await socket.receive_json()
            answer = await rig.api("POST", "/key", headers=bearer(old))
            new = answer.body["api_key"]
            assert answer.status == 200
            assert new != old
            assert answer.headers["Cache-Control"] == "no-store"
            assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
        assert (await rig.api("GET", "/info", headers=bearer(old))).status == 401
        assert (await rig.api("GET", "/info", headers=bearer(new))).status == 200
    assert load_api_key(tmp_path, None) == new
    async with depot_running(tmp_path, api_key=None) as rig:
        assert (await rig.api("GET", "/info", headers=bearer(new))).status == 200


async def test_a_key_of_the_settings_stays(rig: Rig) -> None:
    """It would be back with the next start; the answer says where to change it."""
    answer = await rig.api("POST", "/key")
    assert (answer.status, answer.problem) == (409, "key-configured")
    assert "api_key" in answer.body["detail"]
    assert (await rig.api("GET", "/info")).status == 200


async def test_nobody_gets_the_key_without_it(rig: Rig) -> None:
    """Neither reads nor exchanges it."""
    for method in ("GET", "POST"):
        assert (await rig.api(method, "/key", headers={})).status == 401


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_root_certificate_is_public(tmp_path: Path, method: str) -> None:
    """Makers get it in both forms, the same that the handshake shows."""
    async with running(settings(tmp_path, tls=True)) as base:
        trusting = ssl.create_default_context(cafile=tmp_path / "certificates" / "ca.pem")
        async with ClientSession(connector=TCPConnector(ssl=trusting)) as session:
            bodies = {}
            for form in ("pem", "der"):
                async with session.request(method, f"{base}/ca.{form}") as response:
                    assert response.status == 200
                    bodies[form] = await response.read()
            assert (await session.get(base + "/ca.txt")).status == 404
    if method == "GET":
        pem = x509.load_pem_x509_certificate(bodies["pem"])
        assert pem == x509.load_der_x509_certificate(bodies["der"])
        assert pem.issuer == pem.subject
        assert bodies["pem"] == (tmp_path / "certificates" / "ca.pem").read_bytes()


async def test_without_an_authority_there_is_no_root_certificate(rig: Rig) -> None:
    """The answer says why."""
    async with rig.session.get(rig.url + "/ca.pem") as response:
        assert response.status == 404
        assert "plain HTTP" in (await response.json())["detail"]


@pytest.mark.parametrize("tls", [False, True])
async def test_the_depot_finds_itself_at_its_address(tmp_path: Path, tls: bool) -> None:
    """What it tells of its address becomes true within a moment."""
    async with (
        running(settings(tmp_path, tls=tls)) as base,
        ClientSession(headers=AUTHORIZATION) as session,
        asyncio.timeout(5),
    ):
        check = {"reachable": None}
        while check["reachable"] is None:
            async with session.get(base + PREFIX + "/info", ssl=False) as response:
                check = (await response.json())["device_url_check"]
            await asyncio.sleep(0.02)
    assert check == {"reachable": True, "detail": None}


async def test_an_address_that_leads_elsewhere_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody, somebody else, and another server with TLS are three different answers."""
    nobody = AddressCheck(f"http://127.0.0.1:{unused_port()}", lambda: None)
    await nobody.look()
    assert nobody.reachable is False
    assert "set device_url" in caplog.text
    async with TestServer(web.Application()) as other:
        somebody = AddressCheck(str(other.make_url("")).rstrip("/"), lambda: None)
        await somebody.look()
    assert somebody.as_dict() == {
        "reachable": False,
        "detail": "something else answers, with status 404",
    }
    async with running(settings(tmp_path, tls=True)) as base:
        stranger = AddressCheck(base, lambda: b"another certificate")
        for _ in range(2):
            await stranger.look()
        # With a proxy in front, which only the user knows of, another certificate is right.
        in_front = AddressCheck(base, lambda: None)
        await in_front.look()
    assert in_front.as_dict() == {"reachable": True, "detail": None}
    assert stranger.detail == "another server answers"
    # The same answer twice is told once.
    assert caplog.text.count("another server answers") == 1
