"""Downloads: packages for devices, whole or in parts, under a grant."""

import asyncio
from collections.abc import Callable
import logging
from typing import Final

from aiohttp import web

from .auth import device_token
from .blobs import BlobDamagedError, BlobReader
from .connections import until_acknowledged
from .depot import Depot
from .grants import Grant
from .packages import Package, shortened
from .problems import Problem, ProblemKind
from .ranges import Answer, Outcome, Representation, answer

# One piece is what a slow client costs in memory, beside what TLS keeps.
PIECE: Final = 32 * 1024
# A device that takes nothing for so long is gone or hostile; the slowest
# honest ones (100 bytes per second) take a piece in less.
STALL_TIMEOUT: Final = 600.0
# Keeps the header block within 400 bytes, which the smallest devices' buffers
# demand.
MAX_HEADER_NAME: Final = 24

_LOGGER: Final = logging.getLogger(__name__)

type _Served = Callable[[int, int], None]


class Downloads:
    """Serves GET and HEAD requests of devices."""

    def __init__(self, depot: Depot) -> None:
        """Create the server of the depot's packages."""
        self._depot = depot

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request.

        Raises a Problem of kind unauthorized (no live grant), not-found (the
        path is not that of the grant's package), precondition-failed or
        range-not-satisfiable.
        """
        grant, package = self._authorised(request)
        if request.path != package.path:
            self._depot.transfers.refused(grant.id)
            raise Problem(ProblemKind.NOT_FOUND, "The token is for another package than this.")
        representation = package.representation
        decided = answer(request.method, request.headers, representation)
        match decided.outcome:
            case Outcome.PRECONDITION_FAILED:
                raise Problem(
                    ProblemKind.PRECONDITION_FAILED,
                    "The package differs from the one named by the condition.",
                )
            case Outcome.NOT_SATISFIABLE:
                self._depot.transfers.refused(grant.id)
                raise Problem(
                    ProblemKind.RANGE_NOT_SATISFIABLE,
                    f"No range of the package's {package.size} bytes; ask for bytes=<first>-.",
                    headers={"Content-Range": f"bytes */{package.size}"},
                )
            case Outcome.NOT_MODIFIED:
                return web.Response(status=decided.outcome, headers=_validators(representation))
        response = _response(package, decided)
        if request.method == "GET":
            await self._send(request, response, grant, package, decided)
        return response

    def _authorised(self, request: web.Request) -> tuple[Grant, Package]:
        """Return the grant and its package."""
        token = device_token(request)
        if token is None:
            raise Problem(
                ProblemKind.UNAUTHORIZED,
                "Send the token that came with the URL.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return self._depot.authorised(token)

    async def _send(
        self,
        request: web.Request,
        response: web.StreamResponse,
        grant: Grant,
        package: Package,
        part: Answer,
    ) -> None:
        """Send the bytes and note what was served."""
        transport = request.transport
        if transport is None:
            return
        transport.set_write_buffer_limits(high=PIECE)
        transfers = self._depot.transfers
        with (
            self._depot.blobs.reader(package.sha256) as reader,
            transfers.response(grant.id, part.start, part.end, transport.abort) as served,
        ):
            try:
                await response.prepare(request)
                await _send_pieces(request, response, reader, part, served)
            except BlobDamagedError:
                _LOGGER.exception("The file of package %s is damaged", package.id)
                transport.abort()
            except TimeoutError:
                _LOGGER.info("Device %s took no byte for too long", grant.device_id)
                transport.abort()


async def _send_pieces(
    request: web.Request,
    response: web.StreamResponse,
    reader: BlobReader,
    part: Answer,
    served: _Served,
) -> None:
    """Send a part piece by piece, each when the one before has left.

    The package's last piece counts as served only when it has arrived: what
    follows a complete download must not begin while the device still reads.
    """
    offset = part.start
    while offset < part.end:
        piece = await reader.read(offset, min(PIECE, part.end - offset))
        async with asyncio.timeout(STALL_TIMEOUT):
            await response.write(piece)
            await request.writer.drain()
        if offset + len(piece) == reader.size:
            await until_acknowledged(request)
        served(offset, offset + len(piece))
        offset += len(piece)


def _response(package: Package, part: Answer) -> web.StreamResponse:
    """Return the response with its header, nothing sent yet."""
    headers = {
        "Content-Type": "application/octet-stream",
        # Without quotes and spaces: some device SDKs take the rest of the line
        # for the name.
        "Content-Disposition": "attachment;filename="
        + shortened(package.file_name, MAX_HEADER_NAME),
        **_validators(package.representation),
    }
    if part.outcome is Outcome.PART:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{package.size}"
    else:
        headers["Accept-Ranges"] = "bytes"
    response = web.StreamResponse(status=part.outcome, headers=headers)
    response.content_length = part.end - part.start
    return response


def _validators(representation: Representation) -> dict[str, str]:
    """Return the header fields that later requests are conditional on."""
    return {
        "ETag": representation.etag,
        "Last-Modified": representation.last_modified,
    }
