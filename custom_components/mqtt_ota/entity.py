"""What the entities of a device, and those of the depot, have in common."""

import asyncio
from collections.abc import Callable, Iterable
from itertools import batched
from typing import Final, override

from homeassistant.const import CONF_URL
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN, PackageKind
from .devices import Device
from .manager import MqttOtaConfigEntry, UpgradeManager

# Home Assistant adds at most 10,000 enabled entities for a config entry. In a home with more
# devices than this, the entities that every upgrade needs come before those that tell more.
FULLY_SHOWN_DEVICES: Final = 1_000
# Ten thousand devices at once would stop Home Assistant for seconds.
_ADDED_AT_ONCE: Final = 10
# No device's id holds a slash, so that none can pass for the depot.
_DEPOT_PREFIX: Final = "depot/"

type EntitiesOf = Callable[[Device, Iterable[PackageKind]], Iterable[Entity]]


class DeviceEntity(Entity):
    """A view on one device of the manager."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _is_essential = False

    def __init__(self, manager: UpgradeManager, device: Device, key: str) -> None:
        """Belong to a device."""
        has_room = len(manager.devices) <= FULLY_SHOWN_DEVICES
        self._attr_entity_registry_enabled_default = self._is_essential or has_room
        self._manager = manager
        self._device_id = device.id
        self._attr_unique_id = f"{device.id}_{key}"
        self._attr_translation_key = key
        self._attr_device_info = _device_info(manager, device)

    @property
    def device(self) -> Device:
        """Return what is known of the device now."""
        return self._manager.devices[self._device_id]

    @property
    @override
    def available(self) -> bool:
        """Return whether devices can be heard; one that is away is still known."""
        return self._manager.messenger.is_connected

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the device."""
        await super().async_added_to_hass()
        self.async_on_remove(self._manager.listen(self._device_id, self._on_device_changed))

    @callback
    def _on_device_changed(self) -> None:
        """Show what has changed."""
        self.async_write_ha_state()


class DepotEntity(Entity):
    """A view on the depot, which is a service among the devices."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: MqttOtaConfigEntry, key: str) -> None:
        """Belong to the depot."""
        self._manager = entry.runtime_data
        self._attr_unique_id = f"{_DEPOT_PREFIX}{entry.unique_id}_{key}"
        self._attr_translation_key = key
        info = self._manager.depot_info
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, f"{_DEPOT_PREFIX}{entry.unique_id}")},
            translation_key="depot",
            entry_type=dr.DeviceEntryType.SERVICE,
            configuration_url=entry.data[CONF_URL],
            sw_version=None if info is None else info.version,
        )

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the depot."""
        await super().async_added_to_hass()
        self.async_on_remove(self._manager.listen_depot(self._on_depot_changed))

    @callback
    def _on_depot_changed(self) -> None:
        """Show what has changed, in the device registry, too."""
        info = self._manager.depot_info
        if info is not None and self.device_entry is not None:
            registry = dr.async_get(self.hass)
            registry.async_update_device(self.device_entry.id, sw_version=info.version)
        self.async_write_ha_state()


def is_depot(device_entry: dr.DeviceEntry) -> bool:
    """Return whether an entry of the device registry is the depot."""
    return any(
        domain == DOMAIN and name.startswith(_DEPOT_PREFIX)
        for domain, name in device_entry.identifiers
    )


async def async_add_by_kind(
    entry: MqttOtaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    entities_of: EntitiesOf,
) -> None:
    """Add the entities of all devices, and of those that come or gain a kind later."""
    manager = entry.runtime_data

    @callback
    def add(device: Device, kinds: Iterable[PackageKind]) -> None:
        """Show what a device has more than before."""
        async_add_entities(entities_of(device, kinds))

    # From here on the listener hears of what this list does not have.
    devices = list(manager.devices.values())
    entry.async_on_unload(manager.listen_for_devices(add))
    for some in batched(devices, _ADDED_AT_ONCE, strict=False):
        async_add_entities(
            entity
            for device in some
            if device.id in manager.devices
            for entity in entities_of(device, device.kinds)
        )
        await asyncio.sleep(0)


async def async_add_by_device(
    entry: MqttOtaConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    entity_of: Callable[[UpgradeManager, Device], Entity],
) -> None:
    """Add one entity for every device, however many kinds it has."""
    shown: dict[str, Entity] = {}

    def entities_of(device: Device, _kinds: Iterable[PackageKind]) -> Iterable[Entity]:
        """Return the device's entity unless it is there already."""
        before = shown.get(device.id)
        # A forgotten device has lost its entries, and comes back as a new one.
        if before is None or before.registry_entry is None:
            shown[device.id] = entity_of(entry.runtime_data, device)
            yield shown[device.id]

    await async_add_by_kind(entry, async_add_entities, entities_of)


def _device_info(manager: UpgradeManager, device: Device) -> DeviceInfo:
    """Return what the device registry shows of a device."""
    info = DeviceInfo(
        identifiers={(DOMAIN, device.id)},
        name=device.id,
        model=device.model,
        serial_number=device.id,
        sw_version=device.firmware or device.software,
    )
    gateway = None if device.gateway_id is None else manager.registry_id(device.gateway_id)
    if gateway is not None:
        info["via_device_id"] = gateway
    return info
