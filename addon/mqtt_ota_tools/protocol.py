"""The words of the device protocol that both sides of it need."""

from enum import StrEnum
import json
from typing import Final

SERVICE: Final = "$ota"
MAX_PAYLOAD: Final = 64 * 1024
MAX_DEVICE_ID: Final = 256
MAX_TEXT: Final = 256
VERSION_FIELDS: Final = {"firmware": "fw_version", "software": "sw_version"}


class Kind(StrEnum):
    """What a package replaces on the device."""

    FIRMWARE = "firmware"
    SOFTWARE = "software"


def topics(prefix: str, device_id: str) -> tuple[str, str]:
    """Return the topics down to the device and up from it."""
    return f"{prefix}/{device_id}/sys/events/down", f"{prefix}/{device_id}/sys/events/up"


def compact(message: object) -> bytes:
    """Return JSON without a superfluous byte: small devices have small buffers."""
    return json.dumps(message, separators=(",", ":")).encode()


def is_device_id(text: str) -> bool:
    """Return whether a text is a device id that fits into a topic."""
    return 0 < len(text) <= MAX_DEVICE_ID and text.isprintable() and not set(text) & set("/+#")


def printable(text: str) -> str:
    """Return what can be shown on a terminal without harm."""
    return "".join(char for char in text[:MAX_TEXT] if char.isprintable()).strip()
