"""Fixtures of the integration's surroundings: a depot and an MQTT broker's client."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from unittest.mock import MagicMock, Mock

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant
import pytest

from tests.integration.fake_depot import FakeDepot


@pytest.fixture
async def depot(socket_enabled: None) -> AsyncGenerator[FakeDepot]:
    """Run a depot without TLS."""
    depot = FakeDepot()
    await depot.async_start()
    yield depot
    await depot.async_stop()


@pytest.fixture
async def refused_handshakes(hass: HomeAssistant) -> AsyncGenerator[list[object]]:
    """Collect what a server on our loop says when we refuse its certificate.

    Home Assistant's fixture would take it for an error of the integration.
    """
    refused: list[object] = []
    outer = hass.loop.get_exception_handler()
    assert outer is not None

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context["message"].startswith("Error on transport creation"):
            refused.append(context.get("exception"))
        else:
            outer(loop, context)

    hass.loop.set_exception_handler(handle)
    yield refused
    hass.loop.set_exception_handler(outer)


@pytest.fixture
async def mqtt_ready(
    hass: HomeAssistant, mqtt_mock: MagicMock, mqtt_client_mock: MagicMock
) -> AsyncGenerator[MagicMock]:
    """Set MQTT up and connected; end its timer, which would count as left behind."""
    yield mqtt_mock
    # In this order: a client that is still wanted would begin to reconnect
    for entry in hass.config_entries.async_loaded_entries(mqtt.DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)
    closed = Mock(fileno=Mock(return_value=-1))
    mqtt_client_mock.on_socket_close(mqtt_client_mock, None, closed)
