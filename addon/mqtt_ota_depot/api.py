"""The API of the integration: parse, ask the depot, answer. No logic."""

import asyncio
from collections.abc import Callable
import json
from typing import Any, Final

from aiohttp import web

from . import __version__
from .address_check import AddressCheck
from .api_version import API_VERSION, MIN_API_VERSION, PREFIX
from .auth import ApiKey, Handler
from .depot import Depot
from .events import EventStream
from .grants import read_request
from .inspection import Inspection
from .installations import read_news
from .keys import Keys
from .packages import read_changes, read_undo
from .problems import Problem, ProblemKind
from .uploads import Uploads

# Longer bodies than any valid one; uploads are streamed and bounded elsewhere.
MAX_JSON: Final = 256 * 1024
KEY_GRACE: Final = 30.0
_BODY_TIMEOUT: Final = 30.0


class Api:
    """Handlers of the API, by method and path."""

    def __init__(
        self,
        depot: Depot,
        *,
        device_url: str,
        max_package_size: int,
        max_listeners: int,
        counts: Callable[[], dict[str, int]],
        keys: Keys,
        address_check: AddressCheck,
        key_renewed: Callable[[], None],
    ) -> None:
        """Create the API.

        `device_url` is the base of download URLs, `counts` tells what the
        download path let in and kept out, `key_renewed` hears of new keys.
        """
        self.events = EventStream(depot.events, depot.snapshot, max_listeners)
        self._counts = counts
        self._depot = depot
        self._keys = keys
        self._farewell: asyncio.Task[None] | None = None
        self._api_key = ApiKey(keys.key)
        self._key_renewed = key_renewed
        self._address_check = address_check
        self.device_url = device_url
        self._max_package_size = max_package_size
        self._inspection = Inspection(depot)
        self._uploads = Uploads(depot, self._inspection, max_package_size)

    async def close(self) -> None:
        """End what is still going on."""
        if self._farewell is not None:
            self._farewell.cancel()
        await self.events.close()

    def application(self) -> web.Application:
        """Return the application to mount at PREFIX."""
        app = web.Application(middlewares=[self._authorise])
        app.router.add_get("/info", self._info)
        app.router.add_get("/key", self._key)
        app.router.add_post("/key", self._renew_key)
        app.router.add_get("/packages", self._packages)
        app.router.add_post("/packages", self._upload, expect_handler=self._expect_upload)
        app.router.add_get("/packages/{id}", self._package)
        app.router.add_patch("/packages/{id}", self._change_package)
        app.router.add_delete("/packages/{id}", self._remove_package)
        app.router.add_get("/packages/{id}/header", self._package_header)
        app.router.add_get("/packages/{id}/installations", self._installations)
        app.router.add_post("/installations", self._take_installations)
        app.router.add_post("/headers", self._header)
        app.router.add_get("/grants", self._grants)
        app.router.add_post("/grants", self._add_grant)
        app.router.add_delete("/grants/{id}", self._remove_grant)
        app.router.add_get("/events", self._events)
        return app

    @web.middleware
    async def _authorise(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let only those in who have the API key."""
        self._api_key.check(request)
        return await handler(request)

    async def _info(self, _request: web.Request) -> web.Response:
        """Return what the depot is and how much it holds."""
        space = await self._depot.blobs.space()
        return web.json_response(
            {
                "api_version": API_VERSION,
                "min_api_version": MIN_API_VERSION,
                "version": __version__,
                "depot_id": self._depot.id,
                "device_url": self.device_url,
                "device_url_check": self._address_check.as_dict(),
                "max_package_size": self._max_package_size,
                "storage": {
                    "used": space.used,
                    "free": space.free,
                    "total": space.total,
                },
                "counts": {
                    **self._counts(),
                    "listeners": self.events.listeners,
                    "wrong_keys": self._api_key.wrong,
                },
            }
        )

    async def _key(self, _request: web.Request) -> web.Response:
        """Return the API key, for those who have it or whom Home Assistant knows."""
        return web.json_response(
            {"api_key": self._keys.key, "configured": self._keys.configured},
            headers={"Cache-Control": "no-store"},
        )

    async def _renew_key(self, request: web.Request) -> web.Response:
        """Exchange the API key; listeners come back with the new one."""
        self._api_key.replace(self._keys.renew())
        self._key_renewed()
        self._farewell = asyncio.create_task(self._end_listeners())
        return await self._key(request)

    async def _end_listeners(self) -> None:
        """Let those go who listen by the old key, once the integration has had the new one."""
        await asyncio.sleep(KEY_GRACE)
        await self.events.close()

    async def _packages(self, _request: web.Request) -> web.Response:
        """Return all packages."""
        packages = [package.as_dict() for package in self._depot.packages()]
        return web.json_response({"packages": packages})

    async def _package(self, request: web.Request) -> web.Response:
        """Return one package."""
        return web.json_response(self._depot.package(_id(request)).as_dict())

    async def _expect_upload(self, request: web.Request) -> web.Response | None:
        """Answer `Expect: 100-continue` before the client sends the package.

        This comes before the middlewares, so it does their work itself.
        """
        try:
            self._api_key.check(request)
            await self._uploads.check(request)
        except Problem as problem:
            response = problem.as_response()
            response.force_close()
            return response
        if request.headers["Expect"].lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            # These bytes are no part of the response that is still to come.
            request.writer.output_size = 0
        return None

    async def _upload(self, request: web.Request) -> web.Response:
        """Store a package."""
        package, new = await self._uploads.receive(request)
        return web.json_response(
            package.as_dict(),
            status=201 if new else 200,
            headers={"Location": f"{PREFIX}/packages/{package.id}"},
        )

    async def _change_package(self, request: web.Request) -> web.Response:
        """Change facts of a package."""
        changes = read_changes(await _json(request))
        if (model := changes.get("model")) is not None:
            await self._inspection.check_move(self._depot.package(_id(request)), model)
        package = await self._depot.change_package(_id(request), changes)
        return web.json_response(package.as_dict())

    async def _remove_package(self, request: web.Request) -> web.Response:
        """Remove a package, at once or after a time in which that can be taken back."""
        seconds = read_undo(request.query)
        if not seconds:
            await self._depot.remove_package(_id(request))
            return web.Response(status=204)
        package = await self._depot.remove_package_later(_id(request), seconds)
        return web.json_response(package.as_dict(), status=202)

    async def _package_header(self, request: web.Request) -> web.Response:
        """Return what a package says of itself."""
        header = await self._inspection.of_package(self._depot.package(_id(request)))
        return web.json_response(header.as_dict())

    async def _installations(self, request: web.Request) -> web.Response:
        """Return which devices run a package, as far as somebody has told."""
        known = self._depot.installations
        devices = known.of(self._depot.package(_id(request)))
        return web.json_response(
            {"told": known.told, "devices": [device.as_dict() for device in devices]}
        )

    async def _take_installations(self, request: web.Request) -> web.Response:
        """Take over what devices run."""
        self._depot.take_installations(read_news(await _json(request)))
        return web.Response(status=204)

    async def _header(self, request: web.Request) -> web.Response:
        """Return what the beginning of a file says of itself."""
        return web.json_response((await self._inspection.of_request(request)).as_dict())

    async def _grants(self, _request: web.Request) -> web.Response:
        """Return all live grants."""
        grants = [grant.as_dict() for grant in self._depot.live_grants()]
        return web.json_response({"grants": grants})

    async def _add_grant(self, request: web.Request) -> web.Response:
        """Grant a download; only this answer has the token."""
        grant, token, package = await self._depot.add_grant(read_request(await _json(request)))
        return web.json_response(
            {
                **grant.as_dict(),
                "token": token,
                "url": self.device_url + package.path,
            },
            status=201,
        )

    async def _remove_grant(self, request: web.Request) -> web.Response:
        """Revoke a grant."""
        await self._depot.remove_grant(_id(request))
        return web.Response(status=204)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Stream the events."""
        return await self.events.serve(request)


def _id(request: web.Request) -> str:
    """Return the id in the path."""
    return request.match_info["id"]


async def _json(request: web.Request) -> Any:
    """Return the JSON body; raises a Problem of kind invalid-request or too-large."""
    try:
        async with asyncio.timeout(_BODY_TIMEOUT):
            body = await request.read()
        return json.loads(body)
    except TimeoutError as err:
        raise Problem(
            ProblemKind.UPLOAD_TIMEOUT, "The body did not arrive; send it again."
        ) from err
    except (ValueError, RecursionError) as err:
        raise Problem(ProblemKind.INVALID_REQUEST, "The body is not valid JSON.") from err
