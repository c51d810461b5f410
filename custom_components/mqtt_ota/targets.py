"""Which devices an action means: entities, devices, areas, floors and labels resolved."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.components.update import DOMAIN as UPDATE_DOMAIN
from homeassistant.const import ATTR_ENTITY_ID, ENTITY_MATCH_ALL
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.target import (
    SelectedEntities,
    TargetSelection,
    async_extract_referenced_entity_ids,
)

from .const import DOMAIN, PackageKind
from .lookup import find_device
from .manager import UpgradeManager

# The kinds that are meant of each device, by the device's own id.
type Targets = dict[str, tuple[PackageKind, ...]]

_MAX_NAMED: Final = 5


@callback
def async_resolve_targets(
    hass: HomeAssistant, manager: UpgradeManager, data: Mapping[str, Any]
) -> Targets:
    """Return what an action's target means, in the order of the devices' ids.

    An area, a floor or a label may hold anything: what is not ours is left out there. Raises
    ServiceValidationError for what is named itself and is unknown or not ours, and when
    nothing of ours is left.
    """
    if data.get(ATTR_ENTITY_ID) == ENTITY_MATCH_ALL:
        return every_target(manager)
    selection = TargetSelection(dict(data))
    # Update entities are configuration, which Home Assistant leaves out by default.
    selected = async_extract_referenced_entity_ids(hass, selection, primary_entities_only=False)
    _refuse_unknown(selected)
    kinds: dict[str, set[PackageKind]] = {}
    for registry_id in selected.referenced_devices:
        if (found := find_device(hass, registry_id)) is not None:
            device = found[1]
            kinds.setdefault(device.id, set()).update(device.kinds)
        elif registry_id in selection.device_ids:
            _refuse_device(hass, registry_id)
    for entity_id in selected.referenced | selected.indirectly_referenced:
        if (update := _update_of(hass, manager, entity_id)) is not None:
            kinds.setdefault(update[0], set()).add(update[1])
        elif entity_id in selected.referenced:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="not_our_entity",
                translation_placeholders={"entity": entity_id},
            )
    if not kinds:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_targets")
    return {
        device_id: tuple(kind for kind in PackageKind if kind in kinds[device_id])
        for device_id in sorted(kinds)
    }


@callback
def every_target(manager: UpgradeManager) -> Targets:
    """Return all kinds of all devices."""
    return {device_id: manager.devices[device_id].kinds for device_id in sorted(manager.devices)}


@callback
def update_entity_of(hass: HomeAssistant, device_id: str, kind: PackageKind) -> str | None:
    """Return the update entity of a device's kind; None when there is none."""
    unique_id = f"{device_id}_{kind}"
    return er.async_get(hass).async_get_entity_id(UPDATE_DOMAIN, DOMAIN, unique_id)


def named_briefly(names: Iterable[str]) -> str:
    """Return names for a message, but not thousands of them."""
    listed = list(names)
    more = ["…"] if len(listed) > _MAX_NAMED else []
    return ", ".join(listed[:_MAX_NAMED] + more)


def _update_of(
    hass: HomeAssistant, manager: UpgradeManager, entity_id: str
) -> tuple[str, PackageKind] | None:
    """Return the device and the kind of one of our update entities."""
    entry = er.async_get(hass).async_get(entity_id)
    if entry is None or entry.platform != DOMAIN or entry.domain != UPDATE_DOMAIN:
        return None
    device_id, _, kind = entry.unique_id.rpartition("_")
    return (device_id, PackageKind(kind)) if device_id in manager.devices else None


def _refuse_unknown(selected: SelectedEntities) -> None:
    """Raise for areas, floors, labels and devices that do not exist."""
    missing = sorted(
        selected.missing_areas
        | selected.missing_floors
        | selected.missing_labels
        | selected.missing_devices
    )
    if missing:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_target",
            translation_placeholders={"targets": named_briefly(missing)},
        )


def _refuse_device(hass: HomeAssistant, registry_id: str) -> None:
    """Raise for a device that somebody named, but that we do not upgrade."""
    device = dr.async_get(hass).async_get(registry_id)
    name = None if device is None else device.name_by_user or device.name
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="not_our_device",
        translation_placeholders={"device": name or registry_id},
    )
