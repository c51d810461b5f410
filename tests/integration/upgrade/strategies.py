"""What can happen to a task, for tests that let it happen in any order."""

from datetime import datetime, timedelta
from typing import Final

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from custom_components.mqtt_ota.upgrade import (
    CAUSES,
    CancelRequested,
    Cause,
    CellReported,
    DepotFound,
    DepotLost,
    Event,
    GrantDelayed,
    Granted,
    GrantRefused,
    Notified,
    PackageGone,
    Policy,
    ProgressReported,
    Resumed,
    SignOfLife,
    SlotFreed,
    Started,
    State,
    Superseded,
    Task,
    TimePassed,
    TransferSeen,
    VersionReported,
    WentOffline,
    step,
)

from .builders import NEW, OLD, OTHER, SIZE, TOKEN, a_grant, a_package

# Queries every few minutes for days, with room for the states before and after
_WAKES: Final = 5_000

STAGE_TIMEOUTS: Final = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2))
ANSWER_TIMEOUTS: Final = st.timedeltas(min_value=timedelta(0), max_value=timedelta(minutes=30))
POLICIES: Final = st.just(Policy()) | st.builds(
    Policy,
    online_timeout=STAGE_TIMEOUTS,
    cell_timeout=ANSWER_TIMEOUTS,
    version_timeout=ANSWER_TIMEOUTS,
    depot_timeout=STAGE_TIMEOUTS,
    grant_lifetime=STAGE_TIMEOUTS,
    report_timeout=STAGE_TIMEOUTS,
    download_start_timeout=st.none() | STAGE_TIMEOUTS,
    download_timeout=st.none() | STAGE_TIMEOUTS,
    update_start_timeout=st.none() | STAGE_TIMEOUTS,
    check_timeout=ANSWER_TIMEOUTS,
    wait_online=st.booleans(),
    query_cell=st.booleans(),
    retry_count=st.integers(min_value=0, max_value=5),
)
PACKAGES: Final = st.builds(
    a_package,
    size=st.sampled_from([0, 1, SIZE, 2**40]),
    source_versions=st.sampled_from([(), (OLD,), (OLD, OTHER)]),
)
VERSIONS: Final = st.sampled_from([OLD, OLD, NEW, OTHER, ""]) | st.none()
TEXTS: Final = st.none() | st.sampled_from(
    ["failed", f"401 for {TOKEN}", *(CAUSES[cause].message for cause in Cause)]
)
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
    refusals=st.integers(min_value=0, max_value=3),
    unauthorized=st.integers(min_value=0, max_value=3),
    gap_end=st.sampled_from([0, 0, SIZE]),
    left_open=st.booleans(),
)
# Nothing here starts, hears or ends a task by itself
QUIET_EVENTS: Final[st.SearchStrategy[Event]] = st.one_of(
    st.sampled_from(
        [
            SignOfLife(),
            WentOffline(),
            SlotFreed(),
            Notified(message_size=430),
            GrantDelayed(),
            DepotLost(),
            DepotFound(),
            TimePassed(),
        ]
    ),
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
    st.builds(Superseded, version=st.sampled_from([NEW, OTHER])),
    st.sampled_from([Resumed(), CancelRequested()]),
)
# Clocks are set, too, and not only forward
PAUSES: Final = st.timedeltas(min_value=-timedelta(hours=2), max_value=timedelta(days=2)) | (
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(minutes=2))
)


def left_alone(task: Task, now: datetime) -> tuple[Task, datetime]:
    """Return what becomes of a task that is woken when it wants and hears nothing, and when.

    It ends, by its deadline and the check after it, unless it stands in line.
    """
    last = None if task.deadline is None else max(now, task.deadline)
    for _ in range(_WAKES):
        if task.wake_at is None:
            break
        now = max(now, task.wake_at)
        before = task
        task, _ = step(task, TimePassed(), now)
        assert task != before
    if last is None:
        assert task.is_ended or task.state is State.QUEUED
    else:
        assert task.is_ended
        assert now <= last + task.policy.check_timeout
    return task, now


def explore(machine: type[RuleBasedStateMachine], *, examples: int, length: int) -> None:
    """Take a machine along random ways; a slow computer is no failure."""
    checks = settings(
        max_examples=examples,
        stateful_step_count=length,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=checks)
