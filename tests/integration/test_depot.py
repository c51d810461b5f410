"""Tests of the depot client against a real server."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import json
from pathlib import Path
from string import Formatter
from typing import Any

from aiohttp import web
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mqtt_ota.const import DOMAIN, PackageKind
from custom_components.mqtt_ota.depot import (
    DepotAuthenticationError,
    DepotCertificateError,
    DepotClient,
    DepotConnectionError,
    DepotError,
    DepotEvent,
    DepotNotFoundError,
    DepotProtocolError,
    DepotRefusedError,
    DepotTooNewError,
    DepotTooOldError,
    Grant,
    GrantInfo,
    PackageRemoved,
    PackageUpserted,
    Snapshot,
    Storage,
    TransferChanged,
    TransferRemoved,
    connection,
    create_depot_client,
    errors,
)
from custom_components.mqtt_ota.depot.models import AddressCheck
from tests.integration.authority import Authority, make_authority, make_server, server_context
from tests.integration.fake_depot import (
    API_KEY,
    DEPOT_ID,
    FakeDepot,
    Handler,
    make_info,
    make_package,
    make_transfer,
    problem,
)

pytestmark = pytest.mark.usefixtures("socket_enabled")

INFO = "GET /api/v1/info"
GRANTS = "GET /api/v1/grants"
EVENTS = "GET /api/v1/events"


@pytest.fixture
async def client(hass: HomeAssistant, depot: FakeDepot) -> DepotClient:
    """Return a client of the depot."""
    return client_of(hass, depot)


def client_of(
    hass: HomeAssistant,
    depot: FakeDepot,
    *,
    api_key: str = API_KEY,
    certificate: str | None = None,
) -> DepotClient:
    """Return a client like the one that a config entry makes."""
    return create_depot_client(
        hass, {"url": depot.url, "api_key": api_key, "certificate": certificate}
    )


def answering(body: Any, status: int = 200) -> Handler:
    """Return a handler that answers this: bytes as they are, all else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, body=raw)

    return handler


def reason(err: DepotError) -> str:
    """Return the cause that the error's text names."""
    assert err.translation_placeholders is not None
    return err.translation_placeholders["reason"]


async def create_grant(client: DepotClient) -> Grant:
    """Ask for the grant that the tests use."""
    return await client.async_create_grant(
        package_id="pkg1",
        device_id="dev1",
        task_id="task1",
        expires_in=timedelta(hours=24),
    )


async def test_info_arrives_typed(client: DepotClient) -> None:
    """The depot's description arrives typed; what is unknown in it does no harm."""
    info = await client.async_get_info()
    assert info.depot_id == DEPOT_ID
    assert info.device_url == "https://192.168.1.20:8443"
    assert info.storage == Storage(used=1, free=2, total=3)


async def test_unknown_keys_are_dropped(client: DepotClient, depot: FakeDepot) -> None:
    """A newer depot may say more."""
    depot.info = make_info(mood="good")
    assert (await client.async_get_info()).version == "0.1.0"


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        (None, None),
        ("", ""),
        ("no\nroute", "no route"),
        ("x" * 2000, "x" * 200),
    ],
    ids=["none", "empty", "lines", "long"],
)
async def test_what_the_depot_met_with_at_its_address_is_only_shown(
    client: DepotClient, depot: FakeDepot, detail: str | None, shown: str | None
) -> None:
    """Whatever the text is, the depot can be used."""
    depot.info = make_info(device_url_check={"reachable": False, "detail": detail})
    check = (await client.async_get_info()).device_url_check
    assert check == AddressCheck(reachable=False, detail=shown)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"api_version": 0, "min_api_version": 0}, DepotTooOldError),
        ({"api_version": 3, "min_api_version": 2, "storage": "new"}, DepotTooNewError),
    ],
)
async def test_versions_must_meet(
    client: DepotClient,
    depot: FakeDepot,
    changes: dict[str, Any],
    error: type[DepotError],
) -> None:
    """A depot of another age is named so, even if the rest of its answer is strange."""
    depot.info = make_info(**changes)
    with pytest.raises(error):
        await client.async_get_info()


async def test_newer_depot_that_still_speaks_our_version(
    client: DepotClient, depot: FakeDepot
) -> None:
    """A range of versions that contains ours is fine."""
    depot.info = make_info(api_version=7, min_api_version=1)
    assert (await client.async_get_info()).api_version == 7


