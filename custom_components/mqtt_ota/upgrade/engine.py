"""The state machine of an upgrade, as the source document draws it.

`step` is the only way to change a task. It looks at no clock and does no I/O: the caller
tells what happened and when, saves the new task and then performs the effects.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, assert_never
from zlib import crc32

from .cause import Cause, cause_of_result
from .effect import (
    Effect,
    Notify,
    QueryCell,
    QueryVersion,
    RequestGrant,
    RevokeGrant,
)
from .event import (
    CancelRequested,
    CellReported,
    Event,
    GrantDelayed,
    Granted,
    GrantRefused,
    Notified,
    PackageGone,
    ProgressReported,
    Resumed,
    SignOfLife,
    SlotFreed,
    Started,
    TimePassed,
    TransferSeen,
    VersionReported,
)
from .task import TRANSFER_STATES, GrantRef, State, Task

type Outcome = tuple[Task, tuple[Effect, ...]]

RESULT_SUCCESS: Final = 0
RESULT_ALREADY_LATEST: Final = 3

_WHOLE: Final = 100

_NOTIFIED_STATES: Final = TRANSFER_STATES | {
    State.AWAITING_UPDATE,
    State.UPDATING,
    State.VERIFYING,
}
# The time for download and report runs from the notification to the end.
_SHARED_DEADLINE: Final = frozenset({State.DOWNLOADING, State.AWAITING_UPDATE, State.UPDATING})
_CAUSE_OF_DEADLINE: Final = {
    State.WAITING_ONLINE: Cause.ONLINE_TIMEOUT,
    State.QUERYING_CELL: Cause.CELL_TIMEOUT,
    State.QUERYING_VERSION: Cause.VERSION_TIMEOUT,
    State.AWAITING_DOWNLOAD: Cause.DOWNLOAD_START_TIMEOUT,
    State.DOWNLOADING: Cause.DOWNLOAD_TIMEOUT,
    State.AWAITING_UPDATE: Cause.UPDATE_START_TIMEOUT,
}
# First and longest pause between two queries: a query is lost when the device has not
# subscribed yet, and a device that restarts may lose the report of its own result.
_PROBE_PAUSES: Final = {
    State.WAITING_ONLINE: (timedelta(minutes=1), timedelta(minutes=30)),
    State.QUERYING_CELL: (timedelta(seconds=5), timedelta(minutes=1)),
    State.QUERYING_VERSION: (timedelta(seconds=5), timedelta(minutes=1)),
    State.AWAITING_UPDATE: (timedelta(minutes=1), timedelta(minutes=15)),
    State.UPDATING: (timedelta(minutes=1), timedelta(minutes=15)),
    State.VERIFYING: (timedelta(seconds=5), timedelta(minutes=1)),
}
_PROBE_JITTER: Final = 0.25
# A device that talks a lot while it updates is not asked again with each of its messages.
_SHORTEST_PAUSE: Final = timedelta(seconds=30)
# An upgrade message to a device that has gone to sleep since is lost (clean sessions).
_VERSION_FRESH_FOR: Final = timedelta(minutes=1)


# One branch for each event is the plainest form, and the type checker sees a missing one.
def step(task: Task, event: Event, now: datetime) -> Outcome:  # noqa: C901, PLR0911, PLR0912
    """Return the task after an event at a time (UTC), and what is to be done about it.

    An event that means nothing in the task's state changes nothing; raises nothing.
    """
    if task.is_ended:
        return _after_the_end(task, event)
    match event:
        case Started():
            return _on_started(task, event, now)
        case SignOfLife():
            return _on_sign_of_life(task, now)
        case CellReported():
            return _on_cell(task, event, now)
        case VersionReported():
            return _on_version(task, event, now)
        case SlotFreed():
            return _on_slot(task, now)
        case Granted():
            return _on_granted(task, event, now)
        case GrantDelayed():
            return replace(task, granting=False), ()
        case GrantRefused():
            return _on_refused(task, event, now)
        case Notified():
            return _on_notified(task, now)
        case TransferSeen():
            return _on_transfer(task, event, now)
        case ProgressReported():
            return _on_progress(task, event, now)
        case PackageGone():
            return _on_package_gone(task, event, now)
        case Resumed():
            return _on_resumed(task, now)
        case TimePassed():
            return _on_time(task, now)
        case CancelRequested():
            return _end(task, State.CANCELLED, now)
        case _:
            assert_never(event)


def _after_the_end(task: Task, event: Event) -> Outcome:
    """Ignore everything but a grant, which must not outlive its task."""
    if isinstance(event, Granted):
        return task, (RevokeGrant(grant_id=event.grant.id),)
    return task, ()


def _on_started(task: Task, event: Started, now: datetime) -> Outcome:
    """Begin: negotiate at once with a device that is online (source document, step 3)."""
    if not task.wants_turn:
        return task, ()
    if event.online or (event.online is None and not task.policy.wait_online):
        return _negotiate(task, now)
    if not task.policy.wait_online:
        return _fail(task, Cause.DEVICE_OFFLINE, now)
    return _wait_online(task, now)


def _on_sign_of_life(task: Task, now: datetime) -> Outcome:
    """Catch a device that has come online, or back."""
    if task.state is State.WAITING_ONLINE:
        return _negotiate(task, now)
    came_back = task.state in (State.AWAITING_UPDATE, State.UPDATING)
    if came_back and (task.asked_at is None or now - task.asked_at >= _SHORTEST_PAUSE):
        return _ask(task, now)
    return task, ()


def _on_cell(task: Task, event: CellReported, now: datetime) -> Outcome:
    """Go on with the negotiation once the cell is known."""
    task = replace(task, cell_id=event.cell_id)
    if task.state in (State.WAITING_ONLINE, State.QUERYING_CELL):
        return _negotiate(task, now)
    return task, ()


def _on_version(task: Task, event: VersionReported, now: datetime) -> Outcome:
    """Weigh a reported version: the only thing that makes a task succeed."""
    if event.version is None:
        return _on_sign_of_life(task, now)
    was_asked = task.asked
    task = replace(task, asked=False, reported_version=event.version)
    if task.state in _NOTIFIED_STATES:
        return _check_version(task, event.version, now, was_asked=was_asked)
    if task.state is State.QUERYING_VERSION or task.wants_slot or task.granting:
        return _decide(task, event.version, now)
    if task.state is State.WAITING_ONLINE:
        if task.policy.query_cell and task.cell_id is None:
            return _negotiate(task, now)
        return _decide(task, event.version, now)
    return task, ()


def _decide(task: Task, version: str, now: datetime) -> Outcome:
    """Determine whether an upgrade is required and supported (source document, step 5)."""
    if version == task.package.version:
        return _end(task, State.SUCCEEDED, now)
    sources = task.package.source_versions
    if sources and version not in sources:
        return _fail(task, Cause.SOURCE_VERSION_UNSUPPORTED, now)
    task = replace(task, previous_version=version, version_at=now)
    return (task, ()) if task.state is State.QUEUED else _enter(task, State.QUEUED, now)


def _check_version(task: Task, version: str, now: datetime, *, was_asked: bool) -> Outcome:
    """Tell success, a device that has not restarted yet, and one that fell back."""
    if version == task.package.version:
        return _end(task, State.SUCCEEDED, now)
    if version != task.previous_version:
        return _fail(task, Cause.UNEXPECTED_VERSION, now)
    # The old version in answer to our own query tells nothing: the device may still be
    # writing. Told unasked, the device has restarted or reconnected.
    if was_asked:
        return task, ()
    if task.state is State.AWAITING_UPDATE:
        return _enter(task, State.UPDATING, now)
    if task.state is State.UPDATING:
        return _verify(task, now)
    return task, ()


def _on_slot(task: Task, now: datetime) -> Outcome:
    """Use a free transfer slot, but only for a device that was there just now."""
    if not task.wants_slot:
        return task, ()
    if task.version_at is None or now - task.version_at > _VERSION_FRESH_FOR:
        return _wait_online(task, now) if task.policy.wait_online else _negotiate(task, now)
    return replace(task, granting=True), (RequestGrant(),)


def _on_granted(task: Task, event: Granted, now: datetime) -> Outcome:
    """Hand the device its URL and token (source document, step 6)."""
    if not task.granting:
        return task, (RevokeGrant(grant_id=event.grant.id),)
    task = replace(task, granting=False, grant=event.grant)
    return _enter(task, State.AWAITING_DOWNLOAD, now, effects=(Notify(),))


def _on_refused(task: Task, event: GrantRefused, now: datetime) -> Outcome:
    """End a task whose download will never be granted."""
    return _fail(task, event.cause, now) if task.granting else (task, ())


def _on_notified(task: Task, now: datetime) -> Outcome:
    """Start the time for download and report when the message has left."""
    if task.state not in _NOTIFIED_STATES or task.notified_at is not None:
        return task, ()
    deadline = task.deadline
    if task.state is not State.VERIFYING:
        deadline = now + task.policy.report_timeout
    return replace(task, notified_at=now, deadline=deadline), ()


def _on_transfer(task: Task, event: TransferSeen, now: datetime) -> Outcome:
    """Believe the depot about the download (source document, step 7)."""
    if task.state not in _NOTIFIED_STATES or event.requests == 0:
        return task, ()
    confirms_device = event.complete and not task.downloaded
    task = replace(task, downloaded=task.downloaded or event.complete)
    if task.state is State.VERIFYING and task.claimed and task.downloaded:
        # A claim counts as much as it would have after this; an old version told since doesn't.
        is_unanswered = task.reported_version is None
        return _end(task, State.SUCCEEDED, now) if is_unanswered else (task, ())
    if task.state is State.AWAITING_UPDATE and confirms_device:
        # The device has told the end of its download before the depot could: both together
        # mean that it installs, whichever comes first.
        return _enter(task, State.UPDATING, now)
    if task.state not in TRANSFER_STATES:
        return task, ()
    if event.complete:
        return _enter(task, State.AWAITING_UPDATE, now)
    percent = 100 * event.bytes_served / max(task.package.size, 1)
    return _download_progress(task, percent, now)


def _on_progress(task: Task, event: ProgressReported, now: datetime) -> Outcome:
    """Weigh what the device says of its upgrade (source document, step 8)."""
    if task.state not in _NOTIFIED_STATES:
        return _on_sign_of_life(task, now)
    if event.result_code == RESULT_ALREADY_LATEST:
        return _verify(task, now)
    if event.result_code != RESULT_SUCCESS:
        cause = cause_of_result(event.result_code, event.description)
        return _fail(task, cause, now, description=_without_token(task, event.description))
    return _on_going_well(task, event, now)


def _without_token(task: Task, description: str | None) -> str | None:
    """Return what a device says without the token, which some repeat with their URL."""
    if description is None or task.grant is None:
        return description
    return description.replace(task.grant.token, "…")


def _on_going_well(task: Task, event: ProgressReported, now: datetime) -> Outcome:
    """Tell how far a device is from how it ended: both come with the code of success."""
    is_whole = event.progress in (None, _WHOLE)
    if is_whole and event.version == task.package.version:
        # Some devices report success without having fetched anything: where the depot
        # did not see the whole download, only an answer to our own query counts.
        if task.downloaded:
            return _end(task, State.SUCCEEDED, now)
        return _verify(replace(task, claimed=True), now)
    if task.state in TRANSFER_STATES:
        if event.progress == _WHOLE:
            return _enter(task, State.AWAITING_UPDATE, now)
        return _download_progress(task, float(event.progress or 0), now)
    if task.state is State.AWAITING_UPDATE and is_whole:
        return _enter(task, State.UPDATING, now)
    return task, ()


def _on_package_gone(task: Task, event: PackageGone, now: datetime) -> Outcome:
    """End a task that can't get its package any more."""
    needs_package = task.state not in _NOTIFIED_STATES or (
        event.deleted and task.state in TRANSFER_STATES
    )
    return _fail(task, Cause.PACKAGE_WITHDRAWN, now) if needs_package else (task, ())


