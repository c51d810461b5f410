"""The broker: does it let Home Assistant hear the devices at all.

Mosquitto drops without a word what an access list forbids, subscriptions as well as
messages. So a message of our own shows whether anything could come through.
"""

from datetime import datetime, timedelta
from secrets import token_hex
from typing import Final

from homeassistant.components import mqtt
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER, PROBE_ID
from ..protocol import uplink_filter
from .registry import Issue, clear_issue, raise_issue
from .watch import Watch

_QOS: Final = 1
# Subscriptions are sent some time after the connection.
_SETTLING: Final = timedelta(seconds=30)
_ANSWER_PATIENCE: Final = timedelta(seconds=30)
_PAUSE: Final = timedelta(minutes=10)


class TopicsWatch(Watch):
    """Sends a message to itself while nothing has been heard on a connection.

    Any message proves that the topics are open, so a home in which devices talk is never
    disturbed, nor one whose access list lets Home Assistant only read what devices send.
    """

    _connected_at: datetime
    _heard_before = 0
    _probe_at: datetime | None = None

    @callback
    def start(self) -> list[CALLBACK_TYPE]:
        """Begin anew with each connection: the access list may be another one by then."""
        self._connected_at = dt_util.utcnow()
        self._heard_before = self._manager.messenger.heard
        return [mqtt.async_subscribe_connection_status(self._hass, self._on_connection)]

    @callback
    def look(self, now: datetime) -> None:
        """Probe, or judge what became of the probe."""
        messenger = self._manager.messenger
        if messenger.heard != self._heard_before:
            clear_issue(self._hass, Issue.TOPICS_HIDDEN)
        elif not messenger.is_connected or now - self._connected_at < _SETTLING:
            return
        elif self._probe_at is None or now - self._probe_at >= _PAUSE:
            self._probe_at = now
            self._entry.async_create_background_task(
                self._hass, self._async_probe(), f"{DOMAIN}: probe the topics", eager_start=True
            )
        elif now - self._probe_at >= _ANSWER_PATIENCE:
            prefix = self._manager.options.topic_prefix
            raise_issue(
                self._hass,
                Issue.TOPICS_HIDDEN,
                {
                    "topic": uplink_filter(prefix),
                    "rule": f"topic readwrite {prefix}/#",
                    "device_rule": f"pattern readwrite {prefix}/%u/#",
                },
            )

    async def _async_probe(self) -> None:
        """Send a message that is no device's; the messenger counts it and drops it."""
        heard = uplink_filter(self._manager.options.topic_prefix)
        probe = heard.replace("+", f"{PROBE_ID}_{token_hex(4)}")
        try:
            await mqtt.async_publish(self._hass, probe, "{}", _QOS, False)
        except HomeAssistantError as err:
            LOGGER.debug("The probe of the topics was not sent: %s", err)

    @callback
    def _on_connection(self, connected: bool) -> None:
        """Forget what was heard on the connection before."""
        self._connected_at = dt_util.utcnow()
        self._heard_before = self._manager.messenger.heard
        self._probe_at = None
