"""The listener of the page within Home Assistant: one peer, and no API key."""

import asyncio
import logging
import socket
from typing import Any, Final, NoReturn, override

from aiohttp import web

from .framework import DeviceFriendlyHandler, Door
from .heads import Head

_LOGGER: Final = logging.getLogger(__name__)


class IngressSite(web.BaseSite):
    """Listens on a bound socket for the Supervisor, which has asked users who they are."""

    __slots__ = ("_handler_options", "_peer", "_socket")

    def __init__(
        self, runner: web.BaseRunner, sock: socket.socket, *, peer: str, **handler_options: Any
    ) -> None:
        """Create the site; it listens after `start`. `peer` is the one address let in."""
        super().__init__(runner)
        self._socket = sock
        self._peer = peer
        self._handler_options = handler_options

    @property
    @override
    def name(self) -> str:
        """Return the address that is listened on."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{host}:{port}"

    @override
    async def start(self) -> None:
        """Accept connections."""
        await super().start()
        server = self._runner.server
        if server is None:
            msg = "the runner was not set up"
            raise RuntimeError(msg)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _IngressHandler(
                server, loop=loop, serve=_no_download, peer=self._peer, **self._handler_options
            ),
            sock=self._socket,
            backlog=self._backlog,
        )


class _IngressHandler(DeviceFriendlyHandler):
    """Answers one peer's requests; anybody else's connection ends before the first of them."""

    __slots__ = ("_peer",)

    def __init__(self, *args: Any, peer: str, **kwargs: Any) -> None:
        super().__init__(*args, door=Door.INGRESS, **kwargs)
        self._peer = peer

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the one peer in."""
        super().connection_made(transport)
        address = (transport.get_extra_info("peername") or ("",))[0]
        if address != self._peer and isinstance(transport, asyncio.Transport):
            _LOGGER.warning("%s may not use the page's port; refused", address)
            transport.abort()


async def _no_download(_head: Head) -> NoReturn:
    """Refuse downloads: devices never come through Home Assistant."""
    raise web.HTTPNotFound
