"""Client of depot API v1: what the integration asks of the depot and hears from it."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
import ssl
from typing import Any, Final
from urllib.parse import quote

from aiohttp import ClientSession
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import probatio as vol

from ..const import API_VERSION, CONF_CERTIFICATE, OLDEST_API_VERSION
from .certificate import pinned_context
from .connection import DepotConnection
from .errors import DepotNotFoundError, DepotTooNewError, DepotTooOldError
from .models import (
    DepotEvent,
    DepotInfo,
    Grant,
    GrantInfo,
    Snapshot,
    parse_api_versions,
    parse_event,
    parse_grant,
    parse_grants,
    parse_info,
)

_SNAPSHOT_TIMEOUT: Final = 30.0


def create_depot_client(hass: HomeAssistant, data: Mapping[str, Any]) -> DepotClient:
    """Return the client for a config entry's data (url, api_key, certificate)."""
    certificate = data[CONF_CERTIFICATE]
    return DepotClient(
        async_get_clientsession(hass),
        data[CONF_URL],
        data[CONF_API_KEY],
        True if certificate is None else pinned_context(certificate),
    )


class DepotClient:
    """Asks the depot at `url` (scheme, host and port only); fails only with a DepotError."""

    def __init__(
        self,
        session: ClientSession,
        url: str,
        api_key: str,
        ssl_context: ssl.SSLContext | bool,
    ) -> None:
        """Remember how to reach the depot; nothing is sent yet."""
        self._connection = DepotConnection(session, url, api_key, ssl_context)

    async def async_get_info(self) -> DepotInfo:
        """Return who the depot is, after making sure that both sides speak one API."""
        answer = await self._connection.async_request("GET", "/info")
        # The versions come first: the rest of the answer may differ in other versions
        oldest, newest = self._parse(parse_api_versions, answer)
        if newest < OLDEST_API_VERSION:
            raise DepotTooOldError(url=self._connection.url, version=str(newest))
        if oldest > API_VERSION:
            raise DepotTooNewError(url=self._connection.url, version=str(oldest))
        return self._parse(parse_info, answer)

    async def async_create_grant(
        self, *, package_id: str, device_id: str, task_id: str, expires_in: timedelta
    ) -> Grant:
        """Return a new download right; an older one of the same task dies with it."""
        wanted = {
            "package_id": package_id,
            "device_id": device_id,
            "task_id": task_id,
        }
        answer = await self._connection.async_request(
            "POST",
            "/grants",
            {**wanted, "expires_in": int(expires_in.total_seconds())},
        )
        grant = self._parse(parse_grant, answer)
        if any(getattr(grant, name) != value for name, value in wanted.items()):
            msg = "the grant is for something else"
            raise self._connection.protocol_error(msg)
        return grant

    async def async_revoke_grant(self, grant_id: str) -> None:
        """End a download right; one that the depot does not know has ended already."""
        with suppress(DepotNotFoundError):
            await self._connection.async_request("DELETE", f"/grants/{quote(grant_id, safe='')}")

    async def async_get_grants(self) -> list[GrantInfo]:
        """Return the live download rights, without their tokens."""
        answer = await self._connection.async_request("GET", "/grants")
        return self._parse(parse_grants, answer)

    async def async_tell_installations(
        self,
        *,
        reset: bool = False,
        devices: Sequence[Mapping[str, Any]] = (),
        gone: Sequence[str] = (),
    ) -> None:
        """Tell what devices run, and which are gone; `reset` makes the depot forget all before."""
        body = {"reset": reset, "devices": list(devices), "gone": list(gone)}
        await self._connection.async_request("POST", "/installations", body)

    async def async_events(self) -> AsyncGenerator[DepotEvent]:
        """Yield a Snapshot, then changes, until the connection ends in a DepotError.

        This is one WebSocket connection: the caller reconnects, and closes the
        generator (contextlib.aclosing) when it stops early.
        """
        async with self._connection.async_socket("/events") as socket:
            raw = await self._connection.async_receive(socket, within=_SNAPSHOT_TIMEOUT)
            snapshot = self._parse(parse_event, raw)
            if not isinstance(snapshot, Snapshot):
                msg = "the first event is no snapshot"
                raise self._connection.protocol_error(msg)
            yield snapshot
            while True:
                raw = await self._connection.async_receive(socket)
                # A newer depot may tell of things that we need not know
                if event := self._parse(parse_event, raw):
                    yield event

    def _parse[T](self, parse: Callable[[object], T], answer: object) -> T:
        """Return the typed answer; one of the wrong shape is a protocol error."""
        try:
            return parse(answer)
        except vol.Invalid as err:
            raise self._connection.protocol_error(str(err)) from err
