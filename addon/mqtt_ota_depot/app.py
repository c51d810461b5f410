"""The web application: the API, the downloads, the health check, the problems."""

import logging
from typing import Final

from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from .api import MAX_JSON, PREFIX, Api
from .auth import Handler
from .blobs import StorageFullError
from .depot import Depot
from .downloads import Downloads
from .problems import Problem, ProblemKind, from_http_exception
from .uploads import storage_full

_LOGGER: Final = logging.getLogger(__name__)


def create_app(depot: Depot, api: Api) -> web.Application:
    """Return the whole application."""
    downloads = Downloads(depot)
    app = web.Application(middlewares=[problems_as_json], client_max_size=MAX_JSON)
    app.router.add_get("/health", _health)
    app.router.add_get("/p/{package}", downloads.serve)
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
        _LOGGER.exception("%s %s failed", request.method, request.path)
        problem = Problem(ProblemKind.INTERNAL_ERROR, "The depot failed; its log says why.")
    return problem.as_response()


async def _health(_request: web.Request) -> web.Response:
    """Answer that the depot works."""
    return web.json_response({"status": "ok"})


async def _shorten_header(_request: web.Request, response: web.StreamResponse) -> None:
    """Leave out what tells attackers the software and costs devices memory."""
    response.headers.pop("Server", None)
