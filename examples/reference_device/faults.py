"""Faults on request: a device that misbehaves in a chosen way, for demos and tests."""

from dataclasses import dataclass

from .results import ResultCode

# A real device finds these out before it downloads anything.
_EARLY_CODES = frozenset(
    {
        ResultCode.DEVICE_IN_USE,
        ResultCode.POOR_SIGNAL,
        ResultCode.ALREADY_LATEST,
        ResultCode.LOW_BATTERY,
        ResultCode.INSUFFICIENT_SPACE,
        ResultCode.UNSUPPORTED_PACKAGE,
        ResultCode.INSUFFICIENT_MEMORY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong; the defaults are a healthy device. Times are in seconds."""

    cut_after: int | None = None
    cut_times: int = 1
    wrong_hash: bool = False
    no_report: bool = False
    start_offline: float = 0.0
    stay_offline: float = 0.0
    report_old_version: bool = False
    ignore_queries: bool = False
    fail_code: ResultCode | None = None

    @property
    def early_failure(self) -> ResultCode | None:
        """Return the code to answer a command with, before any download."""
        return self.fail_code if self.fail_code in _EARLY_CODES else None

    @property
    def late_failure(self) -> ResultCode | None:
        """Return the code to end with once the package is complete."""
        return None if self.fail_code in _EARLY_CODES else self.fail_code


class Cutter:
    """Cuts connections of one download after a number of bytes, a number of times."""

    def __init__(self, after: int | None, times: int) -> None:
        """Cut `times` connections, each when it has brought `after` bytes; None cuts nothing."""
        self._after = after
        self._times_left = times if after else 0
        self._bytes_left = after or 0

    def connected(self) -> None:
        """Begin to count anew on a fresh connection."""
        self._bytes_left = self._after or 0

    def limit(self, amount: int) -> int:
        """Return how many bytes may be read so that the cut comes at the very byte."""
        return min(amount, self._bytes_left) if self._times_left else amount

    def received(self, amount: int) -> None:
        """Count bytes; raises ConnectionAbortedError at the place of the cut."""
        if not self._times_left:
            return
        self._bytes_left -= amount
        if self._bytes_left == 0:
            self._times_left -= 1
            msg = f"connection cut on purpose after {self._after} bytes"
            raise ConnectionAbortedError(msg)
