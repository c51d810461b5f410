"""The device: answers queries, carries out upgrades, restarts, reports."""

from dataclasses import dataclass
from datetime import UTC, datetime
import logging
import queue
import shutil
import time

from .download import DownloadOptions
from .faults import Faults
from .flash import Flash
from .link import Broker, Link, Published, Ready, Received
from .messages import (
    InvalidUpgrade,
    Kind,
    MessageError,
    Request,
    Upgrade,
    VersionQuery,
    progress_report,
    read_requests,
    version_report,
)
from .partial import kept_bytes
from .results import Report, ResultCode, UpgradeError
from .upgrade import Advanced, Ended, UpgradeWorker

_LOGGER = logging.getLogger(__name__)

LAST_WORDS_TIMEOUT = 5.0
STOP_TIMEOUT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stop:
    """The program shall end."""


class Device:
    """One device; everything it does happens in the thread that calls `run`."""

    def __init__(
        self,
        device_id: str,
        *,
        broker: Broker,
        flash: Flash,
        downloads: DownloadOptions,
        faults: Faults,
        reboot_seconds: float,
    ) -> None:
        """Put the parts together; nothing starts before `run`."""
        self._device_id = device_id
        self._broker = broker
        self._flash = flash
        self._downloads = downloads
        self._faults = faults
        self._reboot_seconds = reboot_seconds
        # SimpleQueue, because `stop` is called from signal handlers.
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._link = Link(broker, device_id, self._inbox)
        self._worker: UpgradeWorker | None = None
        self._result_mid: int | None = None
        self._silent = False

    def stop(self) -> None:
        """Make `run` return soon; safe from signal handlers and other threads."""
        self._inbox.put(_Stop())

    def run(self) -> None:
        """Live until `stop`: boot, serve, and boot again after each upgrade."""
        on = self._off_for(self._faults.start_offline)
        while on:
            self._boot()
            reboot = self._serve()
            self._link.stop()
            on = reboot and self._off_for(self._reboot_seconds + self._faults.stay_offline)
        if self._worker is not None:
            self._worker.stop(STOP_TIMEOUT)

    def _boot(self) -> None:
        """Start what the flash holds and connect."""
        updated = self._flash.boot(roll_back=self._faults.report_old_version)
        self._silent = updated is not None and self._faults.no_report
        if self._silent:
            self._flash.acknowledge()
        # A boot has no memory of connections before it, so each one gets a fresh client.
        self._link = Link(self._broker, self._device_id, self._inbox)
        self._result_mid = None
        self._link.start()

    def _serve(self) -> bool:
        """Handle what comes; return True to reboot, False to end."""
        while True:
            match self._inbox.get():
                case _Stop():
                    return False
                case Ready():
                    self._come_online()
                case Received(payload=payload):
                    self._receive(payload)
                case Published(mid=mid) if mid == self._result_mid:
                    self._flash.acknowledge()
                    self._result_mid = None
                case Advanced(percent=percent):
                    self._report_progress(percent, "downloading")
                case Ended() as ended:
                    if self._finish(ended):
                        return True

    def _off_for(self, seconds: float) -> bool:
        """Be off for a while, deaf to everything; return False when the program shall end."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                if isinstance(self._inbox.get(timeout=left), _Stop):
                    return False
            except queue.Empty:
                break
        return True

    def _come_online(self) -> None:
        """Report the versions, then the result that is still due, then go on where it broke."""
        versions = " and ".join(f"{kind} {text}" for kind, text in self._flash.versions.items())
        _LOGGER.info("online as %s with %s", self._device_id, versions)
        if not self._silent:
            self._report_versions()
        self._send_result()
        if self._worker is None and (upgrade := self._flash.upgrade):
            _LOGGER.info("going on with %s %s", upgrade.kind, upgrade.version)
            self._begin(upgrade)

    def _receive(self, payload: bytes) -> None:
        """Read a message and do what it asks."""
        try:
            requests = read_requests(payload, self._device_id)
        except MessageError as err:
            _LOGGER.warning("message ignored: %s", err)
            return
        for request in requests:
            self._handle(request)

    def _handle(self, request: Request) -> None:
        """Do what one request asks."""
        match request:
            case VersionQuery():
                if not self._faults.ignore_queries:
                    self._report_versions()
            case InvalidUpgrade(kind=kind, error=error):
                self._refuse(kind, error)
            case Upgrade():
                self._command(request)

    def _command(self, upgrade: Upgrade) -> None:
        """Begin an upgrade, or tell that one is running."""
        if self._worker is None:
            self._accept(upgrade)
            return
        running = self._worker.upgrade
        if running.same_package(upgrade):
            # Told twice, or told again with a new grant because the old one is dead.
            self._flash.begin(upgrade)
            self._worker.renew(upgrade)
            return
        reason = f"busy with {running.kind} {running.version}"
        self._refuse(upgrade.kind, UpgradeError(ResultCode.DEVICE_IN_USE, reason))

    def _accept(self, upgrade: Upgrade) -> None:
        """Begin an upgrade unless something stands against it."""
        try:
            self._check(upgrade)
            self._flash.begin(upgrade)
        except UpgradeError as err:
            self._refuse(upgrade.kind, err)
        except OSError as err:
            error = UpgradeError(ResultCode.INSUFFICIENT_SPACE, f"storage refuses: {err}")
            self._refuse(upgrade.kind, error)
        else:
            self._begin(upgrade)

    def _check(self, upgrade: Upgrade) -> None:
        """Raise UpgradeError when the device cannot or need not take the package."""
        if upgrade.kind not in self._flash.versions:
            reason = f"this device has no {upgrade.kind} of its own"
            raise UpgradeError(ResultCode.UNSUPPORTED_PACKAGE, reason)
        if upgrade.version == self._flash.versions[upgrade.kind]:
            raise UpgradeError(ResultCode.ALREADY_LATEST, f"{upgrade.version} runs already")
        if code := self._faults.early_failure:
            raise UpgradeError(code, f"failed on purpose: {code.name.lower()}")
        folder = self._flash.folder
        free = shutil.disk_usage(folder).free + kept_bytes(folder)
        if free < upgrade.size:
            reason = f"package of {upgrade.size} bytes, but {free} bytes free"
            raise UpgradeError(ResultCode.INSUFFICIENT_SPACE, reason)

    def _begin(self, upgrade: Upgrade) -> None:
        """Start the download, or what a restart left of it."""
        _LOGGER.info("upgrading %s to %s", upgrade.kind, upgrade.version)
        try:
            worker = UpgradeWorker(
                upgrade, self._flash.folder, self._downloads, self._faults, self._inbox
            )
        except UpgradeError as err:
            self._fail(upgrade, err)
            return
        self._worker = worker
        worker.start()

    def _finish(self, ended: Ended) -> bool:
        """Install what was downloaded; return True when the device must reboot for it."""
        if self._worker is None:
            return False
        upgrade, self._worker = self._worker.upgrade, None
        try:
            if ended.error is not None:
                raise ended.error
            if ended.package is not None:
                self._flash.stage(upgrade, ended.package)
        except UpgradeError as err:
            self._fail(upgrade, err)
            return False
        _LOGGER.info("%s %s verified and staged; restarting", upgrade.kind, upgrade.version)
        self._report_staged(upgrade.kind)
        return True

    def _fail(self, upgrade: Upgrade, error: UpgradeError) -> None:
        """End the running upgrade without the new version."""
        _LOGGER.error("%s %s failed: %s", upgrade.kind, upgrade.version, error.reason)
        self._flash.fail(self._failure(upgrade.kind, error))
        self._send_result()

    def _refuse(self, kind: Kind, error: UpgradeError) -> None:
        """Answer a command that does not begin; the running upgrade is not touched."""
        _LOGGER.warning("%s upgrade refused: %s", kind, error.reason)
        self._link.publish(
            progress_report(self._device_id, self._failure(kind, error), datetime.now(UTC))
        )

    def _failure(self, kind: Kind, error: UpgradeError) -> Report:
        """Return the report of an upgrade that leaves the running version in place."""
        version = self._flash.versions.get(kind, "")
        return Report(result_code=error.code, version=version, description=error.reason)

    def _report_versions(self) -> None:
        """Tell which versions run."""
        self._link.publish(version_report(self._device_id, self._flash.versions, datetime.now(UTC)))

    def _report_progress(self, percent: int, description: str) -> None:
        """Tell how far the running upgrade is."""
        if self._worker is None:
            return
        report = Report(
            result_code=ResultCode.SUCCESS,
            version=self._flash.versions[self._worker.upgrade.kind],
            progress=percent,
            description=description,
        )
        self._link.publish(progress_report(self._device_id, report, datetime.now(UTC)))

    def _report_staged(self, kind: Kind) -> None:
        """Tell that the download is complete, and see the words leave before the restart."""
        report = Report(
            result_code=ResultCode.SUCCESS,
            version=self._flash.versions[kind],
            progress=100,
            description="restarting",
        )
        payload = progress_report(self._device_id, report, datetime.now(UTC))
        self._link.publish(payload, wait=LAST_WORDS_TIMEOUT)

    def _send_result(self) -> None:
        """Send the kept result unless it is on its way already."""
        result = self._flash.result
        if result is None or self._result_mid is not None:
            return
        payload = progress_report(self._device_id, result, datetime.now(UTC))
        self._result_mid = self._link.publish(payload)
