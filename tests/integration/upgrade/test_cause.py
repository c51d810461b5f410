"""The causes, compared with the tables of the source document word for word."""

from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.mqtt_ota.upgrade import CAUSES, Cause, CauseText, Origin, cause_of_result

from .builders import THOROUGHNESS

CHECK_DEVICE: Final = "Check the device."

PLATFORM_CAUSES: Final = {
    Cause.DEVICE_OFFLINE: (
        "Device Abnormal is not online",
        "The device is offline or abnormal.",
        CHECK_DEVICE,
    ),
    Cause.TASK_CONFLICT: (
        "Task Conflict",
        "A task conflict occurs.",
        (
            "Check whether a software upgrade, firmware upgrade, log collection, or device restart "
            "task is in progress."
        ),
    ),
    Cause.ONLINE_TIMEOUT: (
        "Waiting for the device online timeout",
        "The device does not go online within the specified time.",
        CHECK_DEVICE,
    ),
    Cause.RESULT_TIMEOUT: (
        "Wait for the device to report upgrade result timeout",
        "The device does not report the upgrade result within the specified time.",
        CHECK_DEVICE,
    ),
    Cause.VERSION_TIMEOUT: (
        "Waiting for report device firmware version timeout",
        "The device does not report the firmware version within the specified time.",
        CHECK_DEVICE,
    ),
    Cause.CELL_TIMEOUT: (
        "Waiting for report cellId timeout",
        "The device does not report the cell ID within the specified time.",
        CHECK_DEVICE,
    ),
    Cause.CHECK_TIMEOUT: (
        "Updating timeout and query device version for check timeout",
        (
            "The device does not report the upgrade result or device version within the specified "
            "time."
        ),
        CHECK_DEVICE,
    ),
    Cause.DOWNLOAD_TIMEOUT: (
        "Waiting for device downloaded package timeout",
        "The device does not finish downloading the firmware package within the specified time.",
        CHECK_DEVICE,
    ),
    Cause.UPDATE_START_TIMEOUT: (
        "Waiting for device start to update timeout",
        "The device does not start the update within the specified time.",
        CHECK_DEVICE,
    ),
    Cause.DOWNLOAD_START_TIMEOUT: (
        "Waiting for device start download package timeout",
        "The device does not start to download the firmware package within the specified time.",
        CHECK_DEVICE,
    ),
}
DEVICE_CAUSES: Final = {
    Cause.NOT_ENOUGH_STORAGE: (
        "Not enough storage for the new firmware package",
        "The storage space is insufficient for the firmware package.",
        "Check the storage space of the device.",
    ),
    Cause.OUT_OF_MEMORY: (
        "Out of memory during downloading process",
        "The memory was insufficient during the download.",
        "Check the device memory.",
    ),
    Cause.CONNECTION_LOST: (
        "Connection lost during downloading process",
        "The connection was interrupted during the download.",
        "Check the device connection status.",
    ),
    Cause.INTEGRITY_CHECK_FAILED: (
        "Integrity check failure for new downloaded package",
        "The integrity check on the firmware package fails.",
        "Check whether the firmware package downloaded is complete.",
    ),
    Cause.UNSUPPORTED_PACKAGE_TYPE: (
        "Unsupported package type",
        "The firmware package type is not supported.",
        (
            "Check whether the device status and firmware package provided by the manufacturer are "
            "correct."
        ),
    ),
    Cause.INVALID_URI: (
        "Invalid URI",
        "The URI is invalid.",
        "Check whether the download address of the firmware package is correct.",
    ),
    Cause.UPDATE_FAILED: (
        "Firmware update failed",
        "The firmware fails to update.",
        CHECK_DEVICE,
    ),
}


@pytest.mark.parametrize(
    ("table", "origin", "rows"),
    [(PLATFORM_CAUSES, Origin.PLATFORM, 10), (DEVICE_CAUSES, Origin.DEVICE, 7)],
    ids=["platform", "device"],
)
def test_texts_of_the_source_document(
    table: dict[Cause, tuple[str, str, str]], origin: Origin, rows: int
) -> None:
    """Every row stands there word for word, and no further one claims to come from there."""
    expected = {
        cause: CauseText(origin=origin, message=message, description=description, solution=solution)
        for cause, (message, description, solution) in table.items()
    }
    assert len(expected) == rows
    assert {cause: text for cause, text in CAUSES.items() if text.origin is origin} == expected


def test_every_cause_has_its_own_texts() -> None:
    """No cause is without text, and no two can be mixed up."""
    assert set(CAUSES) == set(Cause)
    assert len({text.message for text in CAUSES.values()}) == len(Cause)
    for text in CAUSES.values():
        assert text.message
        assert text.description.endswith(".")
        assert text.solution.endswith(".")


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
        (11, Cause.UPDATE_FAILED),
        (-1, Cause.UPDATE_FAILED),
        (2**63, Cause.UPDATE_FAILED),
    ],
)
@pytest.mark.parametrize("description", [None, "", "failed", "download response fail"])
def test_cause_of_code(code: int, cause: Cause, description: str | None) -> None:
    """A code decides where the description is of the device's own making."""
    assert cause_of_result(code, description) is cause


@pytest.mark.parametrize(
    ("description", "cause"),
    [(message, cause) for cause, (message, _, _) in DEVICE_CAUSES.items()],
)
def test_cause_of_description(description: str, cause: Cause) -> None:
    """A message of the source document decides whatever the code is."""
    for said in (
        description,
        f" {description.upper()}.\n",
        f"{description}: 404",
    ):
        assert cause_of_result(255, said) is cause
        assert cause_of_result(1, said) is cause


@pytest.mark.parametrize("message", [message for message, _, _ in PLATFORM_CAUSES.values()])
def test_device_cannot_speak_for_the_platform(message: str) -> None:
    """Only the causes that devices report are read from their descriptions."""
    assert cause_of_result(7, message) is Cause.INTEGRITY_CHECK_FAILED


@THOROUGHNESS
@given(code=st.integers(), description=st.none() | st.text())
def test_every_failure_has_a_cause(code: int, description: str | None) -> None:
    """Whatever a device says, the cause is none that only the platform can know."""
    assert CAUSES[cause_of_result(code, description)].origin is not Origin.PLATFORM
