"""What a person sees of an upload."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import time
from typing import Final

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from mqtt_ota_depot.image_header import ImageFormat, ImageHeader

from .facts import NewPackage
from .form import OnProgress
from .publishing import Published

# Without a terminal, a slow upload shows this often that it lives.
PLAIN_PAUSE: Final = 10.0


class Screen:
    """Tells what happens: lines, and on a terminal a bar below them."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        """Write to the console; nothing when quiet."""
        self._console = console
        self._quiet = quiet

    def say(self, text: str) -> None:
        """Write one line."""
        if not self._quiet:
            # Logs of build servers are searched: a line stays one.
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def package(self, new: NewPackage) -> None:
        """Write what was read and what becomes of it."""
        image = new.image
        self.say(f"{image.path}: {decimal(image.size)}, {_described(image.header)}")
        self.say(f"  is the {new.title}: {_sources(new.sources)}")
        self.say(f"  SHA-256 {image.sha256}")
        if image.header.format is ImageFormat.ESP_FACTORY:
            self.say(
                "  Warning: this looks like an image for the serial port, with boot loader and "
                "partition table. Devices cannot take it over the air: upload the application alone."
            )

    def published(self, new: NewPackage, published: Published) -> None:
        """Write how it ended."""
        if published.is_new:
            self.say(f"Uploaded the {new.title}.")
            return
        self.say(f"The {new.title} is there already, with the same bytes.")
        if published.unlike:
            self.say(
                f"  Its {' and '.join(published.unlike)} are not those given here and stay; "
                "change them on the depot's page."
            )

    @contextmanager
    def progress(self, new: NewPackage) -> Iterator[OnProgress]:
        """Show how much of a package has left."""
        if self._quiet or not self._console.is_terminal:
            yield self._plain(new.image.size)
            return
        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        task = bar.add_task(new.image.path.name, total=new.image.size)
        with bar:
            yield lambda sent: bar.update(task, completed=sent)

    def _plain(self, size: int) -> OnProgress:
        """Return what writes a line now and then."""
        due = time.monotonic() + PLAIN_PAUSE

        def moved(sent: int) -> None:
            """Write how much has left, when that is due."""
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + PLAIN_PAUSE
                self.say(f"  {sent * 100 // size} % of {decimal(size)}")

        return moved


def _sources(sources: Mapping[str, str]) -> str:
    """Return where model and version come from, in words."""
    if len(set(sources.values())) == 1:
        return f"{' and '.join(sources)} from {next(iter(sources.values()))}"
    return ", ".join(f"{name} from {source}" for name, source in sources.items())


def _described(header: ImageHeader) -> str:
    """Return what a header says, in words."""
    if header.format is ImageFormat.UNKNOWN:
        return "its header says nothing"
    said = {name: value for name, value in header.as_dict().items() if value is not None}
    return "its header says " + ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in said.items()
    )
