"""How a task moves: into a state with its deadline, to a question, to an end."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from zlib import crc32

from .cause import RETRYABLE, Cause
from .effect import Effect, QueryCell, QueryVersion, RevokeGrant
from .reference import GrantRef
from .task import TRANSFER_STATES, State, Task, with_stage

type Transition = tuple[Task, tuple[Effect, ...]]

NOTIFIED_STATES: Final = TRANSFER_STATES | {
    State.AWAITING_UPDATE,
    State.UPDATING,
    State.VERIFYING,
}
# The time for download and report runs from the notification to the result.
_SHARED_DEADLINE: Final = NOTIFIED_STATES - {State.VERIFYING}
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


def enter(
    task: Task, state: State, now: datetime, *, effects: tuple[Effect, ...] = ()
) -> Transition:
    """Enter a state with its deadline and its first probe, and remember it."""
    pauses = _PROBE_PAUSES.get(state)
    changes: dict[str, Any] = {
        "state": state,
        "state_since": now,
        "deadline": deadline_of(task, state, now),
        "probes": 0,
        "probe_at": now + pauses[0] * _jitter(task) if pauses else None,
        "progress": None,
    }
    return with_stage(replace(task, **changes)), effects


def deadline_of(task: Task, state: State, since: datetime) -> datetime | None:
    """Return the absolute time by which a state, entered at a time, must be left."""
    policy = task.policy
    if state is State.WAITING_ONLINE:
        return task.online_deadline
    if state in _SHARED_DEADLINE:
        own_timeouts = {
            State.AWAITING_DOWNLOAD: policy.download_start_timeout,
            State.DOWNLOADING: policy.download_timeout,
            State.AWAITING_UPDATE: policy.update_start_timeout,
        }
        return _stage_deadline(task, since, own_timeouts.get(state))
    timeouts = {
        State.QUERYING_CELL: policy.cell_timeout,
        State.QUERYING_VERSION: policy.version_timeout,
        State.VERIFYING: policy.check_timeout,
    }
    timeout = timeouts.get(state)
    return None if timeout is None else since + timeout


def ask(task: Task, now: datetime) -> Transition:
    """Send the query of the task's state and plan the next one."""
    pauses = _PROBE_PAUSES.get(task.state)
    if pauses is not None:
        first, longest = pauses
        pause = min(first * 2 ** min(task.probes, 16), longest)
        task = replace(task, probes=task.probes + 1, probe_at=now + pause * _jitter(task))
    if task.state is State.QUERYING_CELL:
        return task, (QueryCell(),)
    return replace(task, asked=True, asked_at=now), (QueryVersion(),)


def fail(task: Task, cause: Cause, now: datetime) -> Transition:
    """End a task with its cause, and plan the next attempt where one helps."""
    retry_at = None
    if cause in RETRYABLE and task.attempt <= task.policy.retry_count:
        retry_at = now + task.policy.retry_interval
    return end(replace(task, cause=cause, retry_at=retry_at), State.FAILED, now)


def end(task: Task, state: State, now: datetime) -> Transition:
    """End a task, once; its grant dies with it."""
    effects = revocation(task.grant)
    if state is State.SUCCEEDED:
        task = replace(task, result_code=None, description=None)
    task, _ = enter(task, state, now)
    return replace(task, asked=False, granting=False, grant=None), effects


def revocation(grant: GrantRef | None) -> tuple[Effect, ...]:
    """Return what takes a grant back."""
    return () if grant is None else (RevokeGrant(grant_id=grant.id),)


def _stage_deadline(task: Task, since: datetime, own: timedelta | None) -> datetime | None:
    """Return the end of a stage: the shared one, or its own where that comes first."""
    # A task that an older version saved knows the shared deadline under the other name.
    shared = task.report_deadline or task.deadline
    if own is None or shared is None:
        return shared
    return min(shared, since + own)


def _jitter(task: Task) -> float:
    """Return a factor that spreads many tasks but is the same in every replay."""
    spread = crc32(f"{task.id}{task.probes}".encode()) / 2**32
    return 1 - _PROBE_JITTER + 2 * _PROBE_JITTER * spread
