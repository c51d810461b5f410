"""Why a task failed: the one table of causes, with their texts."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Cause(StrEnum):
    """A named failure cause; the value is the translation key."""

    # Reported by the platform (source document, first table)
    DEVICE_OFFLINE = "device_offline"
    TASK_CONFLICT = "task_conflict"
    ONLINE_TIMEOUT = "online_timeout"
    RESULT_TIMEOUT = "result_timeout"
    VERSION_TIMEOUT = "version_timeout"
    CELL_TIMEOUT = "cell_timeout"
    CHECK_TIMEOUT = "check_timeout"
    DOWNLOAD_TIMEOUT = "download_timeout"
    UPDATE_START_TIMEOUT = "update_start_timeout"
    DOWNLOAD_START_TIMEOUT = "download_start_timeout"
    # Reported by devices (source document, second table)
    NOT_ENOUGH_STORAGE = "not_enough_storage"
    OUT_OF_MEMORY = "out_of_memory"
    CONNECTION_LOST = "connection_lost"
    INTEGRITY_CHECK_FAILED = "integrity_check_failed"
    UNSUPPORTED_PACKAGE_TYPE = "unsupported_package_type"
    INVALID_URI = "invalid_uri"
    UPDATE_FAILED = "update_failed"
    # Our own, where a user needs to know more
    DEVICE_BUSY = "device_busy"
    WEAK_SIGNAL = "weak_signal"
    LOW_BATTERY = "low_battery"
    SOURCE_VERSION_UNSUPPORTED = "source_version_unsupported"
    UNEXPECTED_VERSION = "unexpected_version"
    PACKAGE_WITHDRAWN = "package_withdrawn"
    DOWNLOAD_REFUSED = "download_refused"


class Origin(StrEnum):
    """Who found the failure."""

    PLATFORM = "platform"
    DEVICE = "device"
    OWN = "own"


@dataclass(frozen=True, kw_only=True, slots=True)
class CauseText:
    """The English texts of a cause; `message` is exact where the source document has it."""

    origin: Origin
    message: str
    description: str
    solution: str


def _platform(message: str, description: str, solution: str) -> CauseText:
    """Return a row of the source document's first table."""
    return CauseText(
        origin=Origin.PLATFORM,
        message=message,
        description=description,
        solution=solution,
    )


def _device(message: str, description: str, solution: str) -> CauseText:
    """Return a row of the source document's second table."""
    return CauseText(
        origin=Origin.DEVICE,
        message=message,
        description=description,
        solution=solution,
    )


def _own(message: str, description: str, solution: str) -> CauseText:
    """Return a cause that the source document does not have."""
    return CauseText(origin=Origin.OWN, message=message, description=description, solution=solution)


