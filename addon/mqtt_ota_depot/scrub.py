"""Scrubbing: stored bytes are read again and compared, since storage forgets."""

import asyncio
import hashlib
import logging
from typing import Final

from .blobs import BlobDamagedError
from .depot import Depot

# Not at once: a depot that is restarted often would read for ever.
FIRST_PAUSE: Final = 3600.0
PAUSE: Final = 7 * 24 * 3600.0
# With these two a flash card reads four megabytes in a second, and devices come first.
BLOCK: Final = 1024 * 1024
REST: Final = 0.25

_LOGGER: Final = logging.getLogger(__name__)


async def scrub_weekly(depot: Depot) -> None:
    """Look through all packages now and then, until cancelled."""
    await asyncio.sleep(FIRST_PAUSE)
    while True:
        try:
            await scrub(depot)
        except Exception:
            _LOGGER.exception("Not all packages could be compared; they will be next week")
        await asyncio.sleep(PAUSE)


async def scrub(depot: Depot) -> None:
    """Compare every package's bytes with their SHA-256; hide those that are damaged."""
    for sha256 in {package.sha256 for package in depot.packages()}:
        if not await _is_whole(depot, sha256):
            await depot.hide_damaged(sha256)


async def _is_whole(depot: Depot, sha256: str) -> bool:
    """Return whether the stored bytes are still the ones that were stored."""
    found = hashlib.sha256()
    offset = 0
    try:
        with depot.blobs.reader(sha256) as reader:
            while offset < reader.size:
                block = await reader.read(offset, BLOCK)
                found.update(block)
                offset += len(block)
                await asyncio.sleep(REST)
    except FileNotFoundError:
        # Removed meanwhile, with its package.
        return all(package.sha256 != sha256 for package in depot.packages())
    except (BlobDamagedError, OSError) as err:
        _LOGGER.warning("File %s cannot be read: %s", sha256, err)
        return False
    return found.hexdigest() == sha256
