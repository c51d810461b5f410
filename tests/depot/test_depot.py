"""The depot without its server: expiry, recovery and mishaps."""

import asyncio
from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
from typing import Any, Self

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
import pytest
from sqlalchemy.exc import OperationalError

from mqtt_ota_depot.blobs import FileBlobs
from mqtt_ota_depot.catalog import CatalogError, SqlCatalog
from mqtt_ota_depot.depot import Depot
from mqtt_ota_depot.grants import MAX_EXPIRES_IN, Grant, GrantRequest
from mqtt_ota_depot.models import Base
from mqtt_ota_depot.packages import Package, PackageFacts, PackageKind
from mqtt_ota_depot.problems import Problem, ProblemKind

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that the test moves; `error` is how wrong the machine's date is."""

    now = START
    error = timedelta()

    def date(self) -> datetime:
        """Return what the machine takes for the date."""
        return self.now + self.error

    def steady(self) -> float:
        """Return seconds that nobody sets."""
        return self.now.timestamp()


class Opened:
    """A depot on a folder, with everything that must be closed."""

    def __init__(self, folder: Path) -> None:
        """Create the depot."""
        self.clock = Clock()
        self.catalog = SqlCatalog.in_folder(folder)
        self.blobs = FileBlobs(folder)
        self.depot = Depot(
            self.catalog,
            self.blobs,
            now=self.clock.date,
            steady=self.clock.steady,
        )

    async def __aenter__(self) -> Self:
        """Open the depot."""
        await self.depot.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close what the depot used."""
        self.blobs.close()
        await self.catalog.close()

    async def add(self, data: bytes = b"data", version: str = "1") -> Package:
        """Add a package."""
        facts = PackageFacts(kind=PackageKind.FIRMWARE, model="m", version=version)
        async with self.blobs.incoming() as blob:
            await blob.write(data)
            package, _ = await self.depot.add_package(facts, "x.bin", blob)
        return package

    async def grant(self, package: Package, task: str = "t") -> tuple[str, str]:
        """Grant a package; return the grant's id and token."""
        grant, token, _ = await self.depot.add_grant(
            GrantRequest(package_id=package.id, device_id="d", task_id=task)
        )
        return grant.id, token


async def test_a_token_ends_at_its_time(tmp_path: Path) -> None:
    """To the second; later uses count as refusals of its transfer."""
    async with Opened(tmp_path) as opened:
        grant_id, token = await opened.grant(await opened.add())
        opened.clock.now = START + timedelta(seconds=86_399)
        found = opened.depot.authorised(token)
        assert found is not None
        assert found[0].id == grant_id
        opened.clock.now = START + timedelta(seconds=86_400)
        assert opened.depot.authorised(token) is None
        assert opened.depot.transfers.get(grant_id).refusals == 1
        assert opened.depot.live_grants() == []


async def test_what_was_allowed_once_is_looked_at_again(tmp_path: Path) -> None:
    """A grant may have ended since, and its package have been edited."""
    async with Opened(tmp_path) as opened:
        depot = opened.depot

        async def granted(version: str) -> tuple[Grant, Package]:
            """Return what a new token allows."""
            _, token = await opened.grant(await opened.add(version=version), task=version)
            found = depot.authorised(token)
            assert found is not None
            return found

        revoked, edited, expired = [await granted(version) for version in "123"]
        assert all(depot.is_unchanged(*each) for each in (revoked, edited, expired))
        await depot.remove_grant(revoked[0].id)
        await depot.change_package(edited[1].id, {"release_notes": "New"})
        assert not depot.is_unchanged(*revoked)
        assert not depot.is_unchanged(*edited)
        opened.clock.now = START + timedelta(seconds=86_399)
        assert depot.is_unchanged(*expired)
        opened.clock.now = START + timedelta(seconds=86_400)
        assert not depot.is_unchanged(*expired)


