"""What can happen to a task."""

from dataclasses import dataclass

from .cause import Cause
from .reference import GrantRef


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """It is the task's turn; `online` is None where nobody knows."""

    online: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SignOfLife:
    """The device sent anything at all, or was reported online."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WentOffline:
    """The device was reported offline, by its availability topic or its gateway."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CellReported:
    """The device named the cell through which it is connected."""

    cell_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionReported:
    """The device said what it runs; None when it left out the task's kind."""

    version: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotFreed:
    """The task may transfer now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    """The depot granted the download."""

    grant: GrantRef


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantDelayed:
    """The depot could not be asked; the task waits for its slot again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantRefused:
    """The depot will never grant this download."""

    cause: Cause


@dataclass(frozen=True, kw_only=True, slots=True)
class DepotLost:
    """The depot can't be reached; tell a task that is ready as often as you like."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DepotFound:
    """The depot can be reached again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notified:
    """The upgrade message has left for the device; its size in bytes, 0 where nobody knows."""

    message_size: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferSeen:
    """What the depot saw of the download so far, in bytes.

    It refused `refusals` requests with the right token and `unauthorized` without one. From
    `gap_start` to before `gap_end` the device passed bytes over (0: none), and `left_open` is
    a connection that idled away after it had brought the end.
    """

    bytes_served: int
    requests: int
    complete: bool
    refusals: int = 0
    unauthorized: int = 0
    gap_start: int = 0
    gap_end: int = 0
    left_open: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgressReported:
    """The device reported progress or a result."""

    result_code: int
    progress: int | None = None
    version: str | None = None
    description: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageGone:
    """The package was withdrawn; `deleted` when its bytes are gone, too."""

    deleted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Superseded:
    """A newer package came for the same model and kind, in this version."""

    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Resumed:
    """We could not hear the device for a while: a restart, or the broker was away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimePassed:
    """The task's wake-up time has come."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelRequested:
    """A user or an automation gave the task up."""


type Event = (
    Started
    | SignOfLife
    | WentOffline
    | CellReported
    | VersionReported
    | SlotFreed
    | Granted
    | GrantDelayed
    | GrantRefused
    | DepotLost
    | DepotFound
    | Notified
    | TransferSeen
    | ProgressReported
    | PackageGone
    | Superseded
    | Resumed
    | TimePassed
    | CancelRequested
)
