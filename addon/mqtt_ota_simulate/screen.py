"""What a person sees of the devices."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
import json as json_library
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mqtt_ota_tools.protocol import printable

from .device import News
from .fault import ABOUT
from .personality import PERSONALITIES

# Those of which something was heard last; nobody reads more.
ROWS: Final = 20
_BAR: Final = 24


class Screen:
    """On a terminal a table of the devices in which something goes on, elsewhere a line for each thing."""

    def __init__(self, console: Console, count: int, *, json: bool = False) -> None:
        """Prepare for so many devices; with `json`, lines are for programs."""
        self._console = console
        self._json = json
        self._has_table = console.is_terminal and not json
        self._count = count
        self._state = "connecting to the broker"
        self._rows: OrderedDict[str, News] = OrderedDict()
        self._told: dict[str, str] = {}
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=4)

    def __enter__(self) -> Self:
        """Show the table."""
        if self._has_table:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave what was shown last."""
        self._live.stop()

    def state(self, text: str) -> None:
        """Show what is with all of them."""
        self._state = text
        if not self._has_table:
            self._write({"state": text}, text)

    def device(self, news: News) -> None:
        """Show what a device does."""
        device_id, text = news.device_id, printable(news.text)
        self._rows.pop(device_id, None)
        self._rows[device_id] = news
        while len(self._rows) > ROWS:
            self._rows.popitem(last=False)
        # Of a download its begin is enough.
        if not self._has_table and self._told.get(device_id) != text:
            self._told[device_id] = text
            told = {"device_id": device_id, "versions": news.versions, "text": text}
            self._write(told, f"{device_id} {text}")

    def _write(self, told: Mapping[str, object], text: str) -> None:
        """Write a line with the time: for programs in UTC, for people that of the day."""
        if self._json:
            line = json_library.dumps({"time": datetime.now(UTC).isoformat(), **told})
        else:
            line = f"{datetime.now().astimezone():%H:%M:%S} {text}"
        # Text is written as it is, whatever looks like markup or like an emoji.
        self._console.print(Text(line), soft_wrap=True)

    def _table(self) -> Group:
        """Return what is to be seen now."""
        table = Table(box=None, pad_edge=False)
        for heading in ("device", "version", "", ""):
            table.add_column(heading, overflow="fold")
        for news in self._rows.values():
            progress = news.progress
            bar = "" if progress is None else ProgressBar(total=100, completed=progress, width=_BAR)
            versions = ", ".join(map(printable, news.versions.values()))
            table.add_row(Text(news.device_id), Text(versions), Text(printable(news.text)), bar)
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
