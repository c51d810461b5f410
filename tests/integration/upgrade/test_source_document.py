"""The source document, sentence by sentence and row by row; each test is named after its place.

The two procedures of the document, for software and for firmware, differ in this word only,
and so do these tests.
"""

from datetime import timedelta
import json
from typing import Any, Final

import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.protocol import Download, write_upgrade, write_version_query
from custom_components.mqtt_ota.upgrade import (
    Cause,
    Granted,
    Notified,
    Notify,
    Policy,
    ProgressReported,
    QueryVersion,
    RequestGrant,
    RevokeGrant,
    SignOfLife,
    SlotFreed,
    Started,
    State,
    TimePassed,
    VersionReported,
    WentOffline,
    step,
)

from .builders import (
    NEW,
    NOW,
    OLD,
    OTHER,
    PAUSE,
    TOKEN,
    Stage,
    a_grant,
    a_package,
    a_task,
    follow,
    task_at,
    transfer,
)

MOMENT: Final = timedelta(microseconds=1)
both_kinds = pytest.mark.parametrize("kind", PackageKind)


def the_service(message: bytes) -> dict[str, Any]:
    """Return the one event of a message to a device."""
    (service,) = json.loads(message)["services"]
    return dict(service)


@both_kinds
def test_steps_1_2_a_user_uploads_a_package_and_creates_an_upgrade_task(kind: PackageKind) -> None:
    """The task names its device, kind and package; nothing is sent before its turn."""
    task = a_task(kind=kind, package=a_package(version=NEW))
    assert (task.kind, task.package.version, task.device_id) == (kind, NEW, "weather_1")
    assert (task.state, task.wants_turn, task.wake_at) == (State.QUEUED, True, None)


@both_kinds
def test_step_3_negotiation_is_triggered_immediately_when_the_device_is_online(
    kind: PackageKind,
) -> None:
    """The version is asked for in the moment in which the task begins."""
    task, effects = step(a_task(kind=kind), Started(online=True), NOW)
    assert (task.state, effects) == (State.QUERYING_VERSION, (QueryVersion(),))


@both_kinds
def test_step_3_an_offline_device_is_waited_for(kind: PackageKind) -> None:
    """Being offline is no failure."""
    task, _ = step(a_task(kind=kind), Started(online=False), NOW)
    assert task.state is State.WAITING_ONLINE


@both_kinds
def test_step_3_negotiation_is_triggered_after_the_device_goes_online(kind: PackageKind) -> None:
    """The first sign of life is answered with the version query."""
    task, now = task_at(Stage.WAITING_ONLINE, kind=kind)
    task, effects = step(task, SignOfLife(), now + timedelta(hours=24))
    assert (task.state, effects) == (State.QUERYING_VERSION, (QueryVersion(),))


@both_kinds
def test_step_3_the_device_goes_online_within_25_hours(kind: PackageKind) -> None:
    """It is caught up to the last moment, and given up in the next."""
    task, since = task_at(Stage.WAITING_ONLINE, kind=kind)
    limit = since + timedelta(hours=25)
    early, _ = step(task, TimePassed(), limit - MOMENT)
    caught, _ = step(early, SignOfLife(), limit - MOMENT)
    assert caught.state is State.QUERYING_VERSION
    late, _ = step(task, TimePassed(), limit)
    assert (late.state, late.cause) == (State.FAILED, Cause.ONLINE_TIMEOUT)


@both_kinds
def test_step_4_a_command_queries_the_version(kind: PackageKind) -> None:
    """One command asks for the versions of both kinds."""
    _, effects = step(a_task(kind=kind), Started(online=True), NOW)
    assert effects == (QueryVersion(),)
    assert the_service(write_version_query("weather_1", NOW))["event_type"] == "version_query"


@both_kinds
def test_step_5_the_same_version_means_success_without_upgrade(kind: PackageKind) -> None:
    """No upgrade is required: the task is successful, and no download was granted."""
    task, now = task_at(Stage.QUERYING_VERSION, kind=kind)
    task, effects = step(task, VersionReported(version=NEW), now)
    assert (task.state, effects, task.notified_at) == (State.SUCCEEDED, (), None)


