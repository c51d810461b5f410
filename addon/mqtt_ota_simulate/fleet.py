"""All devices on one connection to the broker: messages to each, and from each."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from mqtt_ota_tools.connection import Broker, Connection
from mqtt_ota_tools.protocol import topics

from .device import Device

# So many devices come online together after the broker has come, like those of a home after a
# power cut; the next ones a moment later.
AT_ONCE: Final = 50
PAUSE: Final = 0.1


class Fleet:
    """Brings devices to the broker.

    They share one connection: ten thousand of them would each need a login, a socket and a thread
    for nothing that Home Assistant could see.
    """

    def __init__(self, broker: Broker, on_state: Callable[[str], None]) -> None:
        """Prepare to connect; `on_state` is told what is with all of them."""
        self._broker = broker
        self._on_state = on_state
        self._devices: dict[str, Device] = {}
        self._up: dict[str, str] = {}
        self._connection: Connection | None = None
        self._arrival: asyncio.Task[None] | None = None

    async def connect(self, devices: Iterable[Device]) -> None:
        """Connect and let the devices live; raises BrokerError."""
        prefix = self._broker.topic_prefix
        for device in devices:
            down, up = topics(prefix, device.id)
            self._devices[down] = device
            self._up[device.id] = up
        self._connection = Connection(
            self._broker, list(self._devices), self._receive, self._changed
        )
        await self._connection.connect()

    async def close(self) -> None:
        """End all that devices do, and disconnect."""
        if self._arrival is not None:
            self._arrival.cancel()
        for device in self._devices.values():
            device.stop()
        if self._connection is not None:
            await self._connection.close()

    def send(self, device_id: str, message: str, qos: int) -> None:
        """Publish a message of a device."""
        if self._connection is not None:
            self._connection.publish(self._up[device_id], message.encode(), qos)

    def _receive(self, topic: str, payload: bytes) -> None:
        """Hand a message to its device."""
        if (device := self._devices.get(topic)) is not None:
            device.receive(payload)

    def _changed(self, is_connected: bool) -> None:
        """Let all devices come or go."""
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None
        if is_connected:
            self._on_state("connected to the broker")
            self._arrival = asyncio.get_running_loop().create_task(self._arrive())
        else:
            self._on_state("the broker has gone; waiting for it")
            for device in self._devices.values():
                device.disconnected()

    async def _arrive(self) -> None:
        """Let the devices come online, some at a time."""
        for number, device in enumerate(self._devices.values(), 1):
            device.connected()
            if not number % AT_ONCE:
                await asyncio.sleep(PAUSE)
