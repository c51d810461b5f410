"""A reverse proxy that treats requests as Home Assistant's ingress does."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
import threading
from typing import Final

from aiohttp import (
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    WSMsgType,
    hdrs,
    web,
)
from multidict import CIMultiDict

PREFIX: Final = "/api/hassio_ingress/aB3-_xYz"
# What the Supervisor holds in memory; only a POST to an app with ingress_stream may be longer.
MAX_BUFFERED: Final = 16 * 1024 * 1024
MAX_ANSWERED_WHOLE: Final = 4 * 1024 * 1024
_HOP_BY_HOP: Final = {
    hdrs.CONNECTION,
    hdrs.CONTENT_ENCODING,
    hdrs.CONTENT_LENGTH,
    hdrs.HOST,
    hdrs.SEC_WEBSOCKET_EXTENSIONS,
    hdrs.SEC_WEBSOCKET_KEY,
    hdrs.SEC_WEBSOCKET_PROTOCOL,
    hdrs.SEC_WEBSOCKET_VERSION,
    hdrs.TRANSFER_ENCODING,
    hdrs.UPGRADE,
}


class Ingress:
    """Forwards what lies below its prefix to an app."""

    def __init__(self, target: str) -> None:
        """Forward to the app at `target`, a base without a slash at its end."""
        self._target = target
        self.url = ""
        self.streamed = 0

    async def serve(self, ready: threading.Event) -> None:
        """Serve until told to stop."""
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        self.stop = partial(loop.call_soon_threadsafe, stop.set)
        app = web.Application(client_max_size=MAX_BUFFERED)
        app.router.add_route("*", PREFIX + "/{path:.*}", self._forward)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}{PREFIX}/"
        async with ClientSession(
            timeout=ClientTimeout(total=None), auto_decompress=False
        ) as client:
            self._client = client
            ready.set()
            await stop.wait()
        await runner.cleanup()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        """Forward a request, as a WebSocket where one is wanted."""
        if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
            return await self._forward_socket(request)
        async with self._client.request(
            request.method,
            self._url(request),
            headers=_headers(request),
            data=self._stream(request) if request.method == "POST" else await request.read(),
            allow_redirects=False,
        ) as answer:
            return await _answer(request, answer)

    async def _stream(self, request: web.Request) -> AsyncIterator[bytes]:
        """Pass a POST's body on as it comes."""
        async for chunk in request.content.iter_any():
            self.streamed += len(chunk)
            yield chunk

    async def _forward_socket(self, request: web.Request) -> web.WebSocketResponse:
        """Pass messages both ways until one side ends."""
        wanted = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "")
        protocols = [each.strip() for each in wanted.split(",") if each.strip()]
        near = web.WebSocketResponse(protocols=protocols, autoclose=False, autoping=False)
        await near.prepare(request)
        async with self._client.ws_connect(
            self._url(request),
            headers=_headers(request),
            protocols=protocols,
            autoclose=False,
            autoping=False,
        ) as far:
            ways = [asyncio.create_task(_pass_on(*way)) for way in ((near, far), (far, near))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        return near

    def _url(self, request: web.Request) -> str:
        """Return where a request goes."""
        return self._target + request.raw_path.removeprefix(PREFIX)


def _headers(request: web.Request) -> CIMultiDict[str]:
    """Return what the app sees: nothing of its own name's making, but who asks and from where."""
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in request.headers.items():
        if name.title() not in _HOP_BY_HOP and not name.lower().startswith(("x-remote-", "x-ingr")):
            headers.add(name, value)
    headers["X-Ingress-Path"] = PREFIX
    headers["X-Hass-Source"] = "core.ingress"
    headers["X-Remote-User-Id"] = "1" * 32
    headers["X-Remote-User-Name"] = "owner"
    headers[hdrs.X_FORWARDED_FOR] = request.remote or ""
    headers[hdrs.X_FORWARDED_HOST] = request.host
    headers[hdrs.X_FORWARDED_PROTO] = request.scheme
    return headers


async def _answer(request: web.Request, answer: ClientResponse) -> web.StreamResponse:
    """Return the app's answer; a long one loses its length and is streamed."""
    headers = {
        name: value for name, value in answer.headers.items() if name.title() not in _HOP_BY_HOP
    }
    if (answer.content_length or 0) < MAX_ANSWERED_WHOLE:
        body = await answer.read()
        return web.Response(status=answer.status, headers=headers, body=body)
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    async for chunk in answer.content.iter_any():
        await response.write(chunk)
    return response


type _Socket = web.WebSocketResponse | ClientWebSocketResponse


async def _pass_on(source: _Socket, target: _Socket) -> None:
    """Pass messages on in one direction until its end."""
    async for message in source:
        if message.type is WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await target.send_bytes(message.data)
        elif message.type is WSMsgType.PING:
            await target.ping(message.data)
        elif message.type is WSMsgType.PONG:
            await target.pong(message.data)
    await target.close(code=source.close_code or 1000)


@contextmanager
def ingress_to(target: str) -> Iterator[Ingress]:
    """Run a proxy in a thread of its own: the browser's side of a test waits without a loop."""
    ingress, ready = Ingress(target), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(ingress.serve(ready)))
    thread.start()
    try:
        assert ready.wait(10)
        yield ingress
    finally:
        ingress.stop()
        thread.join(10)
