"""The catalogue of faults of such systems, S1 to S22, as far as the engine alone decides."""

from collections import Counter
from datetime import timedelta
import random
from typing import Final

import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.protocol import UpgradeProgressReport, read_uplink
from custom_components.mqtt_ota.upgrade import (
    CAUSES,
    TRANSFER_STATES,
    CancelRequested,
    Cause,
    Effect,
    Event,
    GrantDelayed,
    Granted,
    Notified,
    Notify,
    Policy,
    ProgressReported,
    QueryVersion,
    RequestGrant,
    Resumed,
    RevokeGrant,
    SignOfLife,
    SlotFreed,
    Started,
    State,
    Superseded,
    Task,
    TimePassed,
    VersionReported,
    WentOffline,
    step,
    successor,
)

from .builders import (
    LIVE_STAGES,
    NEW,
    NOW,
    OLD,
    OTHER,
    SIZE,
    Stage,
    a_grant,
    a_package,
    a_task,
    follow,
    task_at,
    transfer,
)

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
SUCCESS: Final = ProgressReported(result_code=0, progress=100, version=NEW)
NOTIFIED_STAGES: Final = (
    Stage.AWAITING_DOWNLOAD,
    Stage.DOWNLOADING,
    Stage.AWAITING_UPDATE,
    Stage.UPDATING,
    Stage.VERIFYING,
)
WHOLE_WAY: Final[tuple[Event, ...]] = (
    Started(online=False),
    SignOfLife(),
    VersionReported(version=OLD),
    SlotFreed(),
    Granted(grant=a_grant()),
    Notified(),
    transfer(420, complete=False),
    transfer(),
    ProgressReported(result_code=0, progress=100, version=OLD),
    SUCCESS,
)


def test_s01_every_event_twice() -> None:
    """A message that the broker delivers again changes nothing and sends nothing twice."""
    once, sent_once = follow(a_task(), WHOLE_WAY, NOW)
    doubled = [event for event in WHOLE_WAY for _ in range(2)]
    twice, sent_twice = follow(a_task(), doubled, NOW)
    assert once.state is twice.state is State.SUCCEEDED
    for effect in (RequestGrant, Notify, RevokeGrant):
        assert Counter(map(type, sent_twice))[effect] == Counter(map(type, sent_once))[effect] == 1


@pytest.mark.parametrize("seed", range(50))
def test_s01_reports_in_any_order(seed: int) -> None:
    """Reports that overtake one another never end an upgrade wrongly."""
    task, now = task_at(Stage.AWAITING_DOWNLOAD)
    reports: list[Event] = [
        transfer(420, complete=False),
        transfer(),
        ProgressReported(result_code=0, progress=50, version=OLD),
        ProgressReported(result_code=0, progress=100, version=OLD),
        VersionReported(version=OLD),
    ] * 3
    random.Random(seed).shuffle(reports)
    sent: list[Effect] = []
    for report in reports:
        now += SECOND
        task, effects = step(task, report, now)
        sent += effects
    assert not task.is_ended
    assert set(sent) <= {QueryVersion()}
    done, _ = step(task, VersionReported(version=NEW), now + SECOND)
    assert done.state is State.SUCCEEDED


@pytest.mark.parametrize("stage", NOTIFIED_STAGES)
def test_s01_the_upgrade_message_is_sent_once(stage: Stage) -> None:
    """Nothing that devices, the depot or a restart do has it sent again."""
    task, now = task_at(stage)
    events = [Notified(), SignOfLife(), WentOffline(), VersionReported(version=OLD), Resumed()]
    _, effects = follow(task, events * 3, now)
    assert Notify() not in effects


@pytest.mark.parametrize("stage", [Stage.SUCCEEDED, Stage.FAILED, Stage.CANCELLED])
def test_s02_late_reports_of_an_old_task(stage: Stage) -> None:
    """After the end nothing that was meant for a task counts any more."""
    task, now = task_at(stage)
    for report in (SUCCESS, ProgressReported(result_code=7), VersionReported(version=OLD)):
        assert step(task, report, now + HOUR) == (task, ())


