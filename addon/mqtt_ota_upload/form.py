"""The form of an upload: text fields, then the file, which is read while it is sent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import AsyncIterablePayload, MultipartWriter

from mqtt_ota_depot.packages import safe_file_name

from .facts import NewPackage
from .image import Image

_BLOCK: Final = 256 * 1024

type OnProgress = Callable[[int], None]


def upload_form(new: NewPackage, moved: OnProgress) -> MultipartWriter:
    """Return the form; `moved` hears how many of the file's bytes have left."""
    form = MultipartWriter("form-data")
    for name, value in new.fields:
        form.append(value).set_content_disposition("form-data", quote_fields=False, name=name)
    name = safe_file_name(new.image.path.name)
    form.append_payload(_FileBytes(new.image, moved)).set_content_disposition(
        "form-data", quote_fields=False, name="file", filename=name
    )
    return form


class _FileBytes(AsyncIterablePayload):
    """A file's bytes, of which no more than a block is in memory."""

    def __init__(self, image: Image, moved: OnProgress) -> None:
        """Tell the length beforehand, which the depot compares with its room."""
        super().__init__(_blocks(image, moved))
        self._size = image.size


async def _blocks(image: Image, moved: OnProgress) -> AsyncIterator[bytes]:
    """Read a file block by block; tell how many bytes have left."""
    sent = 0
    with image.path.open("rb") as file:
        while sent < image.size:
            block = await asyncio.to_thread(file.read, min(_BLOCK, image.size - sent))
            if not block:
                # The next try, or the depot, tells that the file has changed.
                msg = f"{image.path} has become shorter"
                raise OSError(msg)
            yield block
            sent += len(block)
            moved(sent)
