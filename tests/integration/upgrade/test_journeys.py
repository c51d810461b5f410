"""A task under random events, a random clock and restarts: what always holds."""

from datetime import datetime, timedelta
import json
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
import pytest

from custom_components.mqtt_ota.upgrade import (
    MAX_HISTORY,
    RETRYABLE,
    TRANSFER_STATES,
    CancelRequested,
    Cause,
    Effect,
    Event,
    Granted,
    Notify,
    PackageGone,
    PackageRef,
    Policy,
    ProgressReported,
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
    TransferSeen,
    VersionReported,
    step,
    successor,
)

from .builders import (
    JOURNEYS,
    LIVE_STAGES,
    NEW,
    NOW,
    PATIENCE,
    TOKEN,
    Stage,
    a_grant,
    a_task,
    task_at,
)
from .strategies import EVENTS, PACKAGES, PAUSES, POLICIES, QUIET_EVENTS, explore, left_alone

_BEFORE_GRANT: Final = {
    State.WAITING_ONLINE,
    State.QUERYING_CELL,
    State.QUERYING_VERSION,
    State.QUEUED,
}


class Journey(RuleBasedStateMachine):
    """One task; every step is also taken by a copy that has been saved and loaded."""

    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        """Begin with a task that every journey replaces first."""
        super().__init__()
        self.task = a_task()
        self.now = NOW
        self.granted: set[str] = set()
        self.grants = 0  # the depot gives each grant an id of its own

    @initialize(
        stage=st.sampled_from(LIVE_STAGES), policy=POLICIES, package=PACKAGES, pinned=st.booleans()
    )
    def begin(self, stage: Stage, policy: Policy, package: PackageRef, pinned: bool) -> None:
        """Begin anywhere, so that short journeys see the late states as well."""
        self.task, self.now = task_at(stage, policy=policy, package=package, pinned=pinned)
        if self.task.grant is not None:
            self.granted.add(self.task.grant.id)

    @rule(event=QUIET_EVENTS, pause=PAUSES)
    def something_happens(self, event: Event, pause: timedelta) -> None:
        """Let anything happen after any time."""
        self.now += pause
        self._take(event)

    @rule(event=EVENTS)
    def something_happens_at_once(self, event: Event) -> None:
        """Let anything happen in the same moment."""
        self._take(event)

    @rule()
    def the_wanted_time_comes(self) -> None:
        """Wake the task when it wants."""
        if self.task.wake_at is not None:
            self.now = max(self.now, self.task.wake_at)
            self._take(TimePassed())

    @rule(pause=PAUSES)
    def everything_restarts(self, pause: timedelta) -> None:
        """Go on with what was saved, after a time in which nobody listened."""
        self.task = saved_and_loaded(self.task)
        self.now += pause
        self._take(Resumed())

    @precondition(lambda self: self.task.is_ended)
    @rule(number=st.integers(min_value=2, max_value=9))
    def it_is_tried_again(self, number: int) -> None:
        """Begin the next attempt, with the history of those before it."""
        self.task = successor(self.task, f"task-{number}", self.now)
        assert self.task.wants_turn

    @invariant()
    def token_is_in_no_text(self) -> None:
        """Show no token in any text of the task."""
        assert TOKEN not in repr(self.task)

    @invariant()
    def deadline_is_never_lost(self) -> None:
        """Have a deadline wherever a state must be left by itself, and after the end none."""
        task = self.task
        if task.state is not State.QUEUED:
            assert (task.deadline is None) == task.is_ended
        if task.probe_at is not None:
            assert task.deadline is not None

    @invariant()
    def fields_agree(self) -> None:
        """Have a cause exactly with its ends, and a grant exactly from grant to end."""
        task = self.task
        if task.state is State.CANCELLED:
            assert task.cause in (None, Cause.SUPERSEDED)
        else:
            assert (task.cause is not None) == (task.state is State.FAILED)
        if task.retry_at is not None:
            assert task.cause in RETRYABLE
        if task.description is not None:
            assert task.result_code is not None or task.cause is Cause.SUPERSEDED
        assert (task.grant is None) == (task.is_ended or task.state in _BEFORE_GRANT)
        assert not task.granting or task.state in TRANSFER_STATES | {State.QUEUED}
        assert task.holds_slot == (task.granting or task.state in TRANSFER_STATES)
        assert self.granted == ({task.grant.id} if task.grant else set())

    @invariant()
    def progress_is_a_share(self) -> None:
        """Show progress of a download only, from 0 to 100."""
        progress = self.task.progress
        assert progress is None or 0 <= progress <= 100
        assert (progress is not None) == (self.task.state is State.DOWNLOADING)

    @invariant()
    def history_is_bounded_and_true(self) -> None:
        """Remember the present state last, and never more than there is room for."""
        history = self.task.history
        assert len(history) <= MAX_HISTORY
        if history and not self.task.wants_turn:
            assert history[-1].state is self.task.state
            assert history[-1].at == self.task.state_since
            assert history[-1].cause is self.task.cause

    def teardown(self) -> None:
        """Leave the task alone: with every source silent it ends by its deadline."""
        left_alone(self.task, self.now)

    def _take(self, event: Event) -> None:
        """Take a step and check what holds between a task and the next."""
        Journey.steps += 1
        if isinstance(event, Granted):
            self.grants += 1
            event = Granted(grant=a_grant(f"another-{self.grants}"))
        before, now = self.task, self.now
        task, effects = step(before, event, now)
        assert (task, effects) == step(saved_and_loaded(before), event, now)
        check_end(before, task, event)
        check_deadline(before, task, event, now)
        check_success(before, task, event)
        check_effects(before, task, event, effects)
        if task.state is before.state and before.progress is not None:
            assert task.progress is not None
            assert task.progress >= before.progress
        if isinstance(event, Granted) and task.grant == event.grant:
            self.granted.add(event.grant.id)
        for effect in effects:
            if isinstance(effect, RevokeGrant):
                self.granted.discard(effect.grant_id)
        self.task = task


