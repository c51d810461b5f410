"""Publishing one package: looking whether it is there, sending it, trying again."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mqtt_ota_depot.problems import ProblemKind

from .client import DepotClient, Room
from .errors import LostError, RefusedError
from .facts import NewPackage
from .form import OnProgress

# Seconds before each further try. Repeating an upload with the same bytes changes nothing.
PAUSES: Final = (1.0, 2.0, 4.0, 8.0)

type OnTrouble = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the depot has now; `unlike` names the facts that it keeps otherwise than was said."""

    package: Mapping[str, Any]
    is_new: bool
    unlike: tuple[str, ...] = ()


async def publish(
    client: DepotClient, new: NewPackage, on_progress: OnProgress, on_trouble: OnTrouble
) -> Published:
    """See to it that the depot has a package; raises RefusedError or UnusableError."""
    for pause in PAUSES:
        try:
            return await _publish(client, new, on_progress)
        except LostError as err:
            on_trouble(f"{err} Trying again in {pause:.0f} s.")
        await asyncio.sleep(pause)
    return await _publish(client, new, on_progress)


async def _publish(client: DepotClient, new: NewPackage, on_progress: OnProgress) -> Published:
    """Look whether a package is there, and send it where it is not."""
    room = await client.room()
    if (there := await _look(client, new)) is not None:
        return there
    _check_room(room, new)
    try:
        package, is_new = await client.upload(new, on_progress)
    except RefusedError as err:
        # Somebody else was quicker: say what lies there now.
        if err.kind is ProblemKind.VERSION_EXISTS and (there := await _look(client, new)):
            return there
        raise
    return Published(package=package, is_new=True) if is_new else _compared(package, new)


async def _look(client: DepotClient, new: NewPackage) -> Published | None:
    """Return the package of the same kind, model and version; None when it may be sent."""
    identity = (new.facts.kind, new.facts.model, new.facts.version)
    for package in await client.packages():
        same = tuple(package.get(name) for name in ("kind", "model", "version")) == identity
        # The depot lets a new package take the place of one that is about to be removed.
        if same and package.get("remove_at") is None:
            return _compared(package, new)
    return None


def _compared(package: Mapping[str, Any], new: NewPackage) -> Published:
    """Return what is there already; raises RefusedError when it is not what is to be published."""
    if package.get("sha256") != new.image.sha256:
        msg = (
            f"The {new.title} exists with other bytes: there SHA-256 {package.get('sha256')}, "
            f"here {new.image.sha256}. A version never changes its content: raise the version, "
            "or delete the old package on the depot's page."
        )
        raise RefusedError(msg, ProblemKind.VERSION_EXISTS)
    if package.get("withdrawn"):
        msg = (
            f"The {new.title} is there already with the same bytes, but it is withdrawn: no "
            "device is told to download it. Restore it on the depot's page, or raise the version."
        )
        raise RefusedError(msg, ProblemKind.PACKAGE_WITHDRAWN)
    said = {
        "source versions": (list(new.facts.source_versions), package.get("source_versions")),
        "release notes": (new.facts.release_notes, package.get("release_notes")),
        "custom info": (new.facts.custom_info, package.get("custom_info")),
    }
    unlike = tuple(name for name, (here, there) in said.items() if here and here != there)
    return Published(package=package, is_new=False, unlike=unlike)


def _check_room(room: Room, new: NewPackage) -> None:
    """Raise RefusedError for what the depot would refuse after the first bytes."""
    size = new.image.size
    if size > room.max_package_size:
        msg = (
            f"{new.image.path} has {size} bytes, the depot takes at most {room.max_package_size}; "
            "raise max_package_size in the depot's settings."
        )
        raise RefusedError(msg, ProblemKind.TOO_LARGE)
    if size > room.free:
        msg = (
            f"{new.image.path} has {size} bytes, the depot's storage only {room.free} left; remove "
            "packages or give the depot more storage."
        )
        raise RefusedError(msg, ProblemKind.STORAGE_FULL)
