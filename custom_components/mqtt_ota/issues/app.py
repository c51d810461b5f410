"""The depot's app: has somebody stopped or removed it."""

from aiohasupervisor import SupervisorNotFoundError
from homeassistant.components.hassio import AddonError, AddonManager, AddonState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.hassio import is_hassio

from ..const import CONF_APP, DOMAIN, LOGGER
from .registry import Issue


@callback
def own_app(hass: HomeAssistant) -> AddonManager | None:
    """Return the app that the depot comes from; None for a depot of another origin."""
    if not is_hassio(hass):
        return None
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        if (slug := entry.data.get(CONF_APP)) is not None:
            return AddonManager(hass, LOGGER, entry.title, slug)
    return None


async def async_app_issue(app: AddonManager) -> Issue | None:
    """Return what is wrong with an app, as far as the Supervisor knows."""
    try:
        info = await app.async_get_addon_info()
    except AddonError as err:
        # Its repository may have gone with it.
        if isinstance(err.__cause__, SupervisorNotFoundError):
            return Issue.APP_REMOVED
        LOGGER.debug("The Supervisor does not tell of the app %s: %s", app.addon_slug, err)
        return None
    match info.state:
        case AddonState.NOT_INSTALLED:
            return Issue.APP_REMOVED
        case AddonState.NOT_RUNNING:
            return Issue.APP_STOPPED
        case _:
            return None
