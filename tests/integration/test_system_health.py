"""The page with the system information."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.mqtt_ota.const import DOMAIN
from tests.integration.fake_depot import make_info, make_package
from tests.integration.home import Home
from tests.meta.files import INTEGRATION


@pytest.fixture(autouse=True)
async def page(hass: HomeAssistant) -> None:
    """Set the page up."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()


async def info_of(home: Home) -> dict[str, Any]:
    """Return what the page shows."""
    info: dict[str, Any] = await get_system_health_info(home.hass, DOMAIN)
    return info


async def test_all_is_well(home: Home) -> None:
    """Whether upgrades can work can be seen at a glance."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    await home.install()
    await home.until(lambda: home.manager.depot_info, "description of the depot")
    info = await info_of(home)
    texts = json.loads((INTEGRATION / "translations/en.json").read_text(encoding="utf-8"))
    assert list(info) == list(texts["system_health"]["info"])
    assert info == {
        "running": True,
        "depot": "ok",
        "depot_version": "0.1.0",
        "depot_device_url": "https://192.168.1.20:8443",
        "broker_connected": True,
        "topic_prefix": "$oc/devices",
        "devices": 1,
        "packages": 1,
        "live_tasks": 1,
    }


async def test_an_address_that_even_the_depot_does_not_reach(home: Home) -> None:
    """It is shown as a failure, with what the depot met with."""
    check = {"reachable": False, "detail": "no answer"}
    home.depot.info = make_info(device_url_check=check)
    await home.start()
    await home.until(lambda: home.manager.depot_info, "description of the depot")
    info = await info_of(home)
    assert info["depot_device_url"] == {
        "type": "failed",
        "error": "https://192.168.1.20:8443: no answer",
    }


async def test_all_is_away(home: Home) -> None:
    """A depot that is away is shown as a failure, with the reason."""
    await home.start()
    await home.depot_goes_away()
    home.broker_goes_away()
    info = await info_of(home)
    assert info["depot"]["type"] == "failed"
    assert info["depot"]["error"]
    assert info["broker_connected"] is False
    await home.broker_returns()


async def test_little_is_told_while_nothing_runs(home: Home) -> None:
    """Before the set-up, and without the depot at a start, there is little to show."""
    await home.start()
    await home.stop()
    assert await info_of(home) == {"running": False}
