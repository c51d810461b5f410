"""One upgrade's download in a thread of its own, so that MQTT stays alive meanwhile."""

from dataclasses import dataclass
import logging
from pathlib import Path
import queue
import threading

from .download import Download, DownloadOptions, StoppedError
from .faults import Cutter, Faults
from .messages import Upgrade
from .partial import Partial
from .results import ResultCode, UpgradeError

_LOGGER = logging.getLogger(__name__)

PROGRESS_STEP = 10
BAR_WIDTH = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """The download has come so far, in percent (1 to 99)."""

    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The download is over: the verified package, or why there is none."""

    package: Path | None = None
    error: UpgradeError | None = None


class UpgradeWorker:
    """Downloads the package of one upgrade and tells an inbox how it goes."""

    def __init__(
        self,
        upgrade: Upgrade,
        folder: Path,
        options: DownloadOptions,
        faults: Faults,
        inbox: queue.SimpleQueue[object],
    ) -> None:
        """Prepare; raises UpgradeError when the storage refuses."""
        self.upgrade = upgrade
        self._faults = faults
        self._inbox = inbox
        self._stopping = threading.Event()
        self._partial = Partial(folder, sha256=upgrade.sha256, size=upgrade.size)
        self._reported = 0
        self._download = Download(
            upgrade,
            self._partial,
            options,
            cutter=Cutter(faults.cut_after, faults.cut_times),
            on_bytes=self._advance,
            stopping=self._stopping,
        )
        # A daemon: at the end of the program nobody waits for a silent depot.
        self._thread = threading.Thread(target=self._work, name="download", daemon=True)

    def start(self) -> None:
        """Begin; the inbox gets Advanced now and then, and Ended once."""
        self._advance(self._partial.offset)
        self._thread.start()

    def renew(self, upgrade: Upgrade) -> None:
        """Go on with another grant for the same package."""
        self.upgrade = upgrade
        self._download.renew(upgrade)

    def stop(self, timeout: float) -> None:
        """End soon without a result; the bytes so far stay."""
        self._stopping.set()
        self._thread.join(timeout)

    def _work(self) -> None:
        """Run the download and tell its end, whatever it is."""
        try:
            self._download.run()
            self._spoil()
            ended = Ended(package=self._partial.path)
        except StoppedError:
            return
        except UpgradeError as err:
            ended = Ended(error=err)
        except MemoryError:
            reason = "Out of memory during the download"
            ended = Ended(error=UpgradeError(ResultCode.INSUFFICIENT_MEMORY, reason))
        except Exception as err:
            # A thread has no caller who could report it.
            _LOGGER.exception("download failed unexpectedly")
            ended = Ended(error=UpgradeError(ResultCode.INTERNAL_ERROR, f"internal error: {err}"))
        self._inbox.put(ended)

    def _spoil(self) -> None:
        """Fail a complete download where a fault says so."""
        if self._faults.wrong_hash:
            self._partial.discard()
            reason = "SHA-256 of the download differs from 'sign' (on purpose)"
            raise UpgradeError(ResultCode.VERIFICATION_FAILED, reason)
        if code := self._faults.late_failure:
            raise UpgradeError(code, f"failed on purpose: {code.name.lower()}")

    def _advance(self, done: int) -> None:
        """Tell the progress at the start and at every step; starting over tells nothing."""
        upgrade = self.upgrade
        percent = min(99, max(1, done * 100 // upgrade.size))
        if self._reported and percent < self._reported + PROGRESS_STEP:
            return
        self._reported = percent // PROGRESS_STEP * PROGRESS_STEP or 1
        filled = "#" * (percent * BAR_WIDTH // 100)
        _LOGGER.info(
            "%s %s [%-*s] %3d %%  %d of %d bytes",
            upgrade.kind,
            upgrade.version,
            BAR_WIDTH,
            filled,
            percent,
            done,
            upgrade.size,
        )
        self._inbox.put(Advanced(percent=percent))
