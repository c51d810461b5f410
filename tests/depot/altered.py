"""The depot in a world that a test alters while it runs: its clocks and its disk.

Started like the depot itself, with `python -m tests.depot.altered serve …`. The
file `<data folder>-world.json` says what differs: `date` and `steady`
are seconds that the clocks are ahead, `broken` is a byte from which the disk
reads nothing but errors.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
import errno
import json
import os
from pathlib import Path
import sys
from typing import Any

from mqtt_ota_depot import times


class World:
    """What differs, as the file says."""

    def __init__(self, data_dir: Path) -> None:
        """Use the file beside a data folder."""
        self._file = data_dir.with_name(data_dir.name + "-world.json")

    def alter(self, **changes: float) -> None:
        """Let the world differ in this way, and in no other."""
        self._file.with_suffix(".new").write_text(json.dumps(changes))
        self._file.with_suffix(".new").replace(self._file)

    def get(self, name: str) -> float | None:
        """Return one difference."""
        if not self._file.exists():
            return None
        value: float | None = json.loads(self._file.read_text()).get(name)
        return value


def main() -> None:
    """Run the depot's command in the altered world."""
    world = World(Path(sys.argv[sys.argv.index("--data-dir") + 1]))
    date, steady = times.utcnow, times.steady

    def altered_date() -> datetime:
        """Return the date of the world."""
        return date() + timedelta(seconds=world.get("date") or 0)

    # The depot's modules take both by name when they are imported, which is below.
    times.utcnow = altered_date
    times.steady = lambda: steady() + (world.get("steady") or 0)
    for name in ("pread", "preadv", "sendfile"):
        setattr(os, name, _breaking(world, getattr(os, name)))
    from mqtt_ota_depot.__main__ import main as serve  # noqa: PLC0415

    serve()


def _breaking(world: World, real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the system that reads no further than the disk is whole."""

    def read(*arguments: Any) -> Any:
        """Read, or fail as a broken disk does."""
        broken = world.get("broken")
        # The offset is the third argument of all three functions.
        if broken is not None and arguments[2] + 1 > broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(*arguments)

    return read


if __name__ == "__main__":
    main()
