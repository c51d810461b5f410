"""A device that leaves in the middle of something: what waits for it, how long, and what it shows."""

from datetime import timedelta
from typing import Final

import pytest

from custom_components.mqtt_ota.upgrade import (
    Cause,
    CellReported,
    Granted,
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
    Task,
    TimePassed,
    VersionReported,
    WentOffline,
    step,
)

from .builders import NEW, NOW, OLD, Stage, a_grant, a_task, follow, task_at, transfer

SECOND: Final = timedelta(seconds=1)
HOUR: Final = timedelta(hours=1)
QUERYING: Final = (Stage.QUERYING_CELL, Stage.QUERYING_VERSION)
CLAIM: Final = ProgressReported(result_code=0, progress=100, version=NEW)


@pytest.mark.parametrize("stage", QUERYING)
def test_device_that_leaves_while_it_is_asked_is_waited_for(stage: Stage) -> None:
    """It is asked again when it returns, and not while it is away."""
    task, now = task_at(stage)
    task, effects = step(task, WentOffline(), now)
    assert (task.state, effects, task.asked) == (State.WAITING_ONLINE, (), False)
    assert task.deadline == now + timedelta(hours=25)
    task, effects = step(task, SignOfLife(), now + HOUR)
    assert (task.state.value, len(effects)) == (stage.value, 1)


@pytest.mark.parametrize("stage", QUERYING)
def test_device_that_leaves_is_not_waited_for_without_leave_to_wait(stage: Stage) -> None:
    """Offline is a failure only for an upgrade that was not to wait."""
    policy = Policy(wait_online=False, query_cell=stage is Stage.QUERYING_CELL)
    task, now = task_at(stage, policy=policy)
    task, _ = step(task, WentOffline(), now)
    assert (task.state, task.cause) == (State.FAILED, Cause.DEVICE_OFFLINE)


def test_coming_and_going_never_extends_the_wait() -> None:
    """The deadline of the first wait holds, and fails a device that is away when it comes."""
    task, now = task_at(Stage.WAITING_ONLINE)
    first = task.deadline
    for _ in range(12):
        now += 2 * HOUR
        task, _ = follow(task, [SignOfLife(), WentOffline()], now)
        assert (task.state, task.deadline) == (State.WAITING_ONLINE, first)
    task, _ = step(task, SignOfLife(), now + HOUR)
    assert first is not None
    task, _ = step(task, WentOffline(), first)
    task, _ = step(task, TimePassed(), first)
    assert task.cause is Cause.ONLINE_TIMEOUT


def test_time_in_line_does_not_count_against_the_device() -> None:
    """A device that waited for two days behind others still has what was left of its wait."""
    task, now = task_at(Stage.WAITING_ONLINE)
    first = task.deadline
    assert first is not None
    task, _ = step(task, VersionReported(version=OLD), now + HOUR)
    task, effects = step(task, SlotFreed(), now + HOUR + timedelta(days=2))
    assert (task.state, effects) == (State.WAITING_ONLINE, (QueryVersion(),))
    assert task.deadline == first + timedelta(days=2)


def test_clock_that_was_set_back_in_line_shortens_no_wait() -> None:
    """Time in line is never less than none."""
    task, now = task_at(Stage.WAITING_ONLINE)
    first = task.deadline
    task, _ = step(task, VersionReported(version=OLD), now)
    task, _ = follow(task, [WentOffline(), SlotFreed()], now - HOUR)
    assert (task.state, task.deadline) == (State.WAITING_ONLINE, first)


def test_device_that_has_left_the_line_is_not_granted_a_download() -> None:
    """The slot is used to ask for the device first."""
    task, now = task_at(Stage.READY)
    task, effects = follow(task, [WentOffline(), SlotFreed()], now)
    assert (task.state, effects) == (State.WAITING_ONLINE, [QueryVersion()])


def test_device_that_is_back_in_line_in_time_keeps_its_place() -> None:
    """A version that is told again is as fresh as before."""
    task, now = task_at(Stage.READY)
    back = [WentOffline(), VersionReported(version=OLD), SlotFreed()]
    task, effects = follow(task, back, now)
    assert (task.granting, effects) == (True, [RequestGrant()])


@pytest.mark.parametrize("wait_online", [True, False])
def test_device_that_leaves_while_the_depot_is_asked(wait_online: bool) -> None:
    """The message would be lost: the grant is taken back, and the device waited for if it may be."""
    task, now = task_at(Stage.GRANTING, policy=Policy(wait_online=wait_online))
    task, effects = follow(task, [WentOffline(), Granted(grant=a_grant())], now)
    assert RevokeGrant(grant_id="grant-1") in effects
    assert (task.grant, task.holds_slot) == (None, False)
    if wait_online:
        assert task.state is State.WAITING_ONLINE
    else:
        assert (task.state, task.cause) == (State.FAILED, Cause.DEVICE_OFFLINE)


@pytest.mark.parametrize("stage", [Stage.AWAITING_DOWNLOAD, Stage.DOWNLOADING])
def test_going_offline_in_a_download_is_normal(stage: Stage) -> None:
    """It is remembered as that, and no restart is seen in it."""
    before, now = task_at(stage)
    task, effects = step(before, WentOffline(), now)
    assert (task.state, task.deadline, effects) == (before.state, before.deadline, ())
    assert task.went_offline
    done, _ = step(task, transfer(), now)
    assert (done.state, done.went_offline) == (State.AWAITING_UPDATE, False)


