"""Where the bytes of packages lie: the interface and its implementation by files."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass
import errno
import hashlib
import os
from pathlib import Path
import re
import shutil
from typing import BinaryIO, Final, Protocol
from uuid import uuid4

# Room that uploads leave to the database, which grows in the same place.
RESERVE: Final = 16 * 1024 * 1024

# The most that is read in one go without a reader.
AT_HAND: Final = 64 * 1024
_MAX_IDLE: Final = 64
# Where a byte goes that is read only to see whether it can be; the system reads
# files, and drops them from memory, in much larger steps.
_PROBE: Final = bytearray(1)
_STEP: Final = 1024 * 1024
_NAME: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Linux answers at once when the bytes are not in memory, so that a slow disk
# never holds up the event loop. Elsewhere every read goes to a thread.
_NOWAIT: Final[int | None] = getattr(os, "RWF_NOWAIT", None)


class StorageFullError(Exception):
    """No room is left for the bytes."""


class BlobDamagedError(Exception):
    """A stored blob ends before its size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    """Bytes used by packages, free for more and total of the storage."""

    used: int
    free: int
    total: int


class IncomingBlob(Protocol):
    """Bytes on their way in; they vanish unless `keep` is called."""

    @property
    def size(self) -> int:
        """Return the number of bytes written so far."""

    @property
    def md5(self) -> str:
        """Return the MD5 of the bytes written so far, in hex."""

    async def write(self, data: bytes) -> None:
        """Append bytes; raises StorageFullError."""

    async def seal(self) -> str:
        """Make every byte durable and return their SHA-256 in hex."""

    async def keep(self) -> None:
        """Move the sealed bytes to their final place, durably."""


class BlobReader(Protocol):
    """Random access to a stored blob."""

    @property
    def size(self) -> int:
        """Return the number of bytes."""

    @property
    def descriptor(self) -> int | None:
        """Return a file that the system can send by itself, None without one."""

    async def read(self, offset: int, size: int) -> memoryview:
        """Return 1 to `size` bytes at `offset`; raises BlobDamagedError."""

    def read_at_hand(self, offset: int, size: int) -> memoryview | None:
        """Return 1 to `size` bytes when that takes no waiting, otherwise None.

        Raises BlobDamagedError.
        """

    def is_at_hand(self, offset: int, size: int) -> bool:
        """Return whether bytes can probably be read without waiting, and without an error."""


class Blobs(Protocol):
    """Storage of immutable bytes under their SHA-256 (lower-case hex)."""

    def incoming(self) -> AbstractAsyncContextManager[IncomingBlob]:
        """Open a new blob for writing; left without `keep`, nothing stays."""

    def reader(self, sha256: str) -> AbstractContextManager[BlobReader]:
        """Open a stored blob; raises FileNotFoundError."""

    def at_hand(self, sha256: str, offset: int, size: int) -> memoryview | None:
        """Return all `size` bytes at `offset` when that takes no waiting, otherwise None.

        `size` is at most AT_HAND, and the memory is that of every call: use it
        before the next one. Raises FileNotFoundError.
        """

    async def stored(self) -> dict[str, int]:
        """Return the sizes of all stored blobs by their SHA-256."""

    async def remove(self, sha256: str) -> None:
        """Remove a blob; a missing one is no error. Open readers go on."""

    async def clear_incoming(self) -> int:
        """Remove what an interrupted process left behind; return how many."""

    async def space(self) -> Space:
        """Return how the storage is filled."""


class FileBlobs:
    """Blobs as files of one folder; incoming ones in a folder beside it."""

    def __init__(self, data_dir: Path) -> None:
        """Create the folders `packages` and `incoming` below `data_dir`."""
        self._folder = data_dir / "packages"
        self._incoming = data_dir / "incoming"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._incoming.mkdir(mode=0o700, exist_ok=True)
        self._open: OrderedDict[str, _FileReader] = OrderedDict()
        self._at_hand = memoryview(bytearray(AT_HAND))

    @asynccontextmanager
    async def incoming(self) -> AsyncIterator[IncomingBlob]:
        """Open a new blob for writing; left without `keep`, nothing stays."""
        with _storage_errors():
            blob = await asyncio.to_thread(
                _FileIncoming, self._incoming / f"{uuid4().hex}.part", self._folder
            )
        try:
            yield blob
        finally:
            # A cancelled upload is cleaned up all the same: this cannot wait.
            blob.discard()

    @contextmanager
    def reader(self, sha256: str) -> Iterator[BlobReader]:
        """Open a stored blob; its descriptor is kept for the next reader."""
        reader = self._opened(sha256)
        reader.users += 1
        try:
            yield reader
        finally:
            reader.users -= 1
            self._close_idle()
            if self._open.get(sha256) is not reader:
                reader.close_unused()

    def at_hand(self, sha256: str, offset: int, size: int) -> memoryview | None:
        """Return all `size` bytes at `offset` when that takes no waiting, otherwise None."""
        buffer = self._at_hand[:size]
        found = self._opened(sha256).read_into(buffer, offset) == size
        self._close_idle()
        return buffer if found else None

    async def stored(self) -> dict[str, int]:
        """Return the sizes of all stored blobs by their SHA-256."""

        def scan() -> dict[str, int]:
            """Look through the folder."""
            with os.scandir(self._folder) as entries:
                return {
                    entry.name: entry.stat().st_size
                    for entry in entries
                    if _NAME.fullmatch(entry.name) and entry.is_file()
                }

        return await asyncio.to_thread(scan)

    async def remove(self, sha256: str) -> None:
        """Remove a blob; a missing one is no error. Open readers go on."""
        reader = self._open.pop(sha256, None)
        if reader is not None:
            reader.close_unused()
        await asyncio.to_thread(self._path(sha256).unlink, missing_ok=True)

    async def clear_incoming(self) -> int:
        """Remove what an interrupted process left behind; return how many."""

        def clear() -> int:
            """Remove every file."""
            leftovers = list(self._incoming.iterdir())
            for path in leftovers:
                path.unlink()
            return len(leftovers)

        return await asyncio.to_thread(clear)

    async def space(self) -> Space:
        """Return how the storage is filled; free is what uploads may use."""
        used = sum((await self.stored()).values())
        usage = await asyncio.to_thread(shutil.disk_usage, self._folder)
        return Space(used=used, free=max(0, usage.free - RESERVE), total=usage.total)

    def close(self) -> None:
        """Close all cached descriptors."""
        while self._open:
            self._open.popitem()[1].close_unused()

    def _path(self, sha256: str) -> Path:
        """Return the place of a blob; only digests name files."""
        if not _NAME.fullmatch(sha256):
            msg = "not a SHA-256 in lower-case hex"
            raise ValueError(msg)
        return self._folder / sha256

    def _opened(self, sha256: str) -> _FileReader:
        """Return the reader of a blob, now the most recently used one."""
        reader = self._open.get(sha256)
        if reader is None:
            reader = self._open[sha256] = _FileReader(os.open(self._path(sha256), os.O_RDONLY))
        else:
            self._open.move_to_end(sha256)
        return reader

    def _close_idle(self) -> None:
        """Close the longest unused descriptors beyond the bound."""
        while len(self._open) > _MAX_IDLE:
            sha256, reader = next(iter(self._open.items()))
            del self._open[sha256]
            reader.close_unused()


