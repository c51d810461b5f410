"""The depot: is it there, is it the one that is trusted, do both sides speak one language."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from homeassistant.components.hassio import AddonManager
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..depot import (
    DepotCertificateError,
    DepotConnectionError,
    DepotError,
    DepotProtocolError,
    DepotTooNewError,
    DepotTooOldError,
)
from .app import async_app_issue, own_app
from .registry import Issue, clear_issue, raise_issue
from .watch import Watch

# A depot that is updated or moved to another machine is back sooner.
_PATIENCE: Final = timedelta(minutes=10)
# Since when the depot is away: outlives the manager, which is not there without a depot.
_AWAY_SINCE: Final[HassKey[datetime]] = HassKey(f"{DOMAIN}_depot_away_since")

# Which of these it is, the Supervisor may know.
_AWAY: Final = frozenset({Issue.APP_REMOVED, Issue.APP_STOPPED, Issue.DEPOT_UNREACHABLE})
_ISSUES: Final[Mapping[type[DepotError], Issue]] = {
    DepotCertificateError: Issue.CERTIFICATE_CHANGED,
    DepotConnectionError: Issue.DEPOT_UNREACHABLE,
    DepotProtocolError: Issue.DEPOT_UNREACHABLE,
    DepotTooNewError: Issue.DEPOT_TOO_NEW,
    DepotTooOldError: Issue.DEPOT_TOO_OLD,
}


@callback
def report_depot(hass: HomeAssistant, err: DepotError | None) -> None:
    """Show what is wrong with the depot, or nothing when it answered (None).

    A depot that does not answer is an issue only when it stays away. An API key that it
    refuses is none: Home Assistant asks for a new one by itself.
    """
    wrong = next((issue for kind, issue in _ISSUES.items() if isinstance(err, kind)), None)
    is_away = wrong is Issue.DEPOT_UNREACHABLE
    for issue in {*_ISSUES.values(), *_AWAY} - (_AWAY if is_away else {wrong}):
        clear_issue(hass, issue)
    if not is_away:
        hass.data.pop(_AWAY_SINCE, None)
    elif dt_util.utcnow() - hass.data.setdefault(_AWAY_SINCE, dt_util.utcnow()) < _PATIENCE:
        return
    if wrong is None or err is None:
        return
    told = dict(err.translation_placeholders or {})
    told["minutes"] = str(int(_PATIENCE.total_seconds() / 60))
    if is_away and (app := own_app(hass)) is not None:
        hass.async_create_background_task(
            _async_report_app(hass, app, told), f"{DOMAIN}: look after the app", eager_start=True
        )
        return
    raise_issue(hass, wrong, told)


@callback
def expect_depot(hass: HomeAssistant) -> None:
    """Give a depot that was started just now the time that every one has."""
    hass.data.pop(_AWAY_SINCE, None)


async def _async_report_app(hass: HomeAssistant, app: AddonManager, told: dict[str, str]) -> None:
    """Show what became of an app whose depot is away."""
    wrong = await async_app_issue(app) or Issue.DEPOT_UNREACHABLE
    if _AWAY_SINCE not in hass.data:
        # It has come back meanwhile.
        return
    for issue in _AWAY - {wrong}:
        clear_issue(hass, issue)
    raise_issue(hass, wrong, told | {"app": app.addon_name})


class DepotWatch(Watch):
    """Watches the connection with the depot while the integration runs."""

    @callback
    def start(self) -> list[CALLBACK_TYPE]:
        """Listen to what becomes of the connection."""
        return [self._manager.listen_depot(self._on_depot)]

    @callback
    def look(self, now: datetime) -> None:
        """See whether the depot has been away for too long."""
        self._on_depot()

    @callback
    def _on_depot(self) -> None:
        """Take over what the connection's last attempt came to."""
        err = self._manager.depot_error
        if err is not None or self._manager.mirror.is_connected:
            report_depot(self._hass, err)
