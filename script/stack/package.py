"""A package to upgrade to, made up on the spot."""

from dataclasses import dataclass, field
import hashlib
import random

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPackage:
    """What a maker uploads."""

    kind: str = "firmware"
    model: str = "weather"
    version: str = "1.1.0"
    release_notes: str = ""
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Return the hash that the device checks."""
        return hashlib.sha256(self.content).hexdigest()


def image_bytes(size: int, seed: str) -> bytes:
    """Return bytes that no proxy or file system could shorten, the same for the same seed."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - test data
