"""What holds for every task, whatever happens to it in whatever order."""

from datetime import timedelta
import json
from typing import Final

from hypothesis import given, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
import pytest

from custom_components.mqtt_ota.upgrade import (
    CAUSES,
    TRANSFER_STATES,
    CancelRequested,
    Cause,
    CellReported,
    Effect,
    Event,
    GrantDelayed,
    Granted,
    GrantRefused,
    Notified,
    Notify,
    Origin,
    PackageGone,
    Policy,
    ProgressReported,
    RequestGrant,
    Resumed,
    RevokeGrant,
    SignOfLife,
    SlotFreed,
    Started,
    State,
    Task,
    TimePassed,
    TransferSeen,
    VersionReported,
    step,
)

from .builders import (
    JOURNEYS,
    LIVE_STAGES,
    NEW,
    NOW,
    OLD,
    OTHER,
    PATIENCE,
    SIZE,
    THOROUGHNESS,
    TOKEN,
    Stage,
    a_grant,
    a_package,
    a_task,
    task_at,
)

pytestmark = pytest.mark.timeout(PATIENCE)

# Two days of queries every quarter of an hour, with room for the states before and after
_WAKES: Final = 400

STAGE_TIMEOUTS: Final = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2))
ANSWER_TIMEOUTS: Final = st.timedeltas(min_value=timedelta(0), max_value=timedelta(minutes=30))
POLICIES: Final = st.just(Policy()) | st.builds(
    Policy,
    online_timeout=STAGE_TIMEOUTS,
    cell_timeout=ANSWER_TIMEOUTS,
    version_timeout=ANSWER_TIMEOUTS,
    grant_lifetime=STAGE_TIMEOUTS,
    report_timeout=STAGE_TIMEOUTS,
    check_timeout=ANSWER_TIMEOUTS,
    wait_online=st.booleans(),
    query_cell=st.booleans(),
)
VERSIONS: Final = st.sampled_from([OLD, OLD, NEW, OTHER, ""]) | st.none()
TEXTS: Final = st.none() | st.sampled_from(["failed", *(CAUSES[cause].message for cause in Cause)])
PROGRESS: Final = st.builds(
    ProgressReported,
    result_code=st.sampled_from([0, 0, 0, *range(-1, 12), 255]),
    progress=st.none() | st.integers(min_value=-10, max_value=110),
    version=VERSIONS,
    description=TEXTS,
)
TRANSFERS: Final = st.builds(
    TransferSeen,
    bytes_served=st.integers(min_value=0, max_value=2 * SIZE),
    requests=st.integers(min_value=0, max_value=3),
    complete=st.booleans(),
)
# Nothing here starts, hears or ends a task by itself
QUIET_EVENTS: Final[st.SearchStrategy[Event]] = st.one_of(
    st.sampled_from([SignOfLife(), SlotFreed(), Notified(), GrantDelayed(), TimePassed()]),
    st.builds(Started, online=st.none() | st.booleans()),
    st.builds(CellReported, cell_id=st.just("cell-1")),
    st.builds(VersionReported, version=VERSIONS),
    st.builds(Granted, grant=st.just(a_grant("another"))),
    PROGRESS,
    TRANSFERS,
)
EVENTS: Final[st.SearchStrategy[Event]] = st.one_of(
    QUIET_EVENTS,
    st.builds(GrantRefused, cause=st.sampled_from(Cause)),
    st.builds(PackageGone, deleted=st.booleans()),
    st.sampled_from([Resumed(), CancelRequested()]),
)
# Clocks are set, too, and not only forward
PAUSES: Final = st.timedeltas(min_value=-timedelta(hours=2), max_value=timedelta(days=2)) | (
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(minutes=2))
)
PACKAGES: Final = st.builds(
    a_package,
    size=st.sampled_from([0, 1, SIZE, 2**40]),
    source_versions=st.sampled_from([(), (OLD,), (OLD, OTHER)]),
)


class Journey(RuleBasedStateMachine):
    """A task under random events, a random clock and restarts."""

    def __init__(self) -> None:
        """Begin with a task that every journey replaces first."""
        super().__init__()
        self.task = a_task()
        self.now = NOW
        self.granted: set[str] = set()
        self.grants = 0  # the depot gives each grant an id of its own

    @initialize(stage=st.sampled_from(LIVE_STAGES), policy=POLICIES, package=PACKAGES)
    def begin(self, stage: Stage, policy: Policy, package: object) -> None:
        """Begin anywhere, so that short journeys see the late states as well."""
        self.task, self.now = task_at(stage, policy=policy, package=package)
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
        """Save the task, load it again, and resume."""
        restored = Task.from_dict(json.loads(json.dumps(self.task.as_dict())))
        assert restored == self.task
        assert repr(restored) == repr(self.task)
        self.task = restored
        self.now += pause
        self._take(Resumed())

    @invariant()
    def token_is_in_no_text(self) -> None:
        """Show no token in any text of the task."""
        assert TOKEN not in f"{self.task} {self.task!r}"

    @invariant()
    def deadline_is_never_lost(self) -> None:
        """Have a deadline exactly where a state must be left by itself."""
        task = self.task
        assert (task.deadline is None) == (task.is_ended or task.state is State.QUEUED)
        if task.probe_at is not None:
            assert task.deadline is not None

    @invariant()
    def fields_agree(self) -> None:
        """Have a cause exactly when failed, and a grant exactly from grant to end."""
        task = self.task
        assert (task.cause is not None) == (task.state is State.FAILED)
        assert task.description is None or task.cause is not None
        before_grant = task.is_ended or task.state in {
            State.WAITING_ONLINE,
            State.QUERYING_CELL,
            State.QUERYING_VERSION,
            State.QUEUED,
        }
        assert (task.grant is None) == before_grant
        assert not task.granting or task.state is State.QUEUED
        assert task.holds_slot == (task.granting or task.state in TRANSFER_STATES)
        assert self.granted == ({task.grant.id} if task.grant else set())

    @invariant()
    def progress_is_a_share(self) -> None:
        """Show progress of a download only, from 0 to 100."""
        progress = self.task.progress
        assert progress is None or 0 <= progress <= 100
        assert (progress is not None) == (self.task.state is State.DOWNLOADING)

    def _take(self, event: Event) -> None:
        """Take a step and check what holds between a task and the next."""
        if isinstance(event, Granted):
            self.grants += 1
            event = Granted(grant=a_grant(f"another-{self.grants}"))
        before, now = self.task, self.now
        task, effects = step(before, event, now)
        assert (task, effects) == step(before, event, now)
        _check_end(before, task, event)
        _check_success(before, task, event)
        _check_effects(before, task, event, effects)
        if task.state is before.state and before.progress is not None:
            assert task.progress is not None
            assert task.progress >= before.progress
        if isinstance(event, Granted) and task.grant == event.grant:
            self.granted.add(event.grant.id)
        for effect in effects:
            if isinstance(effect, RevokeGrant):
                self.granted.discard(effect.grant_id)
        self.task = task


