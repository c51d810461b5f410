"""What automations of a device can wait for: the states of its upgrades."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.device_automation import DEVICE_TRIGGER_BASE_SCHEMA
from homeassistant.components.homeassistant.triggers import event as event_trigger
from homeassistant.const import (
    CONF_DEVICE_ID,
    CONF_DOMAIN,
    CONF_EVENT_DATA,
    CONF_PLATFORM,
    CONF_TYPE,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.helpers.trigger import TriggerActionType, TriggerInfo
from homeassistant.helpers.typing import ConfigType
import probatio as vol

from .const import DOMAIN, EVENT_TASK_CHANGED, PackageKind
from .lookup import find_device
from .upgrade import State

CONF_SUBTYPE: Final = "subtype"

# What the event of a change must hold
TRIGGER_TYPES: Final[Mapping[str, Mapping[str, str | None]]] = {
    "requested": {"from_state": None},
    "waiting_online": {"state": State.WAITING_ONLINE},
    "started": {"state": State.AWAITING_DOWNLOAD},
    "succeeded": {"state": State.SUCCEEDED},
    "failed": {"state": State.FAILED},
    "cancelled": {"state": State.CANCELLED},
    "changed": {},
}

TRIGGER_SCHEMA: Final = DEVICE_TRIGGER_BASE_SCHEMA.extend(
    {
        vol.Required(CONF_TYPE): vol.In(list(TRIGGER_TYPES)),
        vol.Required(CONF_SUBTYPE): vol.In(list(PackageKind)),
    }
)


async def async_get_triggers(hass: HomeAssistant, device_id: str) -> list[dict[str, Any]]:
    """Return the triggers of a device of the registry: each type for each kind that it has."""
    found = find_device(hass, device_id)
    return [
        {
            CONF_PLATFORM: "device",
            CONF_DOMAIN: DOMAIN,
            CONF_DEVICE_ID: device_id,
            CONF_TYPE: trigger_type,
            CONF_SUBTYPE: kind,
        }
        for kind in (() if found is None else found[1].kinds)
        for trigger_type in TRIGGER_TYPES
    ]


async def async_attach_trigger(
    hass: HomeAssistant,
    config: ConfigType,
    action: TriggerActionType,
    trigger_info: TriggerInfo,
) -> CALLBACK_TYPE:
    """Call the action whenever an upgrade of the device comes to what the trigger names."""
    event_config = event_trigger.TRIGGER_SCHEMA(
        {
            CONF_PLATFORM: "event",
            event_trigger.CONF_EVENT_TYPE: EVENT_TASK_CHANGED,
            CONF_EVENT_DATA: {
                "device_id": config[CONF_DEVICE_ID],
                "kind": config[CONF_SUBTYPE],
                **TRIGGER_TYPES[config[CONF_TYPE]],
            },
        }
    )
    return await event_trigger.async_attach_trigger(
        hass, event_config, action, trigger_info, platform_type="device"
    )
