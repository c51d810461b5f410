"""Every deadline, every repeated query, and what a restart does to them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import pytest

from custom_components.mqtt_ota.upgrade import (
    CAUSES,
    CancelRequested,
    Cause,
    Effect,
    Granted,
    Notified,
    Notify,
    Policy,
    ProgressReported,
    QueryCell,
    QueryVersion,
    Resumed,
    RevokeGrant,
    SignOfLife,
    Started,
    State,
    Task,
    TimePassed,
    VersionReported,
    step,
)

from .builders import (
    ENDED_STAGES,
    LIVE_STAGES,
    NEW,
    OLD,
    Stage,
    a_grant,
    a_task,
    follow,
    task_at,
    transfer,
)

INSTANT: Final = timedelta(microseconds=1)
HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)
OWN_POLICY: Final = Policy(
    online_timeout=timedelta(minutes=11),
    cell_timeout=timedelta(seconds=71),
    version_timeout=timedelta(seconds=82),
    report_timeout=timedelta(minutes=93),
    check_timeout=timedelta(seconds=44),
    query_cell=True,
)


class Deadline(NamedTuple):
    """A row of the table of deadlines."""

    stage: Stage
    default: timedelta
    own: timedelta
    message: str


TABLE: Final = (
    Deadline(
        Stage.WAITING_ONLINE,
        timedelta(hours=25),
        OWN_POLICY.online_timeout,
        "Waiting for the device online timeout",
    ),
    Deadline(
        Stage.QUERYING_CELL,
        timedelta(minutes=3),
        OWN_POLICY.cell_timeout,
        "Waiting for report cellId timeout",
    ),
    Deadline(
        Stage.QUERYING_VERSION,
        timedelta(minutes=3),
        OWN_POLICY.version_timeout,
        "Waiting for report device firmware version timeout",
    ),
    Deadline(
        Stage.AWAITING_DOWNLOAD,
        timedelta(hours=24),
        OWN_POLICY.report_timeout,
        "Waiting for device start download package timeout",
    ),
    Deadline(
        Stage.DOWNLOADING,
        timedelta(hours=24),
        OWN_POLICY.report_timeout,
        "Waiting for device downloaded package timeout",
    ),
    Deadline(
        Stage.AWAITING_UPDATE,
        timedelta(hours=24),
        OWN_POLICY.report_timeout,
        "Waiting for device start to update timeout",
    ),
    Deadline(
        Stage.VERIFYING,
        timedelta(minutes=3),
        OWN_POLICY.check_timeout,
        "Updating timeout and query device version for check timeout",
    ),
)


def at(stage: Stage, *, own: bool = False) -> tuple[Task, datetime]:
    """Return a task in a stage under the default or the own policy."""
    policy = replace(OWN_POLICY, query_cell=stage is Stage.QUERYING_CELL)
    return task_at(stage, policy=policy if own else None)


def since(task: Task, now: datetime) -> datetime:
    """Return from when a deadline runs: for download and report, from the notification."""
    return task.notified_at if task.notified_at and task.state is not State.VERIFYING else now


@pytest.mark.parametrize("own", [False, True], ids=["default", "own"])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.stage)
def test_a_state_ends_at_its_deadline_with_its_cause(row: Deadline, own: bool) -> None:
    """A state is left at its deadline and not a microsecond before, with its exact cause."""
    task, now = at(row.stage, own=own)
    deadline = since(task, now) + (row.own if own else row.default)
    assert task.deadline == deadline

    early, _ = step(task, TimePassed(), deadline - INSTANT)
    assert early.state is task.state
    late, effects = step(task, TimePassed(), deadline)
    assert late.state is State.FAILED
    assert late.cause is not None
    assert CAUSES[late.cause].message == row.message
    assert [type(effect) for effect in effects] == [RevokeGrant] * (task.grant is not None)


@pytest.mark.parametrize("own", [False, True], ids=["default", "own"])
def test_update_that_takes_too_long_is_checked_before_it_is_judged(own: bool) -> None:
    """At the deadline of `updating` the version is asked for; an answer still wins."""
    task, now = at(Stage.UPDATING, own=own)
    deadline = since(task, now) + (OWN_POLICY.report_timeout if own else timedelta(hours=24))
    assert task.deadline == deadline
    task, effects = step(task, TimePassed(), deadline)
    assert (task.state, effects) == (State.VERIFYING, (QueryVersion(),))
    check = OWN_POLICY.check_timeout if own else timedelta(minutes=3)
    assert task.deadline == deadline + check
    won, _ = step(task, VersionReported(version=NEW), deadline + check - INSTANT)
    assert won.state is State.SUCCEEDED


def test_old_version_in_answer_to_the_check() -> None:
    """A device that answers with the old version has a cause of its own."""
    task, now = at(Stage.VERIFYING)
    task, _ = step(task, VersionReported(version=OLD), now + INSTANT)
    assert task.state is State.VERIFYING
    task, _ = step(task, TimePassed(), now + timedelta(minutes=3))
    assert task.cause is Cause.RESULT_TIMEOUT
    assert CAUSES[Cause.RESULT_TIMEOUT].message == (
        "Wait for the device to report upgrade result timeout"
    )


def test_old_version_before_the_check_is_no_answer_to_it() -> None:
    """Only what is said after the question counts as an answer."""
    task, now = at(Stage.VERIFYING)
    assert task.reported_version is None
    task, _ = step(task, TimePassed(), now + timedelta(minutes=3))
    assert task.cause is Cause.CHECK_TIMEOUT


@pytest.mark.parametrize("stage", [Stage.NEW, Stage.READY, Stage.GRANTING, *ENDED_STAGES])
def test_neither_the_line_nor_the_end_has_a_deadline(stage: Stage) -> None:
    """Waiting in line has no deadline of its own, and neither has the end."""
    task, now = task_at(stage)
    assert task.wake_at is None
    later, effects = step(task, TimePassed(), now + timedelta(days=400))
    assert (later, effects) == (task, ())


def test_notification_starts_the_time_for_download_and_report() -> None:
    """The time runs from the message that has left, once, through all stages after it."""
    task, granted = task_at(Stage.GRANTING)
    task, _ = step(task, Granted(grant=a_grant()), granted)
    assert task.deadline == granted + timedelta(hours=24)
    notified = granted + timedelta(minutes=10)
    task, _ = step(task, Notified(), notified)
    expected = notified + timedelta(hours=24)
    for event in (
        Notified(),
        transfer(1, complete=False),
        transfer(),
        ProgressReported(result_code=0, progress=100, version=OLD),
    ):
        assert (task.notified_at, task.deadline) == (notified, expected)
        task, _ = step(task, event, notified + timedelta(hours=20))
    assert task.state is State.UPDATING
    assert task.deadline == expected


OWN_STAGES: Final = Policy(
    download_start_timeout=timedelta(minutes=10),
    download_timeout=timedelta(hours=2),
    update_start_timeout=timedelta(minutes=30),
)


@pytest.mark.parametrize(
    ("stage", "own", "cause"),
    [
        (Stage.AWAITING_DOWNLOAD, 10 * MINUTE, Cause.DOWNLOAD_START_TIMEOUT),
        (Stage.DOWNLOADING, 2 * HOUR, Cause.DOWNLOAD_TIMEOUT),
        (Stage.AWAITING_UPDATE, 30 * MINUTE, Cause.UPDATE_START_TIMEOUT),
    ],
)
def test_stage_with_a_time_of_its_own(stage: Stage, own: timedelta, cause: Cause) -> None:
    """It runs from the beginning of the stage, which for the first one is the notification."""
    task, now = task_at(stage, policy=OWN_STAGES)
    assert task.deadline == now + own
    task, _ = step(task, TimePassed(), now + own)
    assert task.cause is cause


@pytest.mark.parametrize("stage", [Stage.DOWNLOADING, Stage.AWAITING_UPDATE])
def test_stage_of_its_own_time_ends_with_the_shared_one(stage: Stage) -> None:
    """A stage that begins late has what is left of the 24 hours."""
    task, _ = task_at(
        Stage.AWAITING_DOWNLOAD, policy=replace(OWN_STAGES, download_start_timeout=None)
    )
    shared = task.deadline
    assert shared is not None
    late = shared - 5 * MINUTE
    task, _ = step(task, transfer(complete=stage is Stage.AWAITING_UPDATE), late)
    assert (task.state.value, task.deadline) == (stage.value, shared)


def test_update_after_stages_of_their_own_time_has_the_shared_one() -> None:
    """The end of one stage is none of the next."""
    task, _ = task_at(Stage.UPDATING, policy=OWN_STAGES)
    assert task.notified_at is not None
    assert task.deadline == task.notified_at + timedelta(hours=24)


def test_device_that_was_quicker_than_the_confirmation_has_its_time() -> None:
    """The stage in which the confirmation finds it counts from its own beginning."""
    task, now = task_at(Stage.GRANTING, policy=OWN_STAGES)
    task, _ = follow(task, [Granted(grant=a_grant()), transfer(1, complete=False)], now)
    task, _ = step(task, Notified(), now + MINUTE)
    assert (task.state, task.deadline) == (State.DOWNLOADING, now + 2 * HOUR)
    assert task.report_deadline == now + MINUTE + timedelta(hours=24)


def test_task_of_an_older_file_keeps_its_shared_deadline() -> None:
    """What was saved before stages had times of their own goes on as it would have."""
    task, now = task_at(Stage.DOWNLOADING)
    data = task.as_dict()
    for name in ("report_deadline", "online_deadline", "history", "attempt", "requester"):
        del data[name]
    older = Task.from_dict(data)
    moved, _ = step(older, transfer(), now)
    assert (moved.state, moved.deadline) == (State.AWAITING_UPDATE, task.deadline)


def test_notification_that_is_confirmed_late_does_not_stretch_the_check() -> None:
    """The device may be quicker than the broker's confirmation of our message."""
    task, now = task_at(Stage.GRANTING)
    success = ProgressReported(result_code=0, progress=100, version=NEW)
    task, _ = follow(task, [Granted(grant=a_grant()), success, Notified()], now)
    assert task.state is State.VERIFYING
    assert task.deadline == now + timedelta(minutes=3)