CAUSES: Final[dict[Cause, CauseText]] = {
    Cause.DEVICE_OFFLINE: _platform(
        "Device Abnormal is not online",
        "The device is offline or abnormal.",
        "Check the device.",
    ),
    Cause.TASK_CONFLICT: _platform(
        "Task Conflict",
        "A task conflict occurs.",
        "Check whether a software upgrade, firmware upgrade, log collection, or device "
        "restart task is in progress.",
    ),
    Cause.ONLINE_TIMEOUT: _platform(
        "Waiting for the device online timeout",
        "The device does not go online within the specified time.",
        "Check the device.",
    ),
    Cause.RESULT_TIMEOUT: _platform(
        "Wait for the device to report upgrade result timeout",
        "The device does not report the upgrade result within the specified time.",
        "Check the device.",
    ),
    Cause.VERSION_TIMEOUT: _platform(
        "Waiting for report device firmware version timeout",
        "The device does not report the firmware version within the specified time.",
        "Check the device.",
    ),
    Cause.CELL_TIMEOUT: _platform(
        "Waiting for report cellId timeout",
        "The device does not report the cell ID within the specified time.",
        "Check the device.",
    ),
    Cause.CHECK_TIMEOUT: _platform(
        "Updating timeout and query device version for check timeout",
        "The device does not report the upgrade result or device version within the "
        "specified time.",
        "Check the device.",
    ),
    Cause.DOWNLOAD_TIMEOUT: _platform(
        "Waiting for device downloaded package timeout",
        "The device does not finish downloading the firmware package within the specified time.",
        "Check the device.",
    ),
    Cause.UPDATE_START_TIMEOUT: _platform(
        "Waiting for device start to update timeout",
        "The device does not start the update within the specified time.",
        "Check the device.",
    ),
    Cause.DOWNLOAD_START_TIMEOUT: _platform(
        "Waiting for device start download package timeout",
        "The device does not start to download the firmware package within the specified time.",
        "Check the device.",
    ),
    Cause.NOT_ENOUGH_STORAGE: _device(
        "Not enough storage for the new firmware package",
        "The storage space is insufficient for the firmware package.",
        "Check the storage space of the device.",
    ),
    Cause.OUT_OF_MEMORY: _device(
        "Out of memory during downloading process",
        "The memory was insufficient during the download.",
        "Check the device memory.",
    ),
    Cause.CONNECTION_LOST: _device(
        "Connection lost during downloading process",
        "The connection was interrupted during the download.",
        "Check the device connection status.",
    ),
    Cause.INTEGRITY_CHECK_FAILED: _device(
        "Integrity check failure for new downloaded package",
        "The integrity check on the firmware package fails.",
        "Check whether the firmware package downloaded is complete.",
    ),
    Cause.UNSUPPORTED_PACKAGE_TYPE: _device(
        "Unsupported package type",
        "The firmware package type is not supported.",
        "Check whether the device status and firmware package provided by the "
        "manufacturer are correct.",
    ),
    Cause.INVALID_URI: _device(
        "Invalid URI",
        "The URI is invalid.",
        "Check whether the download address of the firmware package is correct.",
    ),
    Cause.UPDATE_FAILED: _device(
        "Firmware update failed",
        "The firmware fails to update.",
        "Check the device.",
    ),
    Cause.DEVICE_BUSY: _own(
        "Device in use",
        "The device is busy and refused the upgrade.",
        "Install again when the device is idle.",
    ),
    Cause.WEAK_SIGNAL: _own(
        "Signal too weak",
        "The device's radio signal is too weak for a download.",
        "Move the device or its access point closer and install again.",
    ),
    Cause.LOW_BATTERY: _own(
        "Battery low",
        "The device's battery is too low for an upgrade.",
        "Charge the device or replace its battery and install again.",
    ),
    Cause.SOURCE_VERSION_UNSUPPORTED: _own(
        "Version not upgradable from here",
        "The package can't be installed over the version that the device runs.",
        "Install one of the package's source versions first.",
    ),
    Cause.UNEXPECTED_VERSION: _own(
        "Unexpected version",
        "The device came back with a version that is neither the old nor the new one.",
        "Check which image the device started and whether the package holds the "
        "version that it claims.",
    ),
    Cause.PACKAGE_WITHDRAWN: _own(
        "Package withdrawn",
        "The package was withdrawn or deleted before the device had it.",
        "Choose another package.",
    ),
    Cause.DOWNLOAD_REFUSED: _own(
        "Download refused",
        "The depot refused to grant the download.",
        "Read the reason in Home Assistant's log; an update of the depot may help.",
    ),
}

_CAUSE_OF_RESULT_CODE: Final[dict[int, Cause]] = {
    1: Cause.DEVICE_BUSY,
    2: Cause.WEAK_SIGNAL,
    4: Cause.LOW_BATTERY,
    5: Cause.NOT_ENOUGH_STORAGE,
    6: Cause.CONNECTION_LOST,
    7: Cause.INTEGRITY_CHECK_FAILED,
    8: Cause.UNSUPPORTED_PACKAGE_TYPE,
    9: Cause.OUT_OF_MEMORY,
    10: Cause.UPDATE_FAILED,
    255: Cause.UPDATE_FAILED,
}
_CAUSE_OF_MESSAGE: Final[dict[str, Cause]] = {
    text.message.lower(): cause for cause, text in CAUSES.items() if text.origin is Origin.DEVICE
}


def cause_of_result(result_code: int, description: str | None) -> Cause:
    """Return the cause of a device's failure report.

    A description that begins with one of the source document's messages says more than the
    code (no code exists for "Invalid URI"); any unknown code is a failed update.
    """
    told = (description or "").strip().lower()
    for message, cause in _CAUSE_OF_MESSAGE.items():
        if told.startswith(message):
            return cause
    return _CAUSE_OF_RESULT_CODE.get(result_code, Cause.UPDATE_FAILED)
