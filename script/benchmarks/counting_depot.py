"""A depot that counts transfers in every second moment only: the difference is what counting costs.

Two processes of the very same program differ by more than that, and so does one from one second to
the next: the moments are as short as can be. At the end a file in the data folder tells what was
found.
"""

from dataclasses import asdict, dataclass
import json
from pathlib import Path
import signal
import sys
import time

from mqtt_ota_depot.__main__ import main
from mqtt_ota_depot.transfers import TransferBoard

_FILE = "counting.json"
_NAMES = ("counted", "uncounted")
_MOMENT = 0.01

_count = TransferBoard.served


@dataclass(slots=True)
class Cost:
    """What some requests took of the processor."""

    requests: int = 0
    seconds: float = 0.0

    @property
    def each(self) -> float:
        """Return what one took, in seconds."""
        return self.seconds / self.requests


class Moments:
    """Switches counting off and on, and adds up what either costs."""

    def __init__(self) -> None:
        """Begin with counting."""
        self.counted, self.uncounted = Cost(), Cost()
        self.now = self.counted
        self._begin = time.process_time()

    def switch(self, _number: int, _frame: object) -> None:
        """End a moment."""
        end = time.process_time()
        self.now.seconds += end - self._begin
        self._begin = end
        self.now = self.uncounted if self.now is self.counted else self.counted


def ratio(data: Path) -> float:
    """Return what a request cost that was counted by what one cost that was not."""
    found = json.loads((data / _FILE).read_text(encoding="utf-8"))
    counted, uncounted = (Cost(**found[name]) for name in _NAMES)
    return counted.each / uncounted.each


def run() -> int:
    """Run the depot; return its exit code."""
    moments = Moments()

    def served(board: TransferBoard, grant_id: str, start: int, end: int) -> bool:
        """Count a small range, or do not."""
        moments.now.requests += 1
        return moments.now is moments.uncounted or _count(board, grant_id, start, end)

    TransferBoard.served = served  # type: ignore[assignment, method-assign]
    signal.signal(signal.SIGALRM, moments.switch)
    signal.setitimer(signal.ITIMER_REAL, _MOMENT, _MOMENT)
    data = Path(sys.argv[sys.argv.index("--data-dir") + 1])
    try:
        return main()
    finally:
        costs = (moments.counted, moments.uncounted)
        found = {name: asdict(cost) for name, cost in zip(_NAMES, costs, strict=True)}
        (data / _FILE).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(run())
