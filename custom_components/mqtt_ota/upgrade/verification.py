"""After the download: what the device says and runs decides (source document, step 8)."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from .cause import Cause, cause_of_result
from .event import ProgressReported
from .task import TRANSFER_STATES, State, Task
from .transfer import finish_download, move_on, renew_expired
from .transition import Transition, ask, end, enter, fail

RESULT_SUCCESS: Final = 0
RESULT_ALREADY_LATEST: Final = 3

_WHOLE: Final = 100


def check_version(task: Task, version: str, now: datetime, *, was_asked: bool) -> Transition:
    """Tell success, a device that has not restarted yet, and one that fell back."""
    if version == task.package.version:
        return end(task, State.SUCCEEDED, now)
    if version != task.previous_version:
        return fail(task, Cause.UNEXPECTED_VERSION, now)
    if task.state in TRANSFER_STATES:
        return renew_expired(task, now)
    # The old version in answer to our own query tells nothing: the device may still be
    # writing. IntakeCallbacks unasked, the device has restarted or reconnected.
    if was_asked:
        return task, ()
    task = replace(task, restarted=task.downloaded)
    if task.state is State.AWAITING_UPDATE:
        return enter(task, State.UPDATING, now)
    return verify(task, now)


def on_progress(task: Task, event: ProgressReported, now: datetime) -> Transition:
    """Weigh what the device says of its upgrade."""
    if event.result_code == RESULT_SUCCESS:
        return _on_going_well(task, event, now)
    task = replace(
        task,
        result_code=event.result_code,
        description=_without_token(task, event.description),
    )
    if event.result_code == RESULT_ALREADY_LATEST:
        return verify(task, now)
    return fail(task, cause_of_result(event.result_code, event.description), now)


def verify(task: Task, now: datetime) -> Transition:
    """Query the device's version for check."""
    if task.state is State.VERIFYING:
        return task, ()
    task, _ = enter(replace(task, granting=False), State.VERIFYING, now)
    return ask(replace(task, reported_version=None), now)


def verdict(task: Task) -> Cause:
    """Return why the check of the version, now at its end, has failed."""
    if task.reported_version != task.previous_version:
        return Cause.CHECK_TIMEOUT
    has_started_new = task.claimed or task.went_offline
    return Cause.ROLLED_BACK if task.downloaded and has_started_new else Cause.RESULT_TIMEOUT


def _on_going_well(task: Task, event: ProgressReported, now: datetime) -> Transition:
    """Tell how far a device is from how it ended: both come with the code of success."""
    is_whole = event.progress in (None, _WHOLE)
    if is_whole and event.version == task.package.version:
        # Some devices report success without having fetched anything: where the depot
        # did not see the whole download, only an answer to our own query counts.
        task = replace(task, claimed=True)
        return end(task, State.SUCCEEDED, now) if task.downloaded else verify(task, now)
    if task.state in TRANSFER_STATES:
        if event.progress == _WHOLE:
            return finish_download(task, now)
        return move_on(task, float(event.progress or 0), now)
    if task.state is State.AWAITING_UPDATE and is_whole:
        return enter(task, State.UPDATING, now)
    return task, ()


def _without_token(task: Task, description: str | None) -> str | None:
    """Return what a device says without the token, which some repeat with their URL."""
    if description is None or task.grant is None:
        return description
    return description.replace(task.grant.token, "…")
