"""The drop folder: files that are put there become packages."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
import itertools
import json
import logging
import os
from pathlib import Path
import stat
from typing import Any, BinaryIO, Final

from .blobs import IncomingBlob, StorageFullError
from .depot import Depot
from .image_header import DEEP_SIZE, HEADER_SIZE, read_header
from .inspection import Inspection
from .packages import PackageFacts, PackageKind, read_facts, safe_file_name
from .problems import Problem, ProblemKind
from .uploads import storage_full

FACTS_SUFFIX: Final = ".json"
PROBLEM_SUFFIX: Final = ".problem.txt"
PAUSE: Final = 5.0
MAX_FACTS: Final = 256 * 1024
# More than anybody drops; a share with a million files must not hold up the rest.
MAX_FILES: Final = 1000

_BLOCK: Final = 1024 * 1024
# A stamp's first parts belong to the file, those after them to its facts.
_OWN: Final = 3
# What programs call files that they have not finished.
_UNFINISHED: Final = (".part", ".tmp", ".crdownload", ".filepart", ".partial")

_LOGGER: Final = logging.getLogger(__name__)

type _Stamp = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Dropped:
    """A file with the facts beside it, as they lie there now."""

    path: Path
    stamp: _Stamp

    @property
    def facts(self) -> Path:
        """Return where facts about the file may lie."""
        return self.path.with_name(self.path.name + FACTS_SUFFIX)

    @property
    def problem(self) -> Path:
        """Return where it is told why the file was refused."""
        return self.path.with_name(self.path.name + PROBLEM_SUFFIX)


class DropFolder:
    """Turns files into packages and takes them out of the folder.

    A file is taken when it lay unchanged from one look to the next. One that is
    refused stays, with the reason beside it, and is tried again when it or its
    facts change.
    """

    def __init__(self, folder: Path, depot: Depot, max_package_size: int) -> None:
        """Watch a folder, which is made when missing; `max_package_size` is in bytes."""
        self._folder = folder
        self._depot = depot
        self._inspection = Inspection(depot)
        self._max_package_size = max_package_size
        self._seen: dict[Path, _Stamp] = {}
        self._done: dict[Path, _Stamp] = {}
        self._silent = False

    async def run(self) -> None:
        """Look now and then, until cancelled; a failure is logged and tried again."""
        while True:
            await asyncio.sleep(PAUSE)
            try:
                await self.look()
            except Exception:
                _LOGGER.exception("The drop folder was not looked through; it will be again")

    async def look(self) -> None:
        """Take what is ready."""
        try:
            dropped = await asyncio.to_thread(self._scan)
        except OSError as err:
            if not self._silent:
                _LOGGER.warning("Drop folder %s: %s", self._folder, err.strerror)
            self._silent = True
            return
        self._silent = False
        before, self._seen = self._seen, {each.path: each.stamp for each in dropped}
        self._done = {path: at for path, at in self._done.items() if path in self._seen}
        for each in dropped:
            if before.get(each.path) == each.stamp != self._done.get(each.path):
                await self._take(each)

    def _scan(self) -> list[_Dropped]:
        """Return the files of the folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with os.scandir(self._folder) as entries:
            found = [entry for entry in itertools.islice(entries, MAX_FILES) if _is_package(entry)]
        return sorted(
            (_Dropped(path=Path(each.path), stamp=_stamp(Path(each.path))) for each in found),
            key=lambda dropped: dropped.path,
        )

    async def _take(self, dropped: _Dropped) -> None:
        """Make a package of a file, or say why that cannot be."""
        name = safe_file_name(dropped.path.name)
        try:
            await self._add(dropped, name)
        except StorageFullError:
            await self._refuse(dropped, name, storage_full())
        except Problem as problem:
            await self._refuse(dropped, name, problem)
        except OSError as err:
            # It vanished or changed while it was read: the next look tells.
            _LOGGER.warning("Drop folder: %s cannot be read: %s", name, err.strerror)
        else:
            await self._clear(dropped, name)

    async def _add(self, dropped: _Dropped, name: str) -> None:
        """Store the file's bytes and what is known of them."""
        with _opened(dropped.path) as file:
            beginning = await asyncio.to_thread(file.read, DEEP_SIZE)
            facts = _facts(dropped, beginning)
            await self._inspection.check_chip(facts.kind, facts.model, beginning[:HEADER_SIZE])
            async with self._depot.blobs.incoming() as blob:
                await self._copy(beginning, file, blob)
                if await asyncio.to_thread(_stamp, dropped.path) != dropped.stamp:
                    return
                package, _ = await self._depot.add_package(facts, name, blob)
        _LOGGER.info("Drop folder: %s is now %s %s %s", name, *package.identity)

    async def _copy(self, beginning: bytes, file: BinaryIO, blob: IncomingBlob) -> None:
        """Copy a file of which the beginning is read already."""
        block = beginning
        while block:
            if blob.size + len(block) > self._max_package_size:
                raise Problem(
                    ProblemKind.TOO_LARGE,
                    f"A package may have at most {self._max_package_size} bytes; "
                    "raise max_package_size in the depot's settings.",
                )
            await blob.write(block)
            block = await asyncio.to_thread(file.read, _BLOCK)

    async def _refuse(self, dropped: _Dropped, name: str, problem: Problem) -> None:
        """Say beside the file why it is no package."""
        _LOGGER.warning("Drop folder: %s is refused: %s", name, problem.detail)
        self._done[dropped.path] = dropped.stamp
        with suppress(OSError):
            await asyncio.to_thread(_write_note, dropped.problem, problem.detail + "\n")

    async def _clear(self, dropped: _Dropped, name: str) -> None:
        """Take a file out of the folder, unless another one lies there by now."""
        self._done[dropped.path] = dropped.stamp
        try:
            await asyncio.to_thread(_remove, dropped)
        except OSError as err:
            _LOGGER.warning("Drop folder: %s stays there: %s", name, err.strerror)


