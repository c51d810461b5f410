"""Where the facts about packages and grants lie: the interface and its SQL form."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
import sqlite3
from typing import Any, Final, Protocol
from uuid import uuid4

from alembic.util import CommandError
from sqlalchemy import URL, Row, delete, event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from . import migrations
from .blobs import StorageFullError
from .grants import Grant
from .models import GrantRow, PackageRow, PropertyRow, TransferRow
from .packages import Package, PackageKind

# The file of the database in the data folder.
DATABASE: Final = "depot.db"

type TransferState = dict[str, Any]


class CatalogError(Exception):
    """The catalog cannot be used; the text names the remedy."""


class Catalog(Protocol):
    """Durable facts. Every method is one transaction: all of it or nothing.

    Writing methods raise StorageFullError when no room is left.
    """

    async def open(self) -> str:
        """Make the catalog ready; return the depot's lasting id."""

    async def packages(self) -> list[Package]:
        """Return all packages, oldest first."""

    async def add_package(self, package: Package, *, replaces: str | None) -> None:
        """Add a package, removing the one with the id `replaces`."""

    async def change_package(self, package: Package) -> None:
        """Replace the facts of the package with the same id."""

    async def remove_package(self, package_id: str) -> None:
        """Remove a package and its grants."""

    async def grants(self) -> list[tuple[Grant, TransferState | None]]:
        """Return all grants with what was kept of their transfers."""

    async def add_grant(self, grant: Grant, state: TransferState | None) -> None:
        """Add a grant, removing any other one of its task."""

    async def remove_grant(self, grant_id: str) -> None:
        """Remove a grant and its transfer."""

    async def save_transfers(self, states: Mapping[str, TransferState]) -> None:
        """Keep the states of transfers by the ids of their grants."""

    async def close(self) -> None:
        """Release everything."""


class SqlCatalog:
    """The catalog in a SQL database, through SQLAlchemy."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use the database of the engine."""
        self._engine = engine
        # One writer at a time, so that SQLite never answers "locked".
        self._writing = asyncio.Lock()

    @classmethod
    def in_folder(cls, data_dir: Path) -> SqlCatalog:
        """Return the catalog in the SQLite file of the data folder."""
        engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=str(data_dir / DATABASE))
        )
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        return cls(engine)

    async def open(self) -> str:
        """Migrate to the newest tables; return the depot's lasting id."""
        try:
            async with self._writing, self._engine.begin() as connection:
                await connection.run_sync(migrations.upgrade)
        except CommandError as err:
            msg = (
                "the database was written by a newer version of the depot; "
                "install that version or restore a backup"
            )
            raise CatalogError(msg) from err
        async with self._transaction() as session:
            row = await session.get(PropertyRow, "depot_id")
            if row is None:
                row = PropertyRow(name="depot_id", value=uuid4().hex)
                session.add(row)
            return row.value

    async def packages(self) -> list[Package]:
        """Return all packages, oldest first."""
        # Columns cost a third of what objects that can be changed do.
        columns = select(*PackageRow.__table__.columns)
        async with self._engine.connect() as connection:
            rows = await connection.execute(columns.order_by(PackageRow.created_at, PackageRow.id))
            return [_package(row) for row in rows]

    async def add_package(self, package: Package, *, replaces: str | None) -> None:
        """Add a package, removing the one with the id `replaces`."""
        async with self._transaction() as session:
            if replaces is not None:
                await session.execute(delete(PackageRow).where(PackageRow.id == replaces))
            session.add(_package_row(package))

    async def change_package(self, package: Package) -> None:
        """Replace the facts of the package with the same id."""
        async with self._transaction() as session:
            await session.merge(_package_row(package))

    async def remove_package(self, package_id: str) -> None:
        """Remove a package and its grants."""
        async with self._transaction() as session:
            await session.execute(delete(PackageRow).where(PackageRow.id == package_id))

    async def grants(self) -> list[tuple[Grant, TransferState | None]]:
        """Return all grants with what was kept of their transfers."""
        columns = select(*GrantRow.__table__.columns, TransferRow.state)
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                columns.outerjoin(TransferRow, TransferRow.grant_id == GrantRow.id)
            )
            return [(_grant(row), row.state) for row in rows]

    async def add_grant(self, grant: Grant, state: TransferState | None) -> None:
        """Add a grant, removing any other one of its task."""
        async with self._transaction() as session:
            await session.execute(delete(GrantRow).where(GrantRow.task_id == grant.task_id))
            session.add(_grant_row(grant))
            await session.flush()
            if state is not None:
                session.add(TransferRow(grant_id=grant.id, state=state))

    async def remove_grant(self, grant_id: str) -> None:
        """Remove a grant and its transfer."""
        async with self._transaction() as session:
            await session.execute(delete(GrantRow).where(GrantRow.id == grant_id))

    async def save_transfers(self, states: Mapping[str, TransferState]) -> None:
        """Keep the states of transfers; those of removed grants are left out."""
        async with self._transaction() as session:
            known = set(await session.scalars(select(GrantRow.id).where(GrantRow.id.in_(states))))
            for grant_id in known:
                await session.merge(TransferRow(grant_id=grant_id, state=states[grant_id]))

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        """Commit what the body does, or nothing of it when it fails."""
        try:
            async with (
                self._writing,
                AsyncSession(self._engine) as session,
                session.begin(),
            ):
                yield session
        except OperationalError as err:
            if getattr(err.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise StorageFullError from err
            raise


def _set_up_sqlite(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    """Set what SQLite forgets with each connection."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # A package is answered for only when it survives a power cut.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _package(row: Row[Any]) -> Package:
    """Return the package of a row."""
    return Package(
        id=row.id,
        kind=PackageKind(row.kind),
        model=row.model,
        version=row.version,
        source_versions=tuple(row.source_versions),
        file_name=row.file_name,
        size=row.size,
        sha256=row.sha256,
        release_notes=row.release_notes,
        custom_info=row.custom_info,
        withdrawn=row.withdrawn,
        created_at=datetime.fromtimestamp(row.created_at, UTC),
        md5=row.md5,
        remove_at=None if row.remove_at is None else datetime.fromtimestamp(row.remove_at, UTC),
    )


def _package_row(package: Package) -> PackageRow:
    """Return the row of a package."""
    return PackageRow(
        id=package.id,
        kind=package.kind.value,
        model=package.model,
        version=package.version,
        source_versions=list(package.source_versions),
        file_name=package.file_name,
        size=package.size,
        sha256=package.sha256,
        release_notes=package.release_notes,
        custom_info=package.custom_info,
        withdrawn=package.withdrawn,
        created_at=int(package.created_at.timestamp()),
        md5=package.md5,
        remove_at=None if package.remove_at is None else int(package.remove_at.timestamp()),
    )


def _grant(row: Row[Any]) -> Grant:
    """Return the grant of a row."""
    return Grant(
        id=row.id,
        token_hash=row.token_hash,
        package_id=row.package_id,
        device_id=row.device_id,
        task_id=row.task_id,
        expires_at=datetime.fromtimestamp(row.expires_at, UTC),
    )


def _grant_row(grant: Grant) -> GrantRow:
    """Return the row of a grant."""
    return GrantRow(
        id=grant.id,
        token_hash=grant.token_hash,
        package_id=grant.package_id,
        device_id=grant.device_id,
        task_id=grant.task_id,
        expires_at=int(grant.expires_at.timestamp()),
    )
