"""How far an upgrade is, told on a terminal or in a log file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
import sys
import time
from typing import Any, TextIO

BAR_WIDTH = 30
# A log file gets a line per stage and per so many percent.
LOG_STEP = 20

STAGES = {
    "waiting_online": "waiting for the device to come online",
    "querying_cell": "asking the device for its cell",
    "querying_version": "asking the device for its version",
    "queued": "waiting for a free transfer",
    "awaiting_download": "waiting for the device to start the download",
    "downloading": "downloading",
    "awaiting_update": "waiting for the device to restart",
    "updating": "the device is updating",
    "verifying": "asking the device for its version, for check",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What the update entity shows of an upgrade."""

    stage: str
    percentage: float | None = None
    cuts: int = 0

    @classmethod
    def of(cls, entity: Mapping[str, Any], cuts: int) -> Progress | None:
        """Return the progress that an update entity's state tells, None before any task."""
        attributes = entity["attributes"]
        if (stage := attributes.get("stage")) is None:
            return None
        return cls(stage=stage, percentage=attributes.get("update_percentage"), cuts=cuts)

    def line(self) -> str:
        """Return the progress as one line with a bar."""
        text = STAGES.get(self.stage, self.stage)
        bar = "" if self.percentage is None else f" {_bar(self.percentage)}"
        times = "once" if self.cuts == 1 else f"{self.cuts} times"
        cuts = f"  (cut and resumed {times})" if self.cuts else ""
        return f"{text:<45}{bar}{cuts}"

    def coarse(self) -> Progress:
        """Return the progress with as many percents as a log file is told."""
        if self.percentage is None:
            return self
        return replace(self, percentage=self.percentage // LOG_STEP * LOG_STEP)


class ProgressDisplay:
    """Shows progress: a bar that moves on a terminal, single lines elsewhere."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        """Begin to count the time."""
        self._stream = stream
        self._moves = stream.isatty()
        self._begun = time.monotonic()
        self._shown: Progress | None = None

    def show(self, progress: Progress) -> None:
        """Show the progress if it is new."""
        key = progress if self._moves else progress.coarse()
        if key == self._shown:
            return
        same_stage = self._shown is not None and self._shown.stage == key.stage
        self._shown = key
        start = "\r\x1b[2K" if self._moves and same_stage else ""
        if self._moves and not same_stage:
            start = "\n"
        seconds = time.monotonic() - self._begun
        self._stream.write(f"{start}{seconds:7.1f} s  {progress.line()}")
        self._stream.write("" if self._moves else "\n")
        self._stream.flush()

    def end(self) -> None:
        """Leave the line of the bar."""
        if self._moves:
            self._stream.write("\n")
            self._stream.flush()


def _bar(percentage: float) -> str:
    """Return a bar of fixed width and the number."""
    filled = round(BAR_WIDTH * percentage / 100)
    return f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {percentage:3.0f} %"
