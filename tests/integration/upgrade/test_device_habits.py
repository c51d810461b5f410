"""What real devices do: reports in two steps, false successes, silence, falling back."""

from datetime import datetime, timedelta
from itertools import product
from typing import Final

import pytest

from custom_components.mqtt_ota.upgrade import (
    Cause,
    Event,
    PackageGone,
    Policy,
    ProgressReported,
    QueryVersion,
    Resumed,
    RevokeGrant,
    SignOfLife,
    State,
    Task,
    TimePassed,
    VersionReported,
    step,
)

from .builders import NEW, OLD, OTHER, PAUSE, TOKEN, Stage, a_package, follow, task_at, transfer

NOTIFIED_STAGES: Final = (
    Stage.AWAITING_DOWNLOAD,
    Stage.DOWNLOADING,
    Stage.AWAITING_UPDATE,
    Stage.UPDATING,
    Stage.VERIFYING,
)
SUCCESS: Final = ProgressReported(
    result_code=0, progress=100, version=NEW, description="upgrade success"
)
DOWNLOADED: Final = ProgressReported(result_code=0, progress=100, version=OLD)


def outcome(stage: Stage, *events: Event) -> Task:
    """Return the task after events that come one after the other in a stage."""
    task, now = task_at(stage)
    for event in events:
        now += PAUSE
        task, _ = step(task, event, now)
    return task


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (1, Cause.DEVICE_BUSY),
        (2, Cause.WEAK_SIGNAL),
        (4, Cause.LOW_BATTERY),
        (5, Cause.NOT_ENOUGH_STORAGE),
        (6, Cause.CONNECTION_LOST),
        (7, Cause.INTEGRITY_CHECK_FAILED),
        (8, Cause.UNSUPPORTED_PACKAGE_TYPE),
        (9, Cause.OUT_OF_MEMORY),
        (10, Cause.UPDATE_FAILED),
        (255, Cause.UPDATE_FAILED),
        (42, Cause.UPDATE_FAILED),
        (-7, Cause.UPDATE_FAILED),
    ],
)
def test_failure_counts_whatever_version_stands_beside_it(code: int, cause: Cause) -> None:
    """Some devices name the target version, or none, in a report of failure."""
    for stage, version in product(NOTIFIED_STAGES, (None, OLD, NEW, OTHER)):
        before, now = task_at(stage)
        report = ProgressReported(
            result_code=code, progress=0, version=version, description="failed"
        )
        task, effects = step(before, report, now)
        assert (task.state, task.cause, task.description) == (State.FAILED, cause, "failed")
        assert effects == (RevokeGrant(grant_id="grant-1"),)


def test_device_names_a_cause_that_has_no_code() -> None:
    """The words of the device are kept beside the cause that they name."""
    report = ProgressReported(result_code=10, description="Invalid URI")
    task = outcome(Stage.AWAITING_DOWNLOAD, report)
    assert (task.cause, task.description) == (Cause.INVALID_URI, "Invalid URI")


def test_failure_that_follows_a_report_of_the_download() -> None:
    """`Downloaded` and then `verification failed` is a failure of the check."""
    task = outcome(Stage.DOWNLOADING, DOWNLOADED, ProgressReported(result_code=7, version=OLD))
    assert task.cause is Cause.INTEGRITY_CHECK_FAILED


@pytest.mark.parametrize("served", [True, False], ids=["depot knows", "depot silent"])
def test_success_in_two_reports(served: bool) -> None:
    """Code 0 with 100 % and the old version says `downloaded`; the result comes after it."""
    task, now = task_at(Stage.DOWNLOADING)
    if served:
        task, _ = step(task, transfer(), now)
    task, _ = step(task, DOWNLOADED, now)
    assert task.state is (State.UPDATING if served else State.AWAITING_UPDATE)
    assert task.cause is None
    task, effects = step(task, SUCCESS, now + PAUSE)
    if served:
        assert task.state is State.SUCCEEDED
        return
    assert (task.state, effects) == (State.VERIFYING, (QueryVersion(),))
    task, _ = step(task, VersionReported(version=NEW), now + PAUSE)
    assert task.state is State.SUCCEEDED


