"""Which package suits a device: version order decides only what is offered."""

from collections.abc import Iterable

from awesomeversion import AwesomeVersion, AwesomeVersionException

from .const import PackageKind
from .depot import Package
from .devices import Device


def offered_package(
    packages: Iterable[Package], device: Device, kind: PackageKind
) -> Package | None:
    """Return the newest package that is newer than what the device runs."""
    installed = device.version(kind)
    if installed is None:
        return None
    offer: Package | None = None
    for package in sorted(packages, key=lambda package: package.created_at):
        if not _suits(package, device, kind) or not _installs_over(package, installed):
            continue
        if is_newer(package.version, installed if offer is None else offer.version):
            offer = package
    return offer


def find_package(
    packages: Iterable[Package], device: Device, kind: PackageKind, version: str
) -> Package | None:
    """Return the package of exactly this version, newer or not."""
    for package in packages:
        if package.version == version and _suits(package, device, kind):
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


def _suits(package: Package, device: Device, kind: PackageKind) -> bool:
    """Return whether a package is meant for the device."""
    return package.kind is kind and package.model == device.model and not package.withdrawn


def _installs_over(package: Package, installed: str) -> bool:
    """Return whether a package can be installed over a version."""
    return not package.source_versions or installed in package.source_versions
