"""Follows one upgrade through Home Assistant and the depot, and proves how it went."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
import time
from typing import Any

from .device import Device
from .errors import StackError
from .json_client import NoAnswerError
from .package import NewPackage
from .progress import Progress
from .world import World

POLL_SECONDS = 0.25
ENDED = ("succeeded", "failed", "cancelled")


@dataclass(kw_only=True, slots=True)
class Watched:
    """What was seen of an upgrade: the stages in order, and the depot's last word."""

    stages: list[str]
    transfer: dict[str, Any] | None = None


class UpgradeWatch:
    """Looks at a device's update entity and transfer again and again."""

    def __init__(self, world: World, device: Device) -> None:
        """Watch one device."""
        self._world = world
        self._device = device
        self.seen = Watched(stages=[])

    def look(self) -> Progress | None:
        """Return the progress now; a part that is restarting is asked again later."""
        try:
            self.seen.transfer = self._world.transfer(self._device) or self.seen.transfer
            entity = self._world.home_assistant.api.state(self._device.entity_id)
        except NoAnswerError:
            return None
        if entity is None:
            return None
        progress = Progress.of(entity, cuts=len(self._device.resumed_at()))
        if progress and self.seen.stages[-1:] != [progress.stage]:
            self.seen.stages.append(progress.stage)
        return progress

    def until_end(
        self, seconds: float, on_progress: Callable[[Progress], None] = lambda _: None
    ) -> Watched:
        """Return what was seen once the upgrade has succeeded.

        Raises StackError with the cause where it ends otherwise or not in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            progress = self.look()
            if progress:
                on_progress(progress)
                if progress.stage in ENDED:
                    return self._ended(progress.stage)
            time.sleep(POLL_SECONDS)
        raise StackError(f"the upgrade took more than {seconds:.0f} s: {self.seen.stages}")

    def _ended(self, stage: str) -> Watched:
        """Return what was seen of a success."""
        if stage != "succeeded":
            entity = self._world.home_assistant.api.state(self._device.entity_id) or {}
            cause = entity.get("attributes", {}).get("cause")
            raise StackError(f"the upgrade {stage}: {cause}; stages: {self.seen.stages}")
        return self.seen


def prove_upgraded(world: World, device: Device, package: NewPackage) -> None:
    """Check that page and flash agree on the new version, byte for byte."""
    entity = world.home_assistant.api.state(device.entity_id) or {}
    shown = entity.get("attributes", {}).get("installed_version")
    if (entity.get("state"), shown) != ("off", package.version):
        raise StackError(f"Home Assistant shows {shown} ({entity.get('state')})")
    flashed = device.installed_firmware()["version"]
    if flashed != package.version:
        raise StackError(f"the device's flash says version {flashed}")
    if device.installed_sha256() != package.sha256:
        raise StackError("the bytes in the device's flash are not the package's")


def prove_resumed(world: World, device: Device, seen: Watched) -> int:
    """Check that the download was cut and went on; return the offset at which it did."""
    offsets = device.resumed_at()
    if not offsets or not offsets[0]:
        raise StackError("the device did not resume its download")
    statuses = world.depot.download_statuses()
    if HTTPStatus.PARTIAL_CONTENT not in statuses:
        raise StackError(f"the depot answered no request for the rest, only {statuses}")
    transfer = seen.transfer or {}
    if transfer.get("requests", 0) < 1 + len(offsets) or not transfer.get("complete"):
        raise StackError(f"the depot did not serve every byte in several requests: {transfer}")
    return offsets[0]
