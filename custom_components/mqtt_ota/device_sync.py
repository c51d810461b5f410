"""What follows from knowing a device: it is saved, registered and shown."""

from collections.abc import Callable

from homeassistant.core import callback

from .device_entries import DeviceEntries
from .devices import Device
from .known_devices import KnownDevices, Learnt
from .listeners import Listeners
from .protocol import Uplink, VersionReport
from .store import UpgradeStore
from .upgrade import Task


class DeviceSync:
    """Keeps the store, Home Assistant's registry and all views in step with what is known."""

    def __init__(
        self,
        known: KnownDevices,
        entries: DeviceEntries,
        listeners: Listeners,
        store: UpgradeStore,
        on_changed: Callable[[str], None],
    ) -> None:
        """Remember what to keep in step; `on_changed` hears of devices that are others now."""
        self._on_changed = on_changed
        self._known = known
        self._entries = entries
        self._listeners = listeners
        self._store = store

    async def async_open(self) -> None:
        """Load the devices, and register every gateway before what is behind it."""
        self._known.load(*await self._store.async_load_devices())
        for device in list(self._known.all.values()):
            self._add_gateway(device)

    async def async_save(self) -> None:
        """Save the devices now, if any has changed."""
        await self._store.async_save_devices(self._known.all, self._known.rejected)

    @callback
    def on_learnt(self, learnt: Learnt) -> None:
        """Show what a device has told."""
        device = learnt.device
        self._save_soon(device)
        self._add_gateway(device)
        if learnt.is_new or learnt.kinds:
            self._listeners.tell_of_device(device, learnt.kinds)
        self._listeners.tell(device.id)

    @callback
    def on_result(self, task: Task) -> None:
        """Take the version of an upgrade that succeeded, which may come before any report."""
        gateway_id = self._known.gateway_of(task.device_id)
        uplink = Uplink(device_id=task.device_id, gateway_id=gateway_id, events=())
        report = VersionReport(**{task.kind: task.package.version})
        if (learnt := self._known.learn(uplink, report)) is not None:
            self.on_learnt(learnt)

    @callback
    def on_moved(self, device: Device) -> None:
        """Show a device behind its new gateway."""
        self._save_soon(device)
        self._add_gateway(device)
        self._entries.move(device)

    async def async_confirm(self, device_id: str) -> None:
        """Take up a device that waited for a user's word."""
        if (device := self._known.confirm(device_id)) is not None:
            self.on_learnt(Learnt(device=device, kinds=device.kinds, is_new=True))
            self._listeners.tell_of_candidates()
        await self.async_save()

    async def async_reject(self, device_id: str) -> None:
        """Hear no more of a device that waited for a user's word."""
        self._known.reject(device_id)
        self._save_soon()
        self._listeners.tell_of_candidates()
        await self.async_save()

    async def async_readmit(self, device_id: str) -> None:
        """Take a rejection back; the device waits for a user's word when it reports again."""
        self._known.readmit(device_id)
        self._save_soon()
        await self.async_save()

    async def async_forget(self, device_id: str) -> None:
        """Forget a device; it is learnt anew when it reports again."""
        self._known.forget(device_id)
        self._on_changed(device_id)
        self._save_soon()
        await self.async_save()

    def _save_soon(self, changed: Device | None = None) -> None:
        """Save the devices, but not with each of their messages."""
        self._store.delay_save_devices(self._known.all, self._known.rejected, changed)
        if changed is not None:
            self._on_changed(changed.id)

    @callback
    def _add_gateway(self, device: Device) -> None:
        """Make sure that a device's gateway is there before it, whether it reports or not."""
        if device.gateway_id is None:
            return
        added = self._known.add_gateway(device.gateway_id)
        gateway = self._known.all.get(device.gateway_id)
        if gateway is not None and self._entries.id_of(gateway.id) is None:
            self._entries.add(gateway)
        if added is not None:
            self._save_soon(added)
            self._listeners.tell_of_device(added, ())
