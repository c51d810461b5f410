"""Every event in every state, and who may do what when."""

from datetime import timedelta
from typing import Final

import pytest

from custom_components.mqtt_ota.upgrade import (
    TRANSFER_STATES,
    CancelRequested,
    Cause,
    CellReported,
    DepotFound,
    DepotLost,
    Effect,
    Event,
    GrantDelayed,
    Granted,
    GrantRefused,
    Notified,
    Notify,
    PackageGone,
    Policy,
    ProgressReported,
    QueryCell,
    QueryVersion,
    RequestGrant,
    Resumed,
    RevokeGrant,
    SignOfLife,
    SlotFreed,
    Started,
    State,
    Superseded,
    TimePassed,
    TransferSeen,
    VersionReported,
    WentOffline,
    step,
)

from .builders import (
    ENDED_STAGES,
    LIVE_STAGES,
    NEW,
    OLD,
    OTHER,
    PAUSE,
    Stage,
    a_grant,
    a_package,
    a_task,
    follow,
    task_at,
    transfer,
)

SECOND: Final = timedelta(seconds=1)
SECOND_GRANT: Final = a_grant("grant-2")

EVENTS: Final[dict[str, Event]] = {
    "started online": Started(online=True),
    "started offline": Started(online=False),
    "started unknown": Started(online=None),
    "sign of life": SignOfLife(),
    "offline": WentOffline(),
    "cell": CellReported(cell_id="cell-1"),
    "no version": VersionReported(version=None),
    "old version": VersionReported(version=OLD),
    "new version": VersionReported(version=NEW),
    "other version": VersionReported(version=OTHER),
    "slot": SlotFreed(),
    "granted": Granted(grant=SECOND_GRANT),
    "grant delayed": GrantDelayed(),
    "grant refused": GrantRefused(cause=Cause.PACKAGE_WITHDRAWN),
    "depot lost": DepotLost(),
    "depot found": DepotFound(),
    "notified": Notified(),
    "no request": TransferSeen(bytes_served=0, requests=0, complete=False),
    "part served": transfer(420, complete=False),
    "all served": transfer(),
    "progress 42": ProgressReported(result_code=0, progress=42, version=OLD),
    "progress 99 of new": ProgressReported(result_code=0, progress=99, version=NEW),
    "progress 100 of old": ProgressReported(result_code=0, progress=100, version=OLD),
    "bare code 0": ProgressReported(result_code=0),
    "success": ProgressReported(result_code=0, progress=100, version=NEW),
    "already latest": ProgressReported(result_code=3),
    "failure": ProgressReported(result_code=10, progress=100, version=NEW),
    "withdrawn": PackageGone(deleted=False),
    "deleted": PackageGone(deleted=True),
    "superseded": Superseded(version="1.5.0"),
    "resumed": Resumed(),
    "time": TimePassed(),
    "cancel": CancelRequested(),
}

type Expected = tuple[State, *tuple[type[Effect], ...]]

_QUERYING: Final = (State.QUERYING_VERSION, QueryVersion)
_VERIFYING: Final = (State.VERIFYING, QueryVersion)
_AGAIN_CELL: Final = (State.QUERYING_CELL, QueryCell)
_SUCCEEDED: Final = (State.SUCCEEDED,)
_FAILED: Final = (State.FAILED,)
_CANCELLED: Final = (State.CANCELLED,)
# Where a grant is held, it dies with the task
_SUCCEEDED_GRANT: Final = (State.SUCCEEDED, RevokeGrant)
_FAILED_GRANT: Final = (State.FAILED, RevokeGrant)
_CANCELLED_GRANT: Final = (State.CANCELLED, RevokeGrant)

