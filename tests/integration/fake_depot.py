"""A depot for tests: a real server on 127.0.0.1 that can be told to misbehave."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import json
import ssl
from typing import Any

from aiohttp import web

API_KEY = "depot-test-key"
DEPOT_ID = "5f2d8c6e0b7a4e53a1c09d8e7f6a5b4c"

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_package(**changes: Any) -> dict[str, Any]:
    """Return a package as the depot tells it."""
    return {
        "id": "pkg1",
        "kind": "firmware",
        "model": "weather",
        "version": "1.4.0",
        "source_versions": ["1.3.0"],
        "file_name": "weather-1.4.0.bin",
        "size": 1024,
        "sha256": "ab" * 32,
        "release_notes": "Better *wind*.",
        "custom_info": None,
        "withdrawn": False,
        "created_at": "2026-11-01T10:00:00Z",
        **changes,
    }


def make_transfer(**changes: Any) -> dict[str, Any]:
    """Return a transfer as the depot tells it."""
    return {
        "grant_id": "grant1",
        "task_id": "task1",
        "device_id": "dev1",
        "package_id": "pkg1",
        "size": 1024,
        "bytes_served": 512,
        "requests": 1,
        "refusals": 0,
        "active": True,
        "complete": False,
        "started_at": "2026-11-01T10:00:01Z",
        "updated_at": None,
        **changes,
    }


def make_info(**changes: Any) -> dict[str, Any]:
    """Return the depot's description of itself."""
    return {
        "api_version": 1,
        "min_api_version": 1,
        "version": "0.1.0",
        "depot_id": DEPOT_ID,
        "device_url": "https://192.168.1.20:8443",
        "max_package_size": 8 << 30,
        "storage": {"used": 1, "free": 2, "total": 3},
        **changes,
    }


def problem(status: int, slug: str, detail: str = "because") -> web.Response:
    """Return an RFC 9457 answer."""
    body = {"type": f"urn:mqtt-ota:{slug}", "status": status, "detail": detail}
    return web.Response(
        status=status,
        text=json.dumps(body),
        content_type="application/problem+json",
    )


@dataclass
class FakeDepot:
    """The depot's state; change it, or put a handler in `answers`, to misbehave."""

    api_key: str = API_KEY
    info: dict[str, Any] = field(default_factory=make_info)
    packages: list[dict[str, Any]] = field(default_factory=list)
    transfers: list[dict[str, Any]] = field(default_factory=list)
    grants: dict[str, dict[str, Any]] = field(default_factory=dict)
    installations: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, Handler] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    listener_left: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    port: int = 0
    _granted: int = 0
    _runner: web.AppRunner | None = None

    async def async_start(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a free port, or again on the one of before."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._async_answer)
        self._runner = web.AppRunner(app, shutdown_timeout=1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    async def async_stop(self) -> None:
        """Close every connection and stop listening."""
        if self._runner:
            await asyncio.gather(*(socket.close() for socket in self.sockets))
            await self._runner.cleanup()
            self._runner = None

    async def async_send_event(self, event: dict[str, Any]) -> None:
        """Tell every listener."""
        for socket in list(self.sockets):
            await socket.send_str(json.dumps(event))

    async def _async_answer(self, request: web.Request) -> web.StreamResponse:
        """Log the request, check the key and answer."""
        self.requests.append((request.method, request.path))
        self.authorizations.append(request.headers.get("Authorization"))
        if handler := self.answers.get(f"{request.method} {request.path}"):
            return await handler(request)
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return problem(HTTPStatus.UNAUTHORIZED, "unauthorized")
        response: web.StreamResponse = problem(HTTPStatus.NOT_FOUND, "not-found")
        match request.method, request.path.removeprefix("/api/v1").split("/")[1:]:
            case "GET", ["info"]:
                response = web.json_response(self.info)
            case "GET", ["grants"]:
                response = web.json_response({"grants": list(self.grants.values())})
            case "POST", ["grants"]:
                response = await self._async_create_grant(request)
            case "DELETE", ["grants", grant_id] if self.grants.pop(grant_id, None):
                response = web.Response(status=HTTPStatus.NO_CONTENT)
            case "POST", ["installations"]:
                response = await self._async_take_installations(request)
            case "GET", ["events"]:
                response = await self._async_events(request)
        return response

    async def _async_create_grant(self, request: web.Request) -> web.Response:
        """Make a grant like the depot does."""
        wanted = await request.json()
        self._granted += 1
        grant_id = f"grant{self._granted}"
        expires_at = datetime.now(UTC) + timedelta(seconds=wanted["expires_in"])
        self.grants[grant_id] = {
            "id": grant_id,
            "package_id": wanted["package_id"],
            "device_id": wanted["device_id"],
            "task_id": wanted["task_id"],
            "expires_at": expires_at.isoformat(),
        }
        secret = {
            "token": f"secret-{grant_id}",
            "url": f"{self.info['device_url']}/p/abababababababab",
        }
        return web.json_response(self.grants[grant_id] | secret, status=HTTPStatus.CREATED)

    async def _async_take_installations(self, request: web.Request) -> web.Response:
        """Remember what devices run, within the depot's bounds."""
        news = await request.json()
        nameless = [device for device in news["devices"] if not device["model"].strip()]
        if nameless or len(news["devices"]) > 200 or len(news["gone"]) > 200:
            return problem(HTTPStatus.BAD_REQUEST, "invalid-request")
        if news["reset"]:
            self.installations.clear()
        for device_id in news["gone"]:
            self.installations.pop(device_id, None)
        self.installations.update((device["device_id"], device) for device in news["devices"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def _async_events(self, request: web.Request) -> web.WebSocketResponse:
        """Send a snapshot, then whatever async_send_event says."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.add(socket)
        try:
            await socket.send_json(
                {
                    "type": "snapshot",
                    "packages": self.packages,
                    "transfers": self.transfers,
                }
            )
            await socket.receive()
        finally:
            self.sockets.discard(socket)
            self.listener_left.set()
        return socket
