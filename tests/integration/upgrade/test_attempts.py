"""Further attempts, newer packages, and what a task remembers of its way."""

from dataclasses import replace
from datetime import timedelta
import json
from typing import Final

import pytest

from custom_components.mqtt_ota.upgrade import (
    CAUSES,
    MAX_HISTORY,
    RETRYABLE,
    Cause,
    GrantRefused,
    Policy,
    ProgressReported,
    Requester,
    RevokeGrant,
    Stage as Entered,
    Started,
    State,
    Superseded,
    Task,
    TimePassed,
    VersionReported,
    WentOffline,
    step,
    successor,
    without_retry,
)

from .builders import (
    ENDED_STAGES,
    LIVE_STAGES,
    NEW,
    NOW,
    OLD,
    OTHER,
    SIZE,
    Stage,
    a_package,
    a_task,
    follow,
    task_at,
    transfer,
)

MINUTE: Final = timedelta(minutes=1)
NEWER: Final = Superseded(version="1.5.0")
BEFORE_NOTIFICATION: Final = (
    Stage.NEW,
    Stage.WAITING_ONLINE,
    Stage.QUERYING_CELL,
    Stage.QUERYING_VERSION,
    Stage.READY,
    Stage.GRANTING,
)
TWICE: Final = Policy(retry_count=2, retry_interval=7 * MINUTE)


def failed_with(cause: Cause, *, attempt: int = 1, policy: Policy = TWICE) -> Task:
    """Return a task that failed with a cause in one of its attempts."""
    task, now = task_at(Stage.GRANTING, policy=policy, attempt=attempt)
    task, _ = step(task, GrantRefused(cause=cause), now)
    assert (task.state, task.cause) == (State.FAILED, cause)
    return task


@pytest.mark.parametrize("cause", Cause)
def test_only_what_another_attempt_may_cure_is_tried_again(cause: Cause) -> None:
    """The next attempt is planned for the interval after the end."""
    task = failed_with(cause)
    assert task.retry_at == (task.state_since + 7 * MINUTE if cause in RETRYABLE else None)
    assert CAUSES[cause].retryable == (cause in RETRYABLE)
    assert task.wake_at is None


@pytest.mark.parametrize(
    ("count", "attempt", "again"),
    [(0, 1, False), (1, 1, True), (1, 2, False), (5, 5, True), (5, 6, False)],
)
def test_attempts_are_counted(count: int, attempt: int, again: bool) -> None:
    """A count of retries is what comes on top of the first attempt."""
    policy = Policy(retry_count=count)
    task = failed_with(Cause.CONNECTION_LOST, attempt=attempt, policy=policy)
    assert (task.retry_at is not None) == again


@pytest.mark.parametrize("stage", [Stage.SUCCEEDED, Stage.CANCELLED])
def test_no_other_end_is_tried_again(stage: Stage) -> None:
    """Neither success nor a user's own decision."""
    assert task_at(stage, policy=TWICE)[0].retry_at is None


def test_retry_is_called_off() -> None:
    """Nothing else of the ended task changes."""
    task = failed_with(Cause.CONNECTION_LOST)
    assert without_retry(task) == replace(task, retry_at=None)


def test_next_attempt_is_the_same_upgrade_anew() -> None:
    """Package, policy and requester stay; what was seen and granted is forgotten."""
    requester = Requester(context_id="01", parent_id="02", user_id="03")
    task, now = task_at(
        Stage.FAILED, policy=TWICE, pinned=True, requester=requester, cell_id="cell-1"
    )
    again = successor(task, "task-2", now + MINUTE)
    assert again == a_task(
        id="task-2",
        policy=TWICE,
        pinned=True,
        requester=requester,
        attempt=2,
        created_at=now + MINUTE,
        state_since=now + MINUTE,
        history=task.history,
    )
    assert again.wants_turn


@pytest.mark.parametrize("stage", LIVE_STAGES)
def test_live_task_has_no_successor(stage: Stage) -> None:
    """Two tasks for one device and kind must never live side by side."""
    task, now = task_at(stage)
    with pytest.raises(ValueError, match="has not ended"):
        successor(task, "task-2", now)


@pytest.mark.parametrize("stage", BEFORE_NOTIFICATION)
def test_newer_package_supersedes_what_waits(stage: Stage) -> None:
    """The task is cancelled under its cause, and says by which version."""
    task, now = task_at(stage)
    task, effects = step(task, NEWER, now)
    assert (task.state, task.cause, effects) == (State.CANCELLED, Cause.SUPERSEDED, ())
    assert (task.description, task.retry_at) == ("1.5.0", None)


@pytest.mark.parametrize("stage", BEFORE_NOTIFICATION)
def test_version_of_the_users_choice_is_not_superseded(stage: Stage) -> None:
    """Going back, or staying behind, was wanted."""
    before, now = task_at(stage, pinned=True)
    assert step(before, NEWER, now) == (before, ())


