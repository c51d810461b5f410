"""The update entities: what users see and press."""

from typing import Any

from homeassistant.components.homeassistant import (
    DOMAIN as HOMEASSISTANT,
    SERVICE_UPDATE_ENTITY,
)
from homeassistant.components.update import DOMAIN as UPDATE
from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.mqtt_ota.const import DOMAIN, PackageKind
from custom_components.mqtt_ota.upgrade import CAUSES
from tests.integration.fake_depot import make_package
from tests.integration.home import Home
from tests.integration.views import registered


@pytest.fixture(autouse=True)
async def ready(home: Home) -> None:
    """Offer firmware to a device that has both kinds."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report(software="2.0")


async def call(home: Home, service: str, domain: str = UPDATE) -> None:
    """Call an action on the firmware's entity."""
    await home.hass.services.async_call(
        domain, service, {ATTR_ENTITY_ID: home.entity_id()}, blocking=True
    )
    await home.settle()


async def release_notes(home: Home, ws_client: WebSocketGenerator) -> str | None:
    """Return what the page shows below the versions."""
    client = await ws_client(home.hass)
    await client.send_json_auto_id({"type": "update/release_notes", "entity_id": home.entity_id()})
    answer = await client.receive_json()
    notes: str | None = answer["result"]
    return notes


async def test_offered_and_idle(home: Home, snapshot: SnapshotAssertion) -> None:
    """One kind has a package, the other has none."""
    assert home.state() == snapshot(name="offered")
    assert home.state(kind=PackageKind.SOFTWARE) == snapshot(name="idle")


async def test_an_upgrade_waits_for_a_device_that_is_away(
    home: Home, snapshot: SnapshotAssertion
) -> None:
    """The button was pressed and the device is away."""
    await home.install()
    assert home.state() == snapshot


async def test_bar_shows_what_the_depot_served(home: Home, snapshot: SnapshotAssertion) -> None:
    """The bar shows what the depot served."""
    await home.install_and_notify()
    await home.transfer(bytes_served=435)
    assert home.state() == snapshot
    assert home.state().attributes["update_percentage"] == 42


async def test_cause_stays_until_the_next_attempt(home: Home, snapshot: SnapshotAssertion) -> None:
    """The cause stays until the next attempt."""
    await home.install_and_notify()
    await home.report_progress(result_code=4)
    assert home.state() == snapshot


async def test_names_and_ids_stay_as_they_are(
    home: Home, snapshot: SnapshotAssertion, entity_registry: er.EntityRegistry
) -> None:
    """Names, ids and classes, which nobody may change without need: they are users' automations."""
    device = registered(home)
    assert device.identifiers == {(DOMAIN, "weather_1")}
    assert (device.name, device.model, device.sw_version, device.serial_number) == (
        "weather_1",
        "weather",
        "1.3.0",
        "weather_1",
    )
    entries = er.async_entries_for_config_entry(entity_registry, home.entry.entry_id)
    assert {
        entry.unique_id: (
            entry.entity_id,
            entry.original_name,
            entry.original_device_class,
            entry.entity_category,
            entry.translation_key,
        )
        for entry in entries
    } == snapshot


async def test_the_registry_follows(home: Home) -> None:
    """The device's page shows the new version and a model that was named late."""
    await home.report(firmware="1.4.0", software="2.0", model="station")
    assert (registered(home).model, registered(home).sw_version) == ("station", "1.4.0")


async def test_behind_a_gateway(home: Home) -> None:
    """The device's page leads to its gateway, and to the next one when it has moved."""
    await home.report("lamp_7", gateway="gate_1")
    assert registered(home, "lamp_7").via_device_id == registered(home, "gate_1").id
    await home.report("lamp_7")
    assert registered(home, "lamp_7").via_device_id is None


async def test_the_bar_never_goes_back(home: Home) -> None:
    """Neither a depot that counts anew nor a device with a view of its own moves it back."""
    await home.install_and_notify()
    await home.transfer(bytes_served=435)
    await home.transfer(bytes_served=100)
    await home.report_progress(progress=20)
    assert home.state().attributes["update_percentage"] == 42
    await home.report_progress(progress=60)
    assert home.state().attributes["update_percentage"] == 60


async def test_small_steps_write_nothing(home: Home) -> None:
    """The recorder keeps a row for each change: the bar moves in whole per cent."""
    await home.install_and_notify()
    await home.transfer(bytes_served=431)
    changes = async_capture_events(home.hass, "state_changed")
    await home.transfer(bytes_served=434)
    await home.transfer(bytes_served=438)
    assert changes == []
    await home.transfer(bytes_served=520)
    assert len(changes) == 1


