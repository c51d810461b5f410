"""The web page: a few built files, held in memory and served under strict rules."""

from dataclasses import dataclass
from html import escape
import mimetypes
from pathlib import Path
import re
from typing import Final

from aiohttp import web

from mqtt_ota_depot.framework import Door, door_of
from mqtt_ota_depot.problems import Problem, ProblemKind, downloads_only

FILES: Final = Path(__file__).parent / "files"
# Behind Home Assistant's ingress the page lives below a path that only the proxy knows.
INGRESS_PATH: Final = "X-Ingress-Path"
# Home Assistant shows the page in a frame of its own origin.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'self'"
)

_INDEX: Final = "index.html"
_ASSETS: Final = "page"
_HEAD: Final = "<head>"
_PATH: Final = re.compile(r"(/[A-Za-z0-9_~-]+)+/?")
_TYPES: Final = {".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# The name of an asset holds a hash of its bytes.
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    """A file of the page."""

    body: bytes
    content_type: str


class Page:
    """Serves the built page; only names that were there at the start exist."""

    def __init__(self, folder: Path = FILES) -> None:
        """Read all files of the folder."""
        self._index = (folder / _INDEX).read_text(encoding="utf-8")
        self._assets = {path.name: _read(path) for path in (folder / _ASSETS).iterdir()}

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Serve the page at `/`."""
        router.add_get("/", self._serve_index)
        router.add_get(f"/{_ASSETS}/{{name}}", self._serve_asset)

    async def _serve_index(self, request: web.Request) -> web.Response:
        """Answer with the page, its links relative to where the proxy put it.

        Raises a Problem of kind not-found where only downloads are served.
        """
        if door_of(request) is Door.DOWNLOADS:
            raise downloads_only()
        return web.Response(
            text=with_base(self._index, request.headers.get(INGRESS_PATH)),
            content_type="text/html",
            headers={**_HEADERS, "Cache-Control": "no-cache"},
        )

    async def _serve_asset(self, request: web.Request) -> web.Response:
        """Answer with a file that never changes; raises a Problem of kind not-found."""
        file = self._assets.get(request.match_info["name"])
        if file is None:
            raise Problem(ProblemKind.NOT_FOUND, "The page has no such file; load it again.")
        return web.Response(
            body=file.body,
            content_type=file.content_type,
            charset="utf-8",
            headers={**_HEADERS, "Cache-Control": _FOR_EVER},
        )


def with_base(index: str, ingress_path: str | None) -> str:
    """Return the page with the base of its links, unchanged for what is no plain path."""
    if ingress_path is None or not _PATH.fullmatch(ingress_path):
        return index
    base = escape(ingress_path.rstrip("/") + "/")
    return index.replace(_HEAD, f'{_HEAD}<base href="{base}">', 1)


def _read(path: Path) -> _File:
    """Return a file with its type."""
    guessed = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return _File(body=path.read_bytes(), content_type=guessed or "application/octet-stream")
