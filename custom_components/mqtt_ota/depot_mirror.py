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
        on_lost: Callable[[], None],
        on_unauthorized: Callable[[], None],
    ) -> None:
        """Remember whom to tell: `on_lost` with each attempt that came to its end."""
        self._client = client
        self._on_packages = on_packages
        self._on_transfer = on_transfer
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._on_unauthorized = on_unauthorized
        self._packages: dict[str, Package] = {}
        self._transfers: dict[str, Transfer] = {}
        self._complete = asyncio.Event()
        self.is_connected = False
        self.last_error: DepotError | None = None

    @property
    def packages(self) -> Mapping[str, Package]:
        """Return the packages by id."""
        return MappingProxyType(self._packages)

    @property
    def transfers(self) -> Mapping[str, Transfer]:
        """Return what the depot saw of each live grant's download, by the grant's id."""
        return MappingProxyType(self._transfers)

    async def async_wait_complete(self) -> None:
        """Wait until the depot has told everything once."""
        await self._complete.wait()

    async def async_follow(self) -> None:
        """Follow the depot until cancelled or until it refuses our API key."""
        pause = _FIRST_RETRY
        while True:
            try:
                async with aclosing(self._client.async_events()) as events:
                    async for event in events:
                        pause = _FIRST_RETRY
                        self._on_event(event)
            except DepotAuthenticationError as err:
                self._lose(err)
                self._on_unauthorized()
                return
            except DepotError as err:
                if self.last_error is None:
                    LOGGER.warning("Lost the depot, trying again: %s", err)
                self._lose(err)
            finally:
                self.is_connected = False
            # Several integrations that lost one depot do not return as one.
            await asyncio.sleep(pause * uniform(0.75, 1.25))  # noqa: S311
            pause = min(2 * pause, _LONGEST_RETRY)

    def _lose(self, err: DepotError) -> None:
        """Tell that the depot can't be followed, and why."""
        self.is_connected = False
        self.last_error = err
        self._on_lost()

    def _on_event(self, event: DepotEvent) -> None:
        """Take over one change."""
        match event:
            case Snapshot():
                self._on_snapshot(event)
            case PackageUpserted():
                self._packages[event.package.id] = event.package
                self._on_packages()
            case PackageRemoved():
                self._packages.pop(event.package_id, None)
                self._on_packages()
            case TransferChanged():
                self._transfers[event.transfer.grant_id] = event.transfer
                self._on_transfer(event.transfer)
            case TransferRemoved():
                # Says nothing that the task which revoked it does not know.
                self._transfers.pop(event.grant_id, None)
            case _:
                assert_never(event)

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        """Begin anew with everything that the depot has."""
        if self.last_error is not None:
            LOGGER.info("The depot is back")
        self.last_error = None
        self.is_connected = True
        self._packages = {package.id: package for package in snapshot.packages}
        self._transfers = {transfer.grant_id: transfer for transfer in snapshot.transfers}
        self._complete.set()
        self._on_packages()
        for transfer in snapshot.transfers:
            self._on_transfer(transfer)
        self._on_connected()
