"""What the depot tells of itself, asked when it is found and now and then after that."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final

from homeassistant.core import CALLBACK_TYPE, callback

from .const import LOGGER
from .depot import DepotClient, DepotError, DepotInfo

_PAUSE: Final = 300.0


class DepotStatus:
    """Knows the depot's version and storage, and tells when something of the depot changes."""

    def __init__(
        self,
        client: DepotClient,
        run: Callable[[Coroutine[None, None, None], str], asyncio.Task[None]],
    ) -> None:
        """Remember whom to ask, and how to run a job in the background."""
        self._client = client
        self._run = run
        self._job: asyncio.Task[None] | None = None
        self._listeners: list[CALLBACK_TYPE] = []
        self.info: DepotInfo | None = None
        self.error: DepotError | None = None

    @callback
    def listen(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener whenever the depot is found, lost or has told something new."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def on_found(self) -> None:
        """Ask from now on."""
        self._stop_asking()
        self._tell()
        self._job = self._run(self._async_ask(), "ask the depot for its state")

    @callback
    def on_lost(self) -> None:
        """Ask no more; what was told last may still be shown."""
        self._stop_asking()
        self._tell()

    async def _async_ask(self) -> None:
        """Ask now and then until stopped."""
        while True:
            try:
                self.info = await self._client.async_get_info()
            except DepotError as err:
                LOGGER.debug("The depot did not tell its state: %s", err)
                self.error = err
            else:
                self.error = None
            self._tell()
            await asyncio.sleep(_PAUSE)

    def _stop_asking(self) -> None:
        """End the job, if there is one."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _tell(self) -> None:
        """Tell the listeners."""
        for listener in list(self._listeners):
            listener()
