"""Both tables of failure causes of the source document: each row made to happen, word for word."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import pytest

from custom_components.mqtt_ota.upgrade import (
    CAUSES,
    Event,
    Policy,
    ProgressReported,
    Started,
    State,
    Task,
    TimePassed,
    VersionReported,
    step,
)

from .builders import OLD, PAUSE, Stage, follow, task_at

MOMENT: Final = timedelta(microseconds=1)


def begun(stage: Stage, *, wait_online: bool = True) -> tuple[Task, datetime]:
    """Return a task in a stage, with a cell limit where the stage needs one."""
    policy = Policy(wait_online=wait_online, query_cell=stage is Stage.QUERYING_CELL)
    return task_at(stage, policy=policy)


def after_deadline(stage: Stage, *events: Event) -> Task:
    """Return what becomes of a task that is silent until its deadline after some events."""
    task, now = begun(stage)
    task, _ = follow(task, events, now)
    assert task.deadline is not None
    waiting, _ = step(task, TimePassed(), task.deadline - MOMENT)
    assert waiting.state is task.state
    return step(task, TimePassed(), task.deadline)[0]


def after(stage: Stage, event: Event, *, wait_online: bool = True) -> Task:
    """Return what becomes of a task with an event."""
    task, now = begun(stage, wait_online=wait_online)
    return step(task, event, now + PAUSE)[0]


def told(code: int, description: str | None = None) -> Task:
    """Return a task whose device reports a failure in mid-download."""
    failure = ProgressReported(result_code=code, version=OLD, description=description)
    return after(Stage.DOWNLOADING, failure)


CHECK: Final = "Check the device."
LATE: Final = "within the specified time."

# The document's rows: message, description, solution; then what makes them happen.
type Row = tuple[str, str, str, Callable[[], Task]]

PLATFORM_ROWS: Final[tuple[Row, ...]] = (
    (
        "Device Abnormal is not online",
        "The device is offline or abnormal.",
        CHECK,
        lambda: after(Stage.NEW, Started(online=False), wait_online=False),
    ),
    (
        "Task Conflict",
        "A task conflict occurs.",
        (
            "Check whether a software upgrade, firmware upgrade, log collection, or device restart "
            "task is in progress."
        ),
        lambda: told(1, "log collection in progress"),
    ),
    (
        "Waiting for the device online timeout",
        f"The device does not go online {LATE}",
        CHECK,
        lambda: after_deadline(Stage.WAITING_ONLINE),
    ),
    (
        "Wait for the device to report upgrade result timeout",
        f"The device does not report the upgrade result {LATE}",
        CHECK,
        lambda: after_deadline(Stage.VERIFYING, VersionReported(version=OLD)),
    ),
    (
        "Waiting for report device firmware version timeout",
        f"The device does not report the firmware version {LATE}",
        CHECK,
        lambda: after_deadline(Stage.QUERYING_VERSION),
    ),
    (
        "Waiting for report cellId timeout",
        f"The device does not report the cell ID {LATE}",
        CHECK,
        lambda: after_deadline(Stage.QUERYING_CELL),
    ),
    (
        "Updating timeout and query device version for check timeout",
        f"The device does not report the upgrade result or device version {LATE}",
        CHECK,
        lambda: after_deadline(Stage.VERIFYING),
    ),
    (
        "Waiting for device downloaded package timeout",
        f"The device does not finish downloading the firmware package {LATE}",
        CHECK,
        lambda: after_deadline(Stage.DOWNLOADING),
    ),
    (
        "Waiting for device start to update timeout",
        f"The device does not start the update {LATE}",
        CHECK,
        lambda: after_deadline(Stage.AWAITING_UPDATE),
    ),
    (
        "Waiting for device start download package timeout",
        f"The device does not start to download the firmware package {LATE}",
        CHECK,
        lambda: after_deadline(Stage.AWAITING_DOWNLOAD),
    ),
)
DEVICE_ROWS: Final[tuple[Row, ...]] = (
    (
        "Not enough storage for the new firmware package",
        "The storage space is insufficient for the firmware package.",
        "Check the storage space of the device.",
        lambda: told(5),
    ),
    (
        "Out of memory during downloading process",
        "The memory was insufficient during the download.",
        "Check the device memory.",
        lambda: told(9),
    ),
    (
        "Connection lost during downloading process",
        "The connection was interrupted during the download.",
        "Check the device connection status.",
        lambda: told(6),
    ),
    (
        "Integrity check failure for new downloaded package",
        "The integrity check on the firmware package fails.",
        "Check whether the firmware package downloaded is complete.",
        lambda: told(7),
    ),
    (
        "Unsupported package type",
        "The firmware package type is not supported.",
        (
            "Check whether the device status and firmware package provided by the manufacturer are "
            "correct."
        ),
        lambda: told(8),
    ),
    (
        "Invalid URI",
        "The URI is invalid.",
        "Check whether the download address of the firmware package is correct.",
        lambda: told(255, "Invalid URI"),
    ),
    (
        "Firmware update failed",
        "The firmware fails to update.",
        CHECK,
        lambda: told(10),
    ),
)


def check_row(row: Row) -> None:
    """Make a row's failure happen, and compare its three texts."""
    message, description, solution, happens = row
    task = happens()
    assert task.state is State.FAILED
    assert task.cause is not None
    text = CAUSES[task.cause]
    assert (text.message, text.description, text.solution) == (message, description, solution)


@pytest.mark.parametrize("row", PLATFORM_ROWS, ids=lambda row: row[0])
def test_failure_causes_reported_by_the_platform(row: Row) -> None:
    """Each row of the first table happens under its exact texts."""
    check_row(row)


@pytest.mark.parametrize("row", DEVICE_ROWS, ids=lambda row: row[0])
def test_failure_causes_reported_by_devices(row: Row) -> None:
    """Each row of the second table happens under its exact texts."""
    check_row(row)


def test_the_tables_have_ten_and_seven_rows() -> None:
    """No row of the document is left out."""
    assert (len(PLATFORM_ROWS), len(DEVICE_ROWS)) == (10, 7)
