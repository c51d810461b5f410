"""Grants: the right of one device to download one package for one task."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
import hmac
import secrets
from typing import Any, Final
from uuid import uuid4

import voluptuous as vol

from .packages import printable, validated
from .times import iso

DEFAULT_EXPIRES_IN: Final = 86_400
MIN_EXPIRES_IN: Final = 60
MAX_EXPIRES_IN: Final = 604_800

# 24 bytes make 32 characters: far beyond guessing, and small enough for the
# fixed buffers of device firmware.
_TOKEN_BYTES: Final = 24
_MAX_ID: Final = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantRequest:
    """What is asked for; `expires_in` is in seconds."""

    package_id: str
    device_id: str
    task_id: str
    expires_in: int = DEFAULT_EXPIRES_IN


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """A grant; only the hash of its token is known."""

    id: str
    token_hash: str = field(repr=False)
    package_id: str
    device_id: str
    task_id: str
    expires_at: datetime

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of the API, without the token."""
        return {
            "id": self.id,
            "package_id": self.package_id,
            "device_id": self.device_id,
            "task_id": self.task_id,
            "expires_at": iso(self.expires_at),
        }


def read_request(body: object) -> GrantRequest:
    """Check the body of a request for a grant; a Problem names the wrong field."""
    return GrantRequest(**validated(_REQUEST, body))


def issue(request: GrantRequest, now: datetime) -> tuple[Grant, str]:
    """Return a new grant and its token, which is told once and kept nowhere."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    grant = Grant(
        id=uuid4().hex,
        token_hash=hash_token(token),
        package_id=request.package_id,
        device_id=request.device_id,
        task_id=request.task_id,
        expires_at=now.replace(microsecond=0) + timedelta(seconds=request.expires_in),
    )
    return grant, token


def hash_token(token: str) -> str:
    """Return the SHA-256 of a token in hex; tokens are random, so no salt is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


class Grants:
    """All grants that are known, by their tokens, tasks and paths."""

    def __init__(self) -> None:
        """Create an empty set."""
        self._by_id: dict[str, Grant] = {}
        self._by_hash: dict[str, Grant] = {}
        self._by_task: dict[str, Grant] = {}
        self._by_path: dict[str, dict[str, Grant]] = {}
        self._paths: dict[str, str] = {}
        self._ends: dict[str, float] = {}

    def __iter__(self) -> Iterator[Grant]:
        """Iterate over a copy, so that grants may be removed meanwhile."""
        return iter(list(self._by_id.values()))

    def add(self, grant: Grant, path: str, *, now: datetime, steady: float) -> None:
        """Add a grant whose task has no other one, for the package with a path.

        Its time runs by the steady clock from here on: many small machines
        begin with a wrong date and correct it by days when the network is there.
        """
        left = (grant.expires_at - now).total_seconds()
        self._ends[grant.id] = steady + min(left, MAX_EXPIRES_IN)
        self._by_id[grant.id] = grant
        self._by_hash[grant.token_hash] = grant
        self._by_task[grant.task_id] = grant
        self._by_path.setdefault(path, {})[grant.id] = grant
        self._paths[grant.id] = path

    def remove(self, grant_id: str) -> None:
        """Remove a grant."""
        grant = self._by_id.pop(grant_id)
        del self._ends[grant_id]
        del self._by_hash[grant.token_hash]
        del self._by_task[grant.task_id]
        path = self._paths.pop(grant_id)
        del self._by_path[path][grant_id]
        if not self._by_path[path]:
            del self._by_path[path]

    def expired(self, grant: Grant, steady: float) -> bool:
        """Return whether the grant's time is over at a moment of the steady clock."""
        return steady >= self._ends[grant.id]

    def get(self, grant_id: str) -> Grant | None:
        """Return a grant by its id."""
        return self._by_id.get(grant_id)

    def of_task(self, task_id: str) -> Grant | None:
        """Return the grant of a task."""
        return self._by_task.get(task_id)

    def of_path(self, path: str) -> Collection[Grant]:
        """Return the grants for packages with a path."""
        return self._by_path.get(path, {}).values()

    def of_package(self, package_id: str) -> list[Grant]:
        """Return the grants of a package."""
        return [grant for grant in self if grant.package_id == package_id]

    def find(self, token: str) -> Grant | None:
        """Return the grant of a token, expired or not.

        The look-up by hash tells an attacker nothing about tokens; the final
        comparison takes the same time for all.
        """
        hashed = hash_token(token)
        grant = self._by_hash.get(hashed)
        if grant is None or not hmac.compare_digest(grant.token_hash, hashed):
            return None
        return grant


def _seconds(value: object) -> int:
    """Accept whole seconds within the bounds; True is not a number here."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not MIN_EXPIRES_IN <= value <= MAX_EXPIRES_IN
    ):
        msg = f"must be a whole number from {MIN_EXPIRES_IN} to {MAX_EXPIRES_IN}"
        raise vol.Invalid(msg)
    return value


_REQUEST: Final = vol.Schema(
    {
        vol.Required("package_id", msg="is required"): printable(_MAX_ID),
        vol.Required("device_id", msg="is required"): printable(_MAX_ID),
        vol.Required("task_id", msg="is required"): printable(_MAX_ID),
        "expires_in": _seconds,
    }
)