@pytest.mark.parametrize(
    ("stage", "query", "first", "longest"),
    [
        (Stage.WAITING_ONLINE, QueryVersion(), MINUTE, 30 * MINUTE),
        (Stage.QUERYING_CELL, QueryCell(), MINUTE / 12, MINUTE),
        (Stage.QUERYING_VERSION, QueryVersion(), MINUTE / 12, MINUTE),
        (Stage.AWAITING_UPDATE, QueryVersion(), MINUTE, 15 * MINUTE),
        (Stage.UPDATING, QueryVersion(), MINUTE, 15 * MINUTE),
        (Stage.VERIFYING, QueryVersion(), MINUTE / 12, MINUTE),
    ],
)
def test_lost_query_is_repeated_ever_more_rarely(
    stage: Stage, query: Effect, first: timedelta, longest: timedelta
) -> None:
    """A query is repeated after doubling pauses up to a longest, each within a quarter."""
    task, now = task_at(stage)
    nominal = first
    while task.wake_at != task.deadline:
        assert task.probe_at is not None
        pause = task.probe_at - now
        assert 0.75 * nominal <= pause <= 1.25 * nominal
        if task.probes:
            nominal = min(2 * nominal, longest)
        now = task.probe_at
        task, effects = step(task, TimePassed(), now)
        assert effects == (query,)
    assert nominal == longest
    assert step(task, TimePassed(), task.deadline or now)[0].state is not task.state


