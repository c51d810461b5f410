"""What the depot holds, kept up to date by its stream of events."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from random import uniform
from types import MappingProxyType
from typing import Final, assert_never

from .const import LOGGER
from .depot import (
    DepotAuthenticationError,
    DepotClient,
    DepotError,
    DepotEvent,
    Package,
    PackageRemoved,
    PackageUpserted,
    Snapshot,
    Transfer,
    TransferChanged,
    TransferRemoved,
)

_FIRST_RETRY: Final = 1.0
_LONGEST_RETRY: Final = 60.0


class DepotMirror:
    """Follows the depot for ever, whatever happens to the connection."""

    def __init__(
        self,
        client: DepotClient,
        *,
        on_packages: Callable[[], None],
        on_transfer: Callable[[Transfer], None],
        on_connected: Callable[[], None],
        on_unauthorized: Callable[[], None],
    ) -> None:
        """Remember whom to tell."""
        self._client = client
        self._on_packages = on_packages
        self._on_transfer = on_transfer
        self._on_connected = on_connected
        self._on_unauthorized = on_unauthorized
        self._packages: dict[str, Package] = {}
        self._complete = asyncio.Event()
        self.is_connected = False

    @property
    def packages(self) -> Mapping[str, Package]:
        """Return the packages by id."""
        return MappingProxyType(self._packages)

    async def async_wait_complete(self) -> None:
        """Wait until the depot has told everything once."""
        await self._complete.wait()

    async def async_follow(self) -> None:
        """Follow the depot until cancelled or until it refuses our API key."""
        pause = _FIRST_RETRY
        told = False
        while True:
            try:
                async with aclosing(self._client.async_events()) as events:
                    async for event in events:
                        if told:
                            LOGGER.info("The depot is back")
                        told, pause = False, _FIRST_RETRY
                        self._on_event(event)
            except DepotAuthenticationError:
                self._on_unauthorized()
                return
            except DepotError as err:
                if not told:
                    LOGGER.warning("Lost the depot, trying again: %s", err)
                told = True
            finally:
                self.is_connected = False
            # Several integrations that lost one depot do not return as one.
            await asyncio.sleep(pause * uniform(0.75, 1.25))  # noqa: S311
            pause = min(2 * pause, _LONGEST_RETRY)

    def _on_event(self, event: DepotEvent) -> None:
        """Take over one change."""
        match event:
            case Snapshot():
                self._packages = {package.id: package for package in event.packages}
                self.is_connected = True
                self._complete.set()
                self._on_packages()
                for transfer in event.transfers:
                    self._on_transfer(transfer)
                self._on_connected()
            case PackageUpserted():
                self._packages[event.package.id] = event.package
                self._on_packages()
            case PackageRemoved():
                self._packages.pop(event.package_id, None)
                self._on_packages()
            case TransferChanged():
                self._on_transfer(event.transfer)
            case TransferRemoved():
                # Says nothing that the task which revoked it does not know.
                pass
            case _:
                assert_never(event)
