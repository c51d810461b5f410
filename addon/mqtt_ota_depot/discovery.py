"""How Home Assistant finds the depot: a message that the Supervisor hands on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import logging
from typing import Any, Final

from aiohttp import ClientError

from . import supervisor

SERVICE: Final = "mqtt_ota"
_FIRST_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = 300.0

_LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What the integration needs to know; `fingerprint` is None for plain HTTP."""

    host: str
    port: int
    api_key: str
    fingerprint: str | None

    def __repr__(self) -> str:
        """Return a text without the key."""
        return f"Offer(host={self.host!r}, port={self.port})"

    def as_dict(self) -> dict[str, Any]:
        """Return the message; it has the same fields whatever their values."""
        return {
            "host": self.host,
            "port": self.port,
            "api_key": self.api_key,
            "fingerprint": self.fingerprint,
        }


class Discovery:
    """Tells Home Assistant of the depot, and again whenever something of it has changed."""

    def __init__(self, token: str, offer: Callable[[], Offer]) -> None:
        """Create the teller; `offer` returns what is to be told now."""
        self._token = token
        self._offer = offer
        self._due = asyncio.Event()
        self._due.set()

    def renew(self) -> None:
        """Tell what has changed, soon."""
        self._due.set()

    async def run(self) -> None:
        """Tell at once and after each change, until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self._tell()

    async def _tell(self) -> None:
        """Tell the newest, however long the Supervisor is away."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await supervisor.announce(self._token, SERVICE, self._offer().as_dict())
            except (ClientError, TimeoutError) as err:
                # The text of the error may quote what was sent.
                _LOGGER.warning(
                    "Home Assistant could not be told of the depot (%s); trying again in %d s",
                    type(err).__name__,
                    pause,
                )
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                _LOGGER.info("Home Assistant was told of the depot")
                return
