"""What the depot has for whom: offers, and what becomes of tasks when packages change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from homeassistant.core import callback

from .const import PackageKind
from .depot import DepotClient, Package, Transfer
from .depot_mirror import DepotMirror
from .depot_status import DepotStatus
from .devices import Device
from .offers import Offers, is_newer
from .task_list import TaskList
from .upgrade import (
    DepotFound,
    DepotLost,
    Event,
    PackageGone,
    PackageRef,
    Superseded,
    Task,
    TransferSeen,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DepotCallbacks:
    """Who is told: tasks of events, the rest of models whose packages changed, and of a find."""

    apply: Callable[[str, Event], object]
    on_models: Callable[[set[str]], None]
    on_found: Callable[[], None]
    on_unauthorized: Callable[[], None]


class DepotFollower:
    """Follows the depot and lets tasks know what it means to them."""

    def __init__(
        self,
        client: DepotClient,
        status: DepotStatus,
        devices: Mapping[str, Device],
        tasks: TaskList,
        callbacks: DepotCallbacks,
    ) -> None:
        """Remember whom to tell; nothing is asked yet."""
        self._status = status
        self._devices = devices
        self._tasks = tasks
        self._callbacks = callbacks
        self._offers = Offers()
        self._is_known = False
        self.mirror = DepotMirror(
            client,
            on_packages=self._on_packages,
            on_transfer=self._on_transfer,
            on_connected=self._on_found,
            on_lost=self._on_lost,
            on_unauthorized=callbacks.on_unauthorized,
        )

    def offer(self, device: Device, kind: PackageKind) -> Package | None:
        """Return the package that a device should be upgraded to."""
        return self._offers.newest(device, kind)

    def exactly(self, device: Device, kind: PackageKind, version: str) -> Package | None:
        """Return the package of a version for a device."""
        return self._offers.exactly(device, kind, version)

    def packages_for(self, device: Device, kind: PackageKind) -> list[Package]:
        """Return every package for a device, the one that was added last first."""
        return self._offers.packages_for(device, kind)

    def package_for(self, task: Task) -> PackageRef | None:
        """Return the package that a task like this should have now; None when it is gone."""
        device = self._devices.get(task.device_id)
        if device is None:
            return None
        if not self._is_known:
            return task.package
        if (newer := self._newer(task, device)) is not None:
            return package_ref(newer)
        package = self.mirror.packages.get(task.package.id)
        return None if package is None or package.withdrawn else task.package

    def _newer(self, task: Task, device: Device) -> Package | None:
        """Return the package that has come for a device since its task was made."""
        if task.pinned:
            return None
        offer = self._offers.newest(device, task.kind)
        if offer is None or offer.id == task.package.id:
            return None
        package = self.mirror.packages.get(task.package.id)
        return offer if is_newer(offer, package, task.package.version) else None

    @callback
    def _on_packages(self) -> None:
        """Look which tasks lost their package or should have a newer one, and what is offered."""
        before, self._offers = self._offers, Offers(self.mirror.packages.values())
        self._is_known = True
        models = self._offers.changed_models(before)
        for task in self._tasks.live():
            device = self._devices[task.device_id]
            if device.model in models and (newer := self._newer(task, device)) is not None:
                self._callbacks.apply(task.id, Superseded(version=newer.version))
            package = self.mirror.packages.get(task.package.id)
            if package is None or package.withdrawn:
                self._callbacks.apply(task.id, PackageGone(deleted=package is None))
        self._callbacks.on_models(models)

    @callback
    def _on_transfer(self, transfer: Transfer) -> None:
        """Let a task weigh what the depot saw of its download."""
        task = self._tasks.all.get(transfer.task_id)
        if task is None or task.grant is None or task.grant.id != transfer.grant_id:
            return
        self._callbacks.apply(
            task.id,
            TransferSeen(
                bytes_served=transfer.bytes_served,
                requests=transfer.requests,
                refusals=transfer.refusals,
                unauthorized=transfer.unauthorized,
                gap_start=transfer.gap[0],
                gap_end=transfer.gap[1],
                left_open=transfer.left_open,
                complete=transfer.complete,
            ),
        )

    @callback
    def _on_found(self) -> None:
        """Take up what had to wait for the depot."""
        for task in self._tasks.queued():
            self._callbacks.apply(task.id, DepotFound())
        self._status.on_found()
        self._callbacks.on_found()

    @callback
    def _on_lost(self) -> None:
        """Let the time of those run that can't go on without the depot."""
        for task in self._tasks.queued():
            self._callbacks.apply(task.id, DepotLost())
        self._status.on_lost()


def package_ref(package: Package) -> PackageRef:
    """Return what a task keeps of its package."""
    return PackageRef(
        id=package.id,
        version=package.version,
        size=package.size,
        sha256=package.sha256,
        file_name=package.file_name,
        source_versions=package.source_versions,
        custom_info=package.custom_info,
    )
