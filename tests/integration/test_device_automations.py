"""Triggers and conditions of devices, in automations as users write them."""

from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.components.device_automation import DeviceAutomationType
from homeassistant.core import ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_get_device_automations
from syrupy.assertion import SnapshotAssertion

from custom_components.mqtt_ota.const import DOMAIN, PackageKind
from tests.integration.home import Home
from tests.integration.views import registered


@pytest.fixture(autouse=True)
async def ready(home: Home, two_packages: None) -> None:
    """Offer both kinds to a device that has both."""
    await home.start()
    await home.report(software="2.0")


async def offered(home: Home, automation_type: DeviceAutomationType) -> list[dict[str, Any]]:
    """Return what the page offers of our own for a device."""
    device_id = registered(home).id
    found = await async_get_device_automations(home.hass, automation_type, device_id)
    return [
        {key: value for key, value in automation.items() if key not in ("device_id", "metadata")}
        for automation in found
        if automation["domain"] == DOMAIN
    ]


async def automate(home: Home, **automation: Any) -> None:
    """Set an automation up that calls `test.automation`."""
    action = {"action": "test.automation", "data": {"to": "{{ trigger.event.data.state }}"}}
    assert await async_setup_component(
        home.hass, AUTOMATION, {AUTOMATION: {"actions": [action], **automation}}
    )
    await home.settle()


def trigger(home: Home, trigger_type: str, kind: PackageKind) -> dict[str, str]:
    """Return a trigger of the device."""
    return {
        "trigger": "device",
        "domain": DOMAIN,
        "device_id": registered(home).id,
        "type": trigger_type,
        "subtype": kind,
    }


def condition(home: Home, condition_type: str) -> dict[str, str]:
    """Return a condition of the device."""
    return {
        "condition": "device",
        "domain": DOMAIN,
        "device_id": registered(home).id,
        "type": condition_type,
    }


async def test_every_type_is_offered_for_each_kind(home: Home, snapshot: SnapshotAssertion) -> None:
    """Every type for each of the device's kinds."""
    assert await offered(home, DeviceAutomationType.TRIGGER) == snapshot(name="triggers")
    assert await offered(home, DeviceAutomationType.CONDITION) == snapshot(name="conditions")


async def test_only_the_kinds_that_there_are(home: Home) -> None:
    """A device without software can't wait for it."""
    await home.report("lamp_7")
    device_id = registered(home, "lamp_7").id
    for automation_type in (DeviceAutomationType.TRIGGER, DeviceAutomationType.CONDITION):
        found = await async_get_device_automations(home.hass, automation_type, device_id)
        assert found
        assert not any("software" in str(automation) for automation in found)


@pytest.mark.parametrize(
    ("trigger_type", "states"),
    [
        ("requested", ["queued"]),
        ("waiting_online", ["waiting_online"]),
        ("started", ["awaiting_download"]),
        ("failed", ["failed"]),
        ("succeeded", []),
        ("cancelled", []),
        ("changed", ["queued", "waiting_online", "queued", "awaiting_download", "failed"]),
    ],
)
async def test_each_trigger_fires_at_its_own_moment(
    home: Home, service_calls: list[ServiceCall], trigger_type: str, states: list[str]
) -> None:
    """Each fires at its moment of an upgrade that fails, and at no other."""
    home.hass.services.async_register("test", "automation", lambda _call: None)
    await automate(
        home, triggers=[trigger(home, trigger_type, PackageKind.FIRMWARE)], mode="queued"
    )
    await home.report("weather_2")
    await home.install("weather_2")
    await home.install(kind=PackageKind.SOFTWARE)
    home.manager.cancel(home.task(kind=PackageKind.SOFTWARE).id)
    await home.install_and_notify()
    await home.report_progress(result_code=4)
    calls = [call.data["to"] for call in service_calls if call.domain == "test"]
    assert calls == states


async def test_each_condition_is_true_at_its_own_moment(
    home: Home, service_calls: list[ServiceCall]
) -> None:
    """Each is true of its own moment only."""
    types = ["firmware_update_available", "firmware_is_upgrading", "firmware_last_upgrade_failed"]
    actions = [
        {"if": [condition(home, name)], "then": {"action": "test.automation", "data": {"is": name}}}
        for name in types
    ]
    home.hass.services.async_register("test", "automation", lambda _call: None)
    await automate(home, triggers=[{"trigger": "event", "event_type": "ask"}], actions=actions)

    async def true_now() -> list[str]:
        """Ask all of them."""
        service_calls.clear()
        home.hass.bus.async_fire("ask")
        await home.settle()
        return [call.data["is"] for call in service_calls if call.domain == "test"]

    assert await true_now() == ["firmware_update_available"]
    await home.install(kind=PackageKind.SOFTWARE)
    assert await true_now() == ["firmware_update_available"]
    home.manager.cancel(home.task(kind=PackageKind.SOFTWARE).id)
    await home.install_and_notify()
    assert await true_now() == ["firmware_update_available", "firmware_is_upgrading"]
    await home.report_progress(result_code=4)
    assert await true_now() == ["firmware_update_available", "firmware_last_upgrade_failed"]
    await home.report(firmware="1.4.0", software="2.0")
    assert await true_now() == ["firmware_last_upgrade_failed"]


async def test_nobody_to_ask(
    home: Home, service_calls: list[ServiceCall], caplog: pytest.LogCaptureFixture
) -> None:
    """An automation does not go on with a guess while the integration is not loaded."""
    home.hass.services.async_register("test", "automation", lambda _call: None)
    await automate(
        home,
        triggers=[{"trigger": "event", "event_type": "ask"}],
        conditions=[condition(home, "firmware_is_upgrading")],
    )
    await home.stop()
    home.hass.bus.async_fire("ask")
    await home.settle()
    assert not service_calls
    assert "MQTT OTA is not running" in caplog.text
    assert await offered(home, DeviceAutomationType.CONDITION) == []
    assert await offered(home, DeviceAutomationType.TRIGGER) == []
