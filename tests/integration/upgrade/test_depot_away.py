"""A depot that is away while a device is ready, and grants that end before the download does."""

from datetime import datetime, timedelta
from typing import Final

import pytest

from custom_components.mqtt_ota.upgrade import (
    TRANSFER_STATES,
    Cause,
    DepotFound,
    DepotLost,
    Event,
    GrantDelayed,
    Granted,
    GrantRef,
    GrantRefused,
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
    State,
    Task,
    TimePassed,
    VersionReported,
    step,
)

from .builders import (
    LIVE_STAGES,
    NEW,
    OLD,
    TOKEN,
    Stage,
    a_grant,
    follow,
    task_at,
    transfer,
)

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
READY: Final = (Stage.READY, Stage.GRANTING)


@pytest.mark.parametrize("stage", READY)
@pytest.mark.parametrize("timeout", [timedelta(hours=24), timedelta(minutes=7)])
def test_depot_has_its_own_time(stage: Stage, timeout: timedelta) -> None:
    """It is counted from the first moment without it, however often that is told."""
    task, now = task_at(stage, policy=Policy(depot_timeout=timeout))
    task, _ = follow(task, [DepotLost()], now)
    task, _ = follow(task, [DepotLost(), GrantDelayed(), DepotLost()], now + MINUTE)
    assert task.wake_at == now + timeout
    task, _ = step(task, TimePassed(), now + timeout)
    assert (task.state, task.cause) == (State.FAILED, Cause.DEPOT_UNREACHABLE)


@pytest.mark.parametrize("stage", READY)
def test_depot_that_returns_in_time_costs_nothing(stage: Stage) -> None:
    """The task stands in line as before, without a deadline."""
    before, now = task_at(stage)
    task, _ = follow(before, [DepotLost(), DepotFound()], now)
    assert task == before


@pytest.mark.parametrize("stage", [stage for stage in LIVE_STAGES if stage not in READY])
def test_depot_that_nobody_needs_yet_or_any_more(stage: Stage) -> None:
    """Devices are negotiated with, download on and update without any word of it."""
    before, now = task_at(stage)
    for event in (DepotLost(), DepotFound(), GrantDelayed()):
        assert step(before, event, now) == (before, ())


def test_depot_that_never_grants_is_given_up() -> None:
    """Connected but unable: answers that mean `later` count as its absence."""
    task, now = task_at(Stage.GRANTING)
    start = now
    while not task.is_ended:
        task, _ = follow(
            task, [GrantDelayed(), TimePassed(), VersionReported(version=OLD), SlotFreed()], now
        )
        now += MINUTE
    assert task.cause is Cause.DEPOT_UNREACHABLE
    assert now - start == timedelta(hours=24) + MINUTE


def test_depot_that_was_lost_before_a_restart_has_a_fair_chance() -> None:
    """Nobody could see it return while Home Assistant was down."""
    task, now = task_at(Stage.READY)
    task, _ = step(task, DepotLost(), now)
    back = now + timedelta(days=2)
    task, _ = step(task, Resumed(), back)
    waiting, _ = step(task, TimePassed(), back + 2 * MINUTE)
    assert not waiting.is_ended
    given_up, _ = step(task, TimePassed(), back + 3 * MINUTE)
    assert given_up.cause is Cause.DEPOT_UNREACHABLE


def test_grant_ends_the_time_of_the_depot() -> None:
    """What follows has the deadlines of the download."""
    task, now = task_at(Stage.GRANTING)
    task, _ = follow(task, [DepotLost(), Granted(grant=a_grant()), Notified()], now + HOUR)
    assert task.deadline == now + timedelta(hours=25)


LONG: Final = Policy(report_timeout=timedelta(days=3))
RENEWED: Final = "grant-2"


def second_grant(now: datetime) -> GrantRef:
    """Return a grant of another day."""
    return GrantRef(
        id=RENEWED,
        url=a_grant().url,
        token=TOKEN[::-1],
        expires_at=now + timedelta(days=1),
    )


def expired(stage: Stage) -> tuple[Task, datetime]:
    """Return a task in mid-transfer whose grant has just ended, two days before its deadline."""
    task, _ = task_at(stage, policy=LONG)
    assert task.wake_at == a_grant().expires_at
    return task, a_grant().expires_at