async def test_skip_and_clear(home: Home) -> None:
    """A skipped version is quiet until a newer one comes, or until it is taken back."""
    await call(home, "skip")
    assert home.state().state == STATE_OFF
    assert home.state().attributes["skipped_version"] == "1.4.0"
    await call(home, "clear_skipped")
    assert home.state().state == STATE_ON
    await call(home, "skip")
    await home.add_package(id="pkg5", version="1.5.0")
    assert home.state().state == STATE_ON
    assert home.state().attributes["latest_version"] == "1.5.0"


async def test_notes_of_the_package_are_shown(
    home: Home, hass_ws_client: WebSocketGenerator
) -> None:
    """The package's own notes are shown."""
    assert await release_notes(home, hass_ws_client) == "Better *wind*."


async def test_release_notes_after_a_failure(
    home: Home, hass_ws_client: WebSocketGenerator
) -> None:
    """Why it failed and what to do stands above the notes."""
    await home.install_and_notify()
    await home.report_progress(result_code=4, description="3.1 V")
    assert await release_notes(home, hass_ws_client) == (
        "<ha-alert alert-type='error' title='Battery low'>The device's battery is too low for an "
        "upgrade. Charge the device or replace its battery and install again."
        "<br>Words of the device: 3\\.1 V<br>Result code: 4</ha-alert>\n\nBetter *wind*."
    )


async def test_release_notes_after_a_cancel(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """What somebody gave up needs no alert."""
    await home.install()
    home.manager.cancel(home.task().id)
    await home.settle()
    assert await release_notes(home, hass_ws_client) == "Better *wind*."


async def test_a_device_writes_no_markup(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """Whoever may publish could otherwise put links and images into the page."""
    await home.install_and_notify()
    await home.report_progress(
        result_code=4, description="</ha-alert>![x](http://evil.example/) www.evil.example"
    )
    notes = await release_notes(home, hass_ws_client)
    assert notes is not None
    assert "\\<\\/ha\\-alert\\>\\!\\[x\\]\\(http\\:\\/\\/evil\\.example\\/\\) www\\.evil" in notes
    assert notes.count("</ha-alert>") == 1


async def test_no_release_notes(home: Home, hass_ws_client: WebSocketGenerator) -> None:
    """A device that runs a version which the depot does not know has nothing to tell."""
    await home.report(firmware="9.0", software="2.0")
    assert await release_notes(home, hass_ws_client) is None


def test_titles_fit_into_the_alert() -> None:
    """A quote in a title would end it."""
    assert not any("'" in text.message for text in CAUSES.values())


async def test_check_for_updates_asks_the_device(home: Home) -> None:
    """The page's button asks; the answer comes by itself."""
    assert await async_setup_component(home.hass, HOMEASSISTANT, {})
    home.forget_sent()
    await call(home, SERVICE_UPDATE_ENTITY, HOMEASSISTANT)
    assert home.sent_types() == ["version_query"]


async def test_check_for_updates_without_a_broker(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not look as if somebody had been asked."""
    assert await async_setup_component(home.hass, HOMEASSISTANT, {})
    home.broker_goes_away()
    await call(home, SERVICE_UPDATE_ENTITY, HOMEASSISTANT)
    assert "Home Assistant is not connected to the MQTT broker" in caplog.text
    assert "Traceback" not in caplog.text


async def test_without_a_broker(home: Home) -> None:
    """What a device runs now can't be known, and the page says so until the broker is back."""
    await home.install()
    home.broker_goes_away()
    await home.settle()
    assert home.state().state == STATE_UNAVAILABLE
    await home.broker_returns()
    assert home.state().state == STATE_ON
    assert home.state().attributes["in_progress"] is True


async def test_what_is_pinned(home: Home) -> None:
    """The page's button follows what is offered; a version of one's own choice stays."""
    await home.install()
    assert not home.task().pinned
    home.manager.cancel(home.task().id)
    # The page names the version that it shows
    await home.install(version="1.4.0")
    assert not home.task().pinned
    home.manager.cancel(home.task().id)
    await home.add_package(id="pkg0", version="1.2.0", source_versions=[])
    await home.install(version="1.2.0")
    assert home.task().pinned


async def test_nothing_to_install(home: Home) -> None:
    """Home Assistant refuses by itself where nothing is offered."""
    with pytest.raises(HomeAssistantError):
        await home.install(kind=PackageKind.SOFTWARE)
    assert home.stage(kind=PackageKind.SOFTWARE) is None


async def test_only_what_changed_is_written(home: Home, hass: HomeAssistant) -> None:
    """A package for one model is no news for the devices of others."""
    await home.report("lamp_7")
    changes: list[Any] = async_capture_events(hass, "state_changed")
    await home.add_package(id="pkg6", model="lamp", source_versions=[])
    assert {change.data["entity_id"] for change in changes} == {home.entity_id("lamp_7")}


async def test_one_device_has_no_picture(home: Home) -> None:
    """The integration's icon would look like the device's own."""
    assert "entity_picture" not in home.state().attributes