@pytest.mark.parametrize(
    "jump", [timedelta(hours=-48), timedelta(hours=48), timedelta(days=20_000)]
)
async def test_a_date_that_is_set_ends_no_grant_and_prolongs_none(
    tmp_path: Path, jump: timedelta
) -> None:
    """A machine that learns the date late must not fail all tasks, nor keep them for ever."""
    async with Opened(tmp_path) as opened:
        _, token = await opened.grant(await opened.add())
        opened.clock.error = jump
        opened.clock.now = START + timedelta(seconds=86_399)
        assert opened.depot.authorised(token) is not None
        opened.clock.now = START + timedelta(seconds=86_400)
        assert opened.depot.authorised(token) is None


async def test_a_wrong_date_at_the_start_prolongs_a_grant_by_a_week_at_most(
    tmp_path: Path,
) -> None:
    """The date of a machine without a clock of its own may begin in 1970."""
    async with Opened(tmp_path) as opened:
        _, token = await opened.grant(await opened.add())
    again = Opened(tmp_path)
    again.clock.error = timedelta(days=-20_000)
    async with again as opened:
        assert opened.depot.authorised(token) is not None
        opened.clock.now = START + timedelta(seconds=MAX_EXPIRES_IN)
        assert opened.depot.authorised(token) is None


async def test_expired_grants_are_forgotten_when_nobody_reads(tmp_path: Path) -> None:
    """An hour after the end, and not while a download that began in time still runs."""
    async with Opened(tmp_path) as opened:
        grant_id, _ = await opened.grant(await opened.add())
        opened.clock.now = START + timedelta(hours=24, minutes=59)
        await opened.depot.remove_expired_grants()
        assert len(opened.depot.transfers.snapshot()) == 1
        opened.clock.now = START + timedelta(hours=25)
        response = opened.depot.transfers.open(grant_id, 0, 4, lambda: None)
        await opened.depot.remove_expired_grants()
        assert len(opened.depot.transfers.snapshot()) == 1
        response.close()
        await opened.depot.remove_expired_grants()
        assert opened.depot.transfers.snapshot() == []
    async with Opened(tmp_path) as opened:
        assert opened.depot.transfers.snapshot() == []


