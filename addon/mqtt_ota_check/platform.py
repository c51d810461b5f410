"""The platform's side of the MQTT conversation with one device."""

from collections.abc import Callable

from mqtt_ota_tools.connection import Broker, Connection
from mqtt_ota_tools.protocol import topics


class Platform:
    """A connection that hears one device and speaks to it, and to nobody else."""

    def __init__(self, broker: Broker, device_id: str, on_message: Callable[[bytes], None]) -> None:
        """Prepare; `on_message` is called in the event loop that runs `connect`."""
        self._down, up = topics(broker.topic_prefix, device_id)
        self._connection = Connection(broker, [up], lambda _, payload: on_message(payload))

    async def connect(self) -> None:
        """Connect and subscribe; raises BrokerError, and is to be closed all the same."""
        await self._connection.connect()

    async def close(self) -> None:
        """Disconnect."""
        await self._connection.close()

    def send(self, payload: bytes, qos: int) -> None:
        """Send bytes to the device, never retained."""
        self._connection.publish(self._down, payload, qos)
