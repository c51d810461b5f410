"""What a task wants done in the world."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryVersion:
    """Ask the device for its versions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryCell:
    """Ask the device for its cell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestGrant:
    """Ask the depot for the right to download."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notify:
    """Send the device the upgrade message with its grant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokeGrant:
    """Take the right to download back."""

    grant_id: str


type Effect = QueryVersion | QueryCell | RequestGrant | Notify | RevokeGrant
