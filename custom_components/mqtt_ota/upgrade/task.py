"""The task: one device, one package, and how far the upgrade has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from ..const import PackageKind
from .cause import Cause


class State(StrEnum):
    """Where a task stands; the value is the translation key."""

    WAITING_ONLINE = "waiting_online"
    QUERYING_CELL = "querying_cell"
    QUERYING_VERSION = "querying_version"
    QUEUED = "queued"
    AWAITING_DOWNLOAD = "awaiting_download"
    DOWNLOADING = "downloading"
    AWAITING_UPDATE = "awaiting_update"
    UPDATING = "updating"
    VERIFYING = "verifying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED_STATES: Final = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})
TRANSFER_STATES: Final = frozenset({State.AWAITING_DOWNLOAD, State.DOWNLOADING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How long each stage may take; the defaults are the source document's."""

    online_timeout: timedelta = timedelta(hours=25)
    cell_timeout: timedelta = timedelta(minutes=3)
    version_timeout: timedelta = timedelta(minutes=3)
    grant_lifetime: timedelta = timedelta(hours=24)
    report_timeout: timedelta = timedelta(hours=24)
    check_timeout: timedelta = timedelta(minutes=3)
    wait_online: bool = True
    query_cell: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the policy as JSON types, durations in seconds."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            name: value.total_seconds() if isinstance(value, timedelta) else value
            for name, value in values.items()
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the policy saved by `as_dict`; what is missing takes its default."""
        values: dict[str, Any] = {}
        for item in fields(cls):
            if (value := data.get(item.name)) is not None:
                values[item.name] = value if isinstance(value, bool) else _duration(value)
        return cls(**values)


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
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {**values, "source_versions": list(self.source_versions)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the package saved by `as_dict`."""
        values = _known(cls, data)
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
        return {
            "id": self.id,
            "url": self.url,
            "expires_at": self.expires_at.isoformat(),
            "token": self.token,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the grant saved by `as_dict`."""
        return cls(
            id=data["id"],
            url=data["url"],
            expires_at=datetime.fromisoformat(data["expires_at"]),
            token=data["token"],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One upgrade of one device; every time is absolute and in UTC.

    `previous_version` is None until the device has reported what it runs. `probes` counts
    the queries of the current state; `asked` is set while a version query is unanswered.
    `downloaded` is what the depot saw, `claimed` a success that the device told before that.
    """

    id: str
    device_id: str
    kind: PackageKind
    package: PackageRef
    policy: Policy = field(default_factory=Policy)
    created_at: datetime
    state: State = State.QUEUED
    state_since: datetime
    deadline: datetime | None = None
    probe_at: datetime | None = None
    probes: int = 0
    asked: bool = False
    asked_at: datetime | None = None
    previous_version: str | None = None
    version_at: datetime | None = None
    reported_version: str | None = None
    cell_id: str | None = None
    grant: GrantRef | None = None
    granting: bool = False
    notified_at: datetime | None = None
    progress: float | None = None
    downloaded: bool = False
    claimed: bool = False
    cause: Cause | None = None
    description: str | None = None

    @property
    def is_ended(self) -> bool:
        """Return whether nothing can change the task any more."""
        return self.state in ENDED_STATES

    @property
    def wants_turn(self) -> bool:
        """Return whether the task has not begun, because another one is before it."""
        return self.state is State.QUEUED and self.previous_version is None

    @property
    def wants_slot(self) -> bool:
        """Return whether the task is ready to transfer and waits for the others."""
        return (
            self.state is State.QUEUED and self.previous_version is not None and not self.granting
        )

    @property
    def holds_slot(self) -> bool:
        """Return whether the task counts against the limit of parallel transfers."""
        return self.granting or self.state in TRANSFER_STATES

    @property
    def wake_at(self) -> datetime | None:
        """Return when the task wants `TimePassed`."""
        times = [time for time in (self.deadline, self.probe_at) if time is not None]
        return min(times, default=None)

    def as_dict(self) -> dict[str, Any]:
        """Return the task as JSON types, token included: for the private store only."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: _plain(value) for name, value in values.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the task saved by `as_dict`.

        Raises KeyError, TypeError, ValueError or AttributeError for a broken record.
        """
        values = _known(cls, data)
        for name in ("created_at", "state_since", *_OPTIONAL_TIMES):
            if values.get(name) is not None:
                values[name] = datetime.fromisoformat(values[name])
        values["kind"] = PackageKind(values["kind"])
        values["state"] = State(values["state"])
        values["package"] = PackageRef.from_dict(values["package"])
        values["policy"] = Policy.from_dict(values["policy"])
        if values.get("grant") is not None:
            values["grant"] = GrantRef.from_dict(values["grant"])
        if values.get("cause") is not None:
            values["cause"] = Cause(values["cause"])
        return cls(**values)


_OPTIONAL_TIMES: Final = ("deadline", "probe_at", "asked_at", "version_at", "notified_at")


def _known(cls: type[PackageRef | Task], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that this version knows: a newer one may have saved more."""
    return {item.name: data[item.name] for item in fields(cls) if item.name in data}


def _duration(seconds: float) -> timedelta:
    """Return a saved duration; raises TypeError or ValueError."""
    try:
        return timedelta(seconds=seconds)
    except OverflowError as err:
        raise ValueError("duration is out of range") from err


def _plain(value: object) -> object:
    """Return a field's value as JSON type."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Policy | PackageRef | GrantRef):
        return value.as_dict()
    return value
