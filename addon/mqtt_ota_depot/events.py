"""Events: the bus within the depot and the WebSocket stream to the integration."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
import logging
from typing import Any, Final
from weakref import WeakSet

from aiohttp import WSCloseCode, web

from .problems import too_many_requests

# A reader that is further behind is cut off; it comes back for a snapshot.
MAX_QUEUED: Final = 1000
HEARTBEAT: Final = 30.0
MAX_MESSAGE: Final = 4096
# Chosen when a client offers any; browsers give up without a choice.
PROTOCOL: Final = "mqtt-ota"
RETRY_AFTER: Final = 30

_LOGGER: Final = logging.getLogger(__name__)

type Snapshot = Callable[[], dict[str, Any]]


class EventBus:
    """Hands every event to all subscribers, in order."""

    def __init__(self) -> None:
        """Create a bus without subscribers."""
        self._subscriptions: set[Subscription] = set()

    @contextmanager
    def subscribe(self, drop: Callable[[], None]) -> Iterator[Subscription]:
        """Receive all events from now on; `drop` is called when too far behind."""
        subscription = Subscription(drop)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def publish(self, event: dict[str, Any]) -> None:
        """Hand an event to all subscribers without waiting for any."""
        if not self._subscriptions:
            return
        message = encode(event)
        for subscription in list(self._subscriptions):
            if not subscription.put(message):
                self._subscriptions.discard(subscription)


class Subscription:
    """The events that one subscriber has still to read."""

    def __init__(self, drop: Callable[[], None]) -> None:
        """Create an empty queue."""
        self._drop = drop
        self._queue: asyncio.Queue[str] = asyncio.Queue(MAX_QUEUED)

    def put(self, message: str) -> bool:
        """Queue a message; a full queue drops the subscriber and returns False."""
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._drop()
            return False
        return True

    async def get(self) -> str:
        """Return the next message."""
        return await self._queue.get()


class EventStream:
    """Serves the events to WebSocket clients: a snapshot first, then changes."""

    def __init__(self, bus: EventBus, snapshot: Snapshot, max_listeners: int) -> None:
        """Create the stream; `snapshot` makes the first message of each client.

        `max_listeners` clients are served at once, any number when it is 0.
        """
        self._bus = bus
        self._snapshot = snapshot
        self._max_listeners = max_listeners
        self._sockets: WeakSet[web.WebSocketResponse] = WeakSet()
        self.listeners = 0

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one client until it goes; raises a Problem of kind too-many-requests."""
        if self._max_listeners and self.listeners >= self._max_listeners:
            _LOGGER.warning(
                "%s wants to listen to the events, as %d programs do already; refused",
                request.remote,
                self.listeners,
            )
            raise too_many_requests("Too many programs listen to the events", RETRY_AFTER)
        self.listeners += 1
        try:
            return await self._serve(request)
        finally:
            self.listeners -= 1

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        """Send a snapshot, then every change."""
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT, protocols=(PROTOCOL,), max_msg_size=MAX_MESSAGE, compress=False
        )
        await socket.prepare(request)
        self._sockets.add(socket)

        def drop() -> None:
            """Cut the connection of a reader that is too far behind."""
            _LOGGER.warning("Event reader %s is too slow; cut off", request.remote)
            if request.transport is not None:
                request.transport.abort()

        with self._bus.subscribe(drop) as subscription:
            # No await between these two: nothing is missed or told twice.
            first = encode({"type": "snapshot", **self._snapshot()})
            sender = asyncio.create_task(_send(socket, first, subscription))
            try:
                async for message in socket:
                    _LOGGER.debug("Event reader sent %s; ignored", message.type)
            finally:
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)
        return socket

    async def close(self) -> None:
        """Tell all clients that the depot goes away."""
        await asyncio.gather(
            *(
                socket.close(code=WSCloseCode.GOING_AWAY, message=b"depot stops")
                for socket in set(self._sockets)
            )
        )


def encode(event: dict[str, Any]) -> str:
    """Return the compact JSON text of an event."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


async def _send(socket: web.WebSocketResponse, first: str, subscription: Subscription) -> None:
    """Send all messages until the connection ends."""
    message = first
    try:
        while True:
            await socket.send_str(message)
            message = await subscription.get()
    except ConnectionError:
        _LOGGER.debug("Event reader is gone")
