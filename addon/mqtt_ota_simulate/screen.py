"""What a person sees of the devices."""

from collections import OrderedDict
from datetime import datetime
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mqtt_ota_tools.protocol import printable

from .fault import ABOUT
from .personality import PERSONALITIES

# Those of which something was heard last; nobody reads more.
ROWS: Final = 20
_BAR: Final = 24


class Screen:
    """On a terminal a table of the devices in which something goes on, elsewhere a line for each thing."""

    def __init__(self, console: Console, count: int) -> None:
        """Prepare for so many devices."""
        self._console = console
        self._count = count
        self._state = "connecting to the broker"
        self._rows: OrderedDict[str, tuple[str, float | None]] = OrderedDict()
        self._told: dict[str, str] = {}
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=4)

    def __enter__(self) -> Self:
        """Show the table."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave what was shown last."""
        self._live.stop()

    def state(self, text: str) -> None:
        """Show what is with all of them."""
        self._state = text
        if not self._console.is_terminal:
            self._write(text)

    def device(self, device_id: str, text: str, progress: float | None) -> None:
        """Show what a device does, with the percentage of its download."""
        shown = printable(text)
        self._rows.pop(device_id, None)
        self._rows[device_id] = (shown, progress)
        while len(self._rows) > ROWS:
            self._rows.popitem(last=False)
        # Of a download its begin is enough.
        if not self._console.is_terminal and self._told.get(device_id) != shown:
            self._told[device_id] = shown
            self._write(f"{device_id} {shown}")

    def _write(self, text: str) -> None:
        """Write a line with the time of day."""
        line = f"{datetime.now().astimezone():%H:%M:%S} {text}"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _table(self) -> Group:
        """Return what is to be seen now."""
        table = Table(box=None, pad_edge=False)
        for heading in ("device", "", ""):
            table.add_column(heading, overflow="fold")
        for device_id, (text, progress) in self._rows.items():
            bar = "" if progress is None else ProgressBar(total=100, completed=progress, width=_BAR)
            table.add_row(device_id, Text(text), bar)
        devices = "1 device" if self._count == 1 else f"{self._count} devices"
        return Group(table, Text(f"{devices}: {self._state}. Ctrl-C ends.", style="dim"))


def show_list(console: Console) -> None:
    """Write all personalities and faults."""
    table = Table(box=None, pad_edge=False)
    table.add_column("--personality", no_wrap=True)
    table.add_column("the device …", overflow="fold")
    for name, personality in PERSONALITIES.items():
        table.add_row(name, Text(personality.about))
    console.print(table)
    console.print()
    table = Table(box=None, pad_edge=False)
    table.add_column("--fault", no_wrap=True)
    table.add_column("the device …", overflow="fold")
    for fault, about in ABOUT.items():
        table.add_row(fault, Text(about))
    console.print(table)