@both_kinds
@pytest.mark.parametrize("sources", [(), (OLD,), (OTHER, OLD)])
def test_step_5_a_different_version_that_supports_upgrades_continues(
    kind: PackageKind, sources: tuple[str, ...]
) -> None:
    """The package takes every version, or names the device's."""
    package = a_package(source_versions=sources)
    task, now = task_at(Stage.QUERYING_VERSION, kind=kind, package=package)
    task, effects = follow(task, [VersionReported(version=OLD), SlotFreed()], now)
    assert (task.is_ended, effects) == (False, [RequestGrant()])


@both_kinds
def test_step_5_a_different_version_that_does_not_support_upgrades_ends(kind: PackageKind) -> None:
    """The package does not take the device's version."""
    task, now = task_at(
        Stage.QUERYING_VERSION, kind=kind, package=a_package(source_versions=(OLD,))
    )
    task, _ = step(task, VersionReported(version=OTHER), now)
    assert (task.state, task.cause) == (State.FAILED, Cause.SOURCE_VERSION_UNSUPPORTED)


@both_kinds
def test_step_5_the_version_is_reported_within_3_minutes(kind: PackageKind) -> None:
    """An answer counts up to the last moment."""
    task, since = task_at(Stage.QUERYING_VERSION, kind=kind)
    limit = since + timedelta(minutes=3)
    answered, _ = step(task, VersionReported(version=OLD), limit - MOMENT)
    assert answered.state is State.QUEUED
    waiting, _ = step(task, TimePassed(), limit - MOMENT)
    assert waiting.state is State.QUERYING_VERSION
    late, _ = step(task, TimePassed(), limit)
    assert (late.state, late.cause) == (State.FAILED, Cause.VERSION_TIMEOUT)


@both_kinds
def test_step_6_url_token_and_package_information_are_delivered(kind: PackageKind) -> None:
    """The device gets all that it needs, in the message of its kind."""
    task, now = task_at(Stage.GRANTING, kind=kind)
    task, effects = step(task, Granted(grant=a_grant()), now)
    assert effects == (Notify(),)
    assert task.grant is not None
    download = Download(
        version=task.package.version,
        url=task.grant.url,
        file_size=task.package.size,
        file_name=task.package.file_name,
        sign=task.package.sha256,
        expires=86_400,
        access_token=task.grant.token,
    )
    service = the_service(write_upgrade(task.device_id, kind, download, now))
    assert service["event_type"] == f"{kind}_upgrade"
    assert service["paras"] == {
        "version": NEW,
        "url": "https://192.168.1.20:8443/p/a1a1",
        "file_size": 1000,
        "file_name": "weather-1.4.0.bin",
        "access_token": TOKEN,
        "expires": 86_400,
        "sign": "a1" * 32,
    }


@both_kinds
def test_step_7_the_device_downloads_the_package(kind: PackageKind) -> None:
    """What the depot serves moves the task, byte by byte and to the end."""
    task, now = task_at(Stage.AWAITING_DOWNLOAD, kind=kind)
    task, _ = step(task, transfer(250, complete=False), now)
    assert (task.state, task.progress) == (State.DOWNLOADING, 25)
    task, _ = step(task, transfer(), now)
    assert (task.state, task.downloaded) == (State.AWAITING_UPDATE, True)


def test_step_7_the_token_is_valid_for_24_hours() -> None:
    """So long a grant is asked for."""
    assert Policy().grant_lifetime == timedelta(hours=24)


@both_kinds
def test_step_7_the_token_dies_with_the_task(kind: PackageKind) -> None:
    """Nobody can use it once the upgrade is over."""
    task, now = task_at(Stage.UPDATING, kind=kind)
    task, effects = step(task, VersionReported(version=NEW), now)
    assert (task.grant, effects) == (None, (RevokeGrant(grant_id="grant-1"),))


@both_kinds
@pytest.mark.parametrize(
    "stage", [Stage.AWAITING_DOWNLOAD, Stage.DOWNLOADING, Stage.AWAITING_UPDATE, Stage.UPDATING]
)
def test_step_7_download_and_reporting_take_24_hours(kind: PackageKind, stage: Stage) -> None:
    """One interval for all, from the notification on."""
    task, _ = task_at(stage, kind=kind)
    assert task.notified_at is not None
    limit = task.notified_at + timedelta(hours=24)
    assert task.deadline == limit
    waiting, _ = step(task, TimePassed(), limit - MOMENT)
    assert waiting.state is task.state
    late, _ = step(task, TimePassed(), limit)
    assert late.state is (State.VERIFYING if stage is Stage.UPDATING else State.FAILED)


