"""What automations of a device can ask: is it being upgraded, can it be, did it fail."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.const import CONF_CONDITION, CONF_DEVICE_ID, CONF_DOMAIN, CONF_TYPE
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConditionErrorMessage
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import ConditionCheckerType
from homeassistant.helpers.typing import ConfigType, TemplateVarsType
import probatio as vol

from .const import DOMAIN, PackageKind
from .lookup import find_device
from .manager import UpgradeManager
from .upgrade import State

type _Question = Callable[[UpgradeManager, str, PackageKind], bool]


def _is_upgrading(manager: UpgradeManager, device_id: str, kind: PackageKind) -> bool:
    """Return whether an upgrade is waiting or running."""
    task = manager.last_task(device_id, kind)
    return task is not None and not task.is_ended


def _update_available(manager: UpgradeManager, device_id: str, kind: PackageKind) -> bool:
    """Return whether the depot has something newer, skipped or not."""
    return manager.offer(device_id, kind) is not None


def _last_upgrade_failed(manager: UpgradeManager, device_id: str, kind: PackageKind) -> bool:
    """Return whether the newest upgrade failed."""
    task = manager.last_task(device_id, kind)
    return task is not None and task.state is State.FAILED


_QUESTIONS: Final[Mapping[str, _Question]] = {
    "is_upgrading": _is_upgrading,
    "update_available": _update_available,
    "last_upgrade_failed": _last_upgrade_failed,
}
# Home Assistant's translations have no kinds of conditions, so that each is a type of its own.
CONDITION_TYPES: Final[Mapping[str, tuple[PackageKind, _Question]]] = {
    f"{kind}_{name}": (kind, question)
    for kind in PackageKind
    for name, question in _QUESTIONS.items()
}

CONDITION_SCHEMA: Final = cv.DEVICE_CONDITION_BASE_SCHEMA.extend(
    {vol.Required(CONF_TYPE): vol.In(list(CONDITION_TYPES))}
)


async def async_get_conditions(hass: HomeAssistant, device_id: str) -> list[dict[str, Any]]:
    """Return the conditions of a device of the registry, for each kind that it has."""
    found = find_device(hass, device_id)
    kinds = () if found is None else found[1].kinds
    return [
        {
            CONF_CONDITION: "device",
            CONF_DOMAIN: DOMAIN,
            CONF_DEVICE_ID: device_id,
            CONF_TYPE: condition_type,
        }
        for condition_type, (kind, _) in CONDITION_TYPES.items()
        if kind in kinds
    ]


@callback
def async_condition_from_config(hass: HomeAssistant, config: ConfigType) -> ConditionCheckerType:
    """Return the check of a condition."""
    condition_type = config[CONF_TYPE]
    kind, question = CONDITION_TYPES[condition_type]

    @callback
    def check(hass: HomeAssistant, _variables: TemplateVarsType = None) -> bool:
        """Ask the manager; raises ConditionErrorMessage when there is nobody to ask."""
        if (found := find_device(hass, config[CONF_DEVICE_ID])) is None:
            raise ConditionErrorMessage(
                condition_type, "MQTT OTA is not running or does not know the device (any more)"
            )
        manager, device = found
        return question(manager, device.id, kind)

    return check
