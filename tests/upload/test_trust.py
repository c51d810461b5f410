"""Whom an upload trusts, and what is told of a server that it does not trust."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest
from stack.ports import free_port

from mqtt_ota_depot.certificates import Authority
from mqtt_ota_upload import client
from tests.depot.rig import Rig, depot_running
from tests.depot.test_image_header import esp_app

from .rig import run

type Told = pytest.CaptureFixture[str]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return an image."""
    path = tmp_path / "weather.bin"
    path.write_bytes(esp_app())
    return path


@pytest.fixture
async def depot(tmp_path: Path) -> AsyncIterator[Rig]:
    """Run a depot over HTTPS, with an authority of its own."""
    async with depot_running(tmp_path / "data", tls=True) as rig:
        yield rig


def authority(depot: Rig) -> Authority:
    """Return the depot's own authority."""
    return Authority(depot.data_dir / "certificates")


async def test_the_depots_authority(depot: Rig, file: Path, capsys: Told) -> None:
    """Its file or its fingerprint is enough."""
    ca_file = depot.data_dir / "certificates" / "ca.pem"
    for trust in (["--ca-file", ca_file], ["--fingerprint", authority(depot).fingerprint]):
        done = await run(capsys, "--depot", depot.url, *trust, file)
        assert done.code == 0, done.err