def _check_end(before: Task, task: Task, event: Event) -> None:
    """Check that ended stays ended, and that only a cancellation cancels."""
    if before.is_ended:
        assert task is before
    elif task.state is State.CANCELLED:
        assert isinstance(event, CancelRequested)
    assert task.wake_at is None or not task.is_ended


def _check_success(before: Task, task: Task, event: Event) -> None:
    """Check that success comes only from a report of the new version."""
    if task.state is not State.SUCCEEDED or before.is_ended:
        return
    assert isinstance(event, VersionReported | ProgressReported)
    assert event.version == NEW
    if isinstance(event, ProgressReported):
        assert before.downloaded
        assert event.result_code == 0


def _check_effects(before: Task, task: Task, event: Event, effects: tuple[Effect, ...]) -> None:
    """Check that no report starts anything and that no grant is left over."""
    ended = task.is_ended and not before.is_ended
    expected: list[str] = []
    if (isinstance(event, Granted) and task.grant != event.grant) or (
        isinstance(event, Granted) and before.grant is not None
    ):
        expected = [event.grant.id]
    elif ended and before.grant is not None:
        expected = [before.grant.id]
    revoked = [effect.grant_id for effect in effects if isinstance(effect, RevokeGrant)]
    assert revoked == expected
    if RequestGrant() in effects:
        assert isinstance(event, SlotFreed)
        assert before.wants_slot
    if Notify() in effects:
        assert isinstance(event, Granted | Resumed)
        assert task.grant is not None
        assert task.notified_at is None
    if not isinstance(event, Started | Resumed | CancelRequested | PackageGone) and (
        before.wants_turn
    ):
        assert task.wants_turn


def test_journeys() -> None:
    """No order of events breaks what always holds, and none raises."""
    run_state_machine_as_test(Journey, settings=JOURNEYS)


@THOROUGHNESS
@given(
    stage=st.sampled_from(LIVE_STAGES),
    policy=POLICIES,
    events=st.lists(st.tuples(PAUSES, QUIET_EVENTS), max_size=6),
)
def test_task_that_only_time_passes_for_ends(
    stage: Stage, policy: Policy, events: list[tuple[timedelta, Event]]
) -> None:
    """Woken at the times that it wants, every task ends, but for one that stands in line."""
    task, now = task_at(stage, policy=policy)
    for pause, event in events:
        now += pause
        task, _ = step(task, event, now)
    for _ in range(_WAKES):
        if task.is_ended or task.state is State.QUEUED:
            break
        assert task.wake_at is not None
        now = max(now, task.wake_at)
        before = task
        task, _ = step(task, TimePassed(), now)
        assert task != before
    assert task.is_ended or task.state is State.QUEUED
    if task.state is State.QUEUED:
        assert task.wake_at is None


@THOROUGHNESS
@given(
    stage=st.sampled_from(LIVE_STAGES),
    policy=POLICIES,
    events=st.lists(st.tuples(PAUSES, EVENTS), max_size=12),
)
def test_same_events_have_the_same_result_with_restarts_between(
    stage: Stage, policy: Policy, events: list[tuple[timedelta, Event]]
) -> None:
    """A replay of what happened gives the same task, also through the store at each step."""
    once, now = task_at(stage, policy=policy)
    again = once
    for pause, event in events:
        now += pause
        once, wanted = step(once, event, now)
        again = Task.from_dict(json.loads(json.dumps(again.as_dict())))
        again, wanted_again = step(again, event, now)
        assert (again, wanted_again) == (once, wanted)


@THOROUGHNESS
@given(stage=st.sampled_from(LIVE_STAGES), report=PROGRESS)
def test_device_is_blamed_only_for_what_it_said(stage: Stage, report: ProgressReported) -> None:
    """A report that fails a task has a cause of devices or of our own, with its words."""
    before, now = task_at(stage)
    task, _ = step(before, report, now)
    if task.state is State.FAILED:
        assert task.cause is not None
        assert CAUSES[task.cause].origin is not Origin.PLATFORM
        assert task.description == report.description
        assert report.result_code not in (0, 3)
        assert before.notified_at is not None