def _on_resumed(task: Task, now: datetime) -> Outcome:
    """Give the device a fair chance to tell what we could not hear."""
    if task.state is State.QUEUED:
        return replace(task, granting=False), ()
    if (
        task.state is State.AWAITING_DOWNLOAD
        and task.notified_at is None
        and task.grant is not None
        and task.grant.expires_at <= now
    ):
        # Nobody has been told of this grant; the device gets one that still counts.
        effects = _revocation(task.grant)
        return _enter(replace(task, grant=None), State.QUEUED, now, effects=effects)
    if task.deadline is not None:
        fair = now + task.policy.check_timeout
        task = replace(task, deadline=max(task.deadline, fair))
    task, effects = _ask(replace(task, probes=0), now)
    if task.state is State.AWAITING_DOWNLOAD and task.notified_at is None:
        return task, (Notify(), *effects)
    return task, effects


def _on_time(task: Task, now: datetime) -> Outcome:
    """Act on a deadline that has passed, or ask again."""
    if task.deadline is not None and task.deadline <= now:
        if task.state is State.UPDATING:
            return _verify(task, now)
        if task.state is State.VERIFYING:
            said_old = task.reported_version == task.previous_version
            return _fail(task, Cause.RESULT_TIMEOUT if said_old else Cause.CHECK_TIMEOUT, now)
        return _fail(task, _CAUSE_OF_DEADLINE[task.state], now)
    if task.probe_at is not None and task.probe_at <= now:
        return _ask(task, now)
    return task, ()


