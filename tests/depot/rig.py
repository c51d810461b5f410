"""A running depot and a client that checks every answer against the API description."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import threading
from typing import Any, NamedTuple

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse, FormData

from mqtt_ota_depot.server import running
from mqtt_ota_depot.settings import Settings

from .openapi import check_answer, check_event

KEY = "the-api-key-of-the-tests"
AUTHORIZATION = {"Authorization": f"Bearer {KEY}"}
PREFIX = "/api/v1"


class Answer(NamedTuple):
    """An answer of the API."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def problem(self) -> str:
        """Return the kind of the problem."""
        return str(self.body["type"]).removeprefix("urn:mqtt-ota:")


@dataclass(kw_only=True)
class Rig:
    """A depot over plain HTTP, and ways to talk to it."""

    url: str
    data_dir: Path
    session: ClientSession

    async def api(self, method: str, path: str, **options: Any) -> Answer:
        """Call the API with the right key and check the answer's form."""
        options.setdefault("headers", AUTHORIZATION)
        async with self.session.request(method, self.url + PREFIX + path, **options) as response:
            return await checked(response, method, PREFIX + path)

    async def upload(self, data: bytes = b"firmware", **fields: Any) -> Answer:
        """Upload a package; fields that are None are left out."""
        return await self.api("POST", "/packages", data=form(data, **fields))

    async def package(self, data: bytes = b"firmware", **fields: Any) -> dict[str, Any]:
        """Upload a package that must be accepted."""
        answer = await self.upload(data, **fields)
        assert answer.status == 201, answer.body
        return dict(answer.body)

    async def grant(self, package: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Get a grant for a package."""
        body = {"package_id": package["id"], "device_id": "dev", "task_id": "task", **fields}
        answer = await self.api("POST", "/grants", json=body)
        assert answer.status == 201, answer.body
        return dict(answer.body)

    def get(self, grant: dict[str, Any], method: str = "GET", **headers: str) -> Any:
        """Request a grant's package; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Authorization", f"Bearer {grant['token']}")
        return self.session.request(method, grant["url"], headers=named)

    async def download(self, grant: dict[str, Any], **headers: str) -> bytes:
        """Download a package."""
        async with self.get(grant, **headers) as response:
            assert response.status in {200, 206}
            return bytes(await response.read())

    @asynccontextmanager
    async def events(self) -> AsyncIterator[Events]:
        """Listen to the events."""
        url = self.url + PREFIX + "/events"
        async with self.session.ws_connect(url, headers=AUTHORIZATION) as socket:
            yield Events(socket)

    def files(self) -> list[str]:
        """Return the names of all files with bytes of packages, whole or not."""
        return sorted(
            f"{folder}/{path.name}"
            for folder in ("incoming", "packages")
            for path in (self.data_dir / folder).iterdir()
        )


class Events:
    """The events of one WebSocket."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        """Read events from the socket."""
        self.socket = socket

    async def next(self) -> dict[str, Any]:
        """Return the next event."""
        event = json.loads(await self.socket.receive_str(timeout=5))
        check_event(event)
        return dict(event)

    async def until(self, **wanted: Any) -> dict[str, Any]:
        """Skip events until a transfer has the wanted values; return it."""
        while True:
            event = await self.next()
            if event["type"] == "transfer_changed":
                transfer = dict(event["transfer"])
                if wanted.items() <= transfer.items():
                    return transfer


async def checked(response: ClientResponse, method: str, path: str) -> Answer:
    """Return the answer after checking its form."""
    raw = await response.read()
    body = json.loads(raw) if raw else None
    check_answer(method, path.partition("?")[0], response.status, response.content_type, body)
    assert "Transfer-Encoding" not in response.headers
    return Answer(response.status, body, dict(response.headers))


def form(data: bytes | None = b"firmware", *, name: str = "weather.bin", **fields: Any) -> FormData:
    """Return an upload; fields that are None are left out, lists come repeatedly."""
    result = FormData(quote_fields=False, default_to_multipart=True)
    chosen = {"kind": "firmware", "model": "weather", "version": "1.4.0", **fields}
    for field, value in chosen.items():
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                result.add_field(field, each)
    if data is not None:
        result.add_field("file", data, filename=name, content_type="application/octet-stream")
    return result


def settings(data_dir: Path, **changes: Any) -> Settings:
    """Return settings for a depot of a test."""
    values: dict[str, Any] = {
        "data_dir": data_dir,
        "host": "127.0.0.1",
        "port": 0,
        "http_port": None,
        "ingress_port": None,
        "ingress_peer": "127.0.0.1",
        "device_url": None,
        "tls": False,
        "certfile": None,
        "keyfile": None,
        "api_key": KEY,
        "drop_dir": None,
        "keep_versions": 0,
        "max_package_size": 64 * 1024 * 1024,
        "max_rate": 0,
        "max_device_rate": 0,
        "max_connections": 0,
        "max_listeners": 0,
        "max_repeats": 0,
        "bind_grants": False,
        "log_level": "debug",
    }
    return Settings(**{**values, **changes})


@asynccontextmanager
async def depot_running(data_dir: Path, **changes: Any) -> AsyncIterator[Rig]:
    """Run a depot in this process."""
    async with running(settings(data_dir, **changes)) as url, ClientSession() as session:
        yield Rig(url=url, data_dir=data_dir, session=session)


def wait_for_databases() -> None:
    """Wait for the threads of closed databases, which end a moment after their close."""
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            thread.join(5)
