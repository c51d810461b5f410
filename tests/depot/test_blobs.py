"""Where the bytes lie."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from mqtt_ota_depot.blobs import (
    BlobDamagedError,
    FileBlobs,
    StorageFullError,
    _FileIncoming,
    _FileReader,
)

DATA = bytes(range(256)) * 1000
FULL = Path("/dev/full")
NAME = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    """Return empty blobs."""
    return FileBlobs(tmp_path)


def descriptors() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def put(blobs: FileBlobs, data: bytes = DATA) -> str:
    """Store bytes."""
    async with blobs.incoming() as blob:
        await blob.write(data[:100])
        await blob.write(data[100:])
        assert blob.size == len(data)
        name = await blob.seal()
        await blob.keep()
    return name


async def test_bytes_are_found_by_their_hash(blobs: FileBlobs, tmp_path: Path) -> None:
    """A kept blob lies under its SHA-256, for its owner alone."""
    assert await put(blobs) == NAME
    assert await blobs.stored() == {NAME: len(DATA)}
    assert await blobs.clear_incoming() == 0
    with blobs.reader(NAME) as reader:
        assert reader.size == len(DATA)
        assert bytes(await reader.read(1000, 500)) == DATA[1000:1500]
        assert bytes(await reader.read(len(DATA) - 3, 500)) == DATA[-3:]
        with pytest.raises(BlobDamagedError):
            await reader.read(len(DATA), 1)
    assert (await blobs.space()).used == len(DATA)


async def test_bytes_that_are_not_kept_vanish(blobs: FileBlobs, tmp_path: Path) -> None:
    """Whatever ends an upload early, nothing stays."""

    async def broken() -> None:
        """Fail at the last moment."""
        async with blobs.incoming() as blob:
            await blob.write(DATA)
            await blob.seal()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await broken()
    assert list((tmp_path / "incoming").iterdir()) == []
    assert await blobs.stored() == {}


async def test_leftovers_are_cleared(blobs: FileBlobs, tmp_path: Path) -> None:
    """What a killed process left is removed."""
    (tmp_path / "incoming" / "x.part").write_bytes(b"half")
    assert await blobs.clear_incoming() == 1
    assert await blobs.clear_incoming() == 0


async def test_readers_go_on_after_a_removal(blobs: FileBlobs) -> None:
    """A download that runs has its bytes to the end; new ones find none."""
    await put(blobs)
    with blobs.reader(NAME) as reader:
        await blobs.remove(NAME)
        await blobs.remove(NAME)
        assert bytes(await reader.read(0, 10)) == DATA[:10]
        with pytest.raises(FileNotFoundError), blobs.reader(NAME):
            pass


async def test_descriptors_are_cached_and_bounded(blobs: FileBlobs) -> None:
    """One file is opened once; many files do not use up the descriptors."""
    before = descriptors()
    names = [await put(blobs, str(number).encode() * 100) for number in range(100)]
    for name in names:
        with blobs.reader(name), blobs.reader(name) as reader:
            await reader.read(0, 1)
    assert 0 < descriptors() - before <= 66
    blobs.close()
    assert descriptors() == before


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", NAME.upper(), NAME + "0", "x" * 64])
async def test_only_hashes_name_files(blobs: FileBlobs, name: str) -> None:
    """No name leaves the folder."""
    with pytest.raises(ValueError, match="not a SHA-256"), blobs.reader(name):
        pass
    with pytest.raises(ValueError, match="not a SHA-256"):
        await blobs.remove(name)


@pytest.fixture
def without_room(tmp_path: Path) -> _FileIncoming:
    """Return a blob on a device that is really full."""
    incoming = _FileIncoming(tmp_path / "x.part", tmp_path)
    incoming._file.close()
    incoming._file = FULL.open("wb", buffering=0)
    return incoming


async def test_a_really_full_disk_is_told(without_room: _FileIncoming) -> None:
    """Writes to a device without room give StorageFullError."""
    with pytest.raises(StorageFullError):
        await without_room.write(DATA)
    without_room.discard()


async def test_other_errors_of_the_disk_are_not_hidden(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken disk is not a full one."""

    def fail(*_args: object) -> None:
        """Fail as a broken disk does."""
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("mqtt_ota_depot.blobs.os.fsync", fail)
    async with blobs.incoming() as blob:
        await blob.write(DATA)
        with pytest.raises(OSError, match="Input/output error"):
            await blob.seal()


@pytest.mark.parametrize("error", [errno.EAGAIN, errno.EOPNOTSUPP])
async def test_cold_bytes_are_read_by_a_thread(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """What is not in memory does not hold up the event loop."""
    real = os.preadv
    flags: list[int] = []

    def preadv(descriptor: int, buffers: list[bytearray], offset: int, flag: int = 0) -> int:
        """Refuse to answer at once."""
        flags.append(flag)
        if flag:
            raise OSError(error, "not now")
        return real(descriptor, buffers, offset)

    await put(blobs)
    monkeypatch.setattr("mqtt_ota_depot.blobs.os.preadv", preadv)
    with blobs.reader(NAME) as reader:
        assert bytes(await reader.read(5, 10)) == DATA[5:15]
    assert flags[0] != 0
    assert flags[1:] == [0]
    assert isinstance(reader, _FileReader)


@pytest.mark.parametrize("cold", [0, 3 * 1024 * 1024, 8 * 1024 * 1024 - 1])
async def test_a_large_part_is_at_hand_only_where_its_middle_is(
    blobs: FileBlobs, monkeypatch: pytest.MonkeyPatch, cold: int
) -> None:
    """The system alone would wait for the disk, and everybody with it."""
    data = bytes(8 * 1024 * 1024)
    preadv = os.preadv

    def partly_cold(descriptor: int, buffers: list[bytearray], offset: int, flags: int) -> int:
        """Read what is in memory: all but one byte's neighbourhood."""
        if abs(offset - cold) < 1024 * 1024 - 1:
            raise BlockingIOError(errno.EAGAIN, "not in memory")
        return preadv(descriptor, buffers, offset, flags)

    with blobs.reader(await put(blobs, data)) as reader:
        assert reader.is_at_hand(0, len(data))
        monkeypatch.setattr(os, "preadv", partly_cold)
        assert not reader.is_at_hand(0, len(data))
    blobs.close()