def _wait_online(task: Task, now: datetime) -> Outcome:
    """Wait for a sign of life, and provoke one."""
    task, _ = _enter(task, State.WAITING_ONLINE, now)
    return _ask(task, now)


def _negotiate(task: Task, now: datetime) -> Outcome:
    """Ask the device for what has to be known before an upgrade."""
    needs_cell = task.policy.query_cell and task.cell_id is None
    state = State.QUERYING_CELL if needs_cell else State.QUERYING_VERSION
    task, _ = _enter(task, state, now)
    return _ask(task, now)


def _verify(task: Task, now: datetime) -> Outcome:
    """Query the device's version for check."""
    if task.state is State.VERIFYING:
        return task, ()
    task, _ = _enter(task, State.VERIFYING, now)
    return _ask(replace(task, reported_version=None), now)


def _download_progress(task: Task, percent: float, now: datetime) -> Outcome:
    """Move the download forward; it never goes back, whoever reports."""
    if task.state is State.AWAITING_DOWNLOAD:
        task, _ = _enter(task, State.DOWNLOADING, now)
    progress = max(task.progress or 0.0, min(percent, 100.0))
    return replace(task, progress=progress), ()


def _ask(task: Task, now: datetime) -> Outcome:
    """Send the query of the task's state and plan the next one."""
    pauses = _PROBE_PAUSES.get(task.state)
    if pauses is not None:
        first, longest = pauses
        pause = min(first * 2 ** min(task.probes, 16), longest)
        task = replace(task, probes=task.probes + 1, probe_at=now + pause * _jitter(task))
    if task.state is State.QUERYING_CELL:
        return task, (QueryCell(),)
    return replace(task, asked=True, asked_at=now), (QueryVersion(),)


