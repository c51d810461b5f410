"""The bytes of a package downloaded so far, kept over cuts and restarts."""

import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from .files import write_atomically
from .results import ResultCode, UpgradeError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


PACKAGE_FILE = "package.part"


def kept_bytes(folder: Path) -> int:
    """Return how many bytes an earlier download occupies; the next one reuses or frees them."""
    try:
        return (folder / PACKAGE_FILE).stat().st_size
    except FileNotFoundError:
        return 0


class Partial:
    """A growing file, bound to the package it belongs to by SHA-256 and size."""

    def __init__(self, folder: Path, *, sha256: str, size: int) -> None:
        """Take over bytes left in the folder when they are of the same package.

        The address does not count: a renewed grant may name another one for the same bytes.
        """
        self._folder = folder
        self.path = folder / PACKAGE_FILE
        self.etag: str | None = None
        self._note = folder / "package.json"
        self._sha256 = sha256
        self._size = size
        note = self._read_note()
        if note.get("sha256") == sha256 and note.get("size") == size and self.offset <= size:
            etag = note.get("etag")
            self.etag = etag if isinstance(etag, str) else None
        else:
            self.start_over(None)

    @property
    def offset(self) -> int:
        """Return how many bytes are there."""
        return kept_bytes(self._folder)

    def start_over(self, etag: str | None) -> None:
        """Forget the bytes; those that follow are of the representation `etag`."""
        try:
            # Empty before the note changes: a note never vouches for bytes of another ETag.
            self.path.write_bytes(b"")
            self.etag = etag
            note = {"sha256": self._sha256, "size": self._size, "etag": etag}
            write_atomically(self._note, json.dumps(note).encode())
        except OSError as err:
            raise _storage_error(err) from err

    def append(self, data: bytes) -> None:
        """Add bytes at the end; raises UpgradeError when the storage refuses."""
        try:
            with self.path.open("ab") as file:
                file.write(data)
        except OSError as err:
            raise _storage_error(err) from err

    def digest(self) -> str:
        """Return the SHA-256 of what the storage really holds, synced."""
        try:
            with self.path.open("r+b") as file:
                os.fsync(file.fileno())
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as err:
            raise _storage_error(err) from err

    def discard(self) -> None:
        """Remove the bytes and what was noted about them."""
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def _read_note(self) -> dict[str, Any]:
        """Return what was noted about the bytes; nothing when there is no sound note."""
        try:
            note = json.loads(self._note.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}


def _storage_error(err: OSError) -> UpgradeError:
    """Return the storage's refusal as the end of the upgrade."""
    if err.errno in _FULL:
        return UpgradeError(ResultCode.INSUFFICIENT_SPACE, f"no room for the package: {err}")
    return UpgradeError(ResultCode.INTERNAL_ERROR, f"storage failed: {err}")
