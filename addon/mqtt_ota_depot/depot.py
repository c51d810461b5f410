"""The depot itself: every change of packages and grants goes through here."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
import hashlib
import logging
from typing import Any, Final
from uuid import uuid4

from .blobs import Blobs, IncomingBlob
from .catalog import Catalog
from .events import EventBus
from .grants import Grant, GrantRequest, Grants, issue
from .installations import Installations, News
from .packages import Package, PackageFacts, PackageKind
from .problems import Problem, ProblemKind
from .times import steady, utcnow
from .transfers import TransferBoard

# An expired grant is remembered for a while, so that refusals of its token can
# be told as those of its task.
EXPIRED_KEPT: Final = 3600.0
_BLOCK: Final = 256 * 1024
# A request without a right token says something of a device only where few may have sent it.
_MAX_SUSPECTS: Final = 8

_LOGGER: Final = logging.getLogger(__name__)

type _Identity = tuple[PackageKind, str, str]


class Depot:
    """Packages, grants and transfers, kept in a catalog and in blobs."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        *,
        now: Callable[[], datetime] = utcnow,
        steady: Callable[[], float] = steady,
        hold: Callable[[], bool] = bool,
    ) -> None:
        """Create the depot; `open` makes it usable.

        While `hold` returns true no bytes are removed, only facts.
        """
        self.id = ""
        self.blobs = blobs
        self.events = EventBus()
        self.transfers = TransferBoard(self.events.publish, now=now)
        self.installations = Installations()
        self._catalog = catalog
        self._now = now
        self._steady = steady
        self._packages: dict[str, Package] = {}
        self._missing: dict[_Identity, Package] = {}
        self._grants = Grants()
        self._changing = asyncio.Lock()
        self._hold = hold
        self._held: set[str] = set()
        self._works: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Load everything and clean up after an interrupted process.

        Raises CatalogError when the catalog cannot be used.
        """
        self.id = await self._catalog.open()
        if leftovers := await self.blobs.clear_incoming():
            _LOGGER.info("Removed %d interrupted uploads", leftovers)
        stored = await self.blobs.stored()
        packages = await self._catalog.packages()
        self._held = stored.keys() - {package.sha256 for package in packages}
        if unused := len(self._held):
            _LOGGER.info("Removing %d files that no package uses", unused)
        await self.remove_held_blobs()
        for package in packages:
            if stored.get(package.sha256) == package.size:
                self._packages[package.id] = package
            else:
                _log_missing(package)
                self._missing[package.identity] = package
        for grant, state in await self._catalog.grants():
            if grant.package_id in self._packages:
                package = self._packages[grant.package_id]
                self._grants.add(grant, package.path, now=self._now(), steady=self._steady())
                self.transfers.add(grant, package.size, state)

    def packages(self) -> list[Package]:
        """Return all packages, oldest first."""
        return list(self._packages.values())

    def package(self, package_id: str) -> Package:
        """Return a package; raises a Problem of kind package-not-found."""
        package = self._packages.get(package_id)
        if package is None:
            raise Problem(ProblemKind.PACKAGE_NOT_FOUND, "No package has this id; list them.")
        return package

    def take_installations(self, news: News) -> None:
        """Take over what devices run, and let the pages know.

        Raises a Problem of kind invalid-request where there are too many devices.
        """
        self.installations.take(news)
        self.events.publish({"type": "installations_changed"})

    def snapshot(self) -> dict[str, Any]:
        """Return packages and transfers as JSON objects."""
        return {
            "packages": [package.as_dict() for package in self.packages()],
            "transfers": self.transfers.snapshot(),
        }

    def live_grants(self) -> list[Grant]:
        """Return the grants that have not expired."""
        steady = self._steady()
        return [grant for grant in self._grants if not self._grants.expired(grant, steady)]

    def authorised(self, token: str) -> tuple[Grant, Package] | None:
        """Return the live grant of a token and its package, None without one.

        An expired token is counted as a refusal of its grant's transfer.
        """
        grant = self._grants.find(token)
        if grant is None:
            return None
        if self._grants.expired(grant, self._steady()):
            self.transfers.refused(grant.id)
            return None
        return grant, self._packages[grant.package_id]

    def is_unchanged(self, grant: Grant, package: Package) -> bool:
        """Return whether a grant is alive still, and its package what it was."""
        return (
            self._grants.get(grant.id) is grant
            and self._packages.get(package.id) is package
            and not self._grants.expired(grant, self._steady())
        )

    def unauthorised(self, token: str | None, path: str, address: str) -> None:
        """Count a request without a right token where only one device can have sent it.

        An expired token was right once. Takes the same time whatever the number of grants.
        """
        if token and self._grants.find(token) is not None:
            return
        grants = self._grants.of_path(path)
        if len(grants) > _MAX_SUSPECTS:
            return
        suspects = [
            grant.id
            for grant in grants
            if self.transfers.get(grant.id).may_be_awaited_from(address)
        ]
        if len(suspects) == 1:
            self.transfers.unauthorised(suspects[0])

    async def add_package(
        self, facts: PackageFacts, file_name: str, blob: IncomingBlob
    ) -> tuple[Package, bool]:
        """Make received bytes a package; return it and whether it is new.

        Raises a Problem of kind invalid-request (no bytes), hash-mismatch or
        version-exists, and StorageFullError; nothing stays then.
        """
        if not blob.size:
            raise Problem(ProblemKind.INVALID_REQUEST, "file: must not be empty.", field="file")
        sha256 = await blob.seal()
        if facts.sha256 not in {None, sha256}:
            raise Problem(
                ProblemKind.HASH_MISMATCH,
                "The bytes that arrived are not those that were announced; upload the file again.",
                expected=facts.sha256 or "",
                actual=sha256,
            )
        package = Package(
            id=uuid4().hex,
            kind=facts.kind,
            model=facts.model,
            version=facts.version,
            source_versions=facts.source_versions,
            file_name=file_name,
            size=blob.size,
            sha256=sha256,
            release_notes=facts.release_notes,
            custom_info=facts.custom_info,
            withdrawn=False,
            created_at=self._now().replace(microsecond=0),
            md5=blob.md5,
        )
        return await self._uninterrupted(self._add_package(package, blob))

    async def change_package(self, package_id: str, changes: dict[str, Any]) -> Package:
        """Change facts of a package; raises Problems package-not-found, version-exists."""
        return await self._uninterrupted(self._change_package(package_id, changes))

    async def md5_of(self, package: Package) -> str:
        """Return the MD5 of a package in hex, worked out now when it was never noted.

        Raises BlobDamagedError.
        """
        if package.md5 is not None:
            return package.md5
        md5 = hashlib.md5(usedforsecurity=False)
        with self.blobs.reader(package.sha256) as reader:
            offset = 0
            while offset < package.size:
                block = await reader.read(offset, _BLOCK)
                # Reads of what the system has at hand give nobody else a turn.
                await asyncio.to_thread(md5.update, block)
                offset += len(block)
        await self.change_package(package.id, {"md5": md5.hexdigest()})
        return md5.hexdigest()

    async def remove_package(self, package_id: str) -> None:
        """Remove a package, its grants and their downloads; its bytes when unused."""
        await self._uninterrupted(self._remove_package(package_id))

    async def remove_package_later(self, package_id: str, seconds: int) -> Package:
        """Withdraw a package now and remove it after `seconds`; a change takes it back.

        Raises a Problem of kind package-not-found.
        """
        # The catalog keeps whole seconds; the time to think again is never shorter.
        due = self._now().replace(microsecond=0) + timedelta(seconds=seconds + 1)
        return await self.change_package(package_id, {"remove_at": due})

    async def remove_due_packages(self) -> None:
        """Remove the packages whose removal nobody took back in time."""
        for package in self.packages():
            if package.remove_at is not None and package.remove_at <= self._now():
                await self._uninterrupted(self._remove_due_package(package.id))

    async def add_grant(self, request: GrantRequest) -> tuple[Grant, str, Package]:
        """Grant a download; return the grant, its token and the package.

        A grant of the same task is revoked. Raises a Problem of kind
        package-not-found or package-withdrawn.
        """
        return await self._uninterrupted(self._add_grant(request))

    async def remove_grant(self, grant_id: str) -> None:
        """Revoke a grant and cut its downloads; raises a Problem grant-not-found."""
        await self._uninterrupted(self._remove_grant(grant_id))

    async def remove_expired_grants(self) -> None:
        """Remove grants that expired a while ago, once their downloads ended."""
        limit = self._steady() - EXPIRED_KEPT
        async with self._changing:
            for grant in self._grants:
                if self._grants.expired(grant, limit) and self.transfers.get(grant.id).idle:
                    await self._catalog.remove_grant(grant.id)
                    self._forget(grant)

    async def remove_unneeded_package(self, package_id: str) -> bool:
        """Remove a package unless a live grant is for it; return whether it is gone."""
        return await self._uninterrupted(self._remove_unneeded_package(package_id))

    async def hide_damaged(self, sha256: str) -> None:
        """Take bytes that have changed out of use, until they are uploaded again."""
        await self._uninterrupted(self._hide_damaged(sha256))

    async def remove_held_blobs(self) -> None:
        """Remove the bytes that were held, once nothing holds them any more."""
        if self._held and not self._hold():
            async with self._changing:
                held, self._held = self._held, set()
                for sha256 in held:
                    await self._remove_unused_blob(sha256)

    async def save_transfers(self) -> None:
        """Keep what changed of the transfers; what cannot be kept is tried with the next call."""
        if states := self.transfers.take_unsaved():
            try:
                # A database that is let go in the middle of a change stays locked.
                await self._uninterrupted(self._catalog.save_transfers(states))
            # The end of the depot cancels a save that runs, and then saves a last time.
            except BaseException:
                self.transfers.put_back(states)
                raise

    async def settle(self) -> None:
        """Wait for the changes that go on although nobody waits for them any more."""
        if self._works:
            await asyncio.wait(self._works)

    async def _uninterrupted[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Finish the work even when the request that began it is cancelled.

        Otherwise a client that goes at the wrong moment could leave the catalog
        and the memory, or the catalog and the files, in disagreement.
        """
        task = asyncio.create_task(work)
        self._works.add(task)
        task.add_done_callback(self._works.discard)
        return await asyncio.shield(task)

    async def _add_package(self, package: Package, blob: IncomingBlob) -> tuple[Package, bool]:
        """Add a package under the lock: bytes first, then the fact."""
        async with self._changing:
            existing = self._same_identity(package)
            if existing is not None and existing.remove_at is not None:
                await self._discard(existing)
                existing = None
            if existing is not None and existing.sha256 == package.sha256:
                return existing, False
            if existing is not None:
                raise _version_exists(existing)
            missing = self._missing.get(package.identity)
            await blob.keep()
            try:
                await self._catalog.add_package(package, replaces=missing.id if missing else None)
            except Exception:
                await self._remove_unused_blob(package.sha256)
                raise
            self._missing.pop(package.identity, None)
            self._packages[package.id] = package
            self.events.publish({"type": "package_added", "package": package.as_dict()})
            return package, True

    async def _change_package(self, package_id: str, changes: dict[str, Any]) -> Package:
        """Change a package under the lock."""
        async with self._changing:
            package = self.package(package_id)
            changed = replace(package, **changes)
            existing = self._same_identity(changed) or self._missing.get(changed.identity)
            if existing is not None and existing.id != package_id:
                raise _version_exists(existing)
            if changed != package:
                await self._catalog.change_package(changed)
                self._packages[package_id] = changed
                self.events.publish({"type": "package_changed", "package": changed.as_dict()})
            return changed

    async def _remove_package(self, package_id: str) -> None:
        """Remove a package under the lock."""
        async with self._changing:
            await self._discard(self.package(package_id))

    async def _remove_due_package(self, package_id: str) -> None:
        """Remove a package under the lock, unless that was done or taken back meanwhile."""
        async with self._changing:
            package = self._packages.get(package_id)
            if package is not None and package.remove_at is not None:
                await self._discard(package)

    async def _hide_damaged(self, sha256: str) -> None:
        """Hide the packages of damaged bytes under the lock, and end their grants."""
        async with self._changing:
            for package in [each for each in self.packages() if each.sha256 == sha256]:
                _log_missing(package)
                del self._packages[package.id]
                self._missing[package.identity] = package
                for grant in self._grants.of_package(package.id):
                    await self._catalog.remove_grant(grant.id)
                    self._forget(grant)
                self.events.publish({"type": "package_removed", "package_id": package.id})
            await self.blobs.remove(sha256)

    async def _remove_unneeded_package(self, package_id: str) -> bool:
        """Remove a package under the lock unless a live grant is for it."""
        async with self._changing:
            steady = self._steady()
            grants = self._grants.of_package(package_id)
            if any(not self._grants.expired(grant, steady) for grant in grants):
                return False
            package = self._packages.get(package_id)
            if package is not None:
                await self._discard(package)
            return True

    async def _discard(self, package: Package) -> None:
        """Remove a package: the fact first, then the bytes."""
        await self._catalog.remove_package(package.id)
        del self._packages[package.id]
        for grant in self._grants.of_package(package.id):
            self._forget(grant)
        self.events.publish({"type": "package_removed", "package_id": package.id})
        await self._remove_unused_blob(package.sha256)

    async def _add_grant(self, request: GrantRequest) -> tuple[Grant, str, Package]:
        """Grant a download under the lock."""
        async with self._changing:
            package = self.package(request.package_id)
            if not package.offered:
                raise Problem(
                    ProblemKind.PACKAGE_WITHDRAWN,
                    "The package is withdrawn; choose another one or restore it.",
                )
            grant, token = issue(request, self._now())
            older = self._grants.of_task(request.task_id)
            state = self._inherited(older, grant)
            await self._catalog.add_grant(grant, state)
            if older is not None:
                self._forget(older)
            self._grants.add(grant, package.path, now=self._now(), steady=self._steady())
            self.transfers.add(grant, package.size, state)
            return grant, token, package

    async def _remove_grant(self, grant_id: str) -> None:
        """Revoke a grant under the lock."""
        async with self._changing:
            grant = self._grants.get(grant_id)
            if grant is None:
                raise Problem(ProblemKind.GRANT_NOT_FOUND, "No grant has this id; list them.")
            await self._catalog.remove_grant(grant_id)
            self._forget(grant)

    def _forget(self, grant: Grant) -> None:
        """Let a grant's token and downloads end."""
        self._grants.remove(grant.id)
        self.transfers.remove(grant.id)

    def _inherited(self, older: Grant | None, grant: Grant) -> dict[str, Any] | None:
        """Return what the same download under the older grant had reached.

        A device goes on with a new token where it was; after a complete
        download a new grant means that it begins again.
        """
        if older is None or (older.package_id, older.device_id) != (
            grant.package_id,
            grant.device_id,
        ):
            return None
        transfer = self.transfers.get(older.id)
        return None if transfer.complete else transfer.inheritance()

    def _same_identity(self, package: Package) -> Package | None:
        """Return the visible package of the same kind, model and version."""
        return next(
            (other for other in self._packages.values() if other.identity == package.identity),
            None,
        )

    async def _remove_unused_blob(self, sha256: str) -> None:
        """Remove bytes, later where they are held, unless another package has the same ones."""
        if self._hold():
            self._held.add(sha256)
        elif all(package.sha256 != sha256 for package in self._packages.values()):
            await self.blobs.remove(sha256)


def _log_missing(package: Package) -> None:
    """Tell people what they have to upload again."""
    _LOGGER.error(
        "The file of %s %s %s is missing or damaged; the package is hidden until it is "
        "uploaded again",
        *package.identity,
    )


def _version_exists(existing: Package) -> Problem:
    """Return the problem of a second package with the same identity."""
    return Problem(
        ProblemKind.VERSION_EXISTS,
        f"The {existing.kind} {existing.version} for {existing.model} exists with "
        "other content; use another version, or remove the old package first.",
        package_id=existing.id,
    )
