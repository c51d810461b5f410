"""Tests of the discovery over MQTT: a message on one topic offers the set-up."""

from collections.abc import AsyncGenerator
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_MQTT, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from homeassistant.loader import async_get_integration
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_mqtt_message

from custom_components.mqtt_ota.const import DOMAIN
from tests.integration.fake_depot import API_KEY, DEPOT_ID, FakeDepot

TOPIC = "mqtt_ota/discover"


@pytest.fixture(autouse=True)
async def no_setup(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[None]:
    """Test the flow alone; the entry's set-up has tests of its own."""
    with patch("custom_components.mqtt_ota.async_setup_entry", return_value=True):
        yield


async def announce(hass: HomeAssistant, payload: str = "weather_1") -> ConfigFlowResult:
    """Hand the flow a message as Home Assistant does."""
    message = MqttServiceInfo(
        topic=TOPIC, payload=payload, qos=0, retain=False, subscribed_topic=TOPIC, timestamp=0.0
    )
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_MQTT}, data=message
    )


async def test_topic_is_one_without_wildcard(hass: HomeAssistant) -> None:
    """Home Assistant remembers a message per topic for ever, so there is only one topic."""
    integration = await async_get_integration(hass, DOMAIN)
    assert integration.mqtt == [TOPIC]


@pytest.mark.usefixtures("mqtt_ready", "quick_broker")
async def test_announcement_reaches_the_flow(hass: HomeAssistant) -> None:
    """What anybody publishes there becomes one offer on the integrations page."""
    for payload in ("weather_1", "weather_2"):
        async_fire_mqtt_message(hass, TOPIC, payload)
        await hass.async_block_till_done(wait_background_tasks=True)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["handler"] == DOMAIN
    assert flow["step_id"] == "user"


@pytest.mark.usefixtures("mqtt_ready")
async def test_set_up_after_discovery(hass: HomeAssistant, depot: FakeDepot) -> None:
    """The user says which depot; the message names none, for anybody may have sent it."""
    result = await announce(hass, '{"url": "http://192.0.2.66"}')
    assert result["type"] is FlowResultType.FORM
    schema = result["data_schema"]
    assert schema is not None
    assert all((key.description or {}).get("suggested_value") is None for key in schema.schema)

    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"url": depot.url, "api_key": API_KEY}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == DEPOT_ID


@pytest.mark.usefixtures("mqtt_ready")
async def test_discovery_when_configured(hass: HomeAssistant) -> None:
    """There is one depot, so nothing more is offered."""
    MockConfigEntry(domain=DOMAIN, unique_id=DEPOT_ID).add_to_hass(hass)
    result = await announce(hass)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "single_instance_allowed"


@pytest.mark.usefixtures("mqtt_ready")
async def test_an_ignored_offer_does_not_come_back(hass: HomeAssistant) -> None:
    """An offer that was ignored does not come back."""
    await announce(hass)
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": DOMAIN, "title": "MQTT OTA"},
    )
    result = await announce(hass, "weather_2")
    assert result["type"] is FlowResultType.ABORT
    assert hass.config_entries.flow.async_progress() == []


@pytest.mark.usefixtures("mqtt_ready")
async def test_an_empty_announcement_offers_nothing(hass: HomeAssistant) -> None:
    """An empty message only takes a retained one back."""
    result = await announce(hass, "")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "no_announcement"
