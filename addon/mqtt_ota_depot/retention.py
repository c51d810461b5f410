"""Retention: the newest versions of each model stay, older ones go when nobody needs them."""

from collections import defaultdict
from collections.abc import Iterable
import logging
from typing import Final

from .depot import Depot
from .packages import Package, PackageKind

_LOGGER: Final = logging.getLogger(__name__)


def superfluous(packages: Iterable[Package], keep: int) -> list[Package]:
    """Return the packages beyond the `keep` newest of their kind and model; 0 keeps all.

    Newest is what was stored last, whatever its version is called. A withdrawn
    package takes no place of an offered one, and is old as soon as `keep`
    offered ones are newer.
    """
    if not keep:
        return []
    models: dict[tuple[PackageKind, str], list[Package]] = defaultdict(list)
    for package in packages:
        models[package.kind, package.model].append(package)
    return [package for group in models.values() for package in _older(group, keep)]


async def remove_old_versions(depot: Depot, keep: int) -> None:
    """Remove what is superfluous, but no package that a live grant is for."""
    for package in superfluous(depot.packages(), keep):
        if await depot.remove_unneeded_package(package.id):
            _LOGGER.info("Removed %s %s %s: %d newer ones are kept", *package.identity, keep)


def _older(group: list[Package], keep: int) -> list[Package]:
    """Return the packages of one model that have `keep` newer offered ones."""
    found, newer = [], 0
    for package in sorted(group, key=lambda each: each.created_at, reverse=True):
        if newer >= keep:
            found.append(package)
        newer += package.offered
    return found