_BEFORE_GRANT: Final[dict[str, Expected]] = {
    "withdrawn": _FAILED,
    "deleted": _FAILED,
    "superseded": _CANCELLED,
    "cancel": _CANCELLED,
}
_WITH_GRANT: Final[dict[str, Expected]] = {
    "new version": _SUCCEEDED_GRANT,
    "other version": _FAILED_GRANT,
    "failure": _FAILED_GRANT,
    "cancel": _CANCELLED_GRANT,
}
_TRANSFER: Final[dict[str, Expected]] = {
    **_WITH_GRANT,
    "part served": (State.DOWNLOADING,),
    "all served": (State.AWAITING_UPDATE,),
    "progress 42": (State.DOWNLOADING,),
    "progress 99 of new": (State.DOWNLOADING,),
    "progress 100 of old": (State.AWAITING_UPDATE,),
    "bare code 0": (State.DOWNLOADING,),
    "success": _VERIFYING,
    "already latest": _VERIFYING,
    "deleted": _FAILED_GRANT,
}
# What is not in the table changes neither the state nor anything in the world; a grant
# that nobody asked for is given back.
TABLE: Final[dict[Stage, dict[str, Expected]]] = {
    Stage.NEW: {
        **_BEFORE_GRANT,
        "started online": _QUERYING,
        "started offline": (State.WAITING_ONLINE, QueryVersion),
        "started unknown": (State.WAITING_ONLINE, QueryVersion),
    },
    Stage.WAITING_ONLINE: {
        **_BEFORE_GRANT,
        "sign of life": _QUERYING,
        "cell": _QUERYING,
        "no version": _QUERYING,
        "old version": (State.QUEUED,),
        "new version": _SUCCEEDED,
        "other version": _FAILED,
        "progress 42": _QUERYING,
        "progress 99 of new": _QUERYING,
        "progress 100 of old": _QUERYING,
        "bare code 0": _QUERYING,
        "success": _QUERYING,
        "already latest": _QUERYING,
        "failure": _QUERYING,
        "resumed": (State.WAITING_ONLINE, QueryVersion),
    },
    Stage.QUERYING_CELL: {
        **_BEFORE_GRANT,
        "cell": _QUERYING,
        "offline": (State.WAITING_ONLINE,),
        "resumed": _AGAIN_CELL,
    },
    Stage.QUERYING_VERSION: {
        **_BEFORE_GRANT,
        "old version": (State.QUEUED,),
        "new version": _SUCCEEDED,
        "other version": _FAILED,
        "offline": (State.WAITING_ONLINE,),
        "resumed": _QUERYING,
    },
    Stage.READY: {
        **_BEFORE_GRANT,
        "slot": (State.QUEUED, RequestGrant),
        "new version": _SUCCEEDED,
        "other version": _FAILED,
    },
    Stage.GRANTING: {
        **_BEFORE_GRANT,
        "granted": (State.AWAITING_DOWNLOAD, Notify),
        "grant refused": _FAILED,
        "new version": _SUCCEEDED,
        "other version": _FAILED,
    },
    Stage.AWAITING_DOWNLOAD: {**_TRANSFER, "resumed": (State.AWAITING_DOWNLOAD, QueryVersion)},
    Stage.DOWNLOADING: {**_TRANSFER, "resumed": (State.DOWNLOADING, QueryVersion)},
    Stage.AWAITING_UPDATE: {
        **_WITH_GRANT,
        "sign of life": (State.AWAITING_UPDATE, QueryVersion),
        "no version": (State.AWAITING_UPDATE, QueryVersion),
        "offline": (State.UPDATING,),
        "old version": (State.UPDATING,),
        "progress 100 of old": (State.UPDATING,),
        "bare code 0": (State.UPDATING,),
        "success": _SUCCEEDED_GRANT,
        "already latest": _VERIFYING,
        "resumed": (State.AWAITING_UPDATE, QueryVersion),
    },
    Stage.UPDATING: {
        **_WITH_GRANT,
        "sign of life": (State.UPDATING, QueryVersion),
        "no version": (State.UPDATING, QueryVersion),
        "old version": _VERIFYING,
        "success": _SUCCEEDED_GRANT,
        "already latest": _VERIFYING,
        "resumed": (State.UPDATING, QueryVersion),
    },
    Stage.VERIFYING: {
        **_WITH_GRANT,
        "success": _SUCCEEDED_GRANT,
        "resumed": _VERIFYING,
    },
    Stage.SUCCEEDED: {},
    Stage.FAILED: {},
    Stage.CANCELLED: {},
}


def test_table_is_whole() -> None:
    """No kind of event and no stage is left out of the table."""
    assert {type(event) for event in EVENTS.values()} == set(Event.__value__.__args__)
    assert set(TABLE) == set(Stage)
    assert {state for stage in Stage for state in (task_at(stage)[0].state,)} == set(State)
    assert all(set(row) <= set(EVENTS) for row in TABLE.values())


@pytest.mark.parametrize("stage", Stage)
def test_events_in_stage(stage: Stage) -> None:
    """Each event leads exactly where the table says, and wants exactly that."""
    before, now = task_at(stage)
    expected: dict[str, Expected] = dict.fromkeys(EVENTS, (before.state,))
    expected |= {"granted": (before.state, RevokeGrant)} | TABLE[stage]

    outcomes: dict[str, Expected] = {}
    for name, event in EVENTS.items():
        task, effects = step(before, event, now + SECOND)
        outcomes[name] = (task.state, *map(type, effects))
        entered = before.state_since if task.state is before.state else now + SECOND
        assert task.state_since == entered, name

    assert outcomes == expected


@pytest.mark.parametrize("stage", ENDED_STAGES)
def test_nothing_changes_an_ended_task(stage: Stage) -> None:
    """After the end every event is ignored, even one much later."""
    before, now = task_at(stage)
    assert before.wake_at is None
    for event in EVENTS.values():
        task, _ = step(before, event, now + timedelta(days=30))
        assert task is before


