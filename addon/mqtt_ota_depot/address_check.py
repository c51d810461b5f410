"""Whether the address that devices are told leads to this depot."""

import asyncio
from collections.abc import Callable
import hashlib
import logging
from typing import Any, Final

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    Fingerprint,
    ServerFingerprintMismatch,
)

_TIMEOUT: Final = ClientTimeout(total=10)
_HEALTHY: Final = b'{"status": "ok"}'
_PAUSE: Final = 3600.0
# A router or a network that comes up after the depot is there soon.
_PAUSE_AFTER_FAILURE: Final = 60.0

_LOGGER: Final = logging.getLogger(__name__)


class AddressCheck:
    """Asks the depot for its health under its own address, now and then.

    `leaf` returns the served certificate (DER), by which the depot knows itself; None for
    plain HTTP, and where another server may stand in front. What a device sees behind
    another router stays unknown.
    """

    def __init__(self, url: str, leaf: Callable[[], bytes | None]) -> None:
        """Create the check of a base URL."""
        self._url = url
        self._leaf = leaf
        self.reachable: bool | None = None
        self.detail: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of the API."""
        return {"reachable": self.reachable, "detail": self.detail}

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_PAUSE if self.reachable else _PAUSE_AFTER_FAILURE)

    async def look(self) -> None:
        """Ask once; the log tells when the answer is another one than before."""
        detail = await self._fault()
        if detail is not None and detail != self.detail:
            _LOGGER.warning(
                "Nothing of the depot answers at %s (%s); if devices cannot reach it either, "
                "set device_url",
                self._url,
                detail,
            )
        self.reachable, self.detail = detail is None, detail

    async def _fault(self) -> str | None:
        """Return what is wrong with the address, None when the depot answered."""
        leaf = self._leaf()
        # Nothing secret is asked, so whoever stands in front needs no trusted name.
        known = False if leaf is None else Fingerprint(hashlib.sha256(leaf).digest())
        try:
            async with (
                ClientSession(timeout=_TIMEOUT) as session,
                session.get(self._url + "/health", ssl=known, allow_redirects=False) as response,
            ):
                body = await response.content.read(len(_HEALTHY) + 1)
        except ServerFingerprintMismatch:
            return "another server answers"
        except (ClientError, OSError, TimeoutError, ValueError) as err:
            return str(err) or type(err).__name__
        if body != _HEALTHY:
            return f"something else answers, with status {response.status}"
        return None
