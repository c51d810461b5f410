"""The Supervisor, as far as an app and Home Assistant's discovery meet it, on 127.0.0.1."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from aiohasupervisor.addons import AddonsClient
from aiohasupervisor.models import Discovery
from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.components.hassio.const import DATA_COMPONENT
from homeassistant.components.hassio.discovery import HassIODiscovery
from homeassistant.components.hassio.handler import HassIO
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

TOKEN = "the token of the app"
SLUG = "e59ba6cf_mqtt_ota"
APP_NAME = "MQTT OTA depot"


class FakeSupervisor:
    """Keeps messages and hands them on, by the rules of the real one."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Serve one app of one Home Assistant."""
        self._hass = hass
        self.slug = SLUG
        self.messages: dict[UUID, dict[str, Any]] = {}
        # The app's port on the machine, as the user mapped it
        self.mapped: int | None = 8443
        # How many messages are answered with an error
        self.refusals = 0
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Answer inside the block."""
        app = web.Application()
        app.router.add_get("/network/info", self._network)
        app.router.add_get("/addons/self/info", self._app)
        app.router.add_post("/discovery", self._tell)
        app.router.add_get("/discovery/{uuid}", self._message)
        async with TestServer(app) as server:
            self.url = f"http://127.0.0.1:{server.port}"
            session = async_get_clientsession(self._hass)
            self._hass.data[DATA_COMPONENT] = HassIO(
                self._hass.loop, session, f"127.0.0.1:{server.port}"
            )
            yield

    async def hand_on(self, uuid: UUID) -> None:
        """Let Home Assistant look at a message, as its own handler of the push does."""
        told = SimpleNamespace(name=APP_NAME)
        view = HassIODiscovery(self._hass)
        with patch.object(AddonsClient, "addon_info", return_value=told):
            await view.async_process_new(await view._supervisor_client.discovery.get(uuid))

    async def _network(self, request: web.Request) -> web.Response:
        """Tell of the machine's interfaces."""
        interface = {
            "interface": "end0",
            "connected": True,
            "primary": True,
            "ipv4": {"address": ["192.168.1.10/24"]},
        }
        return self._answer(request, {"interfaces": [interface]})

    async def _app(self, request: web.Request) -> web.Response:
        """Tell the app of itself; its name in the network of the containers is this machine's."""
        return self._answer(
            request, {"hostname": "127.0.0.1", "network": {"8443/tcp": self.mapped}}
        )

    async def _tell(self, request: web.Request) -> web.Response:
        """Take a message; the same one again is told to nobody."""
        if self.refusals:
            self.refusals -= 1
            return web.json_response({"result": "error"}, status=503)
        body = await request.json()
        known = next((each for each in self.messages if self.messages[each]), None)
        uuid = known or uuid4()
        if self.messages.get(uuid) != body:
            self.messages[uuid] = body
            self._hass.async_create_task(self.hand_on(uuid))
        return self._answer(request, {"uuid": uuid.hex})

    async def _message(self, request: web.Request) -> web.Response:
        """Return a message to Home Assistant."""
        uuid = UUID(request.match_info["uuid"])
        message = Discovery(addon=self.slug, uuid=uuid, **self.messages[uuid])
        data = {
            "addon": message.addon,
            "service": message.service,
            "uuid": uuid.hex,
            "config": message.config,
        }
        return web.json_response({"result": "ok", "data": data})

    def _answer(self, request: web.Request, data: dict[str, Any]) -> web.Response:
        """Answer the app, if it is the app."""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise web.HTTPUnauthorized
        return web.json_response({"result": "ok", "data": data})
