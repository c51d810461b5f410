"""Hears the topics on which a broker or a device tells whether the device is there."""

from collections.abc import Callable

from homeassistant.components import mqtt
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from .options import DEVICE_ID_PLACEHOLDER, Options

_QOS = 1


async def async_subscribe_availability(
    hass: HomeAssistant, options: Options, on_told: Callable[[str, bool], None]
) -> CALLBACK_TYPE | None:
    """Tell `on_told` of every device id and whether it is online; None without such a topic.

    A retained message counts here: it is what the broker has for those that come later.
    """
    template = options.availability_topic
    if template is None:
        return None
    level = template.split("/").index(DEVICE_ID_PLACEHOLDER)
    words = {
        options.payload_available.encode(): True,
        options.payload_not_available.encode(): False,
    }

    @callback
    def on_message(message: mqtt.ReceiveMessage) -> None:
        """Pass on what is one of the two words; a device may say other things there."""
        payload = message.payload
        raw = payload.encode() if isinstance(payload, str) else bytes(payload)
        if (online := words.get(raw)) is not None:
            on_told(message.topic.split("/")[level], online)

    return await mqtt.async_subscribe(
        hass, template.replace(DEVICE_ID_PLACEHOLDER, "+"), on_message, _QOS, encoding=None
    )
