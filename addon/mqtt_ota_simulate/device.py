"""One simulated device: hears requests, fetches packages, restarts, and reports."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mqtt_ota_tools.protocol import SERVICE, VERSION_FIELDS, Kind

from .download import CutError, Download, Downloader, DownloadError
from .fault import ABOUT, ALL, NOT_INSTALLED, REFUSALS, Fault
from .personality import Named, Personality, Report
from .request import CellQuery, Unusable, Upgrade, VersionQuery, read

SLOW_RATE: Final = 10_000
STRANGE_VERSION: Final = "0.0.0-factory"
_ALREADY_THERE: Final = 3
_ANOTHER_RUNS: Final = 1
_GAVE_UP: Final = 6
_WRONG_HASH: Final = 7
_HALF: Final = frozenset({Fault.CUT, Fault.GIVES_UP, Fault.HANGS})

type Send = Callable[[str, str, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What people may read of a device; `progress` is the percentage of a download, or None."""

    device_id: str
    versions: Mapping[Kind, str]
    text: str
    progress: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What all devices share; `send` takes the device's id, a message and its QoS."""

    send: Send
    tell: Callable[[News], None]
    downloader: Downloader
    restart_seconds: float


class Device:
    """What lives on one topic."""

    def __init__(
        self,
        device_id: str,
        versions: Mapping[Kind, str],
        personality: Personality,
        fault: Fault | None,
        world: World,
        *,
        cell: str | None = None,
    ) -> None:
        """Run these versions, and be switched off for now."""
        self.id = device_id
        self.versions = dict(versions)
        self.fault = fault
        self.is_online = False
        self._personality = personality
        self._world = world
        self._cell = cell
        self._is_known = False
        self._is_gone = False
        self._is_restarting = False
        self._download: Download | None = None
        self._task: asyncio.Task[None] | None = None

    def connected(self) -> None:
        """Come online, and say so as its SDK does; the first time it tells its versions anyhow."""
        if self._is_gone or self._is_restarting:
            return
        self._is_gone = self.fault is Fault.OFFLINE
        self.is_online = not self._is_gone
        greeting = self._personality.greet(self.id, _now())
        if greeting is not None:
            self._send(greeting)
        if self._personality.tells_version_on_connect or not self._is_known:
            self._tell_versions()
        self._is_known = True

    def disconnected(self) -> None:
        """Go offline; what it does goes on."""
        self.is_online = False

    def stop(self) -> None:
        """End what it does."""
        if self._task is not None:
            self._task.cancel()

    def receive(self, payload: bytes) -> None:
        """Do what a message asks, when it is there to hear it."""
        if not self.is_online:
            return
        for request in read(payload, self.id):
            match request:
                case VersionQuery():
                    self._tell_versions()
                case CellQuery():
                    self._tell_cell()
                case Upgrade() | Unusable() if request.kind not in self.versions:
                    continue
                case Upgrade():
                    self._begin(request)
                case Unusable():
                    self._fail(request.kind, None, request.code, request.reason)

    def _begin(self, upgrade: Upgrade) -> None:
        """Begin an upgrade, unless it is the same one again or another one runs."""
        if self.fault is Fault.DEAF:
            self._tell("does not get the upgrade message")
        elif self._task is None or self._task.done():
            self._task = asyncio.create_task(self._upgrade(upgrade))
        elif self._download is not None and self._download.upgrade.sha256 == upgrade.sha256:
            # Its grant is a new one.
            self._download.upgrade = upgrade
        else:
            self._fail(upgrade.kind, upgrade.version, _ANOTHER_RUNS, "another upgrade runs")

    async def _upgrade(self, upgrade: Upgrade) -> None:
        """Go through an upgrade as its personality and its fault want it."""
        kind, version, fault = upgrade.kind, upgrade.version, self.fault
        if fault is not None and fault in REFUSALS:
            self._fail(kind, version, REFUSALS[fault], ABOUT[fault].partition(": ")[2])
        elif fault is Fault.FALSE_SUCCESS:
            self._tell(f"reports {version} without fetching it")
            self._succeed(version)
        elif self.versions[kind] == version:
            self._fail(kind, version, _ALREADY_THERE, "runs already")
        elif await self._fetched(upgrade):
            await self._install(kind, version)

    async def _fetched(self, upgrade: Upgrade) -> bool:
        """Fetch a package; return whether it can be installed."""
        kind, version, size = upgrade.kind, upgrade.version, upgrade.size
        self._download = Download(
            upgrade=upgrade,
            with_token=self.fault is not Fault.NO_TOKEN,
            cut_at=max(1, size // 2) if self.fault in _HALF else None,
            goes_on=self.fault is Fault.CUT,
            rate=SLOW_RATE if self.fault is Fault.SLOW else None,
        )
        try:
            digest = await self._world.downloader.fetch(
                self._download,
                lambda offset: self._tell(f"downloads {version}", ALL * offset / size),
            )
        except DownloadError as err:
            self._fail(kind, version, err.code, err.reason)
            return False
        except CutError:
            if self.fault is Fault.HANGS:
                self._is_gone = True
                self.is_online = False
                self._tell(f"hangs in the download of {version}")
            else:
                self._fail(kind, version, _GAVE_UP, "Connection lost: gave up half-way")
            return False
        finally:
            self._download = None
        if self._personality.tells_download:
            self._report(Report(code=0, progress=ALL, version=self.versions[kind]))
        if not self._takes(digest, upgrade):
            self._fail(kind, version, _WRONG_HASH, "SHA-256 differs")
            return False
        return True

    def _takes(self, digest: str, upgrade: Upgrade) -> bool:
        """Return whether it takes the package for the announced one."""
        habits = self._personality
        is_right = digest == upgrade.sha256 and self.fault is not Fault.DAMAGED
        return not habits.checks_hash or (is_right and habits.takes_sha256)

    async def _install(self, kind: Kind, version: str) -> None:
        """Install a package, restart, and tell how it went."""
        if self.fault is Fault.SILENT:
            self._tell(f"has fetched {version} and says nothing")
            return
        if self.fault is Fault.NOT_INSTALLED:
            self._fail(kind, version, NOT_INSTALLED, "the installation failed")
            return
        self.is_online = False
        self._is_restarting = True
        self._tell(f"installs {version} and restarts")
        await asyncio.sleep(self._world.restart_seconds)
        self._is_restarting = False
        if self.fault is not Fault.ROLLS_BACK:
            is_strange = self.fault is Fault.OTHER_VERSION
            self.versions[kind] = STRANGE_VERSION if is_strange else version
        self.connected()
        running = self.versions[kind]
        if running == version:
            self._succeed(version)
        elif not self._personality.tells_version_on_connect:
            self._tell_versions()
        self._tell(f"runs {running} after the upgrade to {version}")

    def _fail(self, kind: Kind, version: str | None, code: int, reason: str) -> None:
        """Report a failure, in the words of its SDK or not at all."""
        failure = self._personality.failure
        if failure is None:
            self._tell(f"failed, and keeps to itself why: {reason}")
            return
        given = failure.hash_code if code == _WRONG_HASH else failure.code
        named = {
            Named.OLD: self.versions[kind],
            Named.TARGET: version or "",
            Named.EMPTY: "",
        }[failure.version]
        told = given if given is not None else code
        self._tell(f"failed, and reports code {told}: {reason}")
        self._report(
            Report(
                code=told,
                progress=failure.progress,
                version=named,
                description=failure.description or reason,
            )
        )

    def _tell_versions(self) -> None:
        """Report the versions that run."""
        versions = {VERSION_FIELDS[kind]: version for kind, version in self.versions.items()}
        self._send(self._personality.version_report(self.id, versions, _now()))

    def _tell_cell(self) -> None:
        """Report the cell, if it has one."""
        if self._cell is not None:
            paras = {"cell_id": self._cell}
            self._send(self._personality.write(self.id, SERVICE, "cell_report", paras, _now()))

    def _report(self, report: Report) -> None:
        """Report progress or a result."""
        self._send(self._personality.progress_report(self.id, report, _now()))

    def _succeed(self, version: str) -> None:
        """Report that a version runs."""
        self._report(
            Report(code=0, progress=ALL, version=version, description=self._personality.success)
        )

    def _send(self, message: str) -> None:
        """Publish on its own topic with its SDK's QoS."""
        self._world.send(self.id, message, self._personality.qos)

    def _tell(self, text: str, progress: float | None = None) -> None:
        """Let people know."""
        self._world.tell(
            News(device_id=self.id, versions=self.versions, text=text, progress=progress)
        )


def _now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)
