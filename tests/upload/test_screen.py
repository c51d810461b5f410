"""What a person sees on a terminal."""

import io
from pathlib import Path

from rich.console import Console

from mqtt_ota_upload.facts import Wishes, complete
from mqtt_ota_upload.image import read_image
from mqtt_ota_upload.screen import Screen
from tests.depot.test_image_header import esp_app


def test_a_bar_on_a_terminal(tmp_path: Path) -> None:
    """It shows the file and how much has left, and is taken away in the end."""
    path = tmp_path / "weather.bin"
    path.write_bytes(esp_app().ljust(2000))
    new = complete(read_image(path), Wishes())
    file = io.StringIO()
    screen = Screen(Console(file=file, force_terminal=True, width=120), quiet=False)
    with screen.progress(new) as on_progress:
        on_progress(1000)
    shown = file.getvalue()
    assert "weather.bin" in shown
    assert "1.0/2.0 kB" in shown
    assert shown.endswith("\x1b[2K")


def test_an_image_for_the_serial_port(tmp_path: Path) -> None:
    """Whoever uploads one is warned; long lines stay whole."""
    path = tmp_path / "weather-1.4.0.bin"
    path.write_bytes(esp_app().ljust(0x8000, b"\xff") + (b"\xaa\x50\x01\x02" + bytes(28)) * 3)
    file = io.StringIO()
    Screen(Console(file=file, width=20), quiet=False).package(complete(read_image(path), Wishes()))
    assert "boot loader and partition table. Devices cannot take it over the air" in file.getvalue()
