"""What upgrades have come to, as sentences of the logbook."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN, EVENT_TASK_CHANGED
from .targets import update_entity_of
from .upgrade import CAUSES, ENDED_STATES, State

type _Describe = Callable[[Event[Mapping[str, Any]]], dict[str, str]]

# Each follows the device's name. Home Assistant's logbook is in English where it is told by
# integrations: its entries come from the database and are described on the server.
_SENTENCES: Final[Mapping[str, str]] = {
    State.WAITING_ONLINE: "upgrade to {version} waits for the device ({kind})",
    State.QUERYING_CELL: "was asked for its cell before the upgrade to {version} ({kind})",
    State.QUERYING_VERSION: "was asked for its version before the upgrade to {version} ({kind})",
    State.QUEUED: "upgrade to {version} waits for its turn ({kind})",
    State.AWAITING_DOWNLOAD: "was told to upgrade to {version} ({kind})",
    State.DOWNLOADING: "downloads {version} ({kind})",
    State.AWAITING_UPDATE: "has downloaded {version} ({kind})",
    State.UPDATING: "installs {version} ({kind})",
    State.VERIFYING: "was asked for its version to check the upgrade to {version} ({kind})",
    State.SUCCEEDED: "was upgraded from {from_version} to {version} ({kind})",
    State.FAILED: "upgrade to {version} failed: {cause} ({kind})",
    State.CANCELLED: "upgrade to {version} was cancelled ({kind})",
}
_MESSAGES: Final[Mapping[str, str]] = {cause: text.message for cause, text in CAUSES.items()}
_REQUESTED: Final = "upgrade to {version} requested ({kind})"
_NOTHING_TO_DO: Final = "already runs {version} ({kind})"
_SUPERSEDED: Final = "upgrade to {version} was cancelled: {cause} ({kind})"
_UNPROVEN: Final = "; it told success without having fetched the whole package"
_OTHER: Final = "upgrade to {version}: {state} ({kind})"


@callback
def async_describe_events(
    hass: HomeAssistant, async_describe_event: Callable[[str, str, _Describe], None]
) -> None:
    """Describe the changes of tasks."""

    @callback
    def describe(event: Event[Mapping[str, Any]]) -> dict[str, str]:
        """Return the entry of a change; the database may hold those of other versions, too."""
        device_id = str(event.data.get("device", event.data.get("device_id", "")))
        device = dr.async_get(hass).async_get(str(event.data.get("device_id", "")))
        name = None if device is None else device.name_by_user or device.name
        entry = {
            LOGBOOK_ENTRY_NAME: name or device_id,
            LOGBOOK_ENTRY_MESSAGE: sentence(event.data),
        }
        entity_id = update_entity_of(hass, device_id, event.data.get("kind", ""))
        return entry if entity_id is None else {**entry, LOGBOOK_ENTRY_ENTITY_ID: entity_id}

    async_describe_event(DOMAIN, EVENT_TASK_CHANGED, describe)


def sentence(data: Mapping[str, Any]) -> str:
    """Return what an event's data tell, to be read after the device's name."""
    cause = data.get("cause")
    words = {
        "kind": data.get("kind"),
        "version": data.get("version"),
        "from_version": data.get("from_version") or "another version",
        "state": data.get("state"),
        "cause": _MESSAGES.get(str(cause), cause),
    }
    is_told = bool(data.get("unproven")) and data.get("state") in ENDED_STATES
    return _pattern(data).format_map(words) + (_UNPROVEN if is_told else "")


def _pattern(data: Mapping[str, Any]) -> str:
    """Return the sentence without its words."""
    match data:
        case {"from_state": None}:
            return _REQUESTED
        case {"state": State.SUCCEEDED, "from_version": str(old), "version": new} if old == new:
            return _NOTHING_TO_DO
        case {"state": State.CANCELLED, "cause": str()}:
            return _SUPERSEDED
    return _SENTENCES.get(str(data.get("state")), _OTHER)
