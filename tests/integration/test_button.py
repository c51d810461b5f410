"""The button that asks a device what it runs."""

from homeassistant.components.button.const import DOMAIN as BUTTON, SERVICE_PRESS
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from homeassistant.helpers import entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from tests.integration.home import Home
from tests.integration.views import delete, entity_id, shown


@pytest.fixture(autouse=True)
async def ready(home: Home) -> None:
    """Have a device."""
    await home.start()
    await home.report()
    home.forget_sent()


async def press(home: Home) -> None:
    """Press the button."""
    button = entity_id(home, BUTTON, "check_version")
    await home.hass.services.async_call(
        BUTTON, SERVICE_PRESS, {ATTR_ENTITY_ID: button}, blocking=True
    )
    await home.settle()


async def test_a_press_sends_one_question(home: Home) -> None:
    """It sends one question; the answer comes by itself."""
    await press(home)
    assert home.sent_types() == ["version_query"]


async def test_one_for_each_device(home: Home, snapshot: SnapshotAssertion) -> None:
    """A kind that is reported later adds no second button."""
    await home.report(software="2.0")
    await home.report("weather_2")
    entries = er.async_entries_for_config_entry(er.async_get(home.hass), home.entry.entry_id)
    assert sorted(entry.entity_id for entry in entries if entry.domain == BUTTON) == snapshot


async def test_renamed_and_forgotten(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever becomes of the button, there is one of it, and it works."""
    registry = er.async_get(home.hass)
    registry.async_update_entity(
        entity_id(home, BUTTON, "check_version"), new_entity_id="button.ask_it"
    )
    await home.settle()
    await home.report(software="2.0")
    await press(home)
    assert home.sent_types() == ["version_query"]
    await delete(home)
    await home.report(software="2.0")
    home.forget_sent()
    await press(home)
    assert home.sent_types() == ["version_query"]
    assert "does not generate unique IDs" not in caplog.text


async def test_without_a_broker(home: Home) -> None:
    """There is nobody to ask, which the page shows."""
    button = entity_id(home, BUTTON, "check_version")
    home.broker_goes_away()
    await home.settle()
    assert shown(home, button).state == STATE_UNAVAILABLE
    await press(home)
    assert home.sent == []
    await home.broker_returns()
    assert shown(home, button).state != STATE_UNAVAILABLE
