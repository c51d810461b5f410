"""Looking into images: what a file says of itself, and whether it fits its model."""

import asyncio
from typing import Final

from aiohttp import web

from .depot import Depot
from .image_header import DEEP_SIZE, HEADER_SIZE, ImageHeader, read_header
from .packages import Package, PackageKind
from .problems import Problem, ProblemKind

_STALL_TIMEOUT: Final = 30.0
_CHUNK: Final = 64 * 1024


class Inspection:
    """Reads headers of stored packages and of files that are not stored yet."""

    def __init__(self, depot: Depot) -> None:
        """Look into the packages of a depot."""
        self._depot = depot

    async def of_request(self, request: web.Request) -> ImageHeader:
        """Return the header of the bytes that a request brings.

        Raises a Problem of kind too-large beyond DEEP_SIZE, or upload-timeout.
        """
        data = bytearray()
        try:
            while True:
                async with asyncio.timeout(_STALL_TIMEOUT):
                    chunk = await request.content.read(_CHUNK)
                if not chunk:
                    return read_header(bytes(data))
                data += chunk
                if len(data) > DEEP_SIZE:
                    raise Problem(
                        ProblemKind.TOO_LARGE,
                        f"Send the first {DEEP_SIZE} bytes of the file at most.",
                    )
        except TimeoutError as err:
            raise Problem(
                ProblemKind.UPLOAD_TIMEOUT, "The bytes did not arrive; send them again."
            ) from err

    async def of_package(self, package: Package) -> ImageHeader:
        """Return the header of a stored package; raises BlobDamagedError."""
        return read_header(await self._beginning(package, DEEP_SIZE))

    async def check_chip(self, kind: PackageKind, model: str, beginning: bytes) -> None:
        """Raise a Problem of kind wrong-chip when a model's packages are for another chip.

        The newest offered package that names a chip decides. An image without
        a chip passes, since most formats name none.
        """
        chip = read_header(beginning).chip
        if chip is None:
            return
        for package in reversed(self._depot.packages()):
            if (package.kind, package.model) != (kind, model) or not package.offered:
                continue
            known = read_header(await self._beginning(package, HEADER_SIZE)).chip
            if known is None:
                continue
            if known != chip:
                raise _wrong_chip(package, chip=chip, known=known)
            return

    async def check_move(self, package: Package, model: str) -> None:
        """Raise a Problem of kind wrong-chip when a package does not fit another model."""
        if model != package.model:
            await self.check_chip(package.kind, model, await self._beginning(package, HEADER_SIZE))

    async def _beginning(self, package: Package, limit: int) -> bytes:
        """Return the first bytes of a stored package."""
        data = bytearray()
        end = min(package.size, limit)
        with self._depot.blobs.reader(package.sha256) as reader:
            while len(data) < end:
                data += await reader.read(len(data), end - len(data))
        return bytes(data)


def _wrong_chip(package: Package, *, chip: str, known: str) -> Problem:
    """Return the problem of an image that would not start on the model's devices."""
    return Problem(
        ProblemKind.WRONG_CHIP,
        f"The file is built for {chip}, but {package.model} {package.version} is for {known}: "
        "devices of this model would not start it. Choose another file or another model; "
        "if the older package is the wrong one, withdraw it first.",
        expected=known,
        actual=chip,
        package_id=package.id,
    )
