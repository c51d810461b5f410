"""What holds for every task, whatever happens to it in whatever order."""

from datetime import timedelta
import json

from hypothesis import given, strategies as st
import pytest

from custom_components.mqtt_ota.upgrade import (
    CAUSES,
    Cause,
    Event,
    Origin,
    Policy,
    ProgressReported,
    State,
    Task,
    step,
)

from .builders import LIVE_STAGES, PATIENCE, THOROUGHNESS, TOKEN, Stage, task_at
from .strategies import EVENTS, PAUSES, POLICIES, PROGRESS, QUIET_EVENTS, left_alone

pytestmark = pytest.mark.timeout(PATIENCE)


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
    left_alone(task, now)


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
        conflicts = task.cause is Cause.TASK_CONFLICT and report.result_code == 1
        assert conflicts or CAUSES[task.cause].origin is not Origin.PLATFORM
        told = report.description
        assert task.description == (None if told is None else told.replace(TOKEN, "…"))
        assert task.result_code == report.result_code
        assert report.result_code not in (0, 3)
        assert before.notified_at is not None
