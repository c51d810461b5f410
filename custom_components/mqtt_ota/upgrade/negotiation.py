"""Before the upgrade: is the device there, and does it need the package (steps 3 to 5)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from .cause import Cause
from .event import CellReported, Started, Superseded
from .task import State, Task
from .transition import Transition, ask, end, enter, fail

# A device that connects and drops again and again is not asked with each connection; one
# that wakes once in an hour always is.
_FIRST_BACK_OFF: Final = timedelta(seconds=5)
_LONGEST_BACK_OFF: Final = timedelta(minutes=5)
_NO_TIME: Final = timedelta(0)


def on_started(task: Task, event: Started, now: datetime) -> Transition:
    """Begin: negotiate at once with a device that is online (source document, step 3)."""
    if not task.wants_turn:
        return task, ()
    if event.online or (event.online is None and not task.policy.wait_online):
        return negotiate(task, now)
    if not task.policy.wait_online:
        return fail(task, Cause.DEVICE_OFFLINE, now)
    return wait_online(task, now)


def wait_online(task: Task, now: datetime) -> Transition:
    """Wait for a sign of life, and provoke one."""
    task, _ = _enter_waiting(task, now)
    return ask(task, now)


def come_online(task: Task, now: datetime) -> Transition:
    """Negotiate with a device that shows up, unless it only just did."""
    if task.negotiate_at is not None:
        # A clock that was set back must not make a back-off of it.
        is_spaced = _NO_TIME < task.negotiate_at - now <= _LONGEST_BACK_OFF
        if is_spaced:
            planned = task.probe_at or task.negotiate_at
            return replace(task, probe_at=min(planned, task.negotiate_at)), ()
    return negotiate(task, now)


def go_offline(task: Task, now: datetime) -> Transition:
    """Wait for a device that has left while it was asked; the first wait's deadline stays."""
    if not task.policy.wait_online:
        return fail(task, Cause.DEVICE_OFFLINE, now)
    task, effects = _enter_waiting(task, now)
    return replace(task, asked=False), effects


def negotiate(task: Task, now: datetime) -> Transition:
    """Ask the device for what has to be known before an upgrade."""
    if task.state is not State.QUERYING_CELL:
        pause = min(_FIRST_BACK_OFF * 2 ** min(task.negotiations, 16), _LONGEST_BACK_OFF)
        task = replace(task, negotiations=task.negotiations + 1, negotiate_at=now + pause)
    needs_cell = task.policy.query_cell and task.cell_id is None
    state = State.QUERYING_CELL if needs_cell else State.QUERYING_VERSION
    task, _ = enter(task, state, now)
    return ask(task, now)


def on_cell(task: Task, event: CellReported, now: datetime) -> Transition:
    """Go on with the negotiation once the cell is known."""
    task = replace(task, cell_id=event.cell_id)
    if task.state is State.QUERYING_CELL:
        return negotiate(task, now)
    return come_online(task, now) if task.state is State.WAITING_ONLINE else (task, ())


def on_version(task: Task, version: str, now: datetime) -> Transition:
    """Weigh a version that is reported before the device has been told of an upgrade."""
    if task.state is State.WAITING_ONLINE:
        if task.policy.query_cell and task.cell_id is None:
            return come_online(task, now)
        return _decide(task, version, now)
    if task.state is State.QUERYING_VERSION or task.wants_slot or task.granting:
        return _decide(task, version, now)
    return task, ()


def on_superseded(task: Task, event: Superseded, now: datetime) -> Transition:
    """Give way to a newer package, unless the user chose this version."""
    if task.pinned or event.version == task.package.version:
        return task, ()
    task = replace(task, cause=Cause.SUPERSEDED, description=event.version)
    return end(task, State.CANCELLED, now)


def _decide(task: Task, version: str, now: datetime) -> Transition:
    """Determine whether an upgrade is required and supported (source document, step 5)."""
    if version == task.package.version:
        return end(task, State.SUCCEEDED, now)
    sources = task.package.source_versions
    if sources and version not in sources:
        return fail(task, Cause.SOURCE_VERSION_UNSUPPORTED, now)
    task = replace(task, previous_version=version, version_at=now)
    return (task, ()) if task.state is State.QUEUED else enter(task, State.QUEUED, now)


def _enter_waiting(task: Task, now: datetime) -> Transition:
    """Enter the wait under the deadline of the first one, which flapping never extends."""
    deadline = task.online_deadline or now + task.policy.online_timeout
    if task.online_deadline is not None and task.state is State.QUEUED:
        # Nobody fails for having waited in line.
        deadline += max(now - task.state_since, _NO_TIME)
    return enter(replace(task, online_deadline=deadline), State.WAITING_ONLINE, now)