@pytest.mark.parametrize("stage", [Stage.AWAITING_DOWNLOAD, Stage.DOWNLOADING])
def test_success_without_a_whole_download_is_checked(stage: Stage) -> None:
    """Some devices report success after an error page or half a file: they are asked."""
    believed = outcome(stage, SUCCESS)
    assert believed.state is State.VERIFYING
    assert outcome(stage, SUCCESS, SUCCESS, SUCCESS).state is State.VERIFYING
    assert outcome(stage, SUCCESS, VersionReported(version=NEW)).state is State.SUCCEEDED
    assert outcome(stage, SUCCESS, transfer(), SUCCESS).state is State.SUCCEEDED

    task, _ = step(outcome(stage, SUCCESS, VersionReported(version=OLD)), TimePassed(), _late())
    assert (task.state, task.cause) == (State.FAILED, Cause.RESULT_TIMEOUT)
    task, _ = step(believed, TimePassed(), _late())
    assert (task.state, task.cause) == (State.FAILED, Cause.CHECK_TIMEOUT)


def _late() -> datetime:
    """Return a time after every deadline."""
    return task_at(Stage.NEW)[1] + timedelta(days=2)


@pytest.mark.parametrize("progress", [None, 100])
def test_success_needs_no_progress(progress: int | None) -> None:
    """The progress is optional in a result."""
    report = ProgressReported(result_code=0, progress=progress, version=NEW)
    assert outcome(Stage.UPDATING, report).state is State.SUCCEEDED


@pytest.mark.parametrize("progress", [0, 1, 80, 99])
@pytest.mark.parametrize("stage", NOTIFIED_STAGES)
def test_target_version_before_the_end_is_progress(stage: Stage, progress: int) -> None:
    """`80 %` with the new version is what the platform's own example of progress says."""
    report = ProgressReported(
        result_code=0, progress=progress, version=NEW, description="upgrade processing"
    )
    task = outcome(stage, report)
    assert not task.is_ended
    assert task.state is not State.VERIFYING or stage is Stage.VERIFYING


@pytest.mark.parametrize("stage", NOTIFIED_STAGES)
@pytest.mark.parametrize("version", [None, OTHER, OLD, NEW + " "])
def test_code_0_never_succeeds_with_another_version(stage: Stage, version: str | None) -> None:
    """Success is a version, not a code."""
    report = ProgressReported(result_code=0, progress=100, version=version)
    task = outcome(stage, transfer(), report, report, report)
    assert not task.is_ended


@pytest.mark.parametrize("stage", NOTIFIED_STAGES)
def test_new_version_is_success_at_any_time(stage: Stage) -> None:
    """A lost report does not matter once the device tells its version, asked or not."""
    task = outcome(stage, VersionReported(version=NEW))
    assert (task.state, task.grant) == (State.SUCCEEDED, None)


@pytest.mark.parametrize("stage", NOTIFIED_STAGES)
def test_device_that_fell_back_to_a_third_version(stage: Stage) -> None:
    """A version neither old nor new has its own cause, and is kept beside it."""
    task = outcome(stage, VersionReported(version=OTHER))
    assert (task.state, task.cause) == (State.FAILED, Cause.UNEXPECTED_VERSION)
    assert (task.reported_version, task.previous_version) == (OTHER, OLD)


def test_version_told_unasked_shows_a_restart() -> None:
    """Unasked, the old version means restarted and not upgraded: the device is checked."""
    task = outcome(Stage.AWAITING_UPDATE, VersionReported(version=OLD))
    assert task.state is State.UPDATING
    task = outcome(
        Stage.AWAITING_UPDATE, VersionReported(version=OLD), VersionReported(version=OLD)
    )
    assert task.state is State.VERIFYING