def test_s02_report_of_an_old_task_does_not_touch_the_next() -> None:
    """The next attempt has not told the device of anything yet: no result can be its own."""
    old, now = task_at(Stage.FAILED)
    task = successor(old, "task-2", now)
    for report in (SUCCESS, ProgressReported(result_code=7)):
        for event in (Started(online=True), report):
            task, _ = step(task, event, now)
        assert not task.is_ended


def test_s02_replayed_old_version_can_not_undo_a_success() -> None:
    """Who plays back what a device once said changes no result."""
    task, now = task_at(Stage.SUCCEEDED)
    assert step(task, VersionReported(version=OLD), now) == (task, ())


@pytest.mark.parametrize("version", [OLD, OTHER])
def test_s03_success_with_another_version_fails_with_its_cause(version: str) -> None:
    """The device claims success and then runs something else."""
    task, now = task_at(Stage.DOWNLOADING)
    task, _ = follow(task, [SUCCESS, transfer(700, complete=False)], now)
    task, _ = step(task, VersionReported(version=version), now + SECOND)
    if version == OLD:
        assert not task.is_ended
        task, _ = step(task, TimePassed(), now + 3 * MINUTE)
    expected = Cause.RESULT_TIMEOUT if version == OLD else Cause.UNEXPECTED_VERSION
    assert (task.state, task.cause) == (State.FAILED, expected)
    assert (task.claimed, task.downloaded) == (True, False)


@pytest.mark.parametrize(
    "almost", ["v1.4.0", "1.4.0+abc", "1.4.0-rc1", "1.4.0 ", "1.4", "01.4.0", "1.4.0\u200b"]
)
def test_s04_a_version_that_only_looks_like_the_target(almost: str) -> None:
    """Equality decides: neither success nor a needless end, whichever way round they differ."""
    package = a_package(source_versions=())
    task, now = task_at(Stage.QUERYING_VERSION, package=package)
    task, _ = step(task, VersionReported(version=almost), now)
    assert task.state is State.QUEUED

    written = a_package(version=almost, source_versions=())
    done, now = task_at(Stage.UPDATING, package=written)
    done, _ = step(done, VersionReported(version=almost), now)
    assert done.state is State.SUCCEEDED


@pytest.mark.parametrize("version", ["2026-11-23", "deadbeef", "3.0.0-54", "V2", "latest"])
def test_s04_versions_need_no_order(version: str) -> None:
    """Dates, hashes and words are upgraded to like numbers."""
    package = a_package(version=version, source_versions=())
    task, now = task_at(Stage.QUERYING_VERSION, package=package)
    task, _ = step(task, VersionReported(version=version.swapcase() + "x"), now)
    assert task.state is State.QUEUED
    task, now = task_at(Stage.AWAITING_UPDATE, package=package)
    task, _ = step(task, VersionReported(version=version), now)
    assert task.state is State.SUCCEEDED


@pytest.mark.parametrize(
    "stage", [Stage.WAITING_ONLINE, Stage.QUERYING_VERSION, Stage.READY, Stage.GRANTING]
)
def test_s05_already_at_the_target(stage: Stage) -> None:
    """Success without a download, whenever it turns out."""
    task, now = task_at(stage)
    task, effects = step(task, VersionReported(version=NEW), now)
    assert (task.state, effects, task.bytes_served) == (State.SUCCEEDED, (), 0)


AWAY: Final = (
    SECOND,
    timedelta(minutes=2, seconds=59),
    timedelta(minutes=3, seconds=1),
    timedelta(hours=24, minutes=59),
    timedelta(hours=25, minutes=1),
)
DAY: Final = timedelta(hours=24)


def absent(stage: Stage, away: timedelta) -> tuple[Task, State]:
    """Return a task whose device left in a stage and came back, and the state that it left in."""
    task, now = task_at(stage)
    back = now + away
    task, _ = step(task, WentOffline(), now)
    left_in = task.state
    while task.wake_at is not None and task.wake_at < back:
        task, _ = step(task, TimePassed(), task.wake_at)
    return follow(task, [SignOfLife(), VersionReported(version=OLD)], back)[0], left_in


