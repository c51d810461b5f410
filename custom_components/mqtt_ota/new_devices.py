"""Devices that wait for a user's word before they are added: the form, and what it does."""

from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import probatio as vol

from .devices import Device
from .manager import UpgradeManager

CONF_ADD: Final = "add"
CONF_REJECT: Final = "reject"
CONF_READMIT: Final = "readmit"


def new_devices_schema(
    candidates: Mapping[str, Device], rejected: Iterable[str] = ()
) -> vol.Schema:
    """Return the form that asks what is to become of each device."""
    waiting = _choice(
        SelectOptionDict(value=device.id, label=describe_device(device))
        for device in candidates.values()
    )
    schema = {
        vol.Optional(CONF_ADD, default=list): waiting,
        vol.Optional(CONF_REJECT, default=list): waiting,
    }
    if ids := sorted(rejected):
        schema[vol.Optional(CONF_READMIT, default=list)] = _choice(
            SelectOptionDict(value=device_id, label=device_id) for device_id in ids
        )
    return vol.Schema(schema)


def describe_device(device: Device) -> str:
    """Return what tells a user which device this is."""
    versions = ", ".join(f"{kind} {device.version(kind)}" for kind in device.kinds)
    return f"{device.id} ({device.model}: {versions})"


async def async_settle_new_devices(
    manager: UpgradeManager, user_input: Mapping[str, list[str]]
) -> dict[str, str]:
    """Add and reject as a user chose; return the form's errors, after which nothing was done.

    A device that is no longer new, because another window of the page settled it, is
    left as it is.
    """
    added, rejected = set(user_input[CONF_ADD]), set(user_input[CONF_REJECT])
    if added & rejected:
        return {CONF_REJECT: "added_and_rejected"}
    for device_id in added & manager.candidates.keys():
        await manager.async_confirm(device_id)
    for device_id in rejected & manager.candidates.keys():
        await manager.async_reject(device_id)
    for device_id in manager.rejected.intersection(user_input.get(CONF_READMIT, ())):
        await manager.async_readmit(device_id)
    return {}


def new_devices_placeholders(candidates: Mapping[str, Device]) -> dict[str, str]:
    """Return what the texts about new devices tell."""
    return {"count": str(len(candidates))}


def _choice(options: Iterable[SelectOptionDict]) -> SelectSelector:
    """Return a field that lets choose several devices."""
    return SelectSelector(
        SelectSelectorConfig(options=list(options), multiple=True, mode=SelectSelectorMode.DROPDOWN)
    )
