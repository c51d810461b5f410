"""What the depot tells, as typed and bounded values: the edge where its JSON is validated.

Unknown keys are dropped, so that a newer depot may say more; a missing key or a value
of another type raises `vol.Invalid`, because acting on it could harm a device.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from homeassistant.util import dt as dt_util
import probatio as vol

from ..const import PackageKind

_MAX_PACKAGES = 100_000
_MAX_REMARK = 200
_NO_FIELDS: Final[Mapping[str, tuple[Any, Any]]] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Storage:
    """Space at the depot, in bytes."""

    used: int
    free: int
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressCheck:
    """Whether the depot reaches itself under its address for devices; None before it has tried."""

    reachable: bool | None = None
    detail: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DepotInfo:
    """Who the depot is; sizes in bytes, `device_url` is the base of download addresses."""

    api_version: int
    min_api_version: int
    version: str
    depot_id: str
    device_url: str
    max_package_size: int
    storage: Storage
    device_url_check: AddressCheck


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One version of a model's firmware or software; `size` in bytes."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantInfo:
    """A live download right, without its secret."""

    id: str
    package_id: str
    device_id: str
    task_id: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """A new download right; `token` is told only once and never shown."""

    id: str
    token: str = field(repr=False)
    url: str
    expires_at: datetime
    package_id: str
    device_id: str
    task_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """What the depot saw of a grant's download; `bytes_served` counts distinct bytes.

    `unauthorized`, `gap` and `left_open` are not told by every depot; (0, 0) is no gap.
    """

    grant_id: str
    task_id: str
    device_id: str
    package_id: str
    size: int
    bytes_served: int
    requests: int
    refusals: int
    unauthorized: int
    gap: tuple[int, int]
    left_open: bool
    active: bool
    complete: bool
    started_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """Everything the depot has: always the first event of a connection."""

    packages: tuple[Package, ...]
    transfers: tuple[Transfer, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageUpserted:
    """A package was added or changed."""

    package: Package


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageRemoved:
    """A package was deleted."""

    package_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferChanged:
    """A download went on, paused or ended."""

    transfer: Transfer


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferRemoved:
    """A grant was revoked or expired, its transfer is over."""

    grant_id: str


type DepotEvent = Snapshot | PackageUpserted | PackageRemoved | TransferChanged | TransferRemoved


def parse_api_versions(raw: object) -> tuple[int, int]:
    """Return (oldest, newest) API version of the depot, all that any version must tell."""
    versions = _API_VERSIONS(raw)
    return versions["min_api_version"], versions["api_version"]


def parse_info(raw: object) -> DepotInfo:
    """Return the depot's self-description or raise vol.Invalid."""
    return DepotInfo(**_INFO(raw))


def parse_grant(raw: object) -> Grant:
    """Return a newly made grant or raise vol.Invalid."""
    return Grant(**_NEW_GRANT(raw))


def parse_grants(raw: object) -> list[GrantInfo]:
    """Return the live grants or raise vol.Invalid."""
    return [GrantInfo(**grant) for grant in _GRANTS(raw)["grants"]]


def parse_event(raw: object) -> DepotEvent | None:
    """Return the event of a WebSocket message, None for a type we do not know."""
    match _EVENT(raw)["type"]:
        case "snapshot":
            return Snapshot(**_SNAPSHOT(raw))
        case "package_added" | "package_changed":
            return PackageUpserted(**_PACKAGE_UPSERTED(raw))
        case "package_removed":
            return PackageRemoved(**_PACKAGE_REMOVED(raw))
        case "transfer_changed":
            return TransferChanged(**_TRANSFER_CHANGED(raw))
        case "transfer_removed":
            return TransferRemoved(**_TRANSFER_REMOVED(raw))
        case _:
            return None


def _schema(
    fields: Mapping[str, Any], further: Mapping[str, tuple[Any, Any]] = _NO_FIELDS
) -> vol.Schema:
    """Return a schema that needs these keys and drops all others.

    `further` keys may be missing: each has what stands for it then, and its validator.
    """
    needed = {vol.Required(name): value for name, value in fields.items()}
    optional = {
        vol.Optional(name, default=default): value for name, (default, value) in further.items()
    }
    return vol.Schema({**needed, **optional}, extra=vol.REMOVE_EXTRA)


def _text(maximum: int) -> vol.All[Any]:
    """Return a validator of non-empty text of one line."""
    return vol.All(str, vol.Length(min=1, max=maximum), _printable)


def _printable(value: str) -> str:
    """Refuse control characters, which could forge log lines or topics."""
    if not value.isprintable():
        msg = "expected printable characters"
        raise vol.Invalid(msg)
    return value


