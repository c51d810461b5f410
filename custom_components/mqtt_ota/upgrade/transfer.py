"""The upgrade message and the download: slot, grant, notification, progress (steps 6, 7)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from .cause import Cause
from .effect import Effect, Notify, RequestGrant
from .event import Granted, GrantRefused, Notified, PackageGone, TransferSeen
from .negotiation import negotiate, wait_online
from .task import TRANSFER_STATES, State, Task
from .transition import (
    NOTIFIED_STATES,
    Transition,
    ask,
    deadline_of,
    end,
    enter,
    fail,
    revocation,
)

# A grant that ends so shortly before the task is not worth another one.
_RENEWAL_WORTH: Final = timedelta(minutes=10)
_RENEWAL_PAUSE: Final = timedelta(minutes=5)


def on_slot(task: Task, now: datetime) -> Transition:
    """Use a free transfer slot, but only for a device that was there just now."""
    if not task.wants_slot:
        return task, ()
    if not task.is_fresh(now):
        return wait_online(task, now) if task.policy.wait_online else negotiate(task, now)
    return replace(task, granting=True), (RequestGrant(),)


def on_granted(task: Task, event: Granted, now: datetime) -> Transition:
    """Hand the device its URL and token (source document, step 6)."""
    if not task.granting:
        is_held = task.grant is not None and task.grant.id == event.grant.id
        return task, () if is_held else revocation(event.grant)
    task = replace(task, granting=False)
    if task.state in TRANSFER_STATES:
        effects = (*revocation(task.grant), Notify())
        task = replace(task, grant=event.grant, notified_at=None, renewals=task.renewals + 1)
        return _await_download(task, now, effects)
    if task.version_at is None:
        # The device has left meanwhile: the message would be lost, and the grant with it.
        if not task.policy.wait_online:
            return fail(replace(task, grant=event.grant), Cause.DEVICE_OFFLINE, now)
        task, effects = wait_online(task, now)
        return task, (*revocation(event.grant), *effects)
    report_deadline = now + task.policy.report_timeout
    task = replace(task, grant=event.grant, report_deadline=report_deadline)
    return _await_download(task, now, (Notify(),))


def on_delayed(task: Task, now: datetime) -> Transition:
    """Wait for the slot again; a depot that never grants is given up in the end."""
    if not task.granting:
        return task, ()
    return on_depot_lost(replace(task, granting=False), now)


def on_refused(task: Task, event: GrantRefused, now: datetime) -> Transition:
    """End a task whose download will never be granted."""
    return fail(task, event.cause, now) if task.granting else (task, ())


def on_depot_lost(task: Task, now: datetime) -> Transition:
    """Give the depot its time, counted from when it was first missed."""
    if (task.wants_slot or task.granting) and task.deadline is None:
        return replace(task, deadline=now + task.policy.depot_timeout), ()
    return task, ()


def on_depot_found(task: Task) -> Transition:
    """Wait in line again, as long as it takes."""
    return (replace(task, deadline=None), ()) if task.state is State.QUEUED else (task, ())


def on_notified(task: Task, event: Notified, now: datetime) -> Transition:
    """Start the time for download and report when the message has left, once."""
    if task.state not in NOTIFIED_STATES or task.notified_at is not None:
        return task, ()
    task = replace(task, notified_at=now, message_size=event.message_size)
    if not task.renewals:
        task = replace(task, report_deadline=now + task.policy.report_timeout)
    if task.state is State.VERIFYING:
        return task, ()
    # The device may be quicker than the broker's confirmation of our message.
    since = now if task.state is State.AWAITING_DOWNLOAD else task.state_since
    task = replace(task, deadline=deadline_of(task, task.state, since))
    return _with_renewal(task) if task.state in TRANSFER_STATES else task, ()


def on_transfer(task: Task, event: TransferSeen, now: datetime) -> Transition:
    """Believe the depot about the download (source document, step 7)."""
    if task.state not in NOTIFIED_STATES:
        return task, ()
    confirms_device = event.complete and not task.downloaded
    task = replace(
        task,
        bytes_served=event.bytes_served,
        requests=event.requests,
        refusals=event.refusals,
        unauthorized=event.unauthorized,
        gap_start=event.gap_start,
        gap_end=event.gap_end,
        left_open=event.left_open,
        downloaded=task.downloaded or event.complete,
    )
    if task.state is State.VERIFYING and task.claimed and task.downloaded:
        # A claim counts as much as it would have after this; an old version told since doesn't.
        is_unanswered = task.reported_version is None
        return end(task, State.SUCCEEDED, now) if is_unanswered else (task, ())
    if task.state is State.AWAITING_UPDATE and confirms_device:
        # The device has told the end of its download before the depot could: both together
        # mean that it installs, whichever comes first.
        return enter(task, State.UPDATING, now)
    if task.state not in TRANSFER_STATES or event.requests == 0:
        return task, ()
    if event.complete:
        return finish_download(task, now)
    percent = 100 * event.bytes_served / max(task.package.size, 1)
    return move_on(task, percent, now)


def move_on(task: Task, percent: float, now: datetime) -> Transition:
    """Move the download forward; it never goes back, whoever reports."""
    if task.state is State.AWAITING_DOWNLOAD:
        task = _with_renewal(enter(task, State.DOWNLOADING, now)[0])
    progress = max(task.progress or 0.0, min(percent, 100.0))
    return replace(task, progress=progress), ()


def finish_download(task: Task, now: datetime) -> Transition:
    """Wait for the device to begin its update; only what it does from now on shows that."""
    task = replace(task, went_offline=False, granting=False)
    return enter(task, State.AWAITING_UPDATE, now)


def look_for_device(task: Task, now: datetime) -> Transition:
    """Ask a device whose grant has expired whether it is there to take a new one."""
    return ask(replace(task, probe_at=now + _RENEWAL_PAUSE), now)


def renew_expired(task: Task, now: datetime) -> Transition:
    """Ask for a new grant for a device that is there and could not go on with its old one."""
    renew_at = _with_renewal(task).probe_at
    if task.state in TRANSFER_STATES and not task.granting and renew_at and renew_at <= now:
        return replace(task, granting=True), (RequestGrant(),)
    return task, ()


def on_package_gone(task: Task, event: PackageGone, now: datetime) -> Transition:
    """End a task that can't get its package any more."""
    needs_package = task.state not in NOTIFIED_STATES or (
        event.deleted and task.state in TRANSFER_STATES
    )
    return fail(task, Cause.PACKAGE_WITHDRAWN, now) if needs_package else (task, ())


def _await_download(task: Task, now: datetime, effects: tuple[Effect, ...]) -> Transition:
    """Wait for the device to use its grant."""
    task, _ = enter(task, State.AWAITING_DOWNLOAD, now)
    return _with_renewal(task), effects


def _with_renewal(task: Task) -> Task:
    """Return a downloading task that looks after its grant when that expires too early."""
    expires_at = task.grant.expires_at if task.grant is not None else None
    last = task.report_deadline or task.deadline
    is_early = expires_at and last and last - expires_at > _RENEWAL_WORTH
    return replace(task, probe_at=expires_at if is_early else None)
