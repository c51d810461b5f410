"""The MQTT side: hears devices and speaks to them, through Home Assistant's own client."""

from collections import Counter
from collections.abc import Callable

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .const import LOGGER, PackageKind
from .devices import MAX_DEVICES, Device
from .protocol import (
    MAX_ID_LENGTH,
    Download,
    ProtocolError,
    Uplink,
    downlink_topic,
    read_uplink,
    sender_of,
    uplink_filter,
    write_cell_query,
    write_upgrade,
    write_version_query,
)

_QOS = 1


class Messenger:
    """Reads what devices send and publishes commands, never retained, never twice."""

    def __init__(
        self,
        hass: HomeAssistant,
        prefix: str,
        *,
        on_uplink: Callable[[Uplink], None],
        on_ready: Callable[[], None],
    ) -> None:
        """Remember whom to tell: `on_ready` each time that devices can be heard again."""
        self._hass = hass
        self._prefix = prefix
        self._on_uplink = on_uplink
        self._on_ready = on_ready
        self._unsubscribe: list[Callable[[], None]] = []
        self._told_faults: set[tuple[str, str]] = set()
        self.faults: Counter[str] = Counter()

    @property
    def is_connected(self) -> bool:
        """Return whether a message would leave now."""
        return mqtt.is_connected(self._hass)

    async def async_start(self) -> None:
        """Subscribe to what devices send; raises HomeAssistantError without MQTT."""
        topic = uplink_filter(self._prefix)
        self._unsubscribe = [
            await mqtt.async_subscribe(self._hass, topic, self._on_message, _QOS, encoding=None),
            # An answer to a question asked before the broker knows our subscription
            # would be lost.
            mqtt.async_on_subscribe_done(self._hass, topic, _QOS, self._on_ready),
        ]

    @callback
    def stop(self) -> None:
        """End the subscription."""
        while self._unsubscribe:
            self._unsubscribe.pop()()

    @callback
    def report_fault(self, sender: str, fault: str) -> None:
        """Count a message that is of no use, and log it once per device and kind."""
        self.faults[fault] += 1
        key = (sender, fault)
        if key in self._told_faults or len(self._told_faults) >= MAX_DEVICES:
            return
        self._told_faults.add(key)
        LOGGER.warning("Ignored a message from %r: %s", sender, fault)

    async def async_query_version(self, device_id: str, device: Device | None) -> None:
        """Ask for the versions of a device, known or not."""
        await self._async_send(device_id, device, write_version_query(device_id, dt_util.utcnow()))

    async def async_query_cell(self, device: Device) -> None:
        """Ask for a device's cell."""
        await self._async_send(device.id, device, write_cell_query(device.id, dt_util.utcnow()))

    async def async_notify(self, device: Device, kind: PackageKind, download: Download) -> bool:
        """Hand a device its download; return False when the broker is away."""
        return await self._async_send(
            device.id, device, write_upgrade(device.id, kind, download, dt_util.utcnow())
        )

    async def _async_send(self, device_id: str, device: Device | None, payload: bytes) -> bool:
        """Publish to a device, or to the gateway that it is behind."""
        # Home Assistant queues what is published while the broker is away, and would
        # send it once more with every attempt of ours.
        if not self.is_connected:
            return False
        owner = (device.gateway_id if device else None) or device_id
        try:
            await mqtt.async_publish(
                self._hass, downlink_topic(self._prefix, owner), payload, _QOS, False
            )
        except HomeAssistantError as err:
            # Connected a moment ago: the message is in the client's queue by now.
            LOGGER.debug("Sending to %s was not confirmed: %s", owner, err)
        return True

    @callback
    def _on_message(self, message: mqtt.ReceiveMessage) -> None:
        """Read a message; one that is broken disturbs nothing else."""
        if message.retain:
            # Retained is old: no sign of life, no version of today.
            self.faults["retained message"] += 1
            return
        # Kept for the log only as long as an honest sender's name may be
        sender = message.topic[:MAX_ID_LENGTH]
        try:
            sender = sender_of(self._prefix, message.topic)
            payload = message.payload
            uplink = read_uplink(
                sender, payload.encode() if isinstance(payload, str) else bytes(payload)
            )
        except ProtocolError as err:
            self.report_fault(sender, str(err))
            return
        for fault in uplink.faults:
            self.report_fault(sender, fault)
        self._on_uplink(uplink)
