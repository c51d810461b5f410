"""The fault catalogue, the TLS part of row R12: versions, keys, resumption, small records."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
import shutil
import socket
import ssl
import subprocess
from typing import Any

import pytest
import pytest_socket

from .catalogue import DATA, granted, process
from .process import DepotProcess
from .sockets import PATIENCE, ask, request_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("depot-process")]

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def rsa_certificate(folder: Path) -> tuple[str, str]:
    """Make a certificate with an RSA key, as many people have; return its files."""
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key,
         "-out", certificate, "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return certificate, key


@pytest.fixture(scope="module", params=["ECDSA", "RSA"])
def depot(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DepotProcess]:
    """Run a depot with its own certificate and one with an RSA certificate."""
    pytest_socket.enable_socket()
    folder = tmp_path_factory.mktemp("tls")
    options = ["--tls", "true"]
    if request.param == "RSA":
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        certificate, key = rsa_certificate(folder)
        options += ["--certfile", certificate, "--keyfile", key]
        (folder / "data" / "certificates").mkdir(parents=True)
        shutil.copy(certificate, folder / "data" / "certificates" / "ca.pem")
    with process(folder / "data", *options) as running:
        yield running
        assert "Traceback" not in running.log.read_text()


def context_for(depot: DepotProcess, version: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a client's context that speaks one version only."""
    context = ssl.create_default_context(cafile=depot.ca)
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_r12_both_versions_of_tls_serve_the_package(
    depot: DepotProcess, version: ssl.TLSVersion
) -> None:
    """Whole and in part, verified against the certificate."""
    context = context_for(depot, version)
    async with granted(depot) as grant:
        assert (await ask(depot.port, request_for(grant), context)).body == DATA
        part = await ask(depot.port, request_for(grant, Range="bytes=-9"), context)
        assert part.body == DATA[-9:]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_r12_sessions_are_resumed(depot: DepotProcess, version: ssl.TLSVersion) -> None:
    """Devices that connect for every block are spared the costly half of the handshake."""
    context = context_for(depot, version)
    async with granted(depot) as grant:
        reused = await asyncio.to_thread(_connect_twice, context, depot.port, grant)
    assert reused == [False, True]


def _connect_twice(context: ssl.SSLContext, port: int, grant: dict[str, Any]) -> list[bool]:
    """Fetch a block on two connections; return whether each resumed a session."""
    session, reused = None, []
    for _ in range(2):
        with (
            socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as wire,
        ):
            wire.sendall(request_for(grant, Range="bytes=0-99"))
            answer = b""
            while not answer.endswith(DATA[:100]):
                answer += wire.recv(4096)
            session = wire.session
            reused.append(bool(wire.session_reused))
    return reused


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("size", [512, 4096])
async def test_r12_small_records_are_made_for_small_devices(depot: DepotProcess, size: int) -> None:
    """A device may bound the records that it must hold (max_fragment_length, RFC 6066)."""
    async with granted(depot) as grant:
        client = await asyncio.create_subprocess_exec(
            "openssl", "s_client", "-connect", f"127.0.0.1:{depot.port}", "-quiet", "-tls1_2",
            "-maxfraglen", str(size), "-CAfile", depot.ca, "-verify_return_error",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        request = request_for(grant, Range="bytes=5-20004", Connection="close")
        answer, _ = await asyncio.wait_for(client.communicate(request), PATIENCE)
    assert answer.partition(b"\r\n\r\n")[2] == DATA[5:20_005]
