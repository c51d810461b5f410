"""Uploads: multipart forms, streamed to the blobs and never whole in memory."""

import asyncio
from typing import Any, Final

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from .blobs import IncomingBlob
from .depot import Depot
from .image_header import HEADER_SIZE
from .inspection import Inspection
from .packages import MAX_RELEASE_NOTES, Package, read_facts, safe_file_name
from .problems import Problem, ProblemKind

# What a form may have beside the file's bytes.
FORM_OVERHEAD: Final = 1024 * 1024
MAX_FIELDS: Final = 40
STALL_TIMEOUT: Final = 60.0

_BLOCK: Final = 1024 * 1024
_CHUNK: Final = 256 * 1024
_FILE: Final = "file"
_REPEATABLE: Final = "source_versions"


class Uploads:
    """Receives packages."""

    def __init__(self, depot: Depot, inspection: Inspection, max_package_size: int) -> None:
        """Create the receiver; `max_package_size` is in bytes."""
        self._depot = depot
        self._inspection = inspection
        self._max_package_size = max_package_size

    async def check(self, request: web.Request) -> None:
        """Refuse by the header alone what cannot succeed.

        Raises a Problem of kind unsupported-media-type, invalid-request,
        too-large or storage-full.
        """
        if request.content_type != "multipart/form-data":
            raise Problem(
                ProblemKind.UNSUPPORTED_MEDIA_TYPE,
                "Send the package as multipart/form-data.",
                headers={"Accept": "multipart/form-data"},
            )
        length = request.content_length
        if length is None:
            return
        if length > self._max_package_size + FORM_OVERHEAD:
            raise self._too_large()
        if length > (await self._depot.blobs.space()).free:
            raise storage_full()

    async def receive(self, request: web.Request) -> tuple[Package, bool]:
        """Store the package of a form; return it and whether it is new."""
        await self.check(request)
        try:
            return await self._receive(await request.multipart())
        except (ValueError, RuntimeError, HttpProcessingError) as err:
            raise _malformed(None, "The form is malformed or ends early; upload it again.") from err
        except TimeoutError as err:
            raise Problem(
                ProblemKind.UPLOAD_TIMEOUT,
                f"Nothing arrived for {STALL_TIMEOUT:.0f} seconds; upload it again.",
            ) from err

    async def _receive(self, form: MultipartReader) -> tuple[Package, bool]:
        """Read the text fields, then the file, then the end of the form."""
        fields: dict[str, Any] = {}
        for _ in range(MAX_FIELDS):
            part = await _next(form)
            if part is None:
                raise _malformed(_FILE, "is required.")
            if part.name == _FILE:
                return await self._store(form, part, fields)
            _put(fields, _name(part), await _text(part))
        raise _malformed(None, f"The form has more than {MAX_FIELDS} fields.")

    async def _store(
        self, form: MultipartReader, part: BodyPartReader, fields: dict[str, Any]
    ) -> tuple[Package, bool]:
        """Store the file; the facts are checked before its first byte is read."""
        facts = read_facts(fields)
        if part.headers.get("Content-Transfer-Encoding", "binary").lower() not in {
            "binary",
            "8bit",
            "7bit",
        }:
            raise _malformed(_FILE, "must not be encoded.")
        async with self._depot.blobs.incoming() as blob:
            beginning = await self._copy(part, blob)
            extra = await _next(form)
            if extra is not None:
                raise _malformed(_name(extra), "must come before the file, which is sent once.")
            await self._inspection.check_chip(facts.kind, facts.model, beginning)
            return await self._depot.add_package(facts, safe_file_name(part.filename), blob)

    async def _copy(self, part: BodyPartReader, blob: IncomingBlob) -> bytes:
        """Copy the file's bytes in blocks; return the first ones."""
        block = bytearray()
        beginning = b""
        while not part.at_eof():
            async with asyncio.timeout(STALL_TIMEOUT):
                block += await part.read_chunk(_CHUNK)
            if blob.size + len(block) > self._max_package_size:
                raise self._too_large()
            if len(block) >= _BLOCK or part.at_eof():
                beginning = beginning or bytes(block[:HEADER_SIZE])
                await blob.write(bytes(block))
                block.clear()
        return beginning

    def _too_large(self) -> Problem:
        """Return the problem of a package beyond the limit."""
        return Problem(
            ProblemKind.TOO_LARGE,
            f"A package may have at most {self._max_package_size} bytes; "
            "raise max_package_size in the depot's settings.",
            max_package_size=self._max_package_size,
        )


def storage_full() -> Problem:
    """Return the problem of a full storage."""
    return Problem(
        ProblemKind.STORAGE_FULL,
        "No room is left; remove packages or give the depot more storage.",
    )


async def _next(form: MultipartReader) -> BodyPartReader | None:
    """Return the next part, None at the end of the form."""
    async with asyncio.timeout(STALL_TIMEOUT):
        part = await form.next()
    if part is None or isinstance(part, BodyPartReader):
        return part
    raise _malformed(None, "The form has a part that is a form itself.")


async def _text(part: BodyPartReader) -> str:
    """Return the text of a field."""
    data = bytearray()
    while not part.at_eof():
        async with asyncio.timeout(STALL_TIMEOUT):
            data += await part.read_chunk()
        if len(data) > MAX_RELEASE_NOTES:
            raise _malformed(_name(part), f"must have at most {MAX_RELEASE_NOTES} bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError as err:
        raise _malformed(_name(part), "must be text in UTF-8.") from err


def _put(fields: dict[str, Any], name: str, value: str) -> None:
    """Add a field; only source_versions may come several times."""
    if name == _REPEATABLE:
        fields.setdefault(name, []).append(value)
    elif name in fields:
        raise _malformed(name, "must be sent once.")
    else:
        fields[name] = value


def _name(part: BodyPartReader) -> str:
    """Return a part's name, cut so that it can be told in an answer."""
    return (part.name or "a part without name")[:80]


def _malformed(field: str | None, detail: str) -> Problem:
    """Return the problem of a wrong form, with the field when one is to blame."""
    if field is None:
        return Problem(ProblemKind.INVALID_REQUEST, detail)
    return Problem(ProblemKind.INVALID_REQUEST, f"{field}: {detail}", field=field)