def test_tasks_ask_at_different_times_but_always_at_the_same() -> None:
    """A thousand tasks of one moment don't wake in one moment; a replay wakes as before."""
    wakes = [
        task_at(Stage.WAITING_ONLINE, id=f"task-{number}")[0].wake_at for number in range(1000)
    ]
    assert len(set(wakes)) > 990
    assert wakes[7] == task_at(Stage.WAITING_ONLINE, id="task-7")[0].wake_at


@pytest.mark.parametrize("stage", [Stage.AWAITING_UPDATE, Stage.UPDATING])
def test_device_that_talks_a_lot_is_not_asked_each_time(stage: Stage) -> None:
    """Signs of life lead to one question in half a minute."""
    task, now = task_at(stage)
    asked: list[int] = []
    for second in range(120):
        task, effects = step(task, SignOfLife(), now + timedelta(seconds=second))
        asked += [second] * len(effects)
    assert asked == [0, 30, 60, 90]


@pytest.mark.parametrize("stage", LIVE_STAGES)
@pytest.mark.parametrize("away", [timedelta(seconds=1), timedelta(days=3)], ids=["short", "long"])
def test_restart_gives_a_fair_chance(stage: Stage, away: timedelta) -> None:
    """A deadline that passed while we were deaf is not held against the device."""
    before, now = task_at(stage)
    back = now + away
    task, effects = step(before, Resumed(), back)

    assert task.state is before.state
    assert not task.granting
    if before.deadline is None:
        assert effects == ()
        return
    query = QueryCell() if stage is Stage.QUERYING_CELL else QueryVersion()
    assert effects == (query,)
    fair = back + timedelta(minutes=3)
    assert task.deadline == max(before.deadline, fair)
    if away > timedelta(days=2):
        still, _ = step(task, TimePassed(), fair - INSTANT)
        assert still.state is before.state
        gone, _ = step(task, TimePassed(), fair)
        assert gone.state is not before.state