@pytest.mark.parametrize("stage", [Stage.AWAITING_UPDATE, Stage.UPDATING])
def test_version_told_in_answer_shows_nothing(stage: Stage) -> None:
    """Asked, the old version may come from a device that still writes: it has its time."""
    task = outcome(stage, SignOfLife(), VersionReported(version=OLD))
    assert task.state.value == stage.value
    assert not task.asked
    probed, _ = step(task_at(stage)[0], TimePassed(), task_at(stage)[1] + timedelta(minutes=2))
    assert probed.asked
    answered, _ = step(probed, VersionReported(version=OLD), _late())
    assert answered.state.value == stage.value


@pytest.mark.parametrize("stage", [Stage.AWAITING_UPDATE, Stage.UPDATING])
def test_report_without_our_kind_is_no_answer(stage: Stage) -> None:
    """A report of software alone says nothing of firmware, and the question stays open."""
    task = outcome(stage, SignOfLife(), VersionReported(version=None))
    assert task.state.value == stage.value
    assert task.asked


@pytest.mark.parametrize("stage", [Stage.AWAITING_DOWNLOAD, Stage.DOWNLOADING])
def test_device_that_reconnects_in_mid_download(stage: Stage) -> None:
    """A long download drops the connection: the old version then is no failure."""
    task = outcome(stage, VersionReported(version=OLD), SignOfLife(), VersionReported(version=OLD))
    assert task.state.value == stage.value


def test_already_latest_is_checked() -> None:
    """A device that says so is asked what it runs; what it runs decides."""
    latest = ProgressReported(result_code=3, version=NEW)
    checked = outcome(Stage.AWAITING_DOWNLOAD, latest)
    assert checked.state is State.VERIFYING
    assert checked.asked
    answered = outcome(Stage.AWAITING_DOWNLOAD, latest, VersionReported(version=NEW))
    assert answered.state is State.SUCCEEDED


def test_progress_never_goes_back() -> None:
    """Depot and device report the same download; the higher one is shown."""
    task, now = task_at(Stage.AWAITING_DOWNLOAD)
    seen: list[float | None] = []
    for event in (
        transfer(0, complete=False),
        transfer(420, complete=False),
        ProgressReported(result_code=0, progress=40, version=OLD),
        ProgressReported(result_code=0, progress=55, version=OLD),
        transfer(500, complete=False),
        ProgressReported(result_code=0, progress=-5),
        ProgressReported(result_code=0, progress=101),
        transfer(5000, complete=False),
    ):
        task, _ = step(task, event, now)
        seen.append(task.progress)
    assert seen == [0, 42, 42, 55, 55, 55, 100, 100]
    assert task.state is State.DOWNLOADING
    task, _ = step(task, transfer(), now)
    assert task.progress is None


@pytest.mark.parametrize(
    ("event", "progress"),
    [(ProgressReported(result_code=0), 0), (transfer(1, complete=False), 100)],
)
def test_first_progress_may_lack_a_number(event: Event, progress: float) -> None:
    """A report without a number shows none yet, and one byte may be the whole package."""
    task, now = task_at(Stage.AWAITING_DOWNLOAD, package=a_package(size=1))
    assert step(task, event, now)[0].progress == progress


def test_transfer_without_a_request_is_no_download() -> None:
    """The depot lists a granted transfer before anybody asks for it."""
    task = outcome(Stage.AWAITING_DOWNLOAD, transfer(0, requests=0, complete=False))
    assert task.state is State.AWAITING_DOWNLOAD


def test_package_of_no_bytes_breaks_nothing() -> None:
    """A depot that lists an empty package must not stop the engine."""
    task, now = task_at(Stage.AWAITING_DOWNLOAD, package=a_package(size=0))
    task, _ = step(task, transfer(0, complete=False), now)
    assert (task.state, task.progress) == (State.DOWNLOADING, 0)