async def test_an_authority_of_the_system(
    depot: Rig, file: Path, capsys: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whom the system trusts needs no option; here a variable of OpenSSL extends the system."""
    monkeypatch.setenv("SSL_CERT_FILE", str(depot.data_dir / "certificates" / "ca.pem"))
    done = await run(capsys, "--depot", depot.url, file)
    assert done.code == 0, done.err


async def test_a_depot_that_is_not_trusted(depot: Rig, file: Path, capsys: Told) -> None:
    """The fingerprint that it shows is told, and how to trust it; the key is not sent."""
    done = await run(capsys, "--depot", depot.url, file)
    assert done.code == 2
    assert f"It shows the fingerprint {authority(depot).fingerprint}." in done.err
    assert "give it with --fingerprint" in done.err
    assert "ca.pem with --ca-file" in done.err
    other = "AB:" * 31 + "CD"
    done = await run(capsys, "--depot", depot.url, "--fingerprint", other, file)
    assert done.code == 2
    assert f"shows the fingerprint {authority(depot).fingerprint}, not the trusted" in done.err


@asynccontextmanager
async def with_certificate(
    folder: Path, names: list[str], now: datetime | None = None
) -> AsyncIterator[tuple[Rig, Authority]]:
    """Run a depot with a certificate from elsewhere."""
    made = Authority(folder / "elsewhere")
    certificate = made.server_certificate(names, now)
    files = {"certfile": certificate.chain, "keyfile": certificate.key}
    async with depot_running(folder / "data", tls=True, **files) as rig:
        yield rig, made


async def test_a_certificate_for_another_name(tmp_path: Path, file: Path, capsys: Told) -> None:
    """The authority is right but not the address; a pinned fingerprint goes with any address."""
    async with with_certificate(tmp_path, ["depot.example"]) as (depot, made):
        ca_file = tmp_path / "elsewhere" / "ca.pem"
        done = await run(capsys, "--depot", depot.url, "--ca-file", ca_file, file)
        assert done.code == 2
        assert "or else an address that the certificate names with --depot" in done.err
        done = await run(capsys, "--depot", depot.url, "--fingerprint", made.fingerprint, file)
        assert done.code == 0, done.err


async def test_a_certificate_that_has_expired(tmp_path: Path, file: Path, capsys: Told) -> None:
    """No fingerprint helps there, and none is offered."""
    past = datetime.now(UTC) - timedelta(days=800)
    async with with_certificate(tmp_path, ["127.0.0.1"], past) as (depot, made):
        for trust in (
            ["--ca-file", tmp_path / "elsewhere" / "ca.pem"],
            ["--fingerprint", made.fingerprint],
        ):
            done = await run(capsys, "--depot", depot.url, *trust, file)
            assert done.code == 2
            assert "Renew the certificate, and check the clocks of both machines" in done.err


async def test_a_file_without_certificate(depot: Rig, file: Path, capsys: Told) -> None:
    """It is named."""
    done = await run(capsys, "--depot", depot.url, "--ca-file", file, file)
    assert done.code == 2
    assert f"--ca-file {file} holds no usable certificate" in done.err


async def test_nobody_listens(file: Path, capsys: Told) -> None:
    """It is tried a few times, with and without a fingerprint to compare."""
    address = f"https://127.0.0.1:{free_port()}"
    for trust in ([], ["--fingerprint", "AB" * 32]):
        done = await run(capsys, "--depot", address, *trust, file)
        assert done.code == 2
        assert done.out.count("Trying again") == 2
        assert f"{address} cannot be reached: Connection refused. Check --depot" in done.err


async def test_the_other_scheme(depot: Rig, tmp_path: Path, file: Path, capsys: Told) -> None:
    """Whoever mixes up http and https is told which one to try."""
    done = await run(capsys, "--depot", depot.url.replace("https", "http"), file)
    assert done.code == 2
    assert "If the depot speaks HTTPS, give --depot https://" in done.err
    async with depot_running(tmp_path / "plain") as plain:
        for trust in ([], ["--fingerprint", "AB" * 32]):
            address = plain.url.replace("http", "https")
            done = await run(capsys, "--depot", address, *trust, file)
            assert done.code == 2
            assert "does not speak TLS (" in done.err
            assert f"plain HTTP (`tls` is false), give --depot {plain.url};" in done.err


async def test_a_server_that_is_silent(
    file: Path, capsys: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patience has an end, and so have the tries."""

    async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take everything, answer nothing."""
        await reader.read()
        writer.close()

    monkeypatch.setattr(client, "STALL_TIMEOUT", 0.1)
    async with await asyncio.start_server(be_silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        done = await run(capsys, "--depot", f"http://127.0.0.1:{port}", file)
    assert done.code == 2
    assert f"http://127.0.0.1:{port} stood still for " in done.err


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(text="<h1>Router</h1>", content_type="text/html"),
        web.json_response({"message": "API running."}),
        web.json_response([1]),
        web.json_response({"min_api_version": "one", "api_version": None}),
        web.json_response({"error": "x"}, status=404),
        web.Response(status=401, text="401: Unauthorized"),
    ],
)
async def test_something_other_than_a_depot(file: Path, capsys: Told, answer: web.Response) -> None:
    """No status and no body of another server passes for a depot's."""

    async def handle(_request: web.Request) -> web.Response:
        """Answer."""
        return answer

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(app) as server:
        done = await run(capsys, "--depot", f"http://127.0.0.1:{server.port}", file)
    assert done.code == 2
    assert "Something other than a depot answers at http://127.0.0.1:" in done.err


async def test_a_proxy_that_fails_or_refuses(file: Path, capsys: Told) -> None:
    """What it answers in the depot's place is told as its own."""
    for status, code, told in (
        (502, 2, "failed with status 502"),
        (413, 1, "raise its limit (nginx: client_max_body_size)"),
    ):

        async def handle(_request: web.Request, status: int = status) -> web.Response:
            """Answer as a proxy does."""
            return web.Response(status=status, text="<html></html>")

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        async with TestServer(app) as server:
            done = await run(capsys, "--depot", f"http://127.0.0.1:{server.port}", file)
        assert done.code == code
        assert told in done.err


async def test_the_key_goes_nowhere_else(file: Path, capsys: Told) -> None:
    """A redirect is not followed."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        """Lead away."""
        asked.append(request.path)
        raise web.HTTPFound("/elsewhere")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(app) as server:
        done = await run(capsys, "--depot", f"http://127.0.0.1:{server.port}", file)
    assert done.code == 2
    assert asked == ["/api/v1/info"]


@pytest.mark.parametrize("spoken", [(2, 3), (0, 0)])
async def test_a_depot_of_another_time(file: Path, capsys: Told, spoken: tuple[int, int]) -> None:
    """An API that is not understood is not spoken."""

    async def info(_request: web.Request) -> web.Response:
        """Tell other versions."""
        oldest, newest = spoken
        told = {"min_api_version": oldest, "api_version": newest}
        return web.json_response({**told, "max_package_size": 9, "storage": {"free": 9}})

    app = web.Application()
    app.router.add_get("/api/v1/info", info)
    async with TestServer(app) as server:
        done = await run(capsys, "--depot", f"http://127.0.0.1:{server.port}", file)
    assert done.code == 2
    assert "speaks version {} to {} of the API, this program version 1".format(*spoken) in done.err


async def test_the_port_for_downloads(tmp_path: Path, file: Path, capsys: Told) -> None:
    """It has no API, and says so."""
    port = free_port()
    async with depot_running(tmp_path / "data", tls=True, http_port=port):
        done = await run(capsys, "--depot", f"http://127.0.0.1:{port}", file)
    assert done.code == 2
    assert "does not serve the API: The depot refused: Only downloads are served" in done.err
