"""The platform's side of the MQTT conversation with one device."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
import ssl
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from .wire import topics

CONNECT_SECONDS: Final = 10.0
KEEPALIVE: Final = 30


class BrokerError(Exception):
    """The broker cannot be used; says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker is and as whom to log in; `tls` None means plain TCP."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    topic_prefix: str = "$oc/devices"


class Platform:
    """A connection that hears one device and speaks to it, and to nobody else."""

    def __init__(self, broker: Broker, device_id: str, on_message: Callable[[bytes], None]) -> None:
        """Prepare; `on_message` is called in the event loop that runs `connect`."""
        self._broker = broker
        self._down, self._up = topics(broker.topic_prefix, device_id)
        self._on_payload = on_message
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, clean_session=True)
        self._client.username_pw_set(broker.username, broker.password)
        if broker.tls is not None:
            self._client.tls_set_context(broker.tls)
        # A broker that restarts during a case must find this side back at once.
        self._client.reconnect_delay_set(1, 2)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    async def connect(self) -> None:
        """Connect and subscribe; raises BrokerError, and is to be closed all the same."""
        host, port = self._broker.host, self._broker.port
        try:
            await asyncio.to_thread(self._client.connect, host, port, KEEPALIVE)
        except (OSError, ValueError) as err:
            msg = f"no connection to the broker {host}:{port}: {err}; check --broker"
            raise BrokerError(msg) from err
        self._client.loop_start()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._ready
        except TimeoutError as err:
            other = "mqtt" if self._broker.tls else "mqtts"
            msg = f"the broker {host}:{port} does not answer; perhaps it speaks {other}:// there"
            raise BrokerError(msg) from err

    async def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def send(self, payload: bytes, qos: int) -> None:
        """Send bytes to the device, never retained."""
        self._client.publish(self._down, payload, qos=qos, retain=False)

    def _on_connect(
        self,
        client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Subscribe anew after each connection."""
        if reason.is_failure:
            self._fail(f"the broker refuses the login ({reason}); check --username and --password")
            return
        client.subscribe(self._up, qos=1)

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        """Tell that the device can be heard."""
        if any(reason.is_failure for reason in reasons):
            self._fail(f"the broker refuses the subscription of {self._up}; check its access rules")
            return
        self._loop.call_soon_threadsafe(self._succeed)

    def _on_message(
        self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage
    ) -> None:
        """Hand a message over; a retained one tells of the past."""
        if not message.retain:
            self._loop.call_soon_threadsafe(self._on_payload, bytes(message.payload))

    def _fail(self, reason: str) -> None:
        """End the waiting for a connection with an error."""
        self._loop.call_soon_threadsafe(self._give_up, BrokerError(reason))

    def _give_up(self, error: BrokerError) -> None:
        """Tell whoever waits, once."""
        if not self._ready.done():
            self._ready.set_exception(error)

    def _succeed(self) -> None:
        """Tell whoever waits, once."""
        if not self._ready.done():
            self._ready.set_result(None)
