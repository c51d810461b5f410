"""A file as it lies on the disk: how large it is, its hash and what its header says."""

from dataclasses import dataclass
import hashlib
import os
from pathlib import Path

from mqtt_ota_depot.image_header import DEEP_SIZE, ImageHeader, read_header

from .errors import OptionsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A file that becomes a package; `modified` tells it from a changed one."""

    path: Path
    size: int
    modified: int
    sha256: str
    header: ImageHeader

    def check_unchanged(self) -> None:
        """Raise OptionsError when the file is not the one that was read."""
        try:
            now = self.path.stat()
        except OSError as err:
            raise _unreadable(self.path, err) from err
        if (now.st_size, now.st_mtime_ns) != (self.size, self.modified):
            msg = f"{self.path} has changed since it was read; upload it again when it is finished"
            raise OptionsError(msg)


def read_image(path: Path) -> Image:
    """Return what a file is, without keeping its bytes; raises OptionsError."""
    # Opening a pipe would wait for whoever writes to it.
    if path.exists() and not path.is_file():
        msg = f"{path} is no regular file"
        raise OptionsError(msg)
    try:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            header = read_header(file.read(DEEP_SIZE))
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as err:
        raise _unreadable(path, err) from err
    if not stat.st_size:
        msg = f"{path} is empty"
        raise OptionsError(msg)
    return Image(
        path=path, size=stat.st_size, modified=stat.st_mtime_ns, sha256=sha256, header=header
    )


def _unreadable(path: Path, err: OSError) -> OptionsError:
    """Return the error for a file that cannot be read."""
    return OptionsError(f"{path} cannot be read: {err.strerror}")
