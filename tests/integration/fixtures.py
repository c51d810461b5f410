"""Fixtures of the integration's surroundings: a depot and an MQTT broker's client."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any
from unittest.mock import MagicMock, Mock, patch

from freezegun import freeze_time
from freezegun.api import real_monotonic
from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.mqtt_ota import catch_up, depot_mirror, listeners, pacing, performer
from tests.integration.fake_depot import FakeDepot, make_package
from tests.integration.home import STARTED_AT, Home


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


@pytest.fixture
async def home(
    hass: HomeAssistant,
    depot: FakeDepot,
    quick_broker: None,
    quick_pauses: None,
    mqtt_ready: MagicMock,
    mqtt_client_mock: MagicMock,
    hass_storage: dict[str, Any],
) -> AsyncGenerator[Home]:
    """Return a home whose integration is configured, but not set up yet.

    Its clock is frozen, but not the event loop's: sockets need that one.
    """
    with patch.object(hass.loop, "time", real_monotonic), freeze_time(STARTED_AT) as clock:
        home = Home(hass=hass, broker=mqtt_ready, paho=mqtt_client_mock, depot=depot, clock=clock)
        yield home
        if home.entry.state is ConfigEntryState.LOADED:
            await home.stop()


@pytest.fixture
def quick_broker() -> Generator[None]:
    """Subscribe at once: Home Assistant gathers subscriptions for half a second."""
    client = "homeassistant.components.mqtt.client"
    with (
        patch(f"{client}.INITIAL_SUBSCRIBE_COOLDOWN", 0.0),
        patch(f"{client}.SUBSCRIBE_COOLDOWN", 0.0),
        patch(f"{client}.DISCOVERY_COOLDOWN", 0.0),
    ):
        yield


@pytest.fixture
def quick_pauses() -> Generator[None]:
    """Try again at once."""
    with (
        patch.object(catch_up, "_REFRESH_PAUSE", 0.0),
        patch.object(pacing, "_PAUSE", 0.0),
        patch.object(listeners, "_PLACES_PAUSE", 0.0),
        patch.object(depot_mirror, "_FIRST_RETRY", 0.01),
        patch.object(depot_mirror, "_LONGEST_RETRY", 0.05),
        patch.object(performer, "_GRANT_PAUSE", 0.02),
    ):
        yield


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare states and registry entries without what differs in each run."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def two_packages(home: Home) -> None:
    """Offer firmware and software for the model `weather`."""
    home.depot.packages += [
        make_package(),
        make_package(id="pkg2", kind="software", version="2.1", source_versions=[]),
    ]