@pytest.mark.parametrize("away", AWAY, ids=str)
@pytest.mark.parametrize("stage", LIVE_STAGES)
def test_s06_device_goes_offline_and_comes_back(stage: Stage, away: timedelta) -> None:
    """In each state, for each time: it fails at its deadline, and never for being away."""
    task, left_in = absent(stage, away)
    limits = {
        State.WAITING_ONLINE: (timedelta(hours=25), Cause.ONLINE_TIMEOUT),
        State.AWAITING_DOWNLOAD: (DAY, Cause.DOWNLOAD_START_TIMEOUT),
        State.DOWNLOADING: (DAY, Cause.DOWNLOAD_TIMEOUT),
        State.UPDATING: (DAY + 3 * MINUTE, Cause.CHECK_TIMEOUT),
        State.VERIFYING: (3 * MINUTE, Cause.CHECK_TIMEOUT),
    }
    limit, cause = limits.get(left_in, (None, None))
    if limit is not None and away > limit:
        assert (task.state, task.cause) == (State.FAILED, cause)
    else:
        assert not task.is_ended


@pytest.mark.parametrize("away", AWAY, ids=str)
@pytest.mark.parametrize("stage", [Stage.WAITING_ONLINE, Stage.QUERYING_VERSION])
def test_s06_device_that_comes_back_in_time_is_taken_up(stage: Stage, away: timedelta) -> None:
    """Its version is asked for and weighed as if it had never been away."""
    task, _ = absent(stage, away)
    assert (task.state is State.QUEUED) == (away < timedelta(hours=25))


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (Stage.WAITING_ONLINE, "Waiting for the device online timeout"),
        (Stage.QUERYING_CELL, "Waiting for report cellId timeout"),
        (Stage.QUERYING_VERSION, "Waiting for report device firmware version timeout"),
        (Stage.AWAITING_DOWNLOAD, "Waiting for device start download package timeout"),
        (Stage.DOWNLOADING, "Waiting for device downloaded package timeout"),
        (Stage.AWAITING_UPDATE, "Waiting for device start to update timeout"),
        (Stage.VERIFYING, "Updating timeout and query device version for check timeout"),
    ],
)
def test_s07_each_time_out_fires_once(stage: Stage, message: str) -> None:
    """At its time, with the exact text, and never again."""
    task, _ = task_at(stage)
    assert task.deadline is not None
    late, _ = step(task, TimePassed(), task.deadline)
    assert late.cause is not None
    assert CAUSES[late.cause].message == message
    for hours in (0, 1, 25):
        assert step(late, TimePassed(), task.deadline + hours * HOUR) == (late, ())
    assert sum(entered.state is State.FAILED for entered in late.history) == 1


@pytest.mark.parametrize(
    "progress",
    ["-1", "101", "1e3", '"abc"', '"50"', "null", "true", "[]", "{}", "12.5", "1e999", "NaN"],
)
def test_s08_progress_that_is_none(progress: str) -> None:
    """Whatever a device sends as progress, the task survives it and shows a share or nothing."""
    message = (
        '{"services": [{"service_id": "$ota", "event_type": "upgrade_progress_report", '
        f'"paras": {{"result_code": 0, "progress": {progress}, "version": "{OLD}"}}}}]}}'
    )
    try:
        uplink = read_uplink("weather_1", message.encode())
    except ValueError:
        return
    for report in uplink.events:
        assert isinstance(report, UpgradeProgressReport)
        task, now = task_at(Stage.DOWNLOADING)
        told = ProgressReported(
            result_code=report.result_code, progress=report.progress, version=report.version
        )
        task, _ = step(task, told, now)
        assert task.state is State.DOWNLOADING
        assert task.progress is not None
        assert 0 <= task.progress <= 100