def _is_package(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a finished file; links could lead out of the folder."""
    name = entry.name.lower()
    return (
        not name.startswith((".", "~"))
        and not name.endswith((*_UNFINISHED, FACTS_SUFFIX, PROBLEM_SUFFIX))
        and entry.is_file(follow_symlinks=False)
    )


def _stamp(path: Path) -> _Stamp:
    """Return what tells a file and its facts from changed ones; empty when it is gone."""
    own = _own_stamp(path)
    return own and own + _own_stamp(path.with_name(path.name + FACTS_SUFFIX))


def _own_stamp(path: Path) -> _Stamp:
    """Return what tells a file from a changed one; empty when it is gone."""
    try:
        stat = path.stat(follow_symlinks=False)
    except OSError:
        return ()
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)


def _remove(dropped: _Dropped) -> None:
    """Remove a file and what lies beside it, but nothing that took their places meanwhile."""
    own, facts = dropped.stamp[:_OWN], dropped.stamp[_OWN:]
    if _removed(dropped.path, own):
        dropped.problem.unlink(missing_ok=True)
        if facts:
            _removed(dropped.facts, facts)


def _removed(path: Path, stamp: _Stamp) -> bool:
    """Remove one file; return whether it was still the one with the stamp."""
    # Looked at under a name that nobody else uses: between a look and the removal of the file's
    # own name the user may put the next one there.
    taken = path.with_name(f".{path.name}.taken")
    try:
        path.replace(taken)
    except FileNotFoundError:
        return False
    same = _own_stamp(taken) == stamp
    if same or path.exists():
        taken.unlink()
    else:
        taken.replace(path)
    return same


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file; anything that took its place meanwhile is an OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(None, "is no regular file")
        yield file


def _facts(dropped: _Dropped, beginning: bytes) -> PackageFacts:
    """Return what the facts beside the file say, completed by what the file says itself.

    Raises a Problem of kind invalid-request.
    """
    header = read_header(beginning)
    told = {"kind": PackageKind.FIRMWARE.value, "model": header.name, "version": header.version}
    said = _said(dropped.facts)
    try:
        return read_facts({name: value for name, value in {**told, **said}.items() if value})
    except Problem as problem:
        raise Problem(
            problem.kind,
            f"{problem.detail} Put it into {safe_file_name(dropped.facts.name)}, for example "
            '{"model": "weather", "version": "1.4.0"}.',
        ) from problem


def _said(path: Path) -> dict[str, Any]:
    """Return the facts beside a file, none without them; raises a Problem."""
    try:
        with _opened(path) as file:
            text = file.read(MAX_FACTS + 1)
    except FileNotFoundError:
        return {}
    try:
        said = json.loads(text) if len(text) <= MAX_FACTS else None
    except (ValueError, RecursionError) as err:
        raise Problem(
            ProblemKind.INVALID_REQUEST, f"{safe_file_name(path.name)} is not valid JSON."
        ) from err
    if not isinstance(said, dict):
        raise Problem(
            ProblemKind.INVALID_REQUEST,
            f"{safe_file_name(path.name)} must hold one JSON object of at most {MAX_FACTS} bytes.",
        )
    return said


def _write_note(path: Path, text: str) -> None:
    """Write a text anew; a link in its place is replaced, not followed."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
