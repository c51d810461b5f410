"""The depot: is it there, is it the one that is trusted, do both sides speak one language."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

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
from .registry import Issue, clear_issue, raise_issue
from .watch import Watch

# A depot that is updated or moved to another machine is back sooner.
_PATIENCE: Final = timedelta(minutes=10)
# Since when the depot is away: outlives the manager, which is not there without a depot.
_AWAY_SINCE: Final[HassKey[datetime]] = HassKey(f"{DOMAIN}_depot_away_since")

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
    for issue in set(_ISSUES.values()) - {wrong}:
        clear_issue(hass, issue)
    if wrong is not Issue.DEPOT_UNREACHABLE:
        hass.data.pop(_AWAY_SINCE, None)
    elif dt_util.utcnow() - hass.data.setdefault(_AWAY_SINCE, dt_util.utcnow()) < _PATIENCE:
        return
    if wrong is not None and err is not None:
        told = err.translation_placeholders or {}
        raise_issue(hass, wrong, told | {"minutes": str(int(_PATIENCE.total_seconds() / 60))})


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