def _jitter(task: Task) -> float:
    """Return a factor that spreads many tasks but is the same in every replay."""
    spread = crc32(f"{task.id}{task.probes}".encode()) / 2**32
    return 1 - _PROBE_JITTER + 2 * _PROBE_JITTER * spread


def _enter(task: Task, state: State, now: datetime, *, effects: tuple[Effect, ...] = ()) -> Outcome:
    """Enter a state with its deadline and its first probe."""
    pauses = _PROBE_PAUSES.get(state)
    changes: dict[str, Any] = {
        "state": state,
        "state_since": now,
        "deadline": _deadline(task, state, now),
        "probes": 0,
        "probe_at": now + pauses[0] * _jitter(task) if pauses else None,
        "progress": None,
    }
    return replace(task, **changes), effects


def _deadline(task: Task, state: State, now: datetime) -> datetime | None:
    """Return the absolute time by which a state must be left."""
    if state in _SHARED_DEADLINE:
        return task.deadline
    policy = task.policy
    timeouts = {
        State.WAITING_ONLINE: policy.online_timeout,
        State.QUERYING_CELL: policy.cell_timeout,
        State.QUERYING_VERSION: policy.version_timeout,
        State.AWAITING_DOWNLOAD: policy.report_timeout,
        State.VERIFYING: policy.check_timeout,
    }
    timeout = timeouts.get(state)
    return None if timeout is None else now + timeout


def _fail(task: Task, cause: Cause, now: datetime, *, description: str | None = None) -> Outcome:
    """End a task with its cause."""
    return _end(replace(task, cause=cause, description=description), State.FAILED, now)


def _end(task: Task, state: State, now: datetime) -> Outcome:
    """End a task, once; its grant dies with it."""
    effects = _revocation(task.grant)
    task, _ = _enter(task, state, now)
    return replace(task, asked=False, granting=False, grant=None), effects


def _revocation(grant: GrantRef | None) -> tuple[Effect, ...]:
    """Return what takes a grant back."""
    return () if grant is None else (RevokeGrant(grant_id=grant.id),)
