"""All devices on a few connections to the broker: messages to each, and from each."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import batched
from typing import Final

from mqtt_ota_tools.connection import Broker, Connection
from mqtt_ota_tools.protocol import topics

from .device import Device

# Mosquitto keeps 1000 messages for a connection and drops the rest: so many devices can be sent
# several at once.
PER_CONNECTION: Final = 200
# So many devices come online together after the broker has come, like those of a home after a
# power cut; the next ones a moment later.
AT_ONCE: Final = 50
PAUSE: Final = 0.1


class Fleet:
    """Brings devices to the broker.

    They share connections: ten thousand of them would each need a login, a socket and a thread
    for nothing that Home Assistant could see.
    """

    def __init__(self, broker: Broker, on_state: Callable[[str], None]) -> None:
        """Prepare to connect; `on_state` is told what is with all of them."""
        self._broker = broker
        self._on_state = on_state
        self._groups: dict[str, _Group] = {}
        self._is_connected = False
        # Groups that find the broker at the same time arrive one after the other.
        self._turn = asyncio.Lock()

    async def connect(self, devices: Sequence[Device]) -> None:
        """Connect and let the devices live; raises BrokerError."""
        for part in batched(devices, PER_CONNECTION, strict=False):
            group = _Group(self._broker, part, self._turn, self._changed)
            self._groups.update(dict.fromkeys((device.id for device in part), group))
        for group in self._each():
            await group.connect()

    async def close(self) -> None:
        """End all that devices do, and disconnect."""
        async with asyncio.TaskGroup() as ending:
            for group in self._each():
                ending.create_task(group.close())

    def send(self, device_id: str, message: str, qos: int) -> None:
        """Publish a message of a device."""
        self._groups[device_id].send(device_id, message, qos)

    def _each(self) -> list[_Group]:
        """Return the groups, once each."""
        return list(dict.fromkeys(self._groups.values()))

    def _changed(self) -> None:
        """Tell when all are connected, and when the first of them is so no more."""
        is_connected = all(group.is_connected for group in self._each())
        if is_connected != self._is_connected:
            self._is_connected = is_connected
            self._on_state(
                "connected to the broker" if is_connected else "the broker has gone; waiting for it"
            )


class _Group:
    """The devices of one connection."""

    def __init__(
        self,
        broker: Broker,
        devices: Sequence[Device],
        turn: asyncio.Lock,
        on_change: Callable[[], None],
    ) -> None:
        """Prepare to connect; `on_change` is called when the connection comes or goes."""
        self.is_connected = False
        self._turn = turn
        self._on_change = on_change
        self._devices: dict[str, Device] = {}
        up: dict[str, str] = {}
        for device in devices:
            down, up[device.id] = topics(broker.topic_prefix, device.id)
            self._devices[down] = device
        self._up: Mapping[str, str] = up
        self._connection = Connection(broker, list(self._devices), self._receive, self._changed)
        self._arrival: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Connect and let the devices live; raises BrokerError."""
        await self._connection.connect()

    async def close(self) -> None:
        """End all that devices do, and disconnect."""
        if self._arrival is not None:
            self._arrival.cancel()
        for device in self._devices.values():
            device.stop()
        await self._connection.close()

    def send(self, device_id: str, message: str, qos: int) -> None:
        """Publish a message of a device."""
        self._connection.publish(self._up[device_id], message.encode(), qos)

    def _receive(self, topic: str, payload: bytes) -> None:
        """Hand a message to its device."""
        if (device := self._devices.get(topic)) is not None:
            device.receive(payload)

    def _changed(self, is_connected: bool) -> None:
        """Let all devices come or go."""
        self.is_connected = is_connected
        self._on_change()
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None
        if is_connected:
            self._arrival = asyncio.get_running_loop().create_task(self._arrive())
        else:
            for device in self._devices.values():
                device.disconnected()

    async def _arrive(self) -> None:
        """Let the devices come online, some at a time."""
        async with self._turn:
            for devices in batched(self._devices.values(), AT_ONCE, strict=False):
                for device in devices:
                    device.connected()
                await asyncio.sleep(PAUSE)
