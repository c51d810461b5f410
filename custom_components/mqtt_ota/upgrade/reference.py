"""What a task refers to: its package, its grant and who asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageRef:
    """What the task needs to know of its package; size in bytes."""

    id: str
    version: str
    size: int
    sha256: str
    file_name: str
    source_versions: tuple[str, ...] = ()
    custom_info: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the package as JSON types."""
        return plain_fields(self) | {"source_versions": list(self.source_versions)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the package saved by `as_dict`."""
        values = known_fields(cls, data)
        return cls(**{**values, "source_versions": tuple(values["source_versions"])})


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantRef:
    """The right to download: its token is a secret and stays out of every text."""

    id: str
    url: str
    expires_at: datetime
    token: str = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the grant as JSON types, token included: for the private store only."""
        return plain_fields(self) | {"expires_at": self.expires_at.isoformat()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the grant saved by `as_dict`."""
        expires_at = datetime.fromisoformat(data["expires_at"])
        return cls(id=data["id"], url=data["url"], expires_at=expires_at, token=data["token"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Requester:
    """Who asked for the upgrade, in the ids of Home Assistant's contexts."""

    context_id: str
    parent_id: str | None = None
    user_id: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the requester as JSON types."""
        return plain_fields(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the requester saved by `as_dict`."""
        return cls(**known_fields(cls, data))


def plain_fields(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass by name."""
    return {item.name: getattr(value, item.name) for item in fields(value)}


def known_fields(cls: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that this version knows: a newer one may have saved more."""
    return {item.name: data[item.name] for item in fields(cls) if item.name in data}