@pytest.mark.parametrize(
    "info",
    [
        b"<html>It works!</html>",
        b"",
        b"\xff\xfe",
        b"[" * 5000,
        [],
        "text",
        None,
        {"api_version": True, "min_api_version": 1},
        {"api_version": 1},
        make_info(depot_id="../../etc"),
        make_info(depot_id=17),
        make_info(device_url="javascript:alert(1)"),
        make_info(device_url="https://depot/\nX"),
        make_info(version="1\r\nforged"),
        make_info(version=""),
        make_info(max_package_size=-1),
        make_info(storage={"used": 1}),
        make_info(device_url_check={"reachable": "yes"}),
        make_info(device_url_check={"detail": 1}),
    ],
)
async def test_malformed_info_is_a_protocol_error(
    client: DepotClient, depot: FakeDepot, info: Any
) -> None:
    """Whatever is not a depot's answer is a protocol error."""
    depot.answers[INFO] = answering(info)
    with pytest.raises(DepotProtocolError):
        await client.async_get_info()


async def test_wrong_api_key(hass: HomeAssistant, depot: FakeDepot) -> None:
    """The wrong key is its own error, on requests and on the event stream."""
    client = client_of(hass, depot, api_key="wrong-secret")
    with pytest.raises(DepotAuthenticationError) as raised:
        await client.async_get_info()
    assert "wrong-secret" not in str(raised.value.translation_placeholders)
    with pytest.raises(DepotAuthenticationError):
        await anext(client.async_events())


async def test_depot_is_down(client: DepotClient, depot: FakeDepot) -> None:
    """A closed port is a connection error."""
    await depot.async_stop()
    with pytest.raises(DepotConnectionError):
        await client.async_get_info()
    with pytest.raises(DepotConnectionError):
        await anext(client.async_events())


