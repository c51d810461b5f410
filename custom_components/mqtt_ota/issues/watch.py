"""What all watches have in common: they look now and then, and end together."""

from abc import ABC, abstractmethod
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from ..manager import MqttOtaConfigEntry, UpgradeManager


class Watch(ABC):
    """Looks for one thing that a user can fix, and notices when it is fixed."""

    def __init__(
        self, hass: HomeAssistant, entry: MqttOtaConfigEntry, manager: UpgradeManager
    ) -> None:
        """Remember whom to watch."""
        self._hass = hass
        self._entry = entry
        self._manager = manager

    @callback
    @abstractmethod
    def start(self) -> list[CALLBACK_TYPE]:
        """Begin to listen; return what ends that."""

    @callback
    @abstractmethod
    def look(self, now: datetime) -> None:
        """Weigh the evidence; called at the start and then each minute."""