@pytest.mark.parametrize("stage", [Stage.AWAITING_DOWNLOAD, Stage.DOWNLOADING])
@pytest.mark.parametrize("sign", [SignOfLife(), VersionReported(version=OLD)])
def test_expired_grant_is_renewed_for_a_device_that_is_there(stage: Stage, sign: Event) -> None:
    """The device is asked, and when it answers it gets a new token for the same task."""
    task, now = expired(stage)
    task, effects = step(task, TimePassed(), now)
    assert effects == (QueryVersion(),)
    assert task.wake_at == now + 5 * MINUTE
    task, effects = step(task, sign, now + SECOND)
    assert (task.granting, effects) == (True, (RequestGrant(),))
    again, effects = step(task, sign, now + SECOND)
    assert RequestGrant() not in effects

    task, effects = step(again, Granted(grant=second_grant(now)), now + 2 * SECOND)
    assert effects == (RevokeGrant(grant_id="grant-1"), Notify())
    assert task.grant == second_grant(now)
    assert (task.state, task.notified_at, task.renewals) == (State.AWAITING_DOWNLOAD, None, 1)


def test_renewed_grant_does_not_extend_the_deadline() -> None:
    """Download and report share one deadline, whatever number of grants they take."""
    task, now = expired(Stage.DOWNLOADING)
    deadline = task.deadline
    renewal = [SignOfLife(), Granted(grant=second_grant(now)), Notified()]
    task, _ = follow(task, renewal, now)
    assert (task.deadline, task.notified_at) == (deadline, now)
    assert task.wake_at == second_grant(now).expires_at
    task, _ = step(task, transfer(500, complete=False), now + HOUR)
    assert (task.state, task.deadline) == (State.DOWNLOADING, deadline)


def test_grant_that_ends_with_its_task_is_not_renewed() -> None:
    """By default both take a day: minutes before the end nobody gets a new token."""
    task, _ = task_at(Stage.DOWNLOADING)
    assert task.wake_at == task.deadline
    assert step(task, SignOfLife(), a_grant().expires_at) == (task, ())


def test_grant_that_still_counts_is_not_renewed() -> None:
    """A device that talks while it downloads keeps its token."""
    task, now = task_at(Stage.DOWNLOADING, policy=LONG)
    assert step(task, SignOfLife(), now + HOUR) == (task, ())


def test_depot_that_can_not_renew_now_is_asked_again() -> None:
    """With the device's next sign of life; the slot is kept, the deadline is the task's own."""
    task, now = expired(Stage.DOWNLOADING)
    deadline = task.deadline
    task, _ = follow(task, [SignOfLife(), GrantDelayed()], now)
    assert (task.granting, task.holds_slot, task.deadline) == (False, True, deadline)
    _, effects = step(task, SignOfLife(), now + SECOND)
    assert effects == (RequestGrant(),)


def test_depot_that_will_not_renew_ends_the_task() -> None:
    """The device could not go on."""
    task, now = expired(Stage.DOWNLOADING)
    refused = GrantRefused(cause=Cause.PACKAGE_WITHDRAWN)
    task, effects = follow(task, [SignOfLife(), refused], now)
    assert (task.cause, effects[-1]) == (Cause.PACKAGE_WITHDRAWN, RevokeGrant(grant_id="grant-1"))


@pytest.mark.parametrize(
    "end",
    [transfer(), ProgressReported(result_code=3), ProgressReported(result_code=0, version=NEW)],
)
def test_download_that_ends_meanwhile_needs_no_renewal(end: Event) -> None:
    """A grant that comes too late for its download is taken back."""
    task, now = expired(Stage.DOWNLOADING)
    late = [SignOfLife(), end, Granted(grant=second_grant(now))]
    task, effects = follow(task, late, now)
    assert task.state not in TRANSFER_STATES
    assert not task.granting
    assert effects[-1] == RevokeGrant(grant_id=RENEWED)
    assert task.grant == a_grant()


def test_renewal_that_a_restart_interrupts_is_asked_for_again() -> None:
    """The depot's answer to the old request is lost."""
    task, now = expired(Stage.DOWNLOADING)
    task, _ = follow(task, [SignOfLife(), Resumed()], now)
    assert not task.granting
    _, effects = step(task, VersionReported(version=OLD), now + SECOND)
    assert effects == (RequestGrant(),)
