"""The MQTT side: hears devices and speaks to them, through Home Assistant's own client."""

from collections import Counter
from collections.abc import Callable, Container
from functools import partial

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .const import LOGGER, PROBE_ID, PackageKind
from .devices import MAX_DEVICES, Device
from .protocol import (
    MAX_ID_LENGTH,
    Download,
    OtherEvent,
    ProtocolError,
    SubDeviceStatuses,
    Uplink,
    downlink_topic,
    other_uplink_filters,
    read_uplink,
    sender_of,
    uplink_filter,
    write_cell_query,
    write_status_response,
    write_upgrade,
    write_version_query,
)

_QOS = 1
# One sign of life more or less does not matter, and there may be many.
_OTHER_QOS = 0


class Messenger:
    """Reads what devices send and publishes commands, never retained, never twice."""

    def __init__(self, hass: HomeAssistant, prefix: str) -> None:
        """Prepare; nothing is heard yet."""
        self._hass = hass
        self._prefix = prefix
        self._unsubscribe: list[Callable[[], None]] = []
        self._told_faults: set[tuple[str, str]] = set()
        self.faults: Counter[str] = Counter()
        self.heard = 0

    @property
    def is_connected(self) -> bool:
        """Return whether a message would leave now."""
        return mqtt.is_connected(self._hass)

    async def async_start(
        self, on_uplink: Callable[[Uplink], None], on_ready: Callable[[], None]
    ) -> None:
        """Subscribe to what devices send; raises HomeAssistantError without MQTT.

        `on_ready` is called each time that devices can be heard again.
        """
        topic = uplink_filter(self._prefix)
        self._unsubscribe = [
            await mqtt.async_subscribe(
                self._hass, topic, partial(self._on_message, on_uplink), _QOS, encoding=None
            ),
            # An answer to a question asked before the broker knows our subscription
            # would be lost.
            mqtt.async_on_subscribe_done(self._hass, topic, _QOS, on_ready),
        ]
        for other in other_uplink_filters(self._prefix):
            self._unsubscribe.append(
                await mqtt.async_subscribe(
                    self._hass,
                    other,
                    partial(self._on_other_message, on_uplink),
                    _OTHER_QOS,
                    encoding=None,
                )
            )

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

    async def async_query_version(self, device_id: str, gateway_id: str | None) -> None:
        """Ask for the versions of a device, known or not."""
        query = write_version_query(device_id, dt_util.utcnow())
        await self._async_send(gateway_id or device_id, query)

    async def async_query_cell(self, device: Device) -> None:
        """Ask for a device's cell."""
        query = write_cell_query(device.id, dt_util.utcnow())
        await self._async_send(device.gateway_id or device.id, query)

    async def async_notify(
        self, device: Device, kind: PackageKind, download: Download
    ) -> int | None:
        """Hand a device its download; return the message's size, None when the broker is away.

        The topic counts: it shares the buffer of small devices with the message.
        """
        command = write_upgrade(device.id, kind, download, dt_util.utcnow())
        owner = device.gateway_id or device.id
        if not await self._async_send(owner, command):
            return None
        return len(downlink_topic(self._prefix, owner).encode()) + len(command)

    async def async_answer_statuses(
        self, gateway_id: str, statuses: SubDeviceStatuses, accepted: Container[str]
    ) -> None:
        """Tell a gateway of which of its devices it was believed."""
        answer = write_status_response(gateway_id, statuses, accepted, dt_util.utcnow())
        await self._async_send(gateway_id, answer)

    async def _async_send(self, owner: str, payload: bytes) -> bool:
        """Publish to a device on its topic, or on that of the gateway that it is behind."""
        # Home Assistant queues what is published while the broker is away, and would
        # send it once more with every attempt of ours.
        if not self.is_connected:
            return False
        try:
            await mqtt.async_publish(
                self._hass, downlink_topic(self._prefix, owner), payload, _QOS, False
            )
        except HomeAssistantError as err:
            # Connected a moment ago: the message is in the client's queue by now.
            LOGGER.debug("Sending to %s was not confirmed: %s", owner, err)
        return True

    @callback
    def _on_message(
        self, on_uplink: Callable[[Uplink], None], message: mqtt.ReceiveMessage
    ) -> None:
        """Read a message; one that is broken disturbs nothing else."""
        self.heard += 1
        if (sender := self._sender(message)) is None:
            return
        payload = message.payload
        try:
            uplink = read_uplink(
                sender, payload.encode() if isinstance(payload, str) else bytes(payload)
            )
        except ProtocolError as err:
            self.report_fault(sender, str(err))
            return
        for fault in uplink.faults:
            self.report_fault(sender, fault)
        on_uplink(uplink)

    @callback
    def _on_other_message(
        self, on_uplink: Callable[[Uplink], None], message: mqtt.ReceiveMessage
    ) -> None:
        """Take whatever a device sends as a sign of life."""
        if (sender := self._sender(message)) is not None:
            on_uplink(Uplink(device_id=sender, gateway_id=None, events=(OtherEvent(),)))

    def _sender(self, message: mqtt.ReceiveMessage) -> str | None:
        """Return the device whose topic a message came on; None for what is no news of one."""
        if message.retain:
            # Retained is old: no sign of life, no version of today.
            self.faults["retained message"] += 1
            return None
        try:
            sender = sender_of(self._prefix, message.topic)
        except ProtocolError as err:
            # Kept for the log only as long as an honest sender's name may be
            self.report_fault(message.topic[:MAX_ID_LENGTH], str(err))
            return None
        return None if sender.startswith(PROBE_ID) else sender
