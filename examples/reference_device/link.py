"""The device's MQTT connection: one broker, one topic down, one topic up."""

from dataclasses import dataclass, field
import logging
import queue
import ssl

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

_LOGGER = logging.getLogger(__name__)

KEEPALIVE = 60
SLOWEST_RECONNECT = 15
MAX_QUEUED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where to connect and as whom; `tls` None means plain TCP."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    topic_prefix: str = "$oc/devices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Connected and subscribed: commands reach the device from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message came down."""

    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The broker has acknowledged a message that went up."""

    mid: int


class Link:
    """A connection that comes back by itself; what happens goes into an inbox."""

    def __init__(self, broker: Broker, device_id: str, inbox: queue.SimpleQueue[object]) -> None:
        """Prepare the connection; `start` makes it."""
        self._broker = broker
        self._inbox = inbox
        self._down = f"{broker.topic_prefix}/{device_id}/sys/events/down"
        self._up = f"{broker.topic_prefix}/{device_id}/sys/events/up"
        # Clean session: a command that waited for hours would carry an expired grant.
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=device_id, clean_session=True
        )
        self._client.username_pw_set(broker.username, broker.password)
        if broker.tls is not None:
            self._client.tls_set_context(broker.tls)
        self._client.reconnect_delay_set(1, SLOWEST_RECONNECT)
        self._client.max_queued_messages_set(MAX_QUEUED)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_disconnect = self._on_disconnect

    def start(self) -> None:
        """Connect, and reconnect whenever needed, until `stop`."""
        self._client.connect_async(self._broker.host, self._broker.port, KEEPALIVE)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect politely and end the network thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, payload: bytes, *, wait: float = 0.0) -> int | None:
        """Send an event with QoS 1 and return its message id; None when offline.

        Nothing is queued for later, as old progress helps nobody. `wait` is the longest time
        in seconds to wait for the broker's acknowledgement.
        """
        if not self._client.is_connected():
            _LOGGER.debug("offline, not sent: %s", payload)
            return None
        _LOGGER.debug("up: %s", payload)
        sent = self._client.publish(self._up, payload, qos=1)
        if sent.rc != mqtt.MQTT_ERR_SUCCESS:
            _LOGGER.warning("not sent: %s", mqtt.error_string(sent.rc))
            return None
        if wait:
            sent.wait_for_publish(wait)
        return sent.mid

    def _on_connect(
        self,
        client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Subscribe anew each time: a clean session remembers nothing."""
        if reason.is_failure:
            _LOGGER.error(
                "broker %s:%d refuses the connection: %s; check user name and password",
                self._broker.host,
                self._broker.port,
                reason,
            )
            return
        client.subscribe(self._down, qos=1)

    def _on_connect_fail(self, _client: mqtt.Client, _userdata: object) -> None:
        """Tell that nobody answers; the client tries again by itself."""
        _LOGGER.warning(
            "no connection to broker %s:%d; trying again", self._broker.host, self._broker.port
        )

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        """Tell the device only now: reporting earlier would invite a command too soon."""
        if any(reason.is_failure for reason in reasons):
            _LOGGER.error("broker refuses the subscription of %s; check its ACL", self._down)
            return
        self._inbox.put(Ready())

    def _on_message(
        self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage
    ) -> None:
        """Hand a message over; a retained one is old and would upgrade at every connection."""
        if message.retain:
            _LOGGER.warning("retained message ignored on %s", message.topic)
            return
        self._inbox.put(Received(payload=bytes(message.payload)))

    def _on_publish(
        self,
        _client: mqtt.Client,
        _userdata: object,
        mid: int,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Tell that the broker has a message."""
        self._inbox.put(Published(mid=mid))

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        """Tell of a lost connection; a wished end needs no word."""
        if reason.is_failure:
            _LOGGER.warning("connection to the broker lost: %s", reason)
