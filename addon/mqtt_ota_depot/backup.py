"""Backups while the depot runs: a copy of the database that holds still.

A database file that is copied while it is written is none, so backups leave it
out and take a copy, made for them before they begin. Packages are files that never
change; while a backup is under way none is removed.
"""

import logging
import os
from pathlib import Path
import sqlite3
import time
from typing import Final

from .catalog import DATABASE
from .errors import StartError

COPY: Final = "backup.db"
# A backup whose end was never told does not keep removed packages for ever.
LONGEST: Final = 6 * 3600.0

_LOGGER: Final = logging.getLogger(__name__)


def begin(data_dir: Path) -> None:
    """Make the copy; raises StartError when that fails. The depot may be running."""
    database, copy = data_dir / DATABASE, data_dir / COPY
    if not database.exists():
        # Nothing was ever stored, so that there is nothing to lose.
        return
    fresh = copy.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    try:
        connection = sqlite3.connect(database, timeout=30)
        try:
            connection.execute("VACUUM INTO ?", (str(fresh),))
        finally:
            connection.close()
        descriptor = os.open(fresh, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(copy)
    except (OSError, sqlite3.Error) as err:
        fresh.unlink(missing_ok=True)
        msg = f"the database cannot be copied for the backup: {err}; make room in {data_dir}"
        raise StartError(msg) from err


def end(data_dir: Path) -> None:
    """Remove the copy; packages may be removed again."""
    (data_dir / COPY).unlink(missing_ok=True)


def is_under_way(data_dir: Path) -> bool:
    """Return whether a backup has begun and may still be copying."""
    try:
        begun = (data_dir / COPY).stat().st_mtime
    except FileNotFoundError:
        return False
    return time.time() - begun < LONGEST


def restore(data_dir: Path) -> None:
    """Use the copy of a restored backup, which has no database of its own."""
    copy = data_dir / COPY
    if copy.exists() and not (data_dir / DATABASE).exists():
        _LOGGER.info("Going on with the database of a backup")
        copy.rename(data_dir / DATABASE)