async def test_a_slow_depot_is_a_connection_error(
    client: DepotClient, depot: FakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that does not come in time is a connection error."""
    monkeypatch.setattr(connection, "_REQUEST_TIMEOUT", 0.05)

    release = asyncio.Event()

    async def late(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    depot.answers[INFO] = depot.answers[EVENTS] = late
    with pytest.raises(DepotConnectionError) as raised:
        await client.async_get_info()
    assert reason(raised.value) == "no answer in time"
    with pytest.raises(DepotConnectionError) as raised:
        await anext(client.async_events())
    assert reason(raised.value) == "no answer in time"
    release.set()


async def test_connection_cut_in_the_answer(client: DepotClient, depot: FakeDepot) -> None:
    """Half an answer is a connection error, not half a value."""

    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"api_version":')
        assert request.transport is not None
        request.transport.abort()
        return response

    depot.answers[INFO] = cut
    with pytest.raises(DepotConnectionError):
        await client.async_get_info()


async def test_server_of_another_protocol(hass: HomeAssistant, depot: FakeDepot) -> None:
    """Something that does not speak HTTP is not a depot."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        depot.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(DepotProtocolError):
            await client_of(hass, depot).async_get_info()


async def test_an_endless_answer_is_read_to_a_bound(
    client: DepotClient, depot: FakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading stops at a bound, whatever the server goes on to send."""
    monkeypatch.setattr(connection, "_MAX_ANSWER", 100_000)
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 1 << 30:
            await response.write(b" " * 65536)
            sent += 65536
        return response

    depot.answers[INFO] = flood
    with pytest.raises(DepotProtocolError) as raised:
        await client.async_get_info()
    assert reason(raised.value) == "the answer is too large"
    assert sent < 64 << 20


@pytest.mark.parametrize("path", ["/api/v1/info", "/api/v1/events"])
async def test_redirect_never_gets_the_key(
    hass: HomeAssistant, client: DepotClient, depot: FakeDepot, path: str
) -> None:
    """A redirect to another server does not carry the key there."""
    thief = FakeDepot(api_key="none")
    await thief.async_start()

    async def redirect(_: web.Request) -> web.Response:
        return web.Response(status=HTTPStatus.FOUND, headers={"Location": thief.url + path})

    depot.answers[f"GET {path}"] = redirect
    try:
        attempt = client.async_get_info() if path.endswith("info") else anext(client.async_events())
        with pytest.raises(DepotError):
            await attempt
    finally:
        await thief.async_stop()
    assert not any(thief.authorizations)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (lambda: problem(409, "package-withdrawn"), DepotRefusedError),
        (lambda: problem(404, "package-not-found"), DepotNotFoundError),
        (lambda: problem(507, "storage-full"), DepotRefusedError),
        (lambda: problem(503, "starting"), DepotRefusedError),
        (lambda: web.Response(status=502, text="Bad gateway"), DepotConnectionError),
        (lambda: web.Response(status=503), DepotConnectionError),
        (lambda: web.Response(status=404, text="Not found"), DepotProtocolError),
        (lambda: web.Response(status=500, text="[]"), DepotProtocolError),
        (lambda: web.Response(status=500, text='{"type": 5}'), DepotProtocolError),
        (
            lambda: web.Response(status=400, text='{"type": "about:blank"}'),
            DepotProtocolError,
        ),
    ],
)
async def test_problems_are_refusals(
    client: DepotClient, depot: FakeDepot, response: Any, error: type[DepotError]
) -> None:
    """A problem of the depot is a refusal, other failures say who failed."""

    async def refuse(_: web.Request) -> web.Response:
        answer: web.Response = response()
        return answer

    depot.answers["POST /api/v1/grants"] = refuse
    with pytest.raises(DepotError) as raised:
        await create_grant(client)
    assert type(raised.value) is error


async def test_refusal_keeps_its_code(client: DepotClient, depot: FakeDepot) -> None:
    """The machine code and the status are there for the manager, the rest is bounded."""

    async def refuse(_: web.Request) -> web.Response:
        return problem(409, "package-withdrawn", "x" * 5000)

    depot.answers["POST /api/v1/grants"] = refuse
    with pytest.raises(DepotRefusedError) as raised:
        await create_grant(client)
    assert (raised.value.problem, raised.value.status) == ("package-withdrawn", 409)
    assert raised.value.translation_placeholders is not None
    assert len(raised.value.translation_placeholders["detail"]) == 200


async def test_a_grant_is_made_listed_and_revoked(
    client: DepotClient, freezer: FrozenDateTimeFactory
) -> None:
    """A grant is made, listed without its token, and revoked once or twice."""
    freezer.move_to("2026-11-01T10:00:00Z")
    grant = await create_grant(client)
    assert grant.token == "secret-grant1"
    assert "secret" not in repr(grant)
    assert grant.expires_at == datetime(2026, 11, 2, 10, tzinfo=UTC)
    assert await client.async_get_grants() == [
        GrantInfo(
            id="grant1",
            package_id="pkg1",
            device_id="dev1",
            task_id="task1",
            expires_at=grant.expires_at,
        )
    ]
    await client.async_revoke_grant(grant.id)
    await client.async_revoke_grant(grant.id)
    assert await client.async_get_grants() == []


async def test_revoking_fails_loudly(client: DepotClient, depot: FakeDepot) -> None:
    """Only an unknown grant counts as revoked, no other failure does."""
    depot.answers["DELETE /api/v1/grants/grant1"] = answering(b"", 503)
    with pytest.raises(DepotConnectionError):
        await client.async_revoke_grant("grant1")


async def test_grant_id_stays_one_path_segment(client: DepotClient, depot: FakeDepot) -> None:
    """An identifier cannot reach another resource of the depot."""
    await client.async_revoke_grant("../packages/pkg1")
    assert depot.requests == [("DELETE", "/api/v1/grants/../packages/pkg1")]


async def test_grant_for_something_else(client: DepotClient, depot: FakeDepot) -> None:
    """A grant of another device is not passed on."""
    grant = {
        "id": "g",
        "token": "t",
        "url": "https://d/p/1",
        "package_id": "pkg1",
        "device_id": "another",
        "task_id": "task1",
        "expires_at": "2026-11-02T10:00:00Z",
    }
    depot.answers["POST /api/v1/grants"] = answering(grant)
    with pytest.raises(DepotProtocolError):
        await create_grant(client)


@pytest.mark.parametrize(
    "grants", [{}, {"grants": {}}, {"grants": [{"id": "g"}]}, {"grants": None}]
)
async def test_malformed_grants_are_a_protocol_error(
    client: DepotClient, depot: FakeDepot, grants: Any
) -> None:
    """A list of grants of the wrong shape is a protocol error."""
    depot.answers[GRANTS] = answering(grants)
    with pytest.raises(DepotProtocolError):
        await client.async_get_grants()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, (0, (0, 0), False)),
        ({"unauthorized": 0, "gap": None, "left_open": False}, (0, (0, 0), False)),
        ({"unauthorized": 2, "gap": [1, 9], "left_open": True}, (2, (1, 9), True)),
    ],
)
async def test_evidence_may_be_missing(
    client: DepotClient,
    depot: FakeDepot,
    told: dict[str, object],
    expected: tuple[int, tuple[int, int], bool],
) -> None:
    """Older depots do not tell what shows the mistakes of devices."""
    depot.transfers = [make_transfer(**told)]
    async with aclosing(client.async_events()) as events:
        snapshot = await anext(events)
    assert isinstance(snapshot, Snapshot)
    (transfer,) = snapshot.transfers
    assert (transfer.unauthorized, transfer.gap, transfer.left_open) == expected


async def test_the_snapshot_comes_first_then_every_change(
    client: DepotClient, depot: FakeDepot
) -> None:
    """The snapshot comes first, then every change, unknown kinds left out."""
    depot.packages = [make_package()]
    depot.transfers = [make_transfer()]
    async with aclosing(client.async_events()) as events:
        snapshot = await anext(events)
        assert isinstance(snapshot, Snapshot)
        (package,), (transfer,) = snapshot.packages, snapshot.transfers
        assert package.kind is PackageKind.FIRMWARE
        assert package.source_versions == ("1.3.0",)
        assert package.created_at == datetime(2026, 11, 1, 10, tzinfo=UTC)
        assert (transfer.bytes_served, transfer.updated_at) == (512, None)

        changed = make_package(version="1.5.0", withdrawn=True, release_notes=None)
        for event in (
            {"type": "weather_report", "sun": True},
            {"type": "package_added", "package": make_package()},
            {"type": "package_changed", "package": changed},
            {"type": "package_removed", "package_id": "pkg1"},
            {"type": "transfer_changed", "transfer": make_transfer(bytes_served=1024)},
            {"type": "transfer_removed", "grant_id": "grant1"},
        ):
            await depot.async_send_event(event)
        assert await anext(events) == PackageUpserted(package=package)
        upserted = await anext(events)
        assert isinstance(upserted, PackageUpserted)
        assert upserted.package.withdrawn
        assert await anext(events) == PackageRemoved(package_id="pkg1")
        moved = await anext(events)
        assert isinstance(moved, TransferChanged)
        assert moved.transfer.bytes_served == 1024
        assert await anext(events) == TransferRemoved(grant_id="grant1")


async def test_closing_the_events_closes_the_connection(
    client: DepotClient, depot: FakeDepot
) -> None:
    """A caller that stops early leaves no connection behind."""
    async with aclosing(client.async_events()) as events:
        await anext(events)
        assert len(depot.sockets) == 1
    async with asyncio.timeout(5):
        await depot.listener_left.wait()
    assert not depot.sockets


async def test_connection_lost_in_the_events(client: DepotClient, depot: FakeDepot) -> None:
    """Both a polite end and a cut end the stream with a connection error."""
    async with aclosing(client.async_events()) as events:
        await anext(events)
        (socket,) = depot.sockets
        await socket.close(code=1013)
        with pytest.raises(DepotConnectionError) as raised:
            await anext(events)
        assert reason(raised.value) == "closed with code 1013"

    async def cut(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "snapshot", "packages": [], "transfers": []})
        assert request.transport is not None
        request.transport.abort()
        return socket

    depot.answers[EVENTS] = cut
    async with aclosing(client.async_events()) as events:
        await anext(events)
        with pytest.raises(DepotConnectionError):
            await anext(events)


def snapshot(**parts: Any) -> str:
    """Return the message of a snapshot."""
    return json.dumps({"type": "snapshot", "packages": [], "transfers": [], **parts})


async def first_events(client: DepotClient, count: int) -> list[DepotEvent]:
    """Return the first events of a connection."""
    async with aclosing(client.async_events()) as events:
        return [await anext(events) for _ in range(count)]


@pytest.mark.parametrize(
    "message",
    [
        "no json",
        "[]",
        "{}",
        '{"type": "package_removed", "package_id": "pkg1"}',
        '{"type": "snapshot"}',
        snapshot(packages=[{}]),
        snapshot(packages=[make_package(kind="furniture")]),
        snapshot(packages=[make_package(created_at="2026-11-01T10:00:00")]),
        snapshot(packages=[make_package(created_at=5)]),
        snapshot(transfers=[make_transfer(size="big")]),
        snapshot(transfers=[make_transfer(unauthorized=-1)]),
        snapshot(transfers=[make_transfer(left_open=1)]),
        snapshot(transfers=[make_transfer(gap=5)]),
        snapshot(transfers=[make_transfer(gap=[1])]),
        snapshot(transfers=[make_transfer(gap=[1, "2"])]),
        snapshot(transfers=[make_transfer(gap=[2, 1])]),
        b"\x00binary",
        " " * 200_000,
    ],
)
async def test_malformed_first_event(
    client: DepotClient,
    depot: FakeDepot,
    monkeypatch: pytest.MonkeyPatch,
    message: str | bytes,
) -> None:
    """The stream must begin with a whole and bounded snapshot."""
    monkeypatch.setattr(connection, "_MAX_MESSAGE", 100_000)

    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if isinstance(message, bytes):
            await socket.send_bytes(message)
        else:
            await socket.send_str(message)
        await socket.receive()
        return socket

    depot.answers[EVENTS] = handler
    with pytest.raises(DepotProtocolError):
        await first_events(client, 1)


async def test_missing_snapshot_is_given_up(
    client: DepotClient, depot: FakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A depot that accepts the connection and says nothing is a lost connection."""
    monkeypatch.setattr("custom_components.mqtt_ota.depot.client._SNAPSHOT_TIMEOUT", 0.05)

    async def silent(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        return socket

    depot.answers[EVENTS] = silent
    with pytest.raises(DepotConnectionError) as raised:
        await first_events(client, 1)
    assert reason(raised.value) == "no answer in time"


async def test_events_of_something_else(client: DepotClient, depot: FakeDepot) -> None:
    """A server that has no WebSocket there is not a depot."""
    depot.answers[EVENTS] = answering({"hello": "world"})
    with pytest.raises(DepotProtocolError):
        await first_events(client, 1)


@pytest.fixture
async def tls_depot(
    tmp_path: Path, refused_handshakes: list[object]
) -> AsyncGenerator[tuple[FakeDepot, Authority]]:
    """Run a depot with a certificate of its own authority."""
    root = make_authority()
    depot = FakeDepot(packages=[make_package()])
    await depot.async_start(server_context(tmp_path, make_server(root), root))
    yield depot, root
    await depot.async_stop()


async def test_requests_and_events_work_with_a_pinned_certificate(
    hass: HomeAssistant, tls_depot: tuple[FakeDepot, Authority]
) -> None:
    """Requests and events work over TLS with the pinned authority."""
    depot, root = tls_depot
    client = client_of(hass, depot, certificate=root.pem)
    assert (await client.async_get_info()).depot_id == DEPOT_ID
    assert len(await first_events(client, 1)) == 1


@pytest.mark.parametrize("pinned", [True, False])
async def test_wrong_certificate_never_gets_the_key(
    hass: HomeAssistant, tls_depot: tuple[FakeDepot, Authority], pinned: bool
) -> None:
    """Neither another authority nor the system's trust lets an impostor see the key."""
    depot, _ = tls_depot
    certificate = make_authority().pem if pinned else None
    client = client_of(hass, depot, certificate=certificate)
    with pytest.raises(DepotCertificateError):
        await client.async_get_info()
    with pytest.raises(DepotCertificateError):
        await first_events(client, 1)
    assert depot.requests == []


def test_every_error_has_its_text() -> None:
    """Each error class says its cause and remedy with exactly the placeholders it has."""
    path = Path(__file__).parents[2] / "custom_components/mqtt_ota/translations/en.json"
    texts = json.loads(path.read_text())["exceptions"]
    samples = {"url": "u", "reason": "r", "version": "1"}
    classes = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, DepotError) and value is not DepotError
    ]
    assert len(classes) == 9
    for kind in classes:
        message = texts[kind.key]["message"]
        names = {name for _, name, _, _ in Formatter().parse(message) if name}
        if issubclass(kind, DepotRefusedError):
            error: DepotError = kind(problem="p", status=409, detail="d")
        else:
            error = kind(**{name: samples[name] for name in names})
        assert error.translation_domain == DOMAIN
        assert names <= set(error.translation_placeholders or ())
