"""Side endpoints: checksums and manifests beside a package, under the same token."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from .depot import Depot
from .grants import Grant
from .image_header import CHIP_SIZE, chip_family
from .manifests import CHIP_FAMILIES, fota, web_tools
from .packages import Package
from .problems import Problem, ProblemKind

ROUTE: Final = r"/p/{package:[0-9a-f]{16}}.{form:sha256|md5|web\.json|fota\.json}"

type Authorise = Callable[[web.Request, str], tuple[Grant, Package]]


class SideEndpoints:
    """Serves what some libraries ask for before or after a download."""

    def __init__(self, depot: Depot, authorise: Authorise, device_url: str) -> None:
        """Create them; `authorise` raises a Problem unless the request has the right token."""
        self._depot = depot
        self._authorise = authorise
        self._device_url = device_url

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one request.

        Raises a Problem of kind unauthorized, not-found or download-limit, and
        one of kind invalid-request when nothing tells the package's chip.
        """
        form = request.match_info["form"]
        _, package = self._authorise(request, "." + form)
        match form:
            case "sha256":
                response = web.Response(text=package.sha256)
            case "md5":
                # Without a line end: some libraries compare the whole answer.
                response = web.Response(text=await self._depot.md5_of(package))
            case "fota.json":
                url = self._device_url + package.path + _query(request)
                response = web.json_response(fota(package, url=url))
            case _:
                response = web.json_response(await self._web_tools(request, package))
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _web_tools(self, request: web.Request, package: Package) -> dict[str, object]:
        """Return the manifest for the chip that the package or the request names."""
        with self._depot.blobs.reader(package.sha256) as reader:
            header = bytes(await reader.read(0, CHIP_SIZE))
        family = chip_family(header) or request.query.get("chip")
        if family not in CHIP_FAMILIES:
            raise Problem(
                ProblemKind.INVALID_REQUEST,
                "The package names no chip; ask with &chip=ESP8266 or another of "
                f"{', '.join(sorted(CHIP_FAMILIES))}.",
                field="chip",
            )
        return web_tools(
            package,
            family=family,
            md5=await self._depot.md5_of(package),
            path=package.path + _query(request),
        )


def _query(request: web.Request) -> str:
    """Return the query for the download: the token when it came that way.

    A client that has it in a header field sends that with the download, too.
    """
    token = request.query.get("token")
    return "" if token is None else "?" + urlencode({"token": token})
