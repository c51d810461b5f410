"""Which package suits a device: version order decides only what is offered."""

from collections.abc import Iterable, Sequence
from typing import Final

from .const import PackageKind
from .depot import Package
from .devices import Device
from .versions import compare

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

    def packages_for(self, device: Device, kind: PackageKind) -> list[Package]:
        """Return every package for a device, the one that was added last first."""
        return list(reversed(self._groups.get((kind, device.model), ())))


def is_newer(package: Package, than: Package | None, version: str) -> bool:
    """Return whether a package counts as newer than a version, or the package that has it.

    A version that can't be ordered (a hash, a name) counts by the time it was added.
    """
    match compare(package.version, version):
        case None:
            return than is None or package.created_at > than.created_at
        case difference:
            return difference > 0


def _newest(packages: Sequence[Package], installed: str) -> Package | None:
    """Return the newest of a model's packages that can be installed over a version.

    The packages come from the oldest to the newest. One without an order to what is installed is
    offered only where no package at all is newer than it: otherwise each of some could be offered
    over the last, for ever.
    """
    # Of one version in two spellings the later counts, as among the heads.
    own = next((item for item in reversed(packages) if compare(item.version, installed) == 0), None)
    suitable = [
        package
        for package in packages
        if not package.source_versions or installed in package.source_versions
    ]
    for head in sorted(_heads(suitable), key=lambda package: package.created_at, reverse=True):
        if is_newer(head, own, installed) and (
            compare(head.version, installed) is not None or _is_unsurpassed(head, packages)
        ):
            return head
    return None


def _heads(packages: Sequence[Package]) -> list[Package]:
    """Return the packages to which none is newer."""
    heads: list[Package] = []
    for package in reversed(packages):
        differences = [compare(package.version, head.version) for head in heads]
        if -1 in differences or 0 in differences:
            continue
        pairs = zip(heads, differences, strict=True)
        heads = [*(head for head, difference in pairs if difference is None), package]
    return heads


def _is_unsurpassed(package: Package, packages: Iterable[Package]) -> bool:
    """Return whether none of some packages is newer than one."""
    return all(compare(other.version, package.version) != 1 for other in packages)
