"""Uploads as a maker makes them, in this process."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from mqtt_ota_depot.__main__ import main
from tests.depot.rig import KEY, Rig
from tests.depot.test_image_header import esp_app


class Outcome(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str


@dataclass(kw_only=True)
class Uploader:
    """A maker beside a depot."""

    rig: Rig
    folder: Path
    capsys: pytest.CaptureFixture[str]

    def file(self, data: bytes | None = None, name: str = "weather.bin") -> Path:
        """Return a file; an image of weather 1.4.0 when no bytes are given."""
        path = self.folder / name
        path.write_bytes(esp_app() if data is None else data)
        return path

    async def __call__(self, *arguments: str | Path) -> Outcome:
        """Upload to the depot."""
        return await run(self.capsys, "--depot", self.rig.url, *arguments)

    async def packages(self) -> list[dict[str, object]]:
        """Return what the depot has."""
        return list((await self.rig.api("GET", "/packages")).body["packages"])


async def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Outcome:
    """Run the command beside this loop; the key is in nothing that it writes."""
    code = await asyncio.to_thread(main, ["upload", *map(str, arguments)])
    told = capsys.readouterr()
    assert KEY not in told.out + told.err
    return Outcome(code, told.out, told.err)
