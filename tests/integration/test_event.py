"""How upgrades ended, as an event entity."""

from datetime import timedelta

from homeassistant.components.event import DOMAIN as EVENT
from homeassistant.components.update import DOMAIN as UPDATE, SERVICE_INSTALL
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNKNOWN
from homeassistant.core import Context, State
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from syrupy.assertion import SnapshotAssertion

from tests.integration.fake_depot import make_package
from tests.integration.home import Home
from tests.integration.views import delete, entity_id, shown


@pytest.fixture(autouse=True)
async def ready(home: Home) -> None:
    """Offer firmware to a device."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()


def result(home: Home, device_id: str = "weather_1") -> State:
    """Return the state of a device's entity."""
    return shown(home, entity_id(home, EVENT, "upgrade_result", device_id))


async def succeed(home: Home) -> None:
    """Upgrade the device from start to end."""
    await home.install_and_notify()
    await home.transfer(bytes_served=1024, complete=True)
    await home.report("weather_1", "1.4.0")


async def test_nothing_is_shown_before_the_first_end(home: Home) -> None:
    """Before the first end there is nothing to show."""
    assert result(home).state == STATE_UNKNOWN


async def test_success_names_both_versions(home: Home, snapshot: SnapshotAssertion) -> None:
    """It names both versions."""
    await succeed(home)
    assert result(home) == snapshot


async def test_failure_says_why_and_what_to_do(home: Home, snapshot: SnapshotAssertion) -> None:
    """It says why, what to do, and what the device said."""
    await home.install_and_notify()
    await home.report_progress(result_code=4, description="3.1 V")
    assert result(home) == snapshot


async def test_giving_up_is_an_end(home: Home, snapshot: SnapshotAssertion) -> None:
    """Giving up is an end, too."""
    await home.install()
    home.manager.cancel(home.task().id)
    await home.settle()
    assert result(home) == snapshot


async def test_end_is_the_doing_of_who_asked(home: Home) -> None:
    """The name of the user stands there, and the state is that user's doing."""
    user = MockUser(name="Ada", is_owner=True).add_to_hass(home.hass)
    context = Context(user_id=user.id)
    await home.hass.services.async_call(
        UPDATE,
        SERVICE_INSTALL,
        {ATTR_ENTITY_ID: home.entity_id()},
        blocking=True,
        context=context,
    )
    await home.pass_time(timedelta(hours=26))
    state = result(home)
    assert state.attributes["requested_by"] == "Ada"
    assert state.attributes["cause"] == "online_timeout"
    assert (state.context.id, state.context.user_id) == (context.id, user.id)


async def test_only_the_own_ends(home: Home) -> None:
    """A device is not told of another one's."""
    await home.report("weather_2")
    await succeed(home)
    assert result(home, "weather_2").state == STATE_UNKNOWN


async def test_a_restart_repeats_nothing(home: Home) -> None:
    """What ended before is remembered, and is not told again."""
    await succeed(home)
    before = result(home)
    home.clock.tick(timedelta(hours=1))
    await home.restart()
    await home.report("weather_1", "1.4.0")
    assert result(home).state == before.state


async def test_a_forgotten_device_returns(home: Home) -> None:
    """It is told of again once it has reported anew."""
    await delete(home)
    await home.report()
    await succeed(home)
    assert result(home).attributes["event_type"] == "succeeded"