def rolled_back(task: Task, *, claims: bool, leaves: bool) -> Cause | None:
    """Return the cause after a device in its update came back with the old version."""
    now = task.state_since
    if leaves:
        task, _ = step(task, WentOffline(), now)
    if claims:
        task, _ = step(task, CLAIM, now)
    if task.state is not State.VERIFYING:
        assert task.deadline is not None
        now = task.deadline
        task, _ = step(task, TimePassed(), now)
    task, _ = follow(task, [VersionReported(version=OLD)], now)
    assert task.deadline is not None
    return step(task, TimePassed(), task.deadline)[0].cause


@pytest.mark.parametrize(
    ("leaves", "cause"), [(True, Cause.ROLLED_BACK), (False, Cause.RESULT_TIMEOUT)]
)
@pytest.mark.parametrize("stage", [Stage.AWAITING_UPDATE, Stage.UPDATING])
def test_old_version_after_a_restart_was_rolled_back(
    stage: Stage, leaves: bool, cause: Cause
) -> None:
    """Only a device that was seen to leave after the whole download has tried the new version."""
    task, _ = task_at(stage)
    if stage is Stage.AWAITING_UPDATE:
        task, _ = step(task, ProgressReported(result_code=0), task.state_since)
    assert rolled_back(task, claims=False, leaves=leaves) is cause


@pytest.mark.parametrize(
    ("served", "cause"), [(True, Cause.ROLLED_BACK), (False, Cause.RESULT_TIMEOUT)]
)
def test_old_version_after_a_claimed_success(served: bool, cause: Cause) -> None:
    """A claim counts as a start of the new version only where it was fetched at all."""
    task, now = task_at(Stage.DOWNLOADING)
    task, _ = follow(task, [CLAIM, VersionReported(version=OLD)], now)
    assert (task.claimed, task.downloaded) == (True, False)
    if served:
        task, _ = step(task, transfer(), now)
    assert (task.state, task.claimed, task.downloaded) == (State.VERIFYING, True, served)
    task, _ = step(task, TimePassed(), now + Policy().check_timeout)
    assert task.cause is cause


def test_restart_without_the_whole_download_rolls_nothing_back() -> None:
    """A device that leaves with half a package has nothing new to start."""
    task, now = task_at(Stage.DOWNLOADING)
    downloaded = ProgressReported(result_code=0, progress=100, version=OLD)
    task, _ = follow(task, [downloaded, WentOffline()], now)
    assert (task.state, task.went_offline) == (State.UPDATING, True)
    assert rolled_back(task, claims=False, leaves=True) is Cause.RESULT_TIMEOUT


@pytest.mark.parametrize("stage", [Stage.VERIFYING, Stage.WAITING_ONLINE, Stage.NEW])
def test_going_offline_changes_nothing_elsewhere(stage: Stage) -> None:
    """Neither a check nor a wait is disturbed."""
    before, now = task_at(stage)
    assert step(before, WentOffline(), now)[0] == before


def test_back_off_is_told_by_the_clock_and_outlives_none() -> None:
    """A clock that is set back by a day makes no device wait for a day."""
    task, now = task_at(Stage.QUERYING_VERSION)
    task, _ = step(task, WentOffline(), now)
    held, effects = step(task, SignOfLife(), now + SECOND)
    assert (held.state, effects) == (State.WAITING_ONLINE, ())
    caught, effects = step(task, SignOfLife(), now - timedelta(days=1))
    assert (caught.state, effects) == (State.QUERYING_VERSION, (QueryVersion(),))


def test_device_that_stays_is_asked_when_the_back_off_ends() -> None:
    """A sign of life that came too early is not forgotten."""
    task, now = task_at(Stage.QUERYING_VERSION)
    task, _ = step(task, WentOffline(), now)
    task, _ = step(task, SignOfLife(), now + SECOND)
    assert task.wake_at == task.negotiate_at == now + timedelta(seconds=5)
    task, effects = step(task, TimePassed(), now + timedelta(seconds=5))
    assert effects == (QueryVersion(),)
    task, _ = step(task, VersionReported(version=OLD), now + timedelta(seconds=6))
    assert task.state is State.QUEUED


def test_cell_then_version_is_one_negotiation() -> None:
    """The second question of a negotiation is not held back."""
    task, _ = step(a_task(policy=Policy(query_cell=True)), Started(online=True), NOW)
    task, effects = step(task, CellReported(cell_id="cell-1"), NOW + SECOND)
    assert (task.negotiations, effects) == (1, (QueryVersion(),))


def test_wait_that_ended_while_nobody_listened_gets_a_fair_chance() -> None:
    """A restart after the end of the wait leaves time for one answer, also in a later wait."""
    task, now = task_at(Stage.WAITING_ONLINE)
    late = now + timedelta(days=2)
    task, _ = follow(task, [Resumed(), SignOfLife(), WentOffline()], late)
    assert (task.state, task.deadline) == (State.WAITING_ONLINE, late + timedelta(minutes=3))