@pytest.mark.parametrize("stage", LIVE_STAGES)
def test_cancelling_revokes_the_grant_that_is_held(stage: Stage) -> None:
    """A user may give up at any time; what was granted is taken back, and only that."""
    before, now = task_at(stage)
    task, effects = step(before, CancelRequested(), now + SECOND)
    assert task.state is State.CANCELLED
    assert task.cause is None
    assert task.grant is None
    assert not task.asked
    expected = [] if before.grant is None else [RevokeGrant(grant_id="grant-1")]
    assert list(effects) == expected


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.GRANTING])
def test_grant_that_nobody_waits_for_is_revoked(stage: Stage) -> None:
    """A second grant, or one that comes after the end, must not live on."""
    before, now = task_at(stage)
    task, effects = step(before, Granted(grant=SECOND_GRANT), now + SECOND)
    assert task == before
    assert effects == (RevokeGrant(grant_id="grant-2"),)


def test_grant_after_the_end_of_its_own_request_is_revoked() -> None:
    """A task that is cancelled while the depot thinks about its grant leaves none behind."""
    before, now = task_at(Stage.GRANTING)
    task, effects = follow(before, [CancelRequested(), Granted(grant=a_grant())], now + SECOND)
    assert task.state is State.CANCELLED
    assert task.grant is None
    assert not task.holds_slot
    assert effects == [RevokeGrant(grant_id="grant-1")]


def test_granted_task_holds_its_grant() -> None:
    """The grant is kept for the message, for the depot's transfers and for a restart."""
    task, _ = task_at(Stage.AWAITING_DOWNLOAD)
    assert task.grant == a_grant()
    assert not task.granting


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        (GrantRefused(cause=Cause.PACKAGE_WITHDRAWN), Cause.PACKAGE_WITHDRAWN),
        (GrantRefused(cause=Cause.TASK_CONFLICT), Cause.TASK_CONFLICT),
        (PackageGone(deleted=False), Cause.PACKAGE_WITHDRAWN),
        (PackageGone(deleted=True), Cause.PACKAGE_WITHDRAWN),
        (VersionReported(version=OTHER), Cause.SOURCE_VERSION_UNSUPPORTED),
    ],
)
def test_cause_before_the_notification(event: Event, cause: Cause) -> None:
    """Each reason not to begin has its own cause."""
    before, now = task_at(Stage.GRANTING)
    task, _ = step(before, event, now + SECOND)
    assert (task.state, task.cause) == (State.FAILED, cause)


def test_depot_that_is_away_gives_the_slot_to_others() -> None:
    """A delayed grant puts the task back in line, ready for the next slot."""
    before, now = task_at(Stage.GRANTING)
    assert before.holds_slot
    assert not before.wants_slot
    task, effects = step(before, GrantDelayed(), now + SECOND)
    assert effects == ()
    assert task.wants_slot
    assert not task.holds_slot
    _, effects = step(task, SlotFreed(), now + SECOND)
    assert effects == (RequestGrant(),)


@pytest.mark.parametrize("stage", Stage)
def test_slot_is_held_from_request_to_last_byte(stage: Stage) -> None:
    """Exactly the tasks that load, or are about to, count against parallel transfers."""
    task, _ = task_at(stage)
    assert task.holds_slot == (stage is Stage.GRANTING or task.state in TRANSFER_STATES)
    assert task.wants_slot == (stage is Stage.READY)
    assert task.wants_turn == (stage is Stage.NEW)


@pytest.mark.parametrize(("age", "fresh"), [(60, True), (61, False), (86_400, False)])
def test_slot_is_used_only_for_a_device_that_was_there_just_now(age: int, fresh: bool) -> None:
    """After a minute in line the device may sleep: it is asked again, then granted."""
    task, now = task_at(Stage.READY)
    later = now + timedelta(seconds=age)
    task, effects = step(task, SlotFreed(), later)
    if fresh:
        assert (task.state, effects) == (State.QUEUED, (RequestGrant(),))
        return
    assert (task.state, effects) == (State.WAITING_ONLINE, (QueryVersion(),))
    task, wanted = follow(task, [VersionReported(version=OLD), SlotFreed()], later + SECOND)
    assert task.granting
    assert wanted == [RequestGrant()]


def test_version_report_in_line_keeps_the_version_fresh() -> None:
    """A device that talks while it waits is taken at once when a slot is free."""
    task, now = task_at(Stage.READY)
    task, _ = step(task, VersionReported(version=OLD), now + timedelta(minutes=30))
    _, effects = step(task, SlotFreed(), now + timedelta(minutes=31))
    assert effects == (RequestGrant(),)