async def test_orphans_are_removed_at_the_start(tmp_path: Path) -> None:
    """Bytes without a fact and half uploads go; everything else stays."""
    async with Opened(tmp_path) as opened:
        package = await opened.add()
    (tmp_path / "packages" / ("0" * 64)).write_bytes(b"orphan")
    (tmp_path / "incoming" / "half.part").write_bytes(b"half")
    async with Opened(tmp_path) as opened:
        assert opened.depot.packages() == [package]
    assert [path.name for path in (tmp_path / "packages").iterdir()] == [package.sha256]
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.parametrize("damage", ["removed", "shorter"])
async def test_a_package_without_its_bytes_is_hidden_until_they_return(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    """It is reported, cannot be granted, and comes back by an upload."""
    async with Opened(tmp_path) as opened:
        lost, kept = await opened.add(), await opened.add(b"other", "2")
        await opened.grant(lost)
    file = tmp_path / "packages" / lost.sha256
    if damage == "removed":
        file.unlink()
    else:
        file.write_bytes(b"da")
    async with Opened(tmp_path) as opened:
        assert opened.depot.packages() == [kept]
        assert "missing or damaged" in caplog.text
        assert opened.depot.live_grants() == []
        with pytest.raises(Problem, match="No package"):
            await opened.grant(lost)
        with pytest.raises(Problem) as caught:
            await opened.depot.change_package(kept.id, {"version": "1"})
        assert caught.value.kind is ProblemKind.VERSION_EXISTS
        again = await opened.add()
        assert again.sha256 == lost.sha256
        _, token = await opened.grant(again)
        found = opened.depot.authorised(token)
        assert found is not None
        assert found[1] == again
    async with Opened(tmp_path) as opened:
        assert {package.id for package in opened.depot.packages()} == {kept.id, again.id}


async def test_a_cancelled_request_leaves_facts_and_bytes_agreeing(tmp_path: Path) -> None:
    """At whatever step the request is cancelled, all of it happens or nothing."""
    async with Opened(tmp_path) as opened:
        for steps in range(40):
            task = asyncio.create_task(opened.add(str(steps).encode(), f"v{steps}"))
            for _ in range(steps):
                await asyncio.sleep(0.0005)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        async with opened.depot._changing:
            known = {package.sha256 for package in opened.depot.packages()}
        assert known == set(await opened.blobs.stored())
        assert known == {package.sha256 for package in await opened.catalog.packages()}


async def test_the_same_version_twice_at_once_is_one_package(tmp_path: Path) -> None:
    """Two uploads at the same moment do not get in each other's way."""
    async with Opened(tmp_path) as opened:
        same = await asyncio.gather(*(opened.add() for _ in range(5)))
        assert len({package.id for package in same}) == 1
        rivals: list[Any] = await asyncio.gather(
            *(opened.add(data, "2") for data in (b"a", b"b")), return_exceptions=True
        )
        assert sorted(type(each).__name__ for each in rivals) == ["Package", "Problem"]
        assert len(await opened.blobs.stored()) == 2


async def test_progress_that_could_not_be_saved_is_saved_later(tmp_path: Path) -> None:
    """A database that fails for a while loses nothing of what the depot saw."""
    async with Opened(tmp_path) as opened:
        grant_id, _ = await opened.grant(await opened.add())
        response = opened.depot.transfers.open(grant_id, 0, 4, lambda: None)
        response.reached(4)
        response.close()
        async with opened.catalog._engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE transfers RENAME TO hidden")
        with pytest.raises(OperationalError):
            await opened.depot.save_transfers()
        async with opened.catalog._engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE hidden RENAME TO transfers")
        await opened.depot.save_transfers()
    async with Opened(tmp_path) as opened:
        assert opened.depot.transfers.get(grant_id).complete


async def test_a_change_that_nobody_waits_for_is_settled_before_the_end(tmp_path: Path) -> None:
    """A client that goes takes nothing back, and the database is closed after its change."""
    async with Opened(tmp_path) as opened:
        package = await opened.add()
        asked = asyncio.create_task(opened.depot.change_package(package.id, {"withdrawn": True}))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert not opened.depot.package(package.id).withdrawn
        await opened.depot.settle()
        assert opened.depot.package(package.id).withdrawn
        assert [package.withdrawn for package in await opened.catalog.packages()] == [True]


async def test_a_late_md5_lets_others_have_their_turn(tmp_path: Path) -> None:
    """A package of an older depot is hashed at the first question, beside everything else."""
    async with Opened(tmp_path) as opened:
        package = await opened.add(bytes(16 * 1024 * 1024))
        await opened.depot.change_package(package.id, {"md5": None})
        asked = asyncio.create_task(opened.depot.md5_of(opened.depot.package(package.id)))
        turns = 0
        while not asked.done():
            turns += 1
            await asyncio.sleep(0)
        assert (
            await asked == hashlib.md5(bytes(16 * 1024 * 1024), usedforsecurity=False).hexdigest()
        )
        assert turns > 100


async def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    """An older program does not touch what it does not know."""
    async with Opened(tmp_path) as opened, opened.catalog._engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    opened = Opened(tmp_path)
    with pytest.raises(CatalogError, match="newer version"):
        await opened.depot.open()
    await opened.catalog.close()


async def test_the_tables_are_those_of_the_models(tmp_path: Path) -> None:
    """Migrations and models describe the same database."""
    async with Opened(tmp_path) as opened, opened.catalog._engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), Base.metadata)
        )
    assert differences == []


async def test_tokens_are_in_no_repr(tmp_path: Path) -> None:
    """Logs of grants tell nothing."""
    async with Opened(tmp_path) as opened:
        _, token = await opened.grant(await opened.add())
        (grant,) = opened.depot.live_grants()
        assert token not in repr(grant)
        assert grant.token_hash not in repr(grant)
