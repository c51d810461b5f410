"""Sites: where connections are accepted."""

import asyncio
import socket
from typing import Any, override

from aiohttp import web

from .connections import KEEPALIVE_TIMEOUT, Connection, Host
from .framework import DeviceFriendlyHandler, Serve
from .limits import ACCEPTED_AT_ONCE, BACKLOG


class DeviceFriendlySite(web.BaseSite):
    """Listens on a bound socket, plain or with TLS."""

    __slots__ = ("_handler_options", "_host", "_socket")

    def __init__(
        self, runner: web.BaseRunner, sock: socket.socket, host: Host, **handler_options: Any
    ) -> None:
        """Create the site; it listens after `start`. Options go to the framework."""
        super().__init__(runner, ssl_context=host.context)
        self._socket = sock
        self._host = host
        self._handler_options = handler_options

    @property
    @override
    def name(self) -> str:
        """Return the address that is listened on."""
        host, port = self._socket.getsockname()[:2]
        return f"{'http' if self._ssl_context is None else 'https'}://{host}:{port}"

    @override
    async def start(self) -> None:
        """Accept connections."""
        await super().start()
        server = self._runner.server
        if server is None:
            msg = "the runner was not set up"
            raise RuntimeError(msg)
        loop = asyncio.get_running_loop()

        def handler(serve: Serve) -> DeviceFriendlyHandler:
            """Return the framework's side of a connection."""
            return DeviceFriendlyHandler(
                server,
                loop=loop,
                serve=serve,
                keepalive_timeout=KEEPALIVE_TIMEOUT,
                **self._handler_options,
            )

        self._server = await loop.create_server(
            lambda: Connection(self._host, handler),
            sock=self._socket,
            backlog=ACCEPTED_AT_ONCE,
        )
        # asyncio takes one number for both: what it accepts in one round and what may wait.
        self._socket.listen(BACKLOG)

    @override
    async def stop(self) -> None:
        """Accept no more and cut what is being sent: devices resume."""
        await super().stop()
        for connection in list(self._host.connections):
            connection.stop()
