"""The devices of a home as they make themselves known, within bounds."""

from collections.abc import Callable, Iterable, KeysView, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from .const import PackageKind
from .devices import MAX_DEVICES, Device
from .options import MAX_CANDIDATES, AddDevices, Options
from .presence import Presence
from .protocol import Uplink, VersionReport

MAX_REJECTED: Final = 1000
# A device keeps the gateway that it is behind until that one has been silent for so long.
GATEWAY_PATIENCE: Final = timedelta(hours=1)
_MAX_CLAIMS: Final = 1000

_FOREIGN: Final = "it names a foreign device"
_TOO_MANY: Final = "too many devices are known already"
_TOO_MANY_CANDIDATES: Final = "too many devices wait to be confirmed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Learnt:
    """What a device's report has changed: `kinds` are those it did not have before."""

    device: Device
    kinds: tuple[PackageKind, ...] = ()
    is_new: bool = False


class KnownDevices:
    """Knows who is who: every device, who speaks for it, and who waits to be confirmed."""

    def __init__(self, options: Options, report_fault: Callable[[str, str], None]) -> None:
        """Remember whom to tell of faults."""
        self._options = options
        self._report_fault = report_fault
        self._devices: dict[str, Device] = {}
        self._candidates: dict[str, Device] = {}
        self._rejected: dict[str, None] = {}
        self._children: dict[str, dict[str, None]] = {}
        self._claims: dict[str, tuple[str, datetime]] = {}

    @property
    def all(self) -> Mapping[str, Device]:
        """Return the known devices by id."""
        return MappingProxyType(self._devices)

    @property
    def candidates(self) -> Mapping[str, Device]:
        """Return the devices that wait for a user to confirm them."""
        return MappingProxyType(self._candidates)

    @property
    def rejected(self) -> KeysView[str]:
        """Return the ids of the devices that a user does not want, the oldest first."""
        return self._rejected.keys()

    @property
    def is_full(self) -> bool:
        """Return whether no further device will be taken up."""
        return len(self._devices) >= MAX_DEVICES

    def load(self, devices: Iterable[Device], rejected: Iterable[str]) -> None:
        """Take over what was saved; the user may have changed where models come from."""
        for device in devices:
            self._put(self._modelled(device))
        self._rejected = dict.fromkeys(rejected)

    def gateway_of(self, device_id: str) -> str | None:
        """Return the gateway that a device is behind."""
        device = self._devices.get(device_id)
        return None if device is None else device.gateway_id

    def children(self, gateway_id: str) -> list[str]:
        """Return the ids of the devices behind a gateway."""
        return list(self._children.get(gateway_id, ()))

    def may_speak(self, uplink: Uplink, presence: Presence, now: datetime) -> bool:
        """Return whether a message's sender speaks for the device that it names.

        Whoever may publish can name any device: only one gateway speaks for it. Its own
        topic always does.
        """
        device = self._devices.get(uplink.device_id) or self._candidates.get(uplink.device_id)
        if device is None or uplink.gateway_id in (None, device.gateway_id):
            return True
        if self._is_taken_over(device, str(uplink.gateway_id), presence, now):
            return True
        self._report_fault(str(uplink.gateway_id), _FOREIGN)
        return False

    def wants(self, device_id: str) -> bool:
        """Return whether a device whose versions nobody knows should be asked for them."""
        if device_id in self._devices:
            return True
        if device_id in self._rejected or device_id in self._candidates:
            return False
        if self.is_full:
            self._report_fault(device_id, _TOO_MANY)
            return False
        return True

    def move(self, uplink: Uplink) -> Device | None:
        """Bind a device to the gateway of a message; return it when that is another one."""
        device = self._devices.get(uplink.device_id)
        if device is None or device.gateway_id == uplink.gateway_id:
            return None
        self._claims.pop(device.id, None)
        moved = replace(device, gateway_id=uplink.gateway_id)
        self._put(moved)
        return moved

    def learn(self, uplink: Uplink, report: VersionReport) -> Learnt | None:
        """Remember what a device runs; None when that is no news or of no use."""
        known = self._devices.get(uplink.device_id)
        before = known or self._candidates.get(uplink.device_id) or self._new(uplink)
        updated = self._modelled(before.updated(report))
        if updated == known or (known is None and not updated.kinds):
            return None
        if known is None and not self._admits(updated):
            return None
        self._put(updated)
        old = () if known is None else known.kinds
        return Learnt(
            device=updated,
            kinds=tuple(kind for kind in updated.kinds if kind not in old),
            is_new=known is None,
        )

    def add_gateway(self, gateway_id: str) -> Device | None:
        """Take up the gateway of a known device; None when it is known already."""
        if gateway_id in self._devices or self.is_full:
            return None
        self._candidates.pop(gateway_id, None)
        gateway = Device(id=gateway_id, model=self._options.model_of(gateway_id, None))
        self._put(gateway)
        return gateway

    def confirm(self, device_id: str) -> Device | None:
        """Take up a device that waited for it; None when there is no such device, or no room."""
        if device_id not in self._candidates or self.is_full:
            return None
        device = self._candidates.pop(device_id)
        self._put(device)
        return device

    def reject(self, device_id: str) -> None:
        """Hear no more of a device that waited to be confirmed."""
        self._candidates.pop(device_id, None)
        self._rejected[device_id] = None
        if len(self._rejected) > MAX_REJECTED:
            del self._rejected[next(iter(self._rejected))]

    def readmit(self, device_id: str) -> None:
        """Take a rejection back; the device is a candidate when it reports again."""
        self._rejected.pop(device_id, None)

    def forget(self, device_id: str) -> None:
        """Forget a device; it is learnt anew when it reports again."""
        if (device := self._devices.pop(device_id, None)) is not None:
            self._leave(device)
        self._claims.pop(device_id, None)

    def _new(self, uplink: Uplink) -> Device:
        """Return the device that a first message tells of."""
        return Device(id=uplink.device_id, model="", gateway_id=uplink.gateway_id)

    def _modelled(self, device: Device) -> Device:
        """Return a device with the model that the options find for it."""
        model = self._options.model_of(device.id, device.reported_model)
        return device if device.model == model else replace(device, model=model)

    def _admits(self, device: Device) -> bool:
        """Return whether a new device is taken up at once; it may have to wait for a user."""
        if device.id in self._rejected:
            return False
        if self.is_full:
            self._report_fault(device.id, _TOO_MANY)
            return False
        if self._options.add_devices is AddDevices.AUTOMATIC:
            return True
        if device.id in self._candidates or len(self._candidates) < MAX_CANDIDATES:
            self._candidates[device.id] = device
        else:
            self._report_fault(device.id, _TOO_MANY_CANDIDATES)
        return False

    def _is_taken_over(
        self, device: Device, claimant: str, presence: Presence, now: datetime
    ) -> bool:
        """Return whether a device's gateway is gone, so that another one may speak for it."""
        owner = device.gateway_id
        if owner is None:
            return False
        if presence.is_online(owner) is False or presence.is_online(device.id) is False:
            return True
        gateway_id, since = self._claims.get(device.id, ("", now))
        seen = presence.last_seen(owner)
        if gateway_id != claimant or (seen is not None and seen > since):
            since = now
        if len(self._claims) >= _MAX_CLAIMS:
            self._claims.clear()
        self._claims[device.id] = (claimant, since)
        return now - since >= GATEWAY_PATIENCE

    def _put(self, device: Device) -> None:
        """Add or replace a device."""
        if (before := self._devices.get(device.id)) is not None:
            self._leave(before)
        self._devices[device.id] = device
        if device.gateway_id is not None:
            self._children.setdefault(device.gateway_id, {})[device.id] = None

    def _leave(self, device: Device) -> None:
        """Take a device away from its gateway."""
        if device.gateway_id is None:
            return
        children = self._children[device.gateway_id]
        children.pop(device.id, None)
        if not children:
            del self._children[device.gateway_id]
