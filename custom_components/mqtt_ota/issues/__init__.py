"""Repairs: what a user can fix appears by evidence and vanishes when it is fixed."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from ..manager import MqttOtaConfigEntry, UpgradeManager
from .address import AddressWatch
from .app import own_app
from .depot import DepotWatch, expect_depot, report_depot
from .failures import FailureWatch
from .new_devices import NewDevicesWatch
from .registry import Issue, clear_issues
from .topics import TopicsWatch

__all__ = [
    "Issue",
    "async_watch",
    "clear_issues",
    "expect_depot",
    "own_app",
    "report_depot",
]

_WATCHES: Final = (AddressWatch, DepotWatch, FailureWatch, NewDevicesWatch, TopicsWatch)
_PAUSE: Final = timedelta(minutes=1)


@callback
def async_watch(
    hass: HomeAssistant, entry: MqttOtaConfigEntry, manager: UpgradeManager
) -> CALLBACK_TYPE:
    """Watch over everything that a user can fix; return what ends that.

    Issues stay over a reload, because one that is deleted and made anew would forget
    that the user ignored it.
    """
    watches = [watch(hass, entry, manager) for watch in _WATCHES]
    endings = [ending for watch in watches for ending in watch.start()]
    cancel_timer: CALLBACK_TYPE

    @callback
    def look(now: datetime) -> None:
        """Let every watch look, and come back in a minute."""
        nonlocal cancel_timer
        cancel_timer = async_track_point_in_utc_time(
            hass, HassJob(look, cancel_on_shutdown=True), now + _PAUSE
        )
        for watch in watches:
            watch.look(now)

    @callback
    def stop() -> None:
        """End all watches."""
        cancel_timer()
        for ending in endings:
            ending()
        if entry.disabled_by is not None:
            clear_issues(hass)

    look(dt_util.utcnow())
    return stop
