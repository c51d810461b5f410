"""Which package suits a device: version order decides only what is offered."""

from collections.abc import Iterable
from typing import Final

from awesomeversion import AwesomeVersion, AwesomeVersionException

from .const import PackageKind
from .depot import Package
from .devices import Device

# Devices report what they like; what is remembered for their versions has an end.
_MAX_REMEMBERED: Final = 10_000


class Offers:
    """The packages of one moment by what they are for, and what they make an offer to."""

    def __init__(self, packages: Iterable[Package] = ()) -> None:
        """Sort the packages from the oldest to the newest; withdrawn ones are left out."""
        groups: dict[tuple[PackageKind, str], list[Package]] = {}
        for package in sorted(packages, key=lambda package: package.created_at):
            if not package.withdrawn:
                groups.setdefault((package.kind, package.model), []).append(package)
        self._groups = groups
        # Comparing versions takes its time, and an entity asks with each of its states.
        self._newest: dict[tuple[PackageKind, str, str], Package | None] = {}

    def changed_models(self, before: Offers) -> set[str]:
        """Return the models whose packages are not those of before."""
        keys = self._groups.keys() | before._groups.keys()
        return {
            model
            for kind, model in keys
            if self._groups.get((kind, model)) != before._groups.get((kind, model))
        }

    def newest(self, device: Device, kind: PackageKind) -> Package | None:
        """Return the newest package that is newer than what the device runs."""
        installed = device.version(kind)
        if installed is None:
            return None
        key = (kind, device.model, installed)
        if key not in self._newest:
            if len(self._newest) >= _MAX_REMEMBERED:
                self._newest.clear()
            self._newest[key] = _newest(self._groups.get((kind, device.model), ()), installed)
        return self._newest[key]

    def exactly(self, device: Device, kind: PackageKind, version: str) -> Package | None:
        """Return the device's package of exactly this version, newer or not."""
        for package in self._groups.get((kind, device.model), ()):
            if package.version == version:
                return package
        return None


def is_newer(version: str, than: str) -> bool:
    """Return whether a version counts as newer; one without order does when added later.

    The caller passes packages from the oldest to the newest, so that a version which
    can't be ordered (a hash, a name) wins by the time it was added.
    """
    if version == than:
        return False
    try:
        return AwesomeVersion(version) > AwesomeVersion(than)
    except AwesomeVersionException:
        return True


def _newest(packages: Iterable[Package], installed: str) -> Package | None:
    """Return the newest of a model's packages that can be installed over a version."""
    offer: Package | None = None
    for package in packages:
        if package.source_versions and installed not in package.source_versions:
            continue
        if is_newer(package.version, installed if offer is None else offer.version):
            offer = package
    return offer
