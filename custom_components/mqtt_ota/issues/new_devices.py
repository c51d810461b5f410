"""Devices that wait for a user's word."""

from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, callback

from ..new_devices import new_devices_placeholders
from .registry import Issue, clear_issue, raise_issue
from .watch import Watch


class NewDevicesWatch(Watch):
    """Asks about new devices, all in one, however many there are."""

    @callback
    def start(self) -> list[CALLBACK_TYPE]:
        """Listen for devices that come and go."""
        return [self._manager.listen_for_candidates(self._on_candidates)]

    @callback
    def look(self, now: datetime) -> None:
        """Ask about the devices that waited already."""
        self._on_candidates()

    @callback
    def _on_candidates(self) -> None:
        """Ask while there is something to ask."""
        if candidates := self._manager.candidates:
            raise_issue(self._hass, Issue.NEW_DEVICES, new_devices_placeholders(candidates))
        else:
            clear_issue(self._hass, Issue.NEW_DEVICES)
