"""A connection to the broker that listens to some topics."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import batched
import ssl
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

CONNECT_SECONDS: Final = 10.0
KEEPALIVE: Final = 30
# Brokers bound the size of a packet.
_TOPICS_AT_ONCE: Final = 100

type OnMessage = Callable[[str, bytes], None]
type OnChange = Callable[[bool], None]


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


class Connection:
    """Hears the messages on its topics, and publishes; comes back by itself."""

    def __init__(
        self,
        broker: Broker,
        topics: Sequence[str],
        on_message: OnMessage,
        on_change: OnChange = lambda _: None,
    ) -> None:
        """Prepare; both are called in the event loop that this is made in.

        `on_change` is told True whenever all topics are subscribed, and False when the
        connection is lost.
        """
        self._broker = broker
        self._topics = topics
        self._on_payload = on_message
        self._on_change = on_change
        self._missing: set[int | None] = set()
        self._is_closed = False
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, clean_session=True)
        self._client.username_pw_set(broker.username, broker.password)
        if broker.tls is not None:
            self._client.tls_set_context(broker.tls)
        # After a restart of the broker this side must be back at once.
        self._client.reconnect_delay_set(1, 2)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
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
        """Disconnect; of that nobody is told."""
        self._is_closed = True
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Publish bytes, never retained."""
        self._client.publish(topic, payload, qos=qos, retain=False)

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
        # Answers come in this thread, too, so none comes before all are noted.
        self._missing = {
            client.subscribe([(topic, 1) for topic in part])[1]
            for part in batched(self._topics, _TOPICS_AT_ONCE, strict=False)
        }

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.DisconnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Tell that the connection is lost."""
        if not self._is_closed:
            self._loop.call_soon_threadsafe(self._on_change, False)

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        """Tell that everything can be heard."""
        if any(reason.is_failure for reason in reasons):
            named = self._topics[0] + (" and others" if len(self._topics) > 1 else "")
            self._fail(f"the broker refuses the subscription of {named}; check its access rules")
            return
        self._missing.discard(mid)
        if not self._missing:
            self._loop.call_soon_threadsafe(self._succeed)

    def _on_message(
        self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage
    ) -> None:
        """Hand a message over; a retained one tells of the past."""
        if not message.retain:
            self._loop.call_soon_threadsafe(self._on_payload, message.topic, bytes(message.payload))

    def _fail(self, reason: str) -> None:
        """End the waiting for a connection with an error."""
        self._loop.call_soon_threadsafe(self._give_up, BrokerError(reason))

    def _give_up(self, error: BrokerError) -> None:
        """Tell whoever waits, once."""
        if not self._ready.done():
            self._ready.set_exception(error)

    def _succeed(self) -> None:
        """Tell whoever waits, once, and that the connection is there, each time."""
        if not self._ready.done():
            self._ready.set_result(None)
        self._on_change(True)
