"""What all entities of a device have in common."""

from unittest.mock import patch

from homeassistant.components.update.const import DOMAIN as UPDATE
from homeassistant.helpers import entity_registry as er
import pytest

from tests.integration.home import Home


@pytest.fixture(autouse=True)
async def ready(home: Home) -> None:
    """Have one device, which fills a home that has room for it alone."""
    with patch("custom_components.mqtt_ota.entity.FULLY_SHOWN_DEVICES", 1):
        await home.start()
        await home.report()
        await home.report("weather_2")


def disabled(home: Home, device_id: str) -> dict[str, bool]:
    """Return which entities of a device are disabled, by their domain."""
    entries = er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    return {
        entry.domain: entry.disabled
        for entry in entries
        if entry.unique_id.startswith(f"{device_id}_")
    }


def test_first_devices_show_everything(home: Home) -> None:
    """An ordinary home never comes near Home Assistant's limit."""
    shown = disabled(home, "weather_1")
    assert len(shown) == 5
    assert [domain for domain, is_off in shown.items() if is_off] == ["binary_sensor"]


def test_more_devices_show_at_least_their_updates(home: Home) -> None:
    """The limit must not leave a device without what upgrades it."""
    shown = disabled(home, "weather_2")
    assert not shown.pop(UPDATE)
    assert len(shown) == 4
    assert all(shown.values())
