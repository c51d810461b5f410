"""The depot itself: every change of packages and grants goes through here."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Any, Final
from uuid import uuid4

from .blobs import Blobs, IncomingBlob
from .catalog import Catalog
from .events import EventBus
from .grants import Grant, GrantRequest, Grants, issue
from .packages import Package, PackageFacts, PackageKind
from .problems import Problem, ProblemKind
from .times import utcnow
from .transfers import TransferBoard

# An expired grant is remembered for a while, so that refusals of its token can
# be told as those of its task.
EXPIRED_KEPT: Final = timedelta(hours=1)

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
    ) -> None:
        """Create the depot; `open` makes it usable."""
        self.id = ""
        self.blobs = blobs
        self.events = EventBus()
        self.transfers = TransferBoard(self.events.publish, now=now)
        self._catalog = catalog
        self._now = now
        self._packages: dict[str, Package] = {}
        self._missing: dict[_Identity, Package] = {}
        self._grants = Grants()
        self._changing = asyncio.Lock()

    async def open(self) -> None:
        """Load everything and clean up after an interrupted process.

        Raises CatalogError when the catalog cannot be used.
        """
        self.id = await self._catalog.open()
        if leftovers := await self.blobs.clear_incoming():
            _LOGGER.info("Removed %d interrupted uploads", leftovers)
        stored = await self.blobs.stored()
        packages = await self._catalog.packages()
        for sha256 in stored.keys() - {package.sha256 for package in packages}:
            _LOGGER.info("Removed file %s, which no package uses", sha256)
            await self.blobs.remove(sha256)
        for package in packages:
            if stored.get(package.sha256) == package.size:
                self._packages[package.id] = package
            else:
                _LOGGER.error(
                    "The file of %s %s %s is missing or damaged; the package is "
                    "hidden until it is uploaded again",
                    *package.identity,
                )
                self._missing[package.identity] = package
        for grant, state in await self._catalog.grants():
            if grant.package_id in self._packages:
                self._grants.add(grant)
                self.transfers.add(grant, self._packages[grant.package_id].size, state)

    def packages(self) -> list[Package]:
        """Return all packages, oldest first."""
        return list(self._packages.values())

    def package(self, package_id: str) -> Package:
        """Return a package; raises a Problem of kind package-not-found."""
        package = self._packages.get(package_id)
        if package is None:
            raise Problem(ProblemKind.PACKAGE_NOT_FOUND, "No package has this id; list them.")
        return package

    def snapshot(self) -> dict[str, Any]:
        """Return packages and transfers as JSON objects."""
        return {
            "packages": [package.as_dict() for package in self.packages()],
            "transfers": self.transfers.snapshot(),
        }

    def live_grants(self) -> list[Grant]:
        """Return the grants that have not expired."""
        now = self._now()
        return [grant for grant in self._grants if not grant.expired(now)]

    def authorised(self, token: str) -> tuple[Grant, Package]:
        """Return the live grant of a token and its package.

        Raises a Problem of kind unauthorized; one with this grant's expired
        token is counted as a refusal of its transfer.
        """
        grant = self._grants.find(token)
        if grant is not None:
            if not grant.expired(self._now()):
                return grant, self._packages[grant.package_id]
            self.transfers.refused(grant.id)
        raise Problem(
            ProblemKind.UNAUTHORIZED,
            "The token is unknown, expired or revoked; wait for a new one.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )

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
        )
        return await _uninterrupted(self._add_package(package, blob))

    async def change_package(self, package_id: str, changes: dict[str, Any]) -> Package:
        """Change facts of a package; raises Problems package-not-found, version-exists."""
        return await _uninterrupted(self._change_package(package_id, changes))

    async def remove_package(self, package_id: str) -> None:
        """Remove a package, its grants and their downloads; its bytes when unused."""
        await _uninterrupted(self._remove_package(package_id))

    async def add_grant(self, request: GrantRequest) -> tuple[Grant, str, Package]:
        """Grant a download; return the grant, its token and the package.

        A grant of the same task is revoked. Raises a Problem of kind
        package-not-found or package-withdrawn.
        """
        return await _uninterrupted(self._add_grant(request))

    async def remove_grant(self, grant_id: str) -> None:
        """Revoke a grant and cut its downloads; raises a Problem grant-not-found."""
        await _uninterrupted(self._remove_grant(grant_id))

    async def remove_expired_grants(self) -> None:
        """Remove grants that expired a while ago, once their downloads ended."""
        limit = self._now() - EXPIRED_KEPT
        async with self._changing:
            for grant in self._grants:
                if grant.expired(limit) and self.transfers.get(grant.id).idle:
                    await self._catalog.remove_grant(grant.id)
                    self._forget(grant)

    async def save_transfers(self) -> None:
        """Keep what changed of the transfers; what cannot be kept is tried with the next call."""
        if states := self.transfers.take_unsaved():
            try:
                await self._catalog.save_transfers(states)
            # The end of the depot cancels a save that runs, and then saves a last time.
            except BaseException:
                self.transfers.put_back(states)
                raise

    async def _add_package(self, package: Package, blob: IncomingBlob) -> tuple[Package, bool]:
        """Add a package under the lock: bytes first, then the fact."""
        async with self._changing:
            existing = self._same_identity(package)
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
        """Remove a package under the lock: the fact first, then the bytes."""
        async with self._changing:
            package = self.package(package_id)
            await self._catalog.remove_package(package_id)
            del self._packages[package_id]
            for grant in self._grants.of_package(package_id):
                self._forget(grant)
            self.events.publish({"type": "package_removed", "package_id": package_id})
            await self._remove_unused_blob(package.sha256)

    async def _add_grant(self, request: GrantRequest) -> tuple[Grant, str, Package]:
        """Grant a download under the lock."""
        async with self._changing:
            package = self.package(request.package_id)
            if package.withdrawn:
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
            self._grants.add(grant)
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
        return None if transfer.complete else transfer.state()

    def _same_identity(self, package: Package) -> Package | None:
        """Return the visible package of the same kind, model and version."""
        return next(
            (other for other in self._packages.values() if other.identity == package.identity),
            None,
        )

    async def _remove_unused_blob(self, sha256: str) -> None:
        """Remove bytes unless another package has the same ones."""
        if all(package.sha256 != sha256 for package in self._packages.values()):
            await self.blobs.remove(sha256)


def _version_exists(existing: Package) -> Problem:
    """Return the problem of a second package with the same identity."""
    return Problem(
        ProblemKind.VERSION_EXISTS,
        f"The {existing.kind} {existing.version} for {existing.model} exists with "
        "other content; use another version, or remove the old package first.",
        package_id=existing.id,
    )


async def _uninterrupted[T](work: Coroutine[Any, Any, T]) -> T:
    """Finish the work even when the request that began it is cancelled.

    Otherwise a client that goes at the wrong moment could leave the catalog
    and the memory, or the catalog and the files, in disagreement.
    """
    return await asyncio.shield(asyncio.create_task(work))
