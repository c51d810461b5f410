"""The web application: the API, the downloads, the health check, the problems."""

import logging
from typing import Final

from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from . import framework, side_endpoints
from .api import MAX_JSON, Api
from .api_version import PREFIX
from .auth import Handler
from .blobs import StorageFullError
from .certificates import Authority
from .depot import Depot
from .downloads import Downloads
from .logs import one_line
from .page import Page
from .problems import Problem, ProblemKind, from_http_exception
from .root_certificate import RootCertificate
from .side_endpoints import SideEndpoints
from .uploads import storage_full

_LOGGER: Final = logging.getLogger(__name__)


def create_app(
    depot: Depot, api: Api, downloads: Downloads, authority: Authority | None = None
) -> web.Application:
    """Return the whole application; `authority` is the depot's own, where it has one."""
    app = web.Application(middlewares=[problems_as_json], client_max_size=MAX_JSON)
    app.router.add_get("/health", _health)
    root = RootCertificate(authority)
    app.router.add_get("/ca.{form:pem|der}", root.serve)
    side = SideEndpoints(depot, downloads.authorised, api.device_url)
    app.router.add_get(side_endpoints.ROUTE, side.serve)
    app.router.add_get("/p/{package}", framework.download)
    Page().add_routes(app.router)
    app.add_subapp(PREFIX, api.application())
    app.on_response_prepare.append(_shorten_header)
    return app


@web.middleware
async def problems_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into a problem; unexpected ones are logged."""
    try:
        return await handler(request)
    except Problem as err:
        problem = err
    except StorageFullError:
        problem = storage_full()
    except web.HTTPException as err:
        problem = from_http_exception(err)
    except ConnectionError, RequestPayloadError:
        # Nobody is left to be told.
        raise
    except Exception:
        _LOGGER.exception("%s %s failed", request.method, one_line(request.path))
        problem = Problem(ProblemKind.INTERNAL_ERROR, "The depot failed; its log says why.")
    return problem.as_response()


async def _health(_request: web.Request) -> web.Response:
    """Answer that the depot works."""
    return web.json_response({"status": "ok"})


async def _shorten_header(_request: web.Request, response: web.StreamResponse) -> None:
    """Leave out what tells attackers the software and costs devices memory."""
    response.headers.pop("Server", None)
