"""The files that the repository holds."""

from functools import cache
from pathlib import Path
import subprocess

ROOT = Path(__file__).resolve().parents[2]
INTEGRATION = ROOT / "custom_components" / "mqtt_ota"
ADDON = ROOT / "addon"


@cache
def repository_files() -> tuple[Path, ...]:
    """Return all files that are tracked or about to be, without what is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = (ROOT / name for name in listed.split("\0") if name)
    return tuple(file for file in files if file.is_file())


def text_of(file: Path) -> str:
    """Return a file's text; bytes that are no text are replaced."""
    return file.read_bytes().decode(errors="replace")


def lines_of(file: Path) -> list[str]:
    """Return a file's lines."""
    return text_of(file).splitlines()