@pytest.mark.parametrize(
    "stage", [stage for stage in LIVE_STAGES if stage not in BEFORE_NOTIFICATION]
)
def test_device_that_has_been_told_finishes(stage: Stage) -> None:
    """A half-fetched package is not thrown away; the newer one is offered after it."""
    before, now = task_at(stage)
    assert step(before, NEWER, now) == (before, ())


def test_package_does_not_supersede_itself() -> None:
    """The depot may announce the same version again."""
    before, now = task_at(Stage.WAITING_ONLINE)
    assert step(before, Superseded(version=NEW), now) == (before, ())


def test_history_tells_the_way_of_a_task() -> None:
    """Each state with its time, the end with its cause."""
    task, now = task_at(Stage.DOWNLOADING)
    task, _ = step(task, ProgressReported(result_code=7), now + MINUTE)
    assert [(entered.state, entered.cause) for entered in task.history] == [
        (State.QUERYING_VERSION, None),
        (State.QUEUED, None),
        (State.AWAITING_DOWNLOAD, None),
        (State.DOWNLOADING, None),
        (State.FAILED, Cause.INTEGRITY_CHECK_FAILED),
    ]
    times = [entered.at for entered in task.history]
    assert times == sorted(set(times))
    assert times[-1] == task.state_since == now + MINUTE


def test_history_keeps_its_beginning_and_its_end() -> None:
    """However often a device comes and goes, the file does not grow."""
    task, now = a_task(policy=Policy(wait_online=True)), NOW
    for round_ in range(2 * MAX_HISTORY):
        now += timedelta(minutes=10)
        events = [Started(online=True)] if round_ == 0 else [VersionReported(version=None)]
        task, _ = follow(task, [*events, WentOffline()], now)
    first = Entered(state=State.QUERYING_VERSION, at=NOW + timedelta(minutes=10))
    assert len(task.history) == MAX_HISTORY
    assert task.history[0] == first
    assert task.history[-1] == Entered(state=State.WAITING_ONLINE, at=now)
    times = [entered.at for entered in task.history]
    assert times == sorted(times)


@pytest.mark.parametrize("code", [1, 6, 11, 42, 255, -7, 2**40])
def test_result_code_is_kept_beside_the_cause(code: int) -> None:
    """A code of the maker's own says more to him than the cause that stands for it."""
    task, now = task_at(Stage.DOWNLOADING)
    task, _ = step(task, ProgressReported(result_code=code, description="E-17"), now)
    assert (task.state, task.result_code, task.description) == (State.FAILED, code, "E-17")


def test_words_of_a_device_that_only_seemed_up_to_date_are_kept() -> None:
    """Code 3 stands for a failed signature, too: the version decides, the words explain."""
    report = ProgressReported(result_code=3, version=NEW, description="sign verify failed")
    task, now = task_at(Stage.AWAITING_UPDATE)
    task, _ = follow(task, [report, VersionReported(version=OLD)], now)
    assert task.state is State.VERIFYING
    assert task.deadline is not None
    failed, _ = step(task, TimePassed(), task.deadline)
    assert failed.cause is Cause.RESULT_TIMEOUT
    assert (failed.result_code, failed.description) == (3, "sign verify failed")
    third, _ = step(task, VersionReported(version=OTHER), now)
    assert (third.cause, third.result_code) == (Cause.UNEXPECTED_VERSION, 3)
    done, _ = step(task, VersionReported(version=NEW), now)
    assert (done.state, done.result_code, done.description) == (State.SUCCEEDED, None, None)


def test_evidence_of_the_depot_is_kept() -> None:
    """Also what it refused, before the first byte."""
    task, now = task_at(Stage.AWAITING_DOWNLOAD)
    refused = replace(transfer(0, requests=0, complete=False), refusals=3)
    task, _ = step(task, refused, now)
    assert (task.state, task.refusals, task.requests) == (State.AWAITING_DOWNLOAD, 3, 0)
    task, _ = step(task, transfer(420, requests=2, complete=False), now)
    assert (task.bytes_served, task.requests, task.refusals) == (420, 2, 0)
    task, effects = follow(task, [transfer(), VersionReported(version=NEW)], now)
    assert (task.state, task.bytes_served) == (State.SUCCEEDED, SIZE)
    assert effects == [RevokeGrant(grant_id="grant-1")]


@pytest.mark.parametrize("stage", [Stage.DOWNLOADING, *ENDED_STAGES])
def test_bytes_alone_are_not_worth_a_write(stage: Stage) -> None:
    """The depot tells them again after a restart; everything else is saved."""
    task, _ = task_at(stage)
    served = replace(task, bytes_served=421, requests=9, refusals=1, progress=42.1)
    assert not served.is_worth_saving(task)
    assert replace(served, went_offline=True).is_worth_saving(task)


def test_requester_and_history_survive_the_store() -> None:
    """A result is told in the name of whoever asked, also after a restart."""
    requester = Requester(context_id="01", user_id="03")
    task, _ = task_at(Stage.FAILED, requester=requester, pinned=True, policy=TWICE)
    task = replace(task, retry_at=NOW + MINUTE, online_deadline=NOW, package=a_package(size=7))
    assert Task.from_dict(json.loads(json.dumps(task.as_dict()))) == task