def saved_and_loaded(task: Task) -> Task:
    """Return a task as a restart finds it."""
    restored = Task.from_dict(json.loads(json.dumps(task.as_dict())))
    assert restored == task
    return restored


def check_end(before: Task, task: Task, event: Event) -> None:
    """Check that ended stays ended, and that only two events cancel."""
    if before.is_ended:
        assert task is before
    elif task.state is State.CANCELLED:
        assert isinstance(event, CancelRequested | Superseded)
        assert (task.cause is Cause.SUPERSEDED) == isinstance(event, Superseded)
    assert task.wake_at is None or not task.is_ended


def check_deadline(before: Task, task: Task, event: Event, now: datetime) -> None:
    """Check that a passed deadline is acted on, and that staying never moves one."""
    if before.deadline is None:
        return
    if isinstance(event, TimePassed) and before.deadline <= now:
        assert task.state is not before.state
    same_stay = task.state is before.state and task.state_since == before.state_since
    if same_stay and task.deadline is not None and not isinstance(event, Resumed):
        assert task.deadline == before.deadline or before.notified_at is None


def check_success(before: Task, task: Task, event: Event) -> None:
    """Check that success comes only from the new version, told or claimed and proven."""
    if task.state is not State.SUCCEEDED or before.is_ended:
        return
    if isinstance(event, TransferSeen):
        assert event.complete
        assert before.claimed
        assert before.reported_version is None
        return
    assert isinstance(event, VersionReported | ProgressReported)
    assert event.version == NEW
    if isinstance(event, ProgressReported):
        assert before.downloaded
        assert event.result_code == 0


def check_effects(before: Task, task: Task, event: Event, effects: tuple[Effect, ...]) -> None:
    """Check that no report starts anything and that no grant is left over."""
    revoked = {effect.grant_id for effect in effects if isinstance(effect, RevokeGrant)}
    held = {grant.id for grant in (before.grant,) if grant is not None}
    if isinstance(event, Granted):
        held.add(event.grant.id)
    assert revoked == held - {grant.id for grant in (task.grant,) if grant is not None}
    if RequestGrant() in effects:
        renews = before.state in TRANSFER_STATES and isinstance(event, SignOfLife | VersionReported)
        assert renews or (before.wants_slot and isinstance(event, SlotFreed))
        assert task.granting
        assert not before.granting
    if Notify() in effects:
        assert isinstance(event, Granted | Resumed)
        assert task.grant is not None
        assert task.notified_at is None
    starts = Started | Resumed | CancelRequested | PackageGone | Superseded
    if before.wants_turn and not isinstance(event, starts):
        assert task.wants_turn


@pytest.mark.timeout(PATIENCE)
def test_no_order_of_events_breaks_what_always_holds() -> None:
    """No order of events breaks what always holds, and none raises."""
    before = Journey.steps
    explore(Journey, examples=JOURNEYS, length=40)
    assert Journey.steps - before > 500


@pytest.mark.long
@pytest.mark.timeout(600)
def test_fifty_thousand_steps() -> None:
    """Neither do long ways, with many attempts and restarts."""
    wanted = Journey.steps + 50_000
    while Journey.steps < wanted:
        explore(Journey, examples=25, length=300)
