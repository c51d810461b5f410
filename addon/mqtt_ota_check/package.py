"""The packages that a device is given: the maker's own, or invented ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
import hashlib
from itertools import count
from pathlib import Path
import secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The bytes of one version."""

    version: str
    content: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        return len(self.content)

    @property
    def sha256(self) -> str:
        """Return the SHA-256 in lower-case hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


class Packages:
    """Where the package of the next upgrade comes from."""

    def __init__(self, images: Sequence[Package], *, random_size: int | None) -> None:
        """Take the maker's images; with a size, invent versions and bytes where there are none."""
        self._images = images
        self._random_size = random_size
        # Two runs against the same device must not invent the same version.
        self._stem = f"check-{secrets.token_hex(2)}"
        self._numbers = count(1)

    def other_than(self, *versions: str) -> Package | None:
        """Return a package of another version; None when the maker gave none."""
        if self._images or self._random_size is None:
            return next((image for image in self._images if image.version not in versions), None)
        version = f"{self._stem}-{next(self._numbers)}"
        return Package(version=version, content=secrets.token_bytes(self._random_size))


def read_image(text: str) -> Package:
    """Return the package that VERSION=FILE names; raises ValueError or OSError."""
    version, separator, file = text.partition("=")
    if not separator or not version or not file:
        msg = f"{text!r} is not VERSION=FILE, for example 1.4.0=build/weather.bin"
        raise ValueError(msg)
    content = Path(file).read_bytes()
    if not content:
        msg = f"{file} is empty"
        raise ValueError(msg)
    return Package(version=version, content=content)
