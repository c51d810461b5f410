"""Requests to the depot: bounded in time and size, every failure a DepotError."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
import ssl
from typing import Any, Final

import aiohttp
from homeassistant.util.json import JSON_DECODE_EXCEPTIONS, json_loads

from .errors import (
    DepotAuthenticationError,
    DepotCertificateError,
    DepotConnectionError,
    DepotError,
    DepotNotFoundError,
    DepotProtocolError,
    DepotRefusedError,
)

_REQUEST_TIMEOUT: Final = 15.0
_CLOSE_TIMEOUT: Final = aiohttp.ClientWSTimeout(ws_close=3)
# The depot pings every 30 s. We wait for that rather than ping ourselves, because the
# library's own heartbeat leaves a timer behind when the connection is closed
_MAX_SILENCE: Final = 90.0
_MAX_ANSWER: Final = 4 * 1024 * 1024
# A snapshot carries the release notes (64 KiB each at most) of every package
_MAX_MESSAGE: Final = 32 * 1024 * 1024

_API_BASE: Final = "/api/v1"
_PROBLEM_PREFIX: Final = "urn:mqtt-ota:"
# What a reverse proxy answers while the depot behind it is away
_AWAY: Final = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)


class DepotConnection:
    """Speaks JSON with the depot at `url` (scheme, host and port only)."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        api_key: str,
        ssl_context: ssl.SSLContext | bool,
    ) -> None:
        """Remember how to reach the depot; nothing is sent yet."""
        self.url = url
        self._session = session
        self._ssl = ssl_context
        self._headers = {
            "Authorization": f"Bearer {api_key}",
            # A compressed answer could be far larger than what we agreed to read
            "Accept-Encoding": "identity",
        }

    async def async_request(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> object:
        """Return the decoded JSON answer, None for an empty one."""
        with self._translated_failures():
            async with (
                asyncio.timeout(_REQUEST_TIMEOUT),
                self._session.request(
                    method,
                    f"{self.url}{_API_BASE}{path}",
                    headers=self._headers,
                    json=body,
                    ssl=self._ssl,
                    # Whoever redirects us is not the depot that was configured
                    allow_redirects=False,
                ) as response,
            ):
                status = response.status
                raw = await _async_read(response.content)
        if raw is None:
            msg = "the answer is too large"
            raise self.protocol_error(msg)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._failure(status, raw)
        return self._decode(raw) if raw else None

    @asynccontextmanager
    async def async_socket(self, path: str) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket and close it in the end."""
        with self._translated_failures():
            async with asyncio.timeout(_REQUEST_TIMEOUT):
                socket = await self._session.ws_connect(
                    f"{self.url}{_API_BASE}{path}",
                    headers=self._headers,
                    ssl=self._ssl,
                    timeout=_CLOSE_TIMEOUT,
                    max_msg_size=_MAX_MESSAGE,
                )
        async with socket:
            yield socket

    async def async_receive(
        self, socket: aiohttp.ClientWebSocketResponse, *, within: float = _MAX_SILENCE
    ) -> object:
        """Return the next decoded message; DepotConnectionError when there is none."""
        with self._translated_failures():
            message = await socket.receive(within)
        if message.type is aiohttp.WSMsgType.TEXT:
            return self._decode(message.data)
        if isinstance(message.data, aiohttp.WebSocketError):
            raise self.protocol_error(str(message.data))
        if message.type is aiohttp.WSMsgType.BINARY:
            msg = "a binary message came"
            raise self.protocol_error(msg)
        raise DepotConnectionError(url=self.url, reason=f"closed with code {socket.close_code}")

    def protocol_error(self, reason: str) -> DepotProtocolError:
        """Return the error for an answer that no depot would give."""
        return DepotProtocolError(url=self.url, reason=reason)

    def _decode(self, raw: bytes | str) -> object:
        """Decode JSON from the depot."""
        try:
            return json_loads(raw)
        except JSON_DECODE_EXCEPTIONS as err:
            msg = "the answer is not JSON"
            raise self.protocol_error(msg) from err

    def _failure(self, status: int, raw: bytes) -> DepotError:
        """Return the error that an answer other than 2xx means."""
        if status == HTTPStatus.UNAUTHORIZED:
            return DepotAuthenticationError(url=self.url)
        if problem := _parse_problem(raw):
            slug, detail = problem
            refused = DepotNotFoundError if status == HTTPStatus.NOT_FOUND else DepotRefusedError
            return refused(problem=slug, status=status, detail=detail)
        if status in _AWAY:
            return DepotConnectionError(url=self.url, reason=f"HTTP status {status}")
        return self.protocol_error(f"HTTP status {status}")

    @contextmanager
    def _translated_failures(self) -> Generator[None]:
        """Turn what the network library raises into our errors."""
        try:
            yield
        except aiohttp.WSServerHandshakeError as err:
            raise self._failure(err.status, b"") from err
        except aiohttp.ClientConnectorCertificateError as err:
            reason = getattr(err.certificate_error, "verify_message", "")
            raise DepotCertificateError(
                url=self.url, reason=reason or str(err.certificate_error)
            ) from err
        except TimeoutError as err:
            raise DepotConnectionError(url=self.url, reason="no answer in time") from err
        except aiohttp.ClientResponseError as err:
            raise self.protocol_error(err.message) from err
        except (aiohttp.ClientError, OSError) as err:
            raise DepotConnectionError(url=self.url, reason=str(err) or type(err).__name__) from err


async def _async_read(content: aiohttp.StreamReader) -> bytes | None:
    """Return the whole body, None when it is larger than any honest answer."""
    raw = bytearray()
    async for piece in content.iter_any():
        raw += piece
        if len(raw) > _MAX_ANSWER:
            return None
    return bytes(raw)


def _parse_problem(raw: bytes) -> tuple[str, str] | None:
    """Return (slug, detail) of an RFC 9457 problem of the depot, None for other bodies."""
    try:
        problem = json_loads(raw)
    except JSON_DECODE_EXCEPTIONS:
        return None
    if not isinstance(problem, dict):
        return None
    kind, detail = problem.get("type"), problem.get("detail")
    if not isinstance(kind, str) or not kind.startswith(_PROBLEM_PREFIX):
        return None
    return kind.removeprefix(_PROBLEM_PREFIX), detail if isinstance(detail, str) else ""