@pytest.mark.parametrize(
    ("online", "state", "cause"),
    [
        (True, State.QUERYING_VERSION, None),
        (None, State.QUERYING_VERSION, None),
        (False, State.FAILED, Cause.DEVICE_OFFLINE),
    ],
)
def test_task_that_may_not_wait(online: bool | None, state: State, cause: Cause | None) -> None:
    """Without leave to wait, a device known as offline fails at once; others are asked."""
    task, now = task_at(Stage.NEW, policy=Policy(wait_online=False))
    task, _ = step(task, Started(online=online), now)
    assert (task.state, task.cause) == (state, cause)


def test_task_that_may_not_wait_does_not_wait_after_its_place_in_line() -> None:
    """A device that may have left meanwhile is asked, for minutes and not for a day."""
    task, now = task_at(Stage.READY, policy=Policy(wait_online=False))
    later = now + timedelta(hours=1)
    task, effects = step(task, SlotFreed(), later)
    assert (task.state, effects) == (State.QUERYING_VERSION, (QueryVersion(),))
    assert task.deadline == later + timedelta(minutes=3)


def test_cell_is_asked_first_where_a_cell_limit_applies() -> None:
    """The cell comes before the version, once; a device that volunteers it is not asked."""
    policy = Policy(query_cell=True)
    task, now = task_at(Stage.NEW, policy=policy)
    task, effects = step(task, Started(online=True), now)
    assert (task.state, effects) == (State.QUERYING_CELL, (QueryCell(),))
    task, effects = step(task, CellReported(cell_id="cell-7"), now + SECOND)
    assert (task.state, effects) == (State.QUERYING_VERSION, (QueryVersion(),))
    assert task.cell_id == "cell-7"

    told, _ = task_at(Stage.NEW, policy=policy)
    told, _ = follow(told, [CellReported(cell_id="cell-7"), Started(online=True)], now)
    assert told.state is State.QUERYING_VERSION


def test_version_alone_does_not_skip_the_cell() -> None:
    """A device that returns with a version report is still asked for its cell."""
    task, now = task_at(Stage.WAITING_ONLINE, policy=Policy(query_cell=True))
    task, effects = step(task, VersionReported(version=OLD), now + SECOND)
    assert (task.state, effects) == (State.QUERYING_CELL, (QueryCell(),))


@pytest.mark.parametrize(
    ("sources", "version", "state"),
    [
        ((), OTHER, State.QUEUED),
        ((OLD, OTHER), OTHER, State.QUEUED),
        ((OLD,), OTHER, State.FAILED),
        ((OLD,), NEW, State.SUCCEEDED),
        ((), NEW, State.SUCCEEDED),
        ((OLD,), "v" + OLD, State.FAILED),
    ],
)
def test_the_reported_version_decides_whether_to_upgrade(
    sources: tuple[str, ...], version: str, state: State
) -> None:
    """The same version needs no upgrade, another one must be supported (steps 4 and 5)."""
    package = a_package(source_versions=sources)
    task, now = task_at(Stage.QUERYING_VERSION, package=package)
    task, effects = step(task, VersionReported(version=version), now + SECOND)
    assert (task.state, effects) == (state, ())
    if state is State.QUEUED:
        assert task.previous_version == version


def test_package_may_be_older_than_what_runs() -> None:
    """Only equality is tested: going back is an upgrade, too."""
    package = a_package(version="1.0.0", source_versions=())
    task, now = task_at(Stage.QUERYING_VERSION, package=package)
    task, _ = step(task, VersionReported(version="2.0.0"), now)
    assert task.state is State.QUEUED


def test_the_happy_way_of_the_source_document() -> None:
    """The happy way of the source document, each step with its message."""
    task = a_task()
    story: list[tuple[Event, Expected]] = [
        (Started(online=False), (State.WAITING_ONLINE, QueryVersion)),
        (SignOfLife(), (State.QUERYING_VERSION, QueryVersion)),
        (VersionReported(version=OLD), (State.QUEUED,)),
        (SlotFreed(), (State.QUEUED, RequestGrant)),
        (Granted(grant=a_grant()), (State.AWAITING_DOWNLOAD, Notify)),
        (Notified(), (State.AWAITING_DOWNLOAD,)),
        (transfer(500, complete=False), (State.DOWNLOADING,)),
        (transfer(), (State.AWAITING_UPDATE,)),
        (ProgressReported(result_code=0, progress=100, version=OLD), (State.UPDATING,)),
        (VersionReported(version=NEW), (State.SUCCEEDED, RevokeGrant)),
    ]
    now = task.created_at
    for event, expected in story:
        now += PAUSE
        task, effects = step(task, event, now)
        assert (task.state, *map(type, effects)) == expected
    assert task.cause is None
    assert task.reported_version == NEW
    assert task.previous_version == OLD
