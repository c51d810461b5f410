"""Packages: what the depot knows of them and what it accepts about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath, PureWindowsPath
import re
from typing import Any, Final

import voluptuous as vol

from .problems import Problem, ProblemKind
from .ranges import Representation
from .times import iso, iso_or_none

MAX_FILE_NAME: Final = 100
MAX_SOURCE_VERSIONS: Final = 20
MAX_RELEASE_NOTES: Final = 64 * 1024
MAX_CUSTOM_INFO: Final = 4096
MAX_UNDO: Final = 3600
# Devices have fixed buffers for URLs; 64 bits tell packages apart well enough,
# since the token alone decides which package is served.
PATH_DIGITS: Final = 16

_DEFAULT_FILE_NAME: Final = "package.bin"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


class PackageKind(StrEnum):
    """What a package replaces on the device."""

    FIRMWARE = "firmware"
    SOFTWARE = "software"


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One stored package. `size` is in bytes, `sha256` and `md5` in lower-case hex.

    `md5` is None for packages that were stored before it was noted, `remove_at`
    is set while a removal can still be taken back.
    """

    id: str
    kind: PackageKind
    model: str
    version: str
    source_versions: tuple[str, ...]
    file_name: str
    size: int
    sha256: str
    release_notes: str | None
    custom_info: str | None
    withdrawn: bool
    created_at: datetime
    md5: str | None = None
    remove_at: datetime | None = None

    @property
    def identity(self) -> tuple[PackageKind, str, str]:
        """Return what is unique among packages."""
        return (self.kind, self.model, self.version)

    @property
    def offered(self) -> bool:
        """Return whether devices may still get it."""
        return not self.withdrawn and self.remove_at is None

    @property
    def path(self) -> str:
        """Return the path of its download URL; other bytes have another path."""
        return f"/p/{self.sha256[:PATH_DIGITS]}"

    @property
    def representation(self) -> Representation:
        """Return the facts for conditional and range requests."""
        return Representation(size=self.size, etag=f'"{self.sha256}"', modified=self.created_at)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of the API."""
        return {
            "id": self.id,
            "kind": self.kind,
            "model": self.model,
            "version": self.version,
            "source_versions": list(self.source_versions),
            "file_name": self.file_name,
            "size": self.size,
            "sha256": self.sha256,
            "release_notes": self.release_notes,
            "custom_info": self.custom_info,
            "md5": self.md5,
            # What is about to be removed counts as withdrawn for whoever does not know of removals.
            "withdrawn": not self.offered,
            "remove_at": iso_or_none(self.remove_at),
            "created_at": iso(self.created_at),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageFacts:
    """What a maker says about a package when uploading it."""

    kind: PackageKind
    model: str
    version: str
    source_versions: tuple[str, ...] = ()
    release_notes: str | None = None
    custom_info: str | None = None
    sha256: str | None = None


def safe_file_name(name: str | None) -> str:
    """Return an ASCII file name without any path, at most 100 characters long."""
    bare = PureWindowsPath(PurePosixPath(name or "").name).name
    safe = _UNSAFE.sub("_", bare).strip("._-")
    if len(safe) <= MAX_FILE_NAME:
        return safe or _DEFAULT_FILE_NAME
    return shortened(safe, MAX_FILE_NAME)


def shortened(name: str, limit: int) -> str:
    """Return the file name cut to `limit` characters, its short suffix kept."""
    suffix = PurePosixPath(name).suffix
    if len(name) <= limit or len(suffix) >= limit // 2:
        return name[:limit]
    return name[: limit - len(suffix)] + suffix


def read_facts(fields: Mapping[str, Any]) -> PackageFacts:
    """Check the text fields of an upload.

    Raises a Problem of kind invalid-request that names the first wrong field.
    """
    return PackageFacts(**validated(_FACTS, fields))


def read_changes(body: object) -> dict[str, Any]:
    """Check the body of a PATCH; return the attributes of Package to replace."""
    changes: dict[str, Any] = validated(_CHANGES, body)
    return changes


def read_undo(query: Mapping[str, str]) -> int:
    """Return for how many seconds a removal can be taken back, 0 without such a wish.

    Raises a Problem of kind invalid-request.
    """
    return int(validated(_UNDO, dict(query)).get("undo", 0))


def validated(schema: vol.Schema, data: object) -> Any:
    """Return `data` through the schema; a Problem names the first wrong field."""
    try:
        return schema(data)
    except vol.MultipleInvalid as err:
        first = err.errors[0]
        field = ".".join(str(part) for part in first.path) or "body"
        field = field[:80]
        raise Problem(ProblemKind.INVALID_REQUEST, f"{field}: {first.msg}.", field=field) from err


def printable(maximum: int, *, minimum: int = 1) -> vol.All:
    """Return a validator of printable text, with bounds in characters."""

    def check(value: str) -> str:
        """Refuse what cannot be shown on one line."""
        if not value.isprintable():
            msg = "must not have control characters"
            raise vol.Invalid(msg)
        if minimum and not value.strip():
            msg = "must not be blank"
            raise vol.Invalid(msg)
        return value

    return vol.All(_text, _bounds(minimum, maximum), check)


def _bounds(minimum: int, maximum: int) -> vol.Length:
    """Return a validator of the length in characters."""
    return vol.Length(min=minimum, max=maximum, msg=f"must have {minimum} to {maximum} characters")


def _text(value: object) -> str:
    """Accept strings that can be stored as UTF-8."""
    if not isinstance(value, str):
        msg = "must be text"
        raise vol.Invalid(msg)
    try:
        value.encode()
    except UnicodeEncodeError as err:
        msg = "must be valid Unicode text"
        raise vol.Invalid(msg) from err
    return value


def _version(value: str) -> str:
    """Accept printable ASCII without space around it."""
    if not value.isascii() or not value.isprintable():
        msg = "must be printable ASCII"
        raise vol.Invalid(msg)
    if value != value.strip():
        msg = "must not begin or end with a space"
        raise vol.Invalid(msg)
    return value


def _markdown(value: str) -> str | None:
    """Accept text of many lines; nothing but space means none."""
    if len(value.encode()) > MAX_RELEASE_NOTES:
        msg = f"must have at most {MAX_RELEASE_NOTES} bytes"
        raise vol.Invalid(msg)
    return _lines(value)


def _lines(value: str) -> str | None:
    """Refuse control characters other than tabs and line ends."""
    if "\x00" in value or not value.translate(_LINE_CONTROLS).isprintable():
        msg = "must not have control characters"
        raise vol.Invalid(msg)
    return value if value.strip() else None


def _distinct(values: list[str]) -> tuple[str, ...]:
    """Return the versions once each, in their order."""
    return tuple(dict.fromkeys(values))


def _digest(value: str) -> str:
    """Accept a SHA-256 in hex, of either case."""
    if not _SHA256.fullmatch(value):
        msg = "must be 64 hexadecimal digits"
        raise vol.Invalid(msg)
    return value.lower()


_LINE_CONTROLS: Final = {ord(char): None for char in "\t\n\r\u2028\u2029\u200d\ufeff"}
_VERSION: Final = vol.All(_text, _bounds(1, 256), _version)
_SOURCE_VERSIONS: Final = vol.All(
    vol.Length(
        max=MAX_SOURCE_VERSIONS,
        msg=f"must have at most {MAX_SOURCE_VERSIONS} versions",
    ),
    [_VERSION],
    _distinct,
)
_COMMON: Final[dict[vol.Marker | str, Any]] = {
    "source_versions": _SOURCE_VERSIONS,
    "release_notes": vol.Maybe(vol.All(_text, _markdown)),
    "custom_info": vol.Maybe(vol.All(_text, _bounds(0, MAX_CUSTOM_INFO), _lines)),
}
_KIND: Final = vol.Coerce(PackageKind, msg="must be firmware or software")
_FACTS: Final = vol.Schema(
    {
        vol.Required("kind", msg="is required"): _KIND,
        vol.Required("model", msg="is required"): printable(128),
        vol.Required("version", msg="is required"): _VERSION,
        **_COMMON,
        "sha256": vol.All(_text, _digest),
    }
)
_UNDO: Final = vol.Schema(
    {
        "undo": vol.All(
            vol.Coerce(int, msg="must be a number"),
            vol.Range(0, MAX_UNDO, msg=f"must be 0 to {MAX_UNDO} seconds"),
        )
    }
)
_CHANGES: Final = vol.Schema(
    {
        "model": printable(128),
        "version": _VERSION,
        **_COMMON,
        "file_name": vol.All(_text, _bounds(1, 255), safe_file_name),
        "withdrawn": vol.Any(bool, msg="must be true or false"),
        "remove_at": vol.Any(None, msg="can only be null, which takes a removal back"),
    }
)