@pytest.mark.parametrize(
    "stage",
    [
        Stage.WAITING_ONLINE,
        Stage.QUERYING_VERSION,
        Stage.AWAITING_DOWNLOAD,
        Stage.DOWNLOADING,
        Stage.AWAITING_UPDATE,
        Stage.UPDATING,
        Stage.VERIFYING,
    ],
)
def test_upgrade_that_went_well_while_we_were_away(stage: Stage) -> None:
    """The answer to the question after a restart is enough to succeed, days later."""
    task, now = task_at(stage)
    back = now + timedelta(days=3)
    task, _ = step(task, Resumed(), back)
    task, _ = step(task, VersionReported(version=NEW), back + timedelta(minutes=2))
    assert task.state is State.SUCCEEDED


def test_device_that_was_still_writing_when_we_came_back() -> None:
    """The old version in answer to our own question does not end an update that runs."""
    task, now = task_at(Stage.UPDATING)
    task, _ = follow(task, [Resumed(), VersionReported(version=OLD)], now + HOUR)
    assert task.state is State.UPDATING
    task, _ = step(task, VersionReported(version=NEW), now + 2 * HOUR)
    assert task.state is State.SUCCEEDED


def test_message_that_may_not_have_left_is_sent_after_a_restart() -> None:
    """Saved with its grant but never notified: the device waits for a message."""
    task, now = task_at(Stage.GRANTING)
    task, _ = step(task, Granted(grant=a_grant()), now)
    restored = Task.from_dict(task.as_dict())
    task, effects = step(restored, Resumed(), now + MINUTE)
    assert effects == (Notify(), QueryVersion())
    task, _ = step(task, Notified(), now + MINUTE)
    _, effects = step(task, Resumed(), now + 2 * MINUTE)
    assert effects == (QueryVersion(),)


def test_grant_that_was_asked_for_before_a_restart_is_asked_for_again() -> None:
    """The answer to the old request is lost: the task goes back in line."""
    task, now = task_at(Stage.GRANTING)
    task, effects = step(task, Resumed(), now)
    assert effects == ()
    assert task.wants_slot


def test_questions_start_again_with_short_pauses_after_a_restart() -> None:
    """Half an hour of silence learnt before the restart is no reason to be slow after it."""
    task, now = task_at(Stage.WAITING_ONLINE)
    for _ in range(8):
        assert task.probe_at is not None
        now = task.probe_at
        task, _ = step(task, TimePassed(), now)
    assert task.probe_at is not None
    assert task.probe_at - now > 20 * MINUTE
    task, _ = step(task, Resumed(), now + MINUTE)
    assert task.probe_at is not None
    assert task.probe_at - (now + MINUTE) <= 1.25 * MINUTE


def test_task_may_be_cancelled_before_its_turn_and_after_a_restart() -> None:
    """Neither a turn nor a timer is needed to give up."""
    task = a_task()
    later = task.created_at + timedelta(days=3)
    task, effects = follow(task, [Resumed(), CancelRequested(), Started(online=True)], later)
    assert (task.state, effects) == (State.CANCELLED, [])


def test_grant_that_expired_before_anybody_was_told_is_renewed() -> None:
    """A message with a dead token would only cost the device a day."""
    task, now = task_at(Stage.GRANTING)
    task, _ = step(task, Granted(grant=a_grant()), now)
    task, effects = step(task, Resumed(), a_grant().expires_at)
    assert (task.state, task.grant, task.wants_slot) == (State.QUEUED, None, True)
    assert effects == (RevokeGrant(grant_id="grant-1"),)