def test_s08_progress_is_monotonic_and_cleared_at_the_end() -> None:
    """Ten reports a second, in any order: the bar goes one way and does not stay behind."""
    task, now = task_at(Stage.DOWNLOADING)
    order = random.Random(8)
    shown = [0.0]
    for _ in range(600):
        now += timedelta(milliseconds=100)
        report = ProgressReported(
            result_code=0, progress=order.randint(-20, 99), version=order.choice([OLD, None])
        )
        task, effects = step(task, report, now)
        assert effects == ()
        assert task.progress is not None
        shown.append(task.progress)
    assert shown == sorted(shown)
    task, _ = step(task, VersionReported(version=NEW), now)
    assert (task.state, task.progress) == (State.SUCCEEDED, None)


def test_s08_a_jump_to_the_end_and_no_progress_at_all() -> None:
    """A device may report nothing but its new version."""
    task, now = task_at(Stage.AWAITING_DOWNLOAD)
    jumped, _ = step(task, ProgressReported(result_code=0, progress=100, version=OLD), now)
    assert jumped.state is State.AWAITING_UPDATE
    silent, _ = follow(task, [transfer(), VersionReported(version=NEW)], now)
    assert silent.state is State.SUCCEEDED


@pytest.mark.parametrize("stage", LIVE_STAGES)
def test_s11_cancelled_at_any_time(stage: Stage) -> None:
    """The grant dies at once; what the device does after that is its own affair."""
    task, now = task_at(stage)
    cancelled, effects = step(task, CancelRequested(), now)
    assert cancelled.state is State.CANCELLED
    assert len(effects) == (task.grant is not None)
    for late in (SUCCESS, VersionReported(version=NEW), transfer(), TimePassed(), WentOffline()):
        assert step(cancelled, late, now + HOUR) == (cancelled, ())


@pytest.mark.parametrize("code", [*range(1, 3), *range(4, 11), 255, 11, 99, -1, 2**31])
@pytest.mark.parametrize("kind", PackageKind)
def test_s12_every_failure_code_ends_with_a_cause(kind: PackageKind, code: int) -> None:
    """Known or not, the code is kept, and the cause is one that a device can report."""
    for stage in NOTIFIED_STAGES:
        task, now = task_at(stage, kind=kind)
        task, effects = step(task, ProgressReported(result_code=code), now)
        assert (task.state, task.result_code) == (State.FAILED, code)
        assert task.cause is not None
        assert effects == (RevokeGrant(grant_id="grant-1"),)


def test_s14_a_device_that_flaps_is_not_asked_each_time() -> None:
    """A hundred connections in a hundred seconds: few questions, and the wait is not extended."""
    task, sent = follow(a_task(), [Started(online=False)], NOW)
    deadline = task.deadline
    for second in range(100):
        now = NOW + (second + 1) * SECOND
        if task.wake_at is not None and task.wake_at <= now:
            task, effects = step(task, TimePassed(), now)
            sent += effects
        task, effects = follow(task, [SignOfLife(), WentOffline()], now)
        sent += effects
    assert task.negotiations <= 6
    assert len(sent) <= 16
    assert (task.state, task.deadline) == (State.WAITING_ONLINE, deadline)


def test_s15_a_device_that_always_falls_back_is_given_up() -> None:
    """It is not upgraded for ever: the fall-back has its own cause and no further attempt."""
    task, now = task_at(Stage.AWAITING_UPDATE, policy=Policy(retry_count=5))
    starts = 0
    while not task.is_ended:
        starts += 1
        now += 10 * SECOND
        task, _ = follow(task, [WentOffline(), SignOfLife(), VersionReported(version=OLD)], now)
        task, _ = step(task, TimePassed(), now)
    assert starts < 60
    assert (task.state, task.cause) == (State.FAILED, Cause.ROLLED_BACK)
    assert task.retry_at is None