def _count(value: object) -> int:
    """Accept a whole number from 0 on; JSON's true is none although Python says so."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        msg = "expected a whole number, 0 or more"
        raise vol.Invalid(msg)
    return value


def _gap(value: object) -> tuple[int, int]:
    """Accept the bytes from one to before another, or none."""
    if value is None:
        return 0, 0
    match value:
        case [first, last]:
            start, end = _count(first), _count(last)
            if start < end:
                return start, end
    msg = "expected two whole numbers, the lower one first"
    raise vol.Invalid(msg)


def _timestamp(value: object) -> datetime:
    """Accept an ISO-8601 time with an offset."""
    parsed = dt_util.parse_datetime(value) if isinstance(value, str) else None
    if parsed is None or parsed.tzinfo is None:
        msg = "expected an ISO-8601 time with an offset"
        raise vol.Invalid(msg)
    return dt_util.as_utc(parsed)


def _remark(value: object) -> str:
    """Accept a text that is only shown, cut and cleaned rather than refused."""
    if not isinstance(value, str):
        msg = "expected text"
        raise vol.Invalid(msg)
    return "".join(char if char.isprintable() else " " for char in value[:_MAX_REMARK])


_ID = vol.All(str, vol.Match(r"[A-Za-z0-9_-]{1,128}\Z"))
_TOKEN = vol.All(str, vol.Match(r"[\x21-\x7e]{1,128}\Z"))
_ADDRESS = vol.All(str, vol.Match(r"https?://[\x21-\x7e]{1,500}\Z"))
_SHA256 = vol.All(str, vol.Match(r"[0-9a-f]{64}\Z"))
_NAME = _text(256)

_API_VERSIONS = _schema({"api_version": _count, "min_api_version": _count})
_STORAGE = vol.All(
    _schema({"used": _count, "free": _count, "total": _count}),
    lambda fields: Storage(**fields),
)
_ADDRESS_CHECK = vol.All(
    _schema({}, {"reachable": (None, vol.Maybe(bool)), "detail": (None, vol.Maybe(_remark))}),
    lambda fields: AddressCheck(**fields),
)
_INFO = _schema(
    {
        "api_version": _count,
        "min_api_version": _count,
        "version": _NAME,
        "depot_id": _ID,
        "device_url": _ADDRESS,
        "max_package_size": _count,
        "storage": _STORAGE,
    },
    {"device_url_check": (_NO_FIELDS, _ADDRESS_CHECK)},
)
_PACKAGE = vol.All(
    _schema(
        {
            "id": _ID,
            "kind": vol.Coerce(PackageKind),
            "model": _text(128),
            "version": _NAME,
            "source_versions": vol.All([_NAME], vol.Length(max=100), vol.Coerce(tuple)),
            "file_name": _text(255),
            "size": _count,
            "sha256": _SHA256,
            "release_notes": vol.Maybe(vol.All(str, vol.Length(max=65536))),
            "custom_info": vol.Maybe(vol.All(str, vol.Length(max=4096))),
            "withdrawn": bool,
            "created_at": _timestamp,
        }
    ),
    lambda fields: Package(**fields),
)
_TRANSFER = vol.All(
    _schema(
        {
            "grant_id": _ID,
            "task_id": _NAME,
            "device_id": _NAME,
            "package_id": _ID,
            "size": _count,
            "bytes_served": _count,
            "requests": _count,
            "refusals": _count,
            "active": bool,
            "complete": bool,
            "started_at": vol.Maybe(_timestamp),
            "updated_at": vol.Maybe(_timestamp),
        },
        {"unauthorized": (0, _count), "gap": (None, _gap), "left_open": (False, bool)},
    ),
    lambda fields: Transfer(**fields),
)
_GRANT = {
    "id": _ID,
    "package_id": _ID,
    "device_id": _NAME,
    "task_id": _NAME,
    "expires_at": _timestamp,
}
_GRANTS = _schema({"grants": [_schema(_GRANT)]})
_NEW_GRANT = _schema({**_GRANT, "token": _TOKEN, "url": _ADDRESS})
_EVENT = _schema({"type": str})
_SNAPSHOT = _schema(
    {
        "packages": vol.All([_PACKAGE], vol.Length(max=_MAX_PACKAGES), vol.Coerce(tuple)),
        "transfers": vol.All([_TRANSFER], vol.Length(max=_MAX_PACKAGES), vol.Coerce(tuple)),
    }
)
_PACKAGE_UPSERTED = _schema({"package": _PACKAGE})
_PACKAGE_REMOVED = _schema({"package_id": _ID})
_TRANSFER_CHANGED = _schema({"transfer": _TRANSFER})
_TRANSFER_REMOVED = _schema({"grant_id": _ID})