def test_depot_that_saw_everything_first() -> None:
    """A small package is whole before anybody reported a beginning."""
    task = outcome(Stage.AWAITING_DOWNLOAD, transfer())
    assert (task.state, task.downloaded) == (State.AWAITING_UPDATE, True)


@pytest.mark.parametrize("reports", [(SUCCESS, transfer()), (transfer(), SUCCESS)])
def test_success_and_the_depots_word_in_any_order(reports: tuple[Event, Event]) -> None:
    """The depot waits for the last acknowledgement; a quick device may tell success before."""
    assert outcome(Stage.DOWNLOADING, *reports).state is State.SUCCEEDED


def test_old_version_told_since_outweighs_the_claim() -> None:
    """The depot's word proves the download, not what runs."""
    task = outcome(Stage.DOWNLOADING, SUCCESS, VersionReported(version=OLD), transfer())
    assert task.state is State.VERIFYING


def test_depot_that_tells_late() -> None:
    """What the depot tells after the device's report still proves the download."""
    task = outcome(Stage.DOWNLOADING, DOWNLOADED, transfer())
    assert (task.state, task.downloaded) == (State.UPDATING, True)
    assert outcome(Stage.DOWNLOADING, DOWNLOADED, transfer(), SUCCESS).state is State.SUCCEEDED


@pytest.mark.parametrize("reports", [(DOWNLOADED, transfer()), (transfer(), DOWNLOADED)])
def test_device_that_restarts_into_the_old_version(reports: tuple[Event, Event]) -> None:
    """Whoever tells the end of the download first, a fall-back is known within minutes."""
    task, now = task_at(Stage.DOWNLOADING)
    task, _ = follow(task, [*reports, VersionReported(version=OLD)], now)
    assert task.state is State.VERIFYING
    task, _ = step(task, VersionReported(version=OLD), now)
    task, _ = step(task, TimePassed(), now + Policy().check_timeout)
    assert (task.state, task.cause) == (State.FAILED, Cause.RESULT_TIMEOUT)


@pytest.mark.parametrize(
    ("stage", "deleted", "ends"),
    [
        (Stage.READY, False, True),
        (Stage.AWAITING_DOWNLOAD, False, False),
        (Stage.AWAITING_DOWNLOAD, True, True),
        (Stage.DOWNLOADING, False, False),
        (Stage.DOWNLOADING, True, True),
        (Stage.AWAITING_UPDATE, True, False),
        (Stage.UPDATING, True, False),
        (Stage.VERIFYING, True, False),
    ],
)
def test_package_that_goes_away(stage: Stage, deleted: bool, ends: bool) -> None:
    """Withdrawing stops those that have not begun, deleting those that still load."""
    task = outcome(stage, PackageGone(deleted=deleted))
    assert task.is_ended == ends
    assert (task.cause is Cause.PACKAGE_WITHDRAWN) == ends


def test_report_is_taken_from_a_device_that_was_thought_offline() -> None:
    """A report that the device sends again after its reconnection counts."""
    task, now = task_at(Stage.UPDATING, policy=Policy())
    task, _ = follow(task, [Resumed(), SUCCESS], now + timedelta(hours=5))
    assert task.state is State.SUCCEEDED


@pytest.mark.parametrize(
    "stage", [Stage.WAITING_ONLINE, Stage.QUERYING_VERSION, Stage.READY, Stage.GRANTING]
)
def test_result_before_the_notification_is_not_ours(stage: Stage) -> None:
    """Nobody can end an upgrade that has not begun by reporting a result."""
    for report in (SUCCESS, ProgressReported(result_code=10)):
        assert not outcome(stage, report).is_ended


def test_token_in_a_devices_words_is_not_kept() -> None:
    """Some repeat the whole URL when they fail, and what they say is shown and logged."""
    task, now = task_at(Stage.DOWNLOADING)
    told = f"cannot open https://depot/p/a1?token={TOKEN}"
    task, _ = step(task, ProgressReported(result_code=6, description=told), now)
    assert task.description == "cannot open https://depot/p/a1?token=…"
