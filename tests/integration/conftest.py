"""A Home Assistant that knows the integration."""

import pytest

# Home Assistant looks for integrations in the first `custom_components` that was imported;
# without this line that is the test plugin's own.
import custom_components.mqtt_ota  # noqa: F401

from .fixtures import (
    depot,
    home,
    mqtt_ready,
    quick_broker,
    quick_pauses,
    refused_handshakes,
    snapshot,
    two_packages,
)

__all__ = [
    "depot",
    "home",
    "mqtt_ready",
    "quick_broker",
    "quick_pauses",
    "refused_handshakes",
    "snapshot",
    "two_packages",
]


@pytest.fixture(autouse=True)
def _integration_enabled(enable_custom_integrations: None) -> None:
    """Let Home Assistant load the integration."""
