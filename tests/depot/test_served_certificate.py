"""A certificate of one's own is followed when its files change."""

import asyncio
from collections.abc import Awaitable, Callable
import json
from pathlib import Path
import shutil
import ssl

import pytest
from yarl import URL

from mqtt_ota_depot import ticking
from mqtt_ota_depot.certificates import Authority, own_certificate
from mqtt_ota_depot.server import running

from .rig import settings


async def presented(base: str) -> bytes:
    """Return the certificate that the server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    url = URL(base)
    _, writer = await asyncio.open_connection(url.host, url.port, ssl=context)
    shown: bytes = writer.get_extra_info("ssl_object").getpeercert(True)
    writer.close()
    await writer.wait_closed()
    return shown


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition, not for ever."""
    async with asyncio.timeout(5):
        while not await condition():  # noqa: ASYNC110 - what is waited for has no events
            await asyncio.sleep(0.02)


async def test_changed_files_are_served_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when the chain arrives before its key: until both fit, the old one serves."""
    monkeypatch.setattr(ticking, "TICK", 0.02)
    monkeypatch.setattr(ticking, "LOOK_TICKS", 1)
    first = Authority(tmp_path / "a").server_certificate(["127.0.0.1"])
    second = Authority(tmp_path / "b").server_certificate(["127.0.0.1"])
    chain, key = tmp_path / "fullchain.pem", tmp_path / "privkey.pem"
    shutil.copy(first.chain, chain)
    shutil.copy(first.key, key)
    data = tmp_path / "data"
    data.mkdir()
    async with running(settings(data, tls=True, certfile=chain, keyfile=key)) as base:
        assert await presented(base) == first.leaf
        shutil.copy(second.chain, chain)

        async def is_refused() -> bool:
            """Return whether the chain was found without its key."""
            return "check certfile and keyfile" in caplog.text

        await until(is_refused)
        assert await presented(base) == first.leaf
        chain.rename(tmp_path / "away.pem")
        await asyncio.sleep(0.1)
        assert await presented(base) == first.leaf
        (tmp_path / "away.pem").rename(chain)
        shutil.copy(second.key, key)

        async def is_new() -> bool:
            """Return whether the new certificate is shown."""
            return await presented(base) == second.leaf

        await until(is_new)
        told = json.loads((data / "endpoint.json").read_text())
        assert told["fingerprint"] == second.fingerprint


def test_who_signs_for_strangers_is_not_pinned(tmp_path: Path) -> None:
    """Without a root in the chain it is the server's own certificate that is compared."""
    made = Authority(tmp_path).server_certificate(["127.0.0.1"])
    leaf_only = tmp_path / "leaf.pem"
    pem = made.chain.read_text()
    leaf_only.write_text(pem[: pem.index("-----END CERTIFICATE-----") + 26])
    own = own_certificate(leaf_only, made.key)
    assert own.fingerprint != made.fingerprint
    assert own.leaf == made.leaf
    whole = own_certificate(made.chain, made.key)
    assert whole.fingerprint == made.fingerprint
