"""Tasks for tests: brought into each of their stages by the events that really lead there."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import os
from typing import Any, Final

from hypothesis import settings

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.upgrade import (
    CancelRequested,
    Effect,
    Event,
    Granted,
    GrantRef,
    Notified,
    PackageRef,
    Policy,
    ProgressReported,
    SlotFreed,
    Started,
    Task,
    TransferSeen,
    VersionReported,
    step,
)

NOW: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OLD: Final = "1.3.0"
NEW: Final = "1.4.0"
OTHER: Final = "0.9.9"
SIZE: Final = 1000
TOKEN: Final = "Zx7-secret-token-of-32-charactersZ"
PAUSE: Final = timedelta(seconds=20)

# Few examples find what a change broke; MQTT_OTA_THOROUGH=1 looks for what nobody thought of.
_THOROUGH: Final = os.environ.get("MQTT_OTA_THOROUGH") == "1"
THOROUGHNESS: Final = settings(max_examples=10_000 if _THOROUGH else 100)
PATIENCE: Final = 3600 if _THOROUGH else 60
JOURNEYS: Final = 2_000 if _THOROUGH else 60


class Stage(StrEnum):
    """Every state, and the three situations that share the state `queued`."""

    NEW = "new"
    WAITING_ONLINE = "waiting_online"
    QUERYING_CELL = "querying_cell"
    QUERYING_VERSION = "querying_version"
    READY = "ready"
    GRANTING = "granting"
    AWAITING_DOWNLOAD = "awaiting_download"
    DOWNLOADING = "downloading"
    AWAITING_UPDATE = "awaiting_update"
    UPDATING = "updating"
    VERIFYING = "verifying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED_STAGES: Final = (Stage.SUCCEEDED, Stage.FAILED, Stage.CANCELLED)
LIVE_STAGES: Final = tuple(stage for stage in Stage if stage not in ENDED_STAGES)


def a_package(**changes: Any) -> PackageRef:
    """Return a package that goes over one old version only."""
    values: dict[str, Any] = {
        "id": "package-1",
        "version": NEW,
        "size": SIZE,
        "sha256": "a1" * 32,
        "file_name": "weather-1.4.0.bin",
        "source_versions": (OLD,),
    }
    return PackageRef(**(values | changes))


def a_grant(grant_id: str = "grant-1") -> GrantRef:
    """Return a grant of a day."""
    return GrantRef(
        id=grant_id,
        url="https://192.168.1.20:8443/p/a1a1",
        expires_at=NOW + timedelta(days=1),
        token=TOKEN,
    )


def a_task(**changes: Any) -> Task:
    """Return a task that waits for its turn."""
    values: dict[str, Any] = {
        "id": "task-1",
        "device_id": "weather_1",
        "kind": PackageKind.FIRMWARE,
        "package": a_package(),
        "created_at": NOW,
        "state_since": NOW,
    }
    return Task(**(values | changes))


def transfer(bytes_served: int = SIZE, *, requests: int = 1, complete: bool = True) -> TransferSeen:
    """Return what the depot saw; by default the whole package."""
    return TransferSeen(bytes_served=bytes_served, requests=requests, complete=complete)


def follow(task: Task, events: Sequence[Event], now: datetime) -> tuple[Task, list[Effect]]:
    """Apply events at one time, and return the task and all that it wanted."""
    wanted: list[Effect] = []
    for event in events:
        task, effects = step(task, event, now)
        wanted += effects
    return task, wanted


def task_at(stage: Stage, *, policy: Policy | None = None, **changes: Any) -> tuple[Task, datetime]:
    """Return a task that has just reached a stage, with that time.

    The events are `PAUSE` apart: longer than a chatty device is left alone in sum, shorter
    than a version stays fresh.
    """
    if policy is None:
        policy = Policy(query_cell=stage is Stage.QUERYING_CELL)
    task, now = a_task(policy=policy, **changes), NOW
    for event in _PATHS[stage]:
        now += PAUSE
        task, _ = step(task, event, now)
    return task, now


_READY: Final = (Started(online=True), VersionReported(version=OLD))
_AWAITING_DOWNLOAD: Final = (*_READY, SlotFreed(), Granted(grant=a_grant()), Notified())
_AWAITING_UPDATE: Final = (*_AWAITING_DOWNLOAD, transfer())
_UPDATING: Final = (*_AWAITING_UPDATE, VersionReported(version=OLD))
_PATHS: Final[dict[Stage, tuple[Event, ...]]] = {
    Stage.NEW: (),
    Stage.WAITING_ONLINE: (Started(online=False),),
    Stage.QUERYING_CELL: (Started(online=True),),
    Stage.QUERYING_VERSION: (Started(online=True),),
    Stage.READY: _READY,
    Stage.GRANTING: (*_READY, SlotFreed()),
    Stage.AWAITING_DOWNLOAD: _AWAITING_DOWNLOAD,
    Stage.DOWNLOADING: (*_AWAITING_DOWNLOAD, transfer(1, complete=False)),
    Stage.AWAITING_UPDATE: _AWAITING_UPDATE,
    Stage.UPDATING: _UPDATING,
    Stage.VERIFYING: (*_UPDATING, VersionReported(version=OLD)),
    Stage.SUCCEEDED: (*_AWAITING_UPDATE, VersionReported(version=NEW)),
    Stage.FAILED: (*_AWAITING_UPDATE, ProgressReported(result_code=10)),
    Stage.CANCELLED: (*_AWAITING_UPDATE, CancelRequested()),
}
