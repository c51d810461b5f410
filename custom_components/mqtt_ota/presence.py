"""Which devices are there: what they, their availability topics and their gateways tell."""

from collections.abc import Callable
from datetime import datetime

from .devices import MAX_DEVICES


class Presence:
    """Believes nothing without evidence: a device of which nobody has told is unknown."""

    def __init__(self, gateway_of: Callable[[str], str | None]) -> None:
        """Remember how to find the gateway that a device is behind."""
        self._gateway_of = gateway_of
        self._told: dict[str, bool] = {}
        self._seen: dict[str, datetime] = {}

    def is_online(self, device_id: str) -> bool | None:
        """Return whether a device is there; None where nobody knows."""
        gateway_id = self._gateway_of(device_id)
        if gateway_id is not None and self._told.get(gateway_id) is False:
            return False
        return self._told.get(device_id)

    def last_seen(self, device_id: str) -> datetime | None:
        """Return when (UTC) a device last sent anything since we listen."""
        return self._seen.get(device_id)

    def see(self, device_id: str, now: datetime) -> bool:
        """Take a message for a sign of life; return whether that refutes an absence.

        The notice of an old connection's end may come after the new one has begun.
        """
        self._seen[device_id] = now
        if self._told.get(device_id) is False:
            self._told[device_id] = True
            return True
        return False

    def tell(self, device_id: str, *, online: bool) -> bool:
        """Take over what is told of a device, known or not; return whether that is news."""
        if self._told.get(device_id) is online:
            return False
        if device_id not in self._told and len(self._told) >= MAX_DEVICES:
            return False
        self._told[device_id] = online
        return True

    def doubt(self, device_id: str) -> None:
        """Give up what was told of a device, because who told it is away."""
        self._told.pop(device_id, None)

    def doubt_all(self) -> None:
        """Give up what was told of every device: nothing could be heard for a while."""
        self._told.clear()

    def forget(self, device_id: str) -> None:
        """Forget a device."""
        self._told.pop(device_id, None)
        self._seen.pop(device_id, None)
