"""The task: one device, one package, and how far the upgrade has come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from ..const import PackageKind
from .cause import Cause
from .policy import Policy
from .reference import GrantRef, PackageRef, Requester, known_fields, plain_fields


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
MAX_HISTORY: Final = 50
# An upgrade message to a device that has gone to sleep since is lost (clean sessions).
_VERSION_FRESH_FOR: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A state that a task has entered, when (UTC), and the cause of an end."""

    state: State
    at: datetime
    cause: Cause | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the stage as JSON types."""
        return plain_fields(self) | {"at": self.at.isoformat()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the stage saved by `as_dict`."""
        cause = data["cause"]
        return cls(
            state=State(data["state"]),
            at=datetime.fromisoformat(data["at"]),
            cause=None if cause is None else Cause(cause),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One upgrade of one device; every time is absolute and in UTC.

    What was wanted: `pinned` is a version of the user's own choice, which no newer package
    supersedes; `attempt` counts from 1; `retry_at` says when a failed task is tried again.

    What holds now: `online_deadline` and `report_deadline` are the deadlines that several
    states share. `probes` counts the queries of the current state, `probe_at` is the time
    of the next one (of a new grant, while the device downloads), `asked` is set while a
    version query is unanswered, and before `negotiate_at` no further negotiation begins.

    What was seen: `previous_version` is None until the device has reported what it runs.
    `downloaded` and what stands before it from `bytes_served` on are what the depot saw.
    `message_size` is the upgrade message with its topic, in bytes (0: unknown), `heard` a
    device that was there a while after it. `claimed` is a success that the device told,
    `went_offline` a device that left while it downloaded or, once the download is whole,
    after it, and `restarted` one that told the old version unasked then. `result_code` and
    `description` are what the device said last of a failure.
    """

    id: str
    device_id: str
    kind: PackageKind
    package: PackageRef
    policy: Policy = field(default_factory=Policy)
    pinned: bool = False
    requester: Requester | None = None
    created_at: datetime
    attempt: int = 1
    retry_at: datetime | None = None
    state: State = State.QUEUED
    state_since: datetime
    history: tuple[Stage, ...] = ()
    deadline: datetime | None = None
    online_deadline: datetime | None = None
    report_deadline: datetime | None = None
    negotiations: int = 0
    negotiate_at: datetime | None = None
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
    renewals: int = 0
    notified_at: datetime | None = None
    message_size: int = 0
    heard: bool = False
    progress: float | None = None
    bytes_served: int = 0
    requests: int = 0
    refusals: int = 0
    unauthorized: int = 0
    gap_start: int = 0
    gap_end: int = 0
    left_open: bool = False
    downloaded: bool = False
    claimed: bool = False
    went_offline: bool = False
    restarted: bool = False
    cause: Cause | None = None
    result_code: int | None = None
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

    def is_fresh(self, now: datetime) -> bool:
        """Return whether the device was there just now to report its version."""
        return self.version_at is not None and now - self.version_at <= _VERSION_FRESH_FOR

    @property
    def holds_slot(self) -> bool:
        """Return whether the task counts against the limit of parallel transfers."""
        return self.granting or self.state in TRANSFER_STATES

    @property
    def is_unproven(self) -> bool:
        """Return whether the device told success without having fetched the whole package."""
        return self.claimed and not self.downloaded

    @property
    def wake_at(self) -> datetime | None:
        """Return when the task wants `TimePassed`."""
        times = [time for time in (self.deadline, self.probe_at) if time is not None]
        return min(times, default=None)

    def is_worth_saving(self, saved: Self) -> bool:
        """Return whether more has changed than what the depot tells again after a restart."""
        return self != replace(
            saved,
            progress=self.progress,
            bytes_served=self.bytes_served,
            requests=self.requests,
            refusals=self.refusals,
            unauthorized=self.unauthorized,
            gap_start=self.gap_start,
            gap_end=self.gap_end,
            left_open=self.left_open,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the task as JSON types, token included: for the private store only."""
        return {name: _plain(value) for name, value in plain_fields(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the task saved by `as_dict`.

        Raises KeyError, TypeError, ValueError or AttributeError for a broken record.
        """
        values = known_fields(cls, data)
        for name, restore in _REQUIRED.items():
            values[name] = restore(values[name])
        for name, restore in _OPTIONAL.items():
            if values.get(name) is not None:
                values[name] = restore(values[name])
        history = tuple(Stage.from_dict(stage) for stage in values.get("history", ()))
        return cls(**(values | {"history": history}))


def successor(task: Task, task_id: str, now: datetime) -> Task:
    """Return the task that tries a failed or cancelled one again, with what came before.

    Raises ValueError for a task that has not ended.
    """
    if not task.is_ended:
        raise ValueError(f"task {task.id} has not ended")
    return Task(
        id=task_id,
        device_id=task.device_id,
        kind=task.kind,
        package=task.package,
        policy=task.policy,
        pinned=task.pinned,
        requester=task.requester,
        created_at=now,
        attempt=task.attempt + 1,
        state_since=now,
        history=task.history,
    )


def without_retry(task: Task) -> Task:
    """Return an ended task that is not tried again."""
    return replace(task, retry_at=None)


def with_stage(task: Task) -> Task:
    """Return a task that remembers its state; of a long history the middle goes."""
    stage = Stage(state=task.state, at=task.state_since, cause=task.cause)
    history = (*task.history, stage)
    if len(history) > MAX_HISTORY:
        history = history[:1] + history[-(MAX_HISTORY - 1) :]
    return replace(task, history=history)


_REQUIRED: Final[dict[str, Callable[[Any], object]]] = {
    "kind": PackageKind,
    "package": PackageRef.from_dict,
    "policy": Policy.from_dict,
    "created_at": datetime.fromisoformat,
    "state": State,
    "state_since": datetime.fromisoformat,
}
_OPTIONAL: Final[dict[str, Callable[[Any], object]]] = {
    "requester": Requester.from_dict,
    "grant": GrantRef.from_dict,
    "cause": Cause,
    "retry_at": datetime.fromisoformat,
    "deadline": datetime.fromisoformat,
    "online_deadline": datetime.fromisoformat,
    "report_deadline": datetime.fromisoformat,
    "negotiate_at": datetime.fromisoformat,
    "probe_at": datetime.fromisoformat,
    "asked_at": datetime.fromisoformat,
    "version_at": datetime.fromisoformat,
    "notified_at": datetime.fromisoformat,
}


def _plain(value: object) -> object:
    """Return a field's value as JSON type."""
    match value:
        case datetime():
            return value.isoformat()
        case Policy() | PackageRef() | GrantRef() | Requester():
            return value.as_dict()
        case tuple():
            return [stage.as_dict() for stage in value]
    return value
