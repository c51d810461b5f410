"""A depot's data folder with very many packages, grants and downloads that have begun.

A hundred thousand calls of the API would take longer than the whole benchmark: the rows of the
one package, grant and transfer that the depot has made are multiplied while it is not running.
"""

from collections.abc import Mapping
from pathlib import Path
import sqlite3

_COPIES = (
    "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count) "
)
# What must differ from row to row; everything else is copied.
_DIFFERENT: Mapping[str, Mapping[str, str]] = {
    "packages": {"id": "printf('%032x', n)", "model": "model || n"},
    "grants": {
        "id": "printf('%032x', n)",
        "package_id": "printf('%032x', n)",
        "task_id": "task_id || n",
        "token_hash": "printf('%064x', n)",
    },
    "transfers": {"grant_id": "printf('%032x', n)"},
}


def multiply(data_dir: Path, count: int) -> None:
    """Add so many copies of the folder's package, its grant and its transfer."""
    connection = sqlite3.connect(data_dir / "depot.db")
    with connection:
        for table, different in _DIFFERENT.items():
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(different.get(column, column) for column in columns)
            # Every name in it is one of ours or the database's own.
            connection.execute(
                f"{_COPIES} INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608
                f"SELECT {values} FROM (SELECT * FROM {table} LIMIT 1), numbers",
                {"count": count},
            )
    connection.close()