def test_s15_attempts_are_bounded() -> None:
    """Also those of a cause that is tried again."""
    policy = Policy(retry_count=2)
    task, now = a_task(policy=policy), NOW
    for attempt in range(1, 4):
        assert task.attempt == attempt
        task, _ = follow(task, [Started(online=True)], now)
        now += 3 * MINUTE
        task, _ = step(task, TimePassed(), now)
        assert task.cause is Cause.VERSION_TIMEOUT
        if task.retry_at is not None:
            now = task.retry_at
            task = successor(task, f"task-{attempt + 1}", now)
    assert (task.attempt, task.retry_at) == (3, None)


def test_s16_waiting_in_line_is_no_failed_attempt() -> None:
    """Neither a full house nor a depot that says `later` costs an attempt."""
    task, now = task_at(Stage.READY, policy=Policy(retry_count=1))
    for _ in range(50):
        now += 20 * MINUTE
        task, _ = follow(task, [VersionReported(version=OLD), SlotFreed(), GrantDelayed()], now)
    assert (task.state, task.attempt, task.cause) == (State.QUEUED, 1, None)
    task, _ = follow(
        task, [VersionReported(version=OLD), SlotFreed(), Granted(grant=a_grant())], now
    )
    assert (task.state, task.attempt) == (State.AWAITING_DOWNLOAD, 1)


def test_s16_days_in_line_cost_nothing() -> None:
    """A place in line has no deadline, and the device has its whole time after it."""
    task, now = task_at(Stage.READY)
    now += timedelta(days=9)
    assert step(task, TimePassed(), now) == (task, ())
    task, _ = step(task, SlotFreed(), now)
    assert (task.state, task.deadline) == (State.WAITING_ONLINE, now + timedelta(hours=25))


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("certificate is not yet valid", Cause.CONNECTION_LOST),
        (
            "Connection lost during downloading process: certificate has expired",
            Cause.CONNECTION_LOST,
        ),
    ],
)
def test_s21_a_device_whose_clock_is_wrong(words: str, cause: Cause) -> None:
    """What it says of the certificate is kept beside the cause: the user needs to read it."""
    task, now = task_at(Stage.AWAITING_DOWNLOAD)
    task, _ = step(task, ProgressReported(result_code=6, description=words), now)
    assert (task.cause, task.description) == (cause, words)


@pytest.mark.parametrize("kind", PackageKind)
def test_s22_a_device_that_is_awake_for_ten_seconds_an_hour(kind: PackageKind) -> None:
    """It is caught at its first message, downloads over many wakes, and succeeds."""
    task, now = a_task(kind=kind), NOW
    task, _ = step(task, Started(online=None), now)
    wakes, served, caught = 0, 0, 0
    while not task.is_ended:
        now += HOUR
        wakes += 1
        if task.wake_at is not None and task.wake_at <= now:
            task, _ = step(task, TimePassed(), now)
        task, effects = step(task, SignOfLife(), now)
        if QueryVersion() in effects and task.state is State.QUERYING_VERSION:
            caught += 1
            answered = [
                VersionReported(version=OLD),
                SlotFreed(),
                Granted(grant=a_grant()),
                Notified(),
            ]
            task, _ = follow(task, answered, now + SECOND)
        if task.state in TRANSFER_STATES:
            served = min(SIZE, served + SIZE // 7)
            task, _ = step(task, transfer(served, complete=served == SIZE), now + 9 * SECOND)
        elif task.state is State.UPDATING:
            task, _ = step(task, VersionReported(version=NEW), now + 9 * SECOND)
        task, _ = step(task, WentOffline(), now + 10 * SECOND)
    assert (task.state, caught) == (State.SUCCEEDED, 1)
    assert wakes == 9


def test_s22_a_device_that_answers_too_late_is_caught_the_next_time() -> None:
    """Its question is repeated with its next waking, at once, for 25 hours."""
    task, now = a_task(), NOW
    task, _ = step(task, Started(online=False), now)
    for _ in range(24):
        now += HOUR
        task, effects = step(task, SignOfLife(), now)
        assert effects == (QueryVersion(),)
        task, _ = step(task, WentOffline(), now + 10 * SECOND)
    task, _ = step(task, Superseded(version="2.0.0"), now + MINUTE)
    assert task.cause is Cause.SUPERSEDED