@both_kinds
def test_step_8_the_device_returns_the_upgrade_result(kind: PackageKind) -> None:
    """After the whole download, a result with the configured version is the success."""
    task, now = task_at(Stage.UPDATING, kind=kind)
    result = ProgressReported(result_code=0, progress=100, version=NEW)
    task, _ = step(task, result, now)
    assert task.state is State.SUCCEEDED


@both_kinds
@pytest.mark.parametrize(
    "stage", [Stage.AWAITING_DOWNLOAD, Stage.AWAITING_UPDATE, Stage.UPDATING, Stage.VERIFYING]
)
def test_step_8_the_configured_version_means_success(kind: PackageKind, stage: Stage) -> None:
    """The version number decides, however it is told."""
    task, now = task_at(stage, kind=kind)
    task, _ = step(task, VersionReported(version=NEW), now)
    assert task.state is State.SUCCEEDED


@both_kinds
@pytest.mark.parametrize("version", [OLD, OTHER, "", None])
def test_step_8_another_version_never_means_success(kind: PackageKind, version: str | None) -> None:
    """Neither a result nor a report with any other version ends in success."""
    for stage in (Stage.AWAITING_DOWNLOAD, Stage.AWAITING_UPDATE, Stage.UPDATING, Stage.VERIFYING):
        task, now = task_at(stage, kind=kind)
        claim = ProgressReported(result_code=0, progress=100, version=version)
        task, _ = follow(task, [claim, VersionReported(version=version), claim], now)
        assert task.state is not State.SUCCEEDED


@both_kinds
@pytest.mark.parametrize(
    ("stage", "result"),
    [
        (Stage.SUCCEEDED, State.SUCCEEDED),
        (Stage.FAILED, State.FAILED),
        (Stage.CANCELLED, State.CANCELLED),
    ],
)
def test_step_9_the_upgrade_result_is_told(kind: PackageKind, stage: Stage, result: State) -> None:
    """The end is a state that stays and stands last in the history, with its cause."""
    task, now = task_at(stage, kind=kind)
    assert task.state is result
    assert (task.cause is not None) == (result is State.FAILED)
    assert (task.history[-1].state, task.history[-1].at) == (result, now)
    assert task.history[-1].cause is task.cause


@both_kinds
def test_note_resumable_download_is_supported(kind: PackageKind) -> None:
    """A download that breaks off goes on where it was, and ends well."""
    task, now = task_at(Stage.AWAITING_DOWNLOAD, kind=kind)
    shown = []
    for served in (400, 400, 700):
        interruption = [transfer(served, complete=False), WentOffline(), SignOfLife()]
        task, effects = follow(task, interruption, now)
        assert effects == []
        shown.append(task.progress)
        now += timedelta(hours=3)
    assert (task.state, shown) == (State.DOWNLOADING, [40, 40, 70])
    task, _ = follow(task, [transfer(), VersionReported(version=NEW)], now)
    assert task.state is State.SUCCEEDED


@both_kinds
def test_the_whole_procedure(kind: PackageKind) -> None:
    """All the steps, one after the other, with what each of them sends."""
    sent: list[str] = []
    task, now = a_task(kind=kind), NOW
    for event in (
        Started(online=False),
        SignOfLife(),
        VersionReported(version=OLD),
        SlotFreed(),
        Granted(grant=a_grant()),
        Notified(),
        transfer(500, complete=False),
        transfer(),
        WentOffline(),
        SignOfLife(),
        VersionReported(version=NEW),
    ):
        now += PAUSE
        task, effects = step(task, event, now)
        sent += [type(effect).__name__ for effect in effects]
    assert sent == [
        "QueryVersion",
        "QueryVersion",
        "RequestGrant",
        "Notify",
        "QueryVersion",
        "RevokeGrant",
    ]
    assert [stage.state.value for stage in task.history] == [
        "waiting_online",
        "querying_version",
        "queued",
        "awaiting_download",
        "downloading",
        "awaiting_update",
        "updating",
        "succeeded",
    ]
