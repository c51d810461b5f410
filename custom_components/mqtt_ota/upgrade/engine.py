"""The state machine of an upgrade, as the source document draws it.

`step` is the only way to change a task. It looks at no clock and does no I/O: the caller
tells what happened and when, saves the new task and then performs the effects.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from .cause import Cause
from .effect import Notify
from .event import (
    CancelRequested,
    CellReported,
    DepotFound,
    DepotLost,
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
    Superseded,
    TimePassed,
    TransferSeen,
    VersionReported,
    WentOffline,
)
from .negotiation import come_online, go_offline, on_cell, on_started, on_superseded, on_version
from .task import TRANSFER_STATES, State, Task
from .transfer import (
    look_for_device,
    on_delayed,
    on_depot_found,
    on_depot_lost,
    on_granted,
    on_notified,
    on_package_gone,
    on_refused,
    on_slot,
    on_transfer,
    renew_expired,
)
from .transition import NOTIFIED_STATES, Transition, ask, end, enter, fail, revocation
from .verification import check_version, on_progress, verdict, verify

_CAUSE_OF_DEADLINE: Final = {
    State.WAITING_ONLINE: Cause.ONLINE_TIMEOUT,
    State.QUERYING_CELL: Cause.CELL_TIMEOUT,
    State.QUERYING_VERSION: Cause.VERSION_TIMEOUT,
    State.QUEUED: Cause.DEPOT_UNREACHABLE,
    State.AWAITING_DOWNLOAD: Cause.DOWNLOAD_START_TIMEOUT,
    State.DOWNLOADING: Cause.DOWNLOAD_TIMEOUT,
    State.AWAITING_UPDATE: Cause.UPDATE_START_TIMEOUT,
}
_HEARD: Final = (SignOfLife, CellReported, VersionReported, ProgressReported)
# What was under way when the upgrade message arrived does not show that the device is there.
_HEARD_AFTER: Final = timedelta(minutes=1)
# A device that talks a lot while it updates is not asked again with each of its messages.
_SHORTEST_PAUSE: Final = timedelta(seconds=30)


# One branch for each event is the plainest form, and the type checker sees a missing one.
def step(task: Task, event: Event, now: datetime) -> Transition:  # noqa: C901, PLR0911, PLR0912
    """Return the task after an event at a time (UTC), and what is to be done about it.

    An event that means nothing in the task's state changes nothing; raises nothing.
    """
    if task.is_ended:
        return _after_the_end(task, event)
    if isinstance(event, _HEARD) and _is_heard_late(task, now):
        task = replace(task, heard=True)
    match event:
        case Started():
            return on_started(task, event, now)
        case SignOfLife():
            return _on_sign_of_life(task, now)
        case WentOffline():
            return _on_offline(task, now)
        case CellReported():
            return on_cell(task, event, now)
        case VersionReported():
            return _on_version(task, event, now)
        case SlotFreed():
            return on_slot(task, now)
        case Granted():
            return on_granted(task, event, now)
        case GrantDelayed():
            return on_delayed(task, now)
        case GrantRefused():
            return on_refused(task, event, now)
        case DepotLost():
            return on_depot_lost(task, now)
        case DepotFound():
            return on_depot_found(task)
        case Notified():
            return on_notified(task, event, now)
        case TransferSeen():
            return on_transfer(task, event, now)
        case ProgressReported():
            is_ours = task.state in NOTIFIED_STATES
            return on_progress(task, event, now) if is_ours else _on_sign_of_life(task, now)
        case PackageGone():
            return on_package_gone(task, event, now)
        case Superseded():
            waits = task.state not in NOTIFIED_STATES
            return on_superseded(task, event, now) if waits else (task, ())
        case Resumed():
            return _on_resumed(task, now)
        case TimePassed():
            return _on_time(task, now)
        case CancelRequested():
            return end(task, State.CANCELLED, now)
        case _:
            assert_never(event)


def _after_the_end(task: Task, event: Event) -> Transition:
    """Ignore everything but a grant, which must not outlive its task."""
    return task, revocation(event.grant) if isinstance(event, Granted) else ()


def _is_heard_late(task: Task, now: datetime) -> bool:
    """Return whether a device that speaks now outlived its upgrade message, which is news."""
    if task.heard or task.notified_at is None or task.state is not State.AWAITING_DOWNLOAD:
        return False
    return now - task.notified_at >= _HEARD_AFTER


def _on_sign_of_life(task: Task, now: datetime) -> Transition:
    """Catch a device that has come online, or back."""
    if task.state is State.WAITING_ONLINE:
        return come_online(task, now)
    came_back = task.state in (State.AWAITING_UPDATE, State.UPDATING)
    if came_back and (task.asked_at is None or now - task.asked_at >= _SHORTEST_PAUSE):
        return ask(task, now)
    return renew_expired(task, now)


def _on_offline(task: Task, now: datetime) -> Transition:
    """Take a device's leave: after the notification it is no failure but what restarts do."""
    match task.state:
        case State.QUERYING_CELL | State.QUERYING_VERSION:
            return go_offline(task, now)
        case State.QUEUED:
            return replace(task, version_at=None), ()
        case State.AWAITING_DOWNLOAD | State.DOWNLOADING | State.UPDATING:
            return replace(task, went_offline=True), ()
        case State.AWAITING_UPDATE:
            return enter(replace(task, went_offline=True), State.UPDATING, now)
    return task, ()


def _on_version(task: Task, event: VersionReported, now: datetime) -> Transition:
    """Weigh a reported version: the only thing that makes a task succeed."""
    if event.version is None:
        return _on_sign_of_life(task, now)
    was_asked = task.asked
    task = replace(task, asked=False, reported_version=event.version)
    if task.state in NOTIFIED_STATES:
        return check_version(task, event.version, now, was_asked=was_asked)
    return on_version(task, event.version, now)


def _on_resumed(task: Task, now: datetime) -> Transition:
    """Give the device a fair chance to tell what we could not hear."""
    task = _with_fair_deadlines(replace(task, granting=False), now)
    if task.state is State.QUEUED:
        return task, ()
    is_untold = task.state is State.AWAITING_DOWNLOAD and task.notified_at is None
    if is_untold and task.grant is not None and task.grant.expires_at <= now:
        # Nobody has been told of this grant; the device gets one that still counts.
        effects = revocation(task.grant)
        return enter(replace(task, grant=None), State.QUEUED, now, effects=effects)
    task, effects = ask(replace(task, probes=0), now)
    return task, (Notify(), *effects) if is_untold else effects


def _with_fair_deadlines(task: Task, now: datetime) -> Task:
    """Return a task none of whose deadlines has passed unheard."""
    fair = now + task.policy.check_timeout
    return replace(
        task,
        deadline=task.deadline and max(task.deadline, fair),
        online_deadline=task.online_deadline and max(task.online_deadline, fair),
        report_deadline=task.report_deadline and max(task.report_deadline, fair),
    )


def _on_time(task: Task, now: datetime) -> Transition:
    """Act on a deadline that has passed, or ask again."""
    if task.deadline is not None and task.deadline <= now:
        if task.state is State.UPDATING:
            return verify(task, now)
        if task.state is State.VERIFYING:
            return fail(task, verdict(task), now)
        return fail(task, _CAUSE_OF_DEADLINE[task.state], now)
    if task.probe_at is not None and task.probe_at <= now:
        return look_for_device(task, now) if task.state in TRANSFER_STATES else ask(task, now)
    return task, ()
