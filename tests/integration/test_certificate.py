"""Tests of the trust in the depot's certificate."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
import ssl
from unittest.mock import patch

import pytest

from custom_components.mqtt_ota.depot import (
    DepotCertificateError,
    DepotCertificateNameError,
    DepotConnectionError,
    certificate,
)
from custom_components.mqtt_ota.depot.certificate import (
    async_find_anchor,
    pinned_context,
)
from tests.integration.authority import Authority, make_authority, make_server, server_context

pytestmark = pytest.mark.usefixtures("socket_enabled", "refused_handshakes")


@asynccontextmanager
async def tls_server(context: ssl.SSLContext) -> AsyncGenerator[tuple[int, bytearray]]:
    """Run a TLS server; yield its port and every byte that was sent to it."""
    received = bytearray()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that only wanted to see the certificate hangs up without more ado
        with suppress(ConnectionResetError):
            received.extend(await reader.read())
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], received


def system_trusts(*authorities: Authority) -> ssl.SSLContext:
    """Return what Home Assistant's default context would be if it knew these."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for authority in authorities:
        context.load_verify_locations(cadata=authority.pem)
    return context


async def test_own_root_is_the_anchor(tmp_path: Path) -> None:
    """The root that the depot sends is what the user is asked about."""
    root = make_authority()
    context = server_context(tmp_path, make_server(root), root)
    async with tls_server(context) as (port, received):
        anchor = await async_find_anchor("127.0.0.1", port)
    assert anchor is not None
    assert anchor.fingerprint == root.fingerprint
    assert anchor.pem == root.pem
    assert not received


async def test_self_signed_server_is_the_anchor(tmp_path: Path) -> None:
    """A certificate without any authority is pinned itself."""
    server = make_server(None)
    async with tls_server(server_context(tmp_path, server)) as (port, _):
        anchor = await async_find_anchor("127.0.0.1", port)
    assert anchor is not None
    assert anchor.fingerprint == server.fingerprint


async def test_foreign_intermediate_is_not_the_anchor(tmp_path: Path) -> None:
    """An authority that another one signed may sign for strangers: take the server."""
    intermediate = make_authority("Intermediate", make_authority())
    server = make_server(intermediate)
    context = server_context(tmp_path, server, intermediate)
    async with tls_server(context) as (port, _):
        anchor = await async_find_anchor("127.0.0.1", port)
    assert anchor is not None
    assert anchor.fingerprint == server.fingerprint


async def test_system_trust_needs_no_anchor(tmp_path: Path) -> None:
    """Nothing is asked where Home Assistant's own roots vouch for the server."""
    root = make_authority()
    context = server_context(tmp_path, make_server(root), root)
    async with tls_server(context) as (port, received):
        with patch.object(certificate, "get_default_context", return_value=system_trusts(root)):
            assert await async_find_anchor("127.0.0.1", port) is None
    assert not received


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (
            lambda root: make_server(root, address="192.0.2.1"),
            DepotCertificateNameError,
        ),
        (lambda root: make_server(root, ends_in=-timedelta(days=1)), DepotCertificateError),
    ],
    ids=["other name", "expired"],
)
async def test_public_authority_is_never_pinned(
    tmp_path: Path,
    make: Callable[[Authority], Authority],
    error: type[DepotCertificateError],
) -> None:
    """A trusted authority's unfit certificate is an error, no question to the user."""
    root = make_authority()
    context = server_context(tmp_path, make(root), root)
    async with tls_server(context) as (port, _):
        with (
            patch.object(certificate, "get_default_context", return_value=system_trusts(root)),
            pytest.raises(DepotCertificateError) as raised,
        ):
            await async_find_anchor("127.0.0.1", port)
    assert type(raised.value) is error


async def test_a_closed_port_is_a_connection_error(unused_tcp_port: int) -> None:
    """A closed port is a connection error that names the address."""
    with pytest.raises(DepotConnectionError) as raised:
        await async_find_anchor("127.0.0.1", unused_tcp_port)
    placeholders = raised.value.translation_placeholders
    assert placeholders is not None
    assert placeholders["url"] == f"https://127.0.0.1:{unused_tcp_port}"


async def test_server_refuses_to_show_its_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that ends the second handshake is a connection error."""
    root = make_authority()
    context = server_context(tmp_path, make_server(root), root)
    async with tls_server(context) as (port, _):
        # No protocol version in common: the second handshake cannot succeed
        mute = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        mute.check_hostname = False
        mute.verify_mode = ssl.CERT_NONE
        mute.maximum_version = ssl.TLSVersion.TLSv1_2
        mute.minimum_version = ssl.TLSVersion.TLSv1_2
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        monkeypatch.setattr(certificate, "get_default_no_verify_context", lambda: mute)
        with pytest.raises(DepotConnectionError):
            await async_find_anchor("127.0.0.1", port)


async def test_server_without_tls() -> None:
    """Plain HTTP behind an https address is a connection error."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DepotConnectionError):
            await async_find_anchor("127.0.0.1", port)


async def test_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes the connection and says nothing does not hold us up."""
    monkeypatch.setattr(certificate, "_TIMEOUT", 0.05)
    release = asyncio.Event()

    async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DepotConnectionError) as raised:
            await async_find_anchor("127.0.0.1", port)
        release.set()
    assert "no answer in time" in str(raised.value.translation_placeholders)


def test_pinned_context_is_shared() -> None:
    """One certificate has one context, so that its connections are reused."""
    root = make_authority()
    assert pinned_context(root.pem) is pinned_context(root.pem)
    assert pinned_context(root.pem) is not pinned_context(make_authority().pem)


@pytest.mark.parametrize("pin", ["root", "server"])
async def test_pinned_context_accepts_only_its_own(tmp_path: Path, pin: str) -> None:
    """The pinned depot is trusted under any name, a like-named impostor is not."""
    root = make_authority()
    server = make_server(root, address="192.0.2.1")
    trusted = pinned_context((root if pin == "root" else server).pem)

    async with tls_server(server_context(tmp_path, server, root)) as (port, _):
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusted)
        writer.transport.abort()

    impostor = make_authority()
    # The true root in the chain is no secret, so an impostor can send it, too
    context = server_context(tmp_path, make_server(impostor), impostor, root)
    async with tls_server(context) as (port, _):
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=trusted)
