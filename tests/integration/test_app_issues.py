"""What became of the depot's app: somebody stopped it, or removed it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock, MagicMock, patch

from aiohasupervisor import SupervisorError, SupervisorNotFoundError
from aiohasupervisor.models import AddonState as AppState
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mqtt_ota.const import CONF_APP, DOMAIN
from tests.integration.home import Home
from tests.integration.supervisor import SLUG
from tests.integration.test_repairs import Page

MINUTE = timedelta(minutes=1)


class Supervisor:
    """What the Supervisor says of the app: its state, None when it is not installed, or an error."""

    def __init__(self) -> None:
        """Know of an app that runs."""
        self.says: AppState | SupervisorError | None = AppState.STARTED
        self.client = MagicMock()
        self.client.store.addon_info = AsyncMock(side_effect=self._in_store)
        self.client.addons.addon_info = AsyncMock(side_effect=self._installed)
        self.client.addons.start_addon = AsyncMock()

    async def _in_store(self, slug: str) -> MagicMock:
        """Tell whether the app is installed."""
        assert slug == SLUG
        if isinstance(self.says, SupervisorError):
            raise self.says
        return MagicMock(installed=self.says is not None)

    async def _installed(self, slug: str) -> MagicMock:
        """Tell whether the app runs."""
        assert slug == SLUG
        return MagicMock(state=self.says)


@pytest.fixture
def supervisor(hass: HomeAssistant) -> Iterator[Supervisor]:
    """Run Home Assistant under a Supervisor."""
    hass.config.components.add("hassio")
    found = Supervisor()
    with patch(
        "homeassistant.components.hassio.addon_manager.get_supervisor_client",
        return_value=found.client,
    ):
        yield found


async def lose_app(home: Home) -> None:
    """Take the depot of an app away, for longer than a restart takes."""
    data = {**home.entry.data, CONF_APP: SLUG}
    home.hass.config_entries.async_update_entry(home.entry, data=data)
    await home.start()
    await home.report()
    await home.depot_goes_away()
    for _ in range(12):
        await home.pass_time(MINUTE)


def shown(home: Home) -> dict[str, Any]:
    """Return the issues with what they tell."""
    return {
        issue_id: entry.translation_placeholders
        for (domain, issue_id), entry in ir.async_get(home.hass).issues.items()
        if domain == DOMAIN and entry.active
    }


@pytest.mark.parametrize(
    ("says", "issue_id"),
    [
        (AppState.STOPPED, "app_stopped"),
        (AppState.ERROR, "app_stopped"),
        (None, "app_removed"),
        (SupervisorNotFoundError("no such app"), "app_removed"),
        (AppState.STARTED, "depot_unreachable"),
        (SupervisorError("busy"), "depot_unreachable"),
    ],
)
async def test_the_supervisor_knows_what_became_of_the_app(
    home: Home, supervisor: Supervisor, says: AppState | SupervisorError | None, issue_id: str
) -> None:
    """One issue says it, and vanishes when the depot is back."""
    supervisor.says = says
    await lose_app(home)
    assert shown(home).keys() == {issue_id}
    assert shown(home)[issue_id]["app"] == home.entry.title
    await home.depot_returns()
    assert shown(home) == {}


async def test_what_became_of_it_may_change(home: Home, supervisor: Supervisor) -> None:
    """An app that is stopped, then removed, then is there and does not answer."""
    supervisor.says = AppState.STOPPED
    await lose_app(home)
    supervisor.says = None
    await home.pass_time(MINUTE)
    assert shown(home).keys() == {"app_removed"}
    supervisor.says = AppState.STARTED
    await home.pass_time(MINUTE)
    assert shown(home).keys() == {"depot_unreachable"}


async def test_a_depot_of_another_origin_is_no_app(home: Home, supervisor: Supervisor) -> None:
    """Nobody asks the Supervisor about a depot that it did not bring."""
    supervisor.says = AppState.STOPPED
    await home.start()
    await home.report()
    await home.depot_goes_away()
    for _ in range(12):
        await home.pass_time(MINUTE)
    assert shown(home).keys() == {"depot_unreachable"}


@pytest.fixture
async def page(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, socket_enabled: None
) -> Page:
    """Open Home Assistant's page."""
    assert await async_setup_component(hass, "repairs", {})
    return Page(await hass_client())


async def test_a_click_starts_the_app(home: Home, supervisor: Supervisor, page: Page) -> None:
    """Somebody may have stopped it on purpose, so it is asked for."""
    supervisor.says = AppState.STOPPED
    await lose_app(home)
    form = await page.open("app_stopped")
    assert form["description_placeholders"] == {"app": home.entry.title}
    supervisor.client.addons.start_addon.assert_not_called()
    done = await page.submit(form)
    assert done["type"] == "create_entry"
    supervisor.client.addons.start_addon.assert_called_once_with(SLUG)


async def test_a_started_app_gets_its_time(home: Home, supervisor: Supervisor, page: Page) -> None:
    """That the depot can't be reached is no news while it starts."""
    supervisor.says = AppState.STOPPED
    await lose_app(home)
    form = await page.open("app_stopped")
    supervisor.says = AppState.STARTED
    await page.submit(form)
    for _ in range(9):
        await home.pass_time(MINUTE)
        assert shown(home) == {}
    for _ in range(3):
        await home.pass_time(MINUTE)
    assert shown(home).keys() == {"depot_unreachable"}


async def test_a_started_app_is_set_up_at_once(
    home: Home, supervisor: Supervisor, page: Page
) -> None:
    """After a start of Home Assistant without the app, nobody waits for the next attempt."""
    supervisor.says = AppState.STOPPED
    data = {**home.entry.data, CONF_APP: SLUG}
    home.hass.config_entries.async_update_entry(home.entry, data=data)
    await home.depot.async_stop()
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    home.clock.tick(11 * MINUTE)
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    form = await page.open("app_stopped")
    await home.depot.async_start()
    await page.submit(form)
    await home.until(lambda: home.entry.state is ConfigEntryState.LOADED, "running integration")
    assert shown(home) == {}


async def test_an_app_that_does_not_start_is_told(
    home: Home, supervisor: Supervisor, page: Page
) -> None:
    """With the Supervisor's reason; the issue stays."""
    supervisor.says = AppState.STOPPED
    supervisor.client.addons.start_addon.side_effect = SupervisorError("port 8443 is taken")
    await lose_app(home)
    done = await page.submit(await page.open("app_stopped"))
    assert (done["type"], done["reason"]) == ("abort", "cannot_start")
    assert "port 8443 is taken" in done["description_placeholders"]["reason"]
    assert shown(home).keys() == {"app_stopped"}