class _FileReader:
    """A descriptor shared by all that read one file."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        self.users = 0

    async def read(self, offset: int, size: int) -> memoryview:
        """Return 1 to `size` bytes at `offset`; raises BlobDamagedError."""
        buffer = bytearray(size)
        count = self.read_into(buffer, offset)
        if count is None:
            count = await asyncio.to_thread(os.preadv, self.descriptor, [buffer], offset)
        return _some(buffer, count)

    def read_at_hand(self, offset: int, size: int) -> memoryview | None:
        """Return 1 to `size` bytes when that takes no waiting; raises BlobDamagedError."""
        buffer = bytearray(size)
        count = self.read_into(buffer, offset)
        return None if count is None else _some(buffer, count)

    def is_at_hand(self, offset: int, size: int) -> bool:
        """Return whether the first and the last byte are, and some between them."""
        last = offset + size - 1
        try:
            return all(
                self.read_into(_PROBE, place) == 1 for place in (*range(offset, last, _STEP), last)
            )
        except OSError:
            # The bytes before the broken ones are good: who reads up to there is told.
            return False

    def close_unused(self) -> None:
        """Close the descriptor unless somebody still reads."""
        if not self.users:
            os.close(self.descriptor)

    def read_into(self, buffer: bytearray | memoryview, offset: int) -> int | None:
        """Read without waiting for the disk; None when that is not possible."""
        if _NOWAIT is None:
            return None
        try:
            return os.preadv(self.descriptor, [buffer], offset, _NOWAIT)
        except OSError as err:
            if err.errno in {errno.EAGAIN, errno.EOPNOTSUPP, errno.EINVAL}:
                return None
            raise


def _some(buffer: bytearray, count: int) -> memoryview:
    """Return what was read; raises BlobDamagedError when that is nothing."""
    if not count:
        raise BlobDamagedError
    return memoryview(buffer)[:count]


class _FileIncoming:
    """A temporary file that is hashed while it is written."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._folder = folder
        self._file: BinaryIO = path.open("xb", buffering=0)
        self._hash = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0

    @property
    def size(self) -> int:
        """Return the number of bytes written so far."""
        return self._size

    @property
    def md5(self) -> str:
        """Return the MD5 of the bytes written so far, in hex."""
        return self._md5.hexdigest()

    async def write(self, data: bytes) -> None:
        """Append bytes; raises StorageFullError."""
        with _storage_errors():
            await asyncio.to_thread(self._write, data)
        self._size += len(data)

    async def seal(self) -> str:
        """Make every byte durable and return their SHA-256 in hex."""
        with _storage_errors():
            await asyncio.to_thread(os.fsync, self._file.fileno())
        return self._hash.hexdigest()

    async def keep(self) -> None:
        """Move the sealed bytes to their final place, durably."""

        def move() -> None:
            """Rename the file and make the name durable."""
            self._path.replace(self._folder / self._hash.hexdigest())
            _sync_folder(self._folder)

        with _storage_errors():
            await asyncio.to_thread(move)

    def discard(self) -> None:
        """Close the file and remove it when it was not kept."""
        self._file.close()
        with suppress(FileNotFoundError):
            self._path.unlink()

    def _write(self, data: bytes) -> None:
        """Write every byte; the system may take them in parts."""
        rest = memoryview(data)
        while rest:
            written = self._file.write(rest)
            rest = rest[written:]
        self._hash.update(data)
        self._md5.update(data)


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Turn the system's errors of a full disk into StorageFullError."""
    try:
        yield
    except OSError as err:
        if err.errno in _FULL:
            raise StorageFullError from err
        raise


def _sync_folder(folder: Path) -> None:
    """Make the folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
