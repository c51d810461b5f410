"""Constants shared by the modules of the integration."""

from enum import StrEnum
import logging
from typing import Final

DOMAIN: Final = "mqtt_ota"
LOGGER: Final = logging.getLogger(__package__)

# Keys of the config entry's data, beside Home Assistant's own url and api_key
CONF_APP: Final = "app"
CONF_CERTIFICATE: Final = "certificate"
CONF_FINGERPRINT: Final = "fingerprint"

EVENT_TASK_CHANGED: Final = f"{DOMAIN}_task_changed"

# Depot API versions that the integration speaks: OLDEST..API_VERSION
API_VERSION: Final = 1
OLDEST_API_VERSION: Final = 1

DEFAULT_DEPOT_PORT: Final = 8443

# How the id begins under which Home Assistant asks the broker whether it hears devices
PROBE_ID: Final = "mqtt_ota_probe"


class PackageKind(StrEnum):
    """What a package replaces on the device; the value is the word on the wire."""

    FIRMWARE = "firmware"
    SOFTWARE = "software"
