"""The actions of the integration."""

from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.mqtt_ota.const import DOMAIN
from tests.integration.fake_depot import make_package
from tests.integration.home import Home


async def _cancel(home: Home, context: Context | None = None) -> None:
    """Call the action as an automation does."""
    await home.hass.services.async_call(
        DOMAIN,
        "cancel",
        {ATTR_ENTITY_ID: home.entity_id()},
        blocking=True,
        context=context,
    )
    await home.settle()


async def test_actions_are_there_before_any_depot_is(hass: HomeAssistant) -> None:
    """An automation that uses them must not break because the depot is away."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert hass.services.has_service(DOMAIN, "cancel")


async def test_cancel_gives_up_an_upgrade_that_waits(home: Home) -> None:
    """Who pressed Install by mistake on a sleeping device does not wait for a day."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    await home.install()
    assert home.stage() == "waiting_online"

    await _cancel(home)

    assert home.stage() == "cancelled"
    assert home.state().attributes["in_progress"] is False
    await home.report()
    assert home.sent_upgrades() == []


async def test_cancel_takes_the_download_right_back(home: Home) -> None:
    """The token of a cancelled upgrade is of no use to anybody."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    await home.install_and_notify()
    grant = home.task().grant
    assert grant is not None

    await _cancel(home)

    revocation = ("DELETE", f"/api/v1/grants/{grant.id}")
    await home.until(lambda: revocation in home.depot.requests, "revocation")


async def test_cancel_without_an_upgrade_says_so(home: Home) -> None:
    """Nothing to cancel is an error of whoever calls, not silence."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    with pytest.raises(ServiceValidationError) as raised:
        await _cancel(home)
    assert raised.value.translation_key == "nothing_to_cancel"


async def test_cancel_is_for_administrators(home: Home) -> None:
    """Who may not install may not cancel."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    await home.install()
    user = MockUser(groups=[]).add_to_hass(home.hass)
    with pytest.raises(Unauthorized):
        await _cancel(home, Context(user_id=user.id))
    assert home.stage() == "waiting_online"
