"""Why a task failed: the one table of causes, with their texts."""

from dataclasses import dataclass
from enum import StrEnum
import re
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
    ROLLED_BACK = "rolled_back"
    PACKAGE_WITHDRAWN = "package_withdrawn"
    DOWNLOAD_REFUSED = "download_refused"
    DEPOT_UNREACHABLE = "depot_unreachable"
    SUPERSEDED = "superseded"


class Origin(StrEnum):
    """Who found the failure."""

    PLATFORM = "platform"
    DEVICE = "device"
    OWN = "own"


@dataclass(frozen=True, kw_only=True, slots=True)
class CauseText:
    """A row of the table, in English.

    `message`, `description` and `solution` are exact where the source document has them;
    `occurs` says when the cause is met here. `retryable` causes may be gone the next time.
    """

    origin: Origin
    message: str
    description: str
    solution: str
    occurs: str
    retryable: bool


CAUSES: Final[dict[Cause, CauseText]] = {
    Cause.DEVICE_OFFLINE: CauseText(
        origin=Origin.PLATFORM,
        message="Device Abnormal is not online",
        description="The device is offline or abnormal.",
        solution="Check the device.",
        occurs="The upgrade was not to wait, and the device is known to be offline when it "
        "begins or goes offline while it is asked for its version.",
        retryable=True,
    ),
    Cause.TASK_CONFLICT: CauseText(
        origin=Origin.PLATFORM,
        message="Task Conflict",
        description="A task conflict occurs.",
        solution="Check whether a software upgrade, firmware upgrade, log collection, or device "
        "restart task is in progress.",
        occurs="The device refuses because it is busy with an upgrade of its own, a log "
        "collection or a restart. A second upgrade of the same kind to another version is "
        "refused under the same name before it becomes a task.",
        retryable=True,
    ),
    Cause.ONLINE_TIMEOUT: CauseText(
        origin=Origin.PLATFORM,
        message="Waiting for the device online timeout",
        description="The device does not go online within the specified time.",
        solution="Check the device.",
        occurs="No sign of life for 25 hours, the time in the queue not counted.",
        retryable=True,
    ),
    Cause.RESULT_TIMEOUT: CauseText(
        origin=Origin.PLATFORM,
        message="Wait for the device to report upgrade result timeout",
        description="The device does not report the upgrade result within the specified time.",
        solution="Check the device.",
        occurs="The device still answers with the old version at the end of the check, and "
        "nothing shows that it has started the new one.",
        retryable=True,
    ),
    Cause.VERSION_TIMEOUT: CauseText(
        origin=Origin.PLATFORM,
        message="Waiting for report device firmware version timeout",
        description="The device does not report the firmware version within the specified time.",
        solution="Check the device.",
        occurs="A device that showed a sign of life has not answered the version query for "
        "3 minutes.",
        retryable=True,
    ),
    Cause.CELL_TIMEOUT: CauseText(
        origin=Origin.PLATFORM,
        message="Waiting for report cellId timeout",
        description="The device does not report the cell ID within the specified time.",
        solution="Check the device.",
        occurs="With a limit of downloads per cell: the device has not named its cell for "
        "3 minutes.",
        retryable=True,
    ),
    Cause.CHECK_TIMEOUT: CauseText(
        origin=Origin.PLATFORM,
        message="Updating timeout and query device version for check timeout",
        description="The device does not report the upgrade result or device version within the "
        "specified time.",
        solution="Check the device.",
        occurs="The time for the update is over, the device was asked for its version, and has "
        "not answered for 3 minutes.",
        retryable=True,
    ),
    Cause.DOWNLOAD_TIMEOUT: CauseText(
        origin=Origin.PLATFORM,
        message="Waiting for device downloaded package timeout",
        description="The device does not finish downloading the firmware package within the "
        "specified time.",
        solution="Check the device.",
        occurs="The download has begun and is not whole 24 hours after the notification.",
        retryable=True,
    ),
    Cause.UPDATE_START_TIMEOUT: CauseText(
        origin=Origin.PLATFORM,
        message="Waiting for device start to update timeout",
        description="The device does not start the update within the specified time.",
        solution="Check the device.",
        occurs="The download is whole, and the device shows no sign of the update 24 hours "
        "after the notification.",
        retryable=True,
    ),
    Cause.DOWNLOAD_START_TIMEOUT: CauseText(
        origin=Origin.PLATFORM,
        message="Waiting for device start download package timeout",
        description="The device does not start to download the firmware package within the "
        "specified time.",
        solution="Check the device.",
        occurs="No request has reached the depot and the device has reported no progress "
        "24 hours after the notification.",
        retryable=True,
    ),
    Cause.NOT_ENOUGH_STORAGE: CauseText(
        origin=Origin.DEVICE,
        message="Not enough storage for the new firmware package",
        description="The storage space is insufficient for the firmware package.",
        solution="Check the storage space of the device.",
        occurs="The device reports it.",
        retryable=False,
    ),
    Cause.OUT_OF_MEMORY: CauseText(
        origin=Origin.DEVICE,
        message="Out of memory during downloading process",
        description="The memory was insufficient during the download.",
        solution="Check the device memory.",
        occurs="The device reports it.",
        retryable=True,
    ),
    Cause.CONNECTION_LOST: CauseText(
        origin=Origin.DEVICE,
        message="Connection lost during downloading process",
        description="The connection was interrupted during the download.",
        solution="Check the device connection status.",
        occurs="The device reports it, after it has given up to resume the download itself.",
        retryable=True,
    ),
    Cause.INTEGRITY_CHECK_FAILED: CauseText(
        origin=Origin.DEVICE,
        message="Integrity check failure for new downloaded package",
        description="The integrity check on the firmware package fails.",
        solution="Check whether the firmware package downloaded is complete.",
        occurs="The device reports it.",
        retryable=True,
    ),
    Cause.UNSUPPORTED_PACKAGE_TYPE: CauseText(
        origin=Origin.DEVICE,
        message="Unsupported package type",
        description="The firmware package type is not supported.",
        solution="Check whether the device status and firmware package provided by the "
        "manufacturer are correct.",
        occurs="The device reports it.",
        retryable=False,
    ),
    Cause.INVALID_URI: CauseText(
        origin=Origin.DEVICE,
        message="Invalid URI",
        description="The URI is invalid.",
        solution="Check whether the download address of the firmware package is correct.",
        occurs="The device reports it in its description; no result code stands for it.",
        retryable=False,
    ),
    Cause.UPDATE_FAILED: CauseText(
        origin=Origin.DEVICE,
        message="Firmware update failed",
        description="The firmware fails to update.",
        solution="Check the device.",
        occurs="The device reports it, or a result code that nobody knows.",
        retryable=True,
    ),
    Cause.DEVICE_BUSY: CauseText(
        origin=Origin.OWN,
        message="Device in use",
        description="The device is busy and refused the upgrade.",
        solution="Install again when the device is idle.",
        occurs="The device reports it. Some devices report every failure in this way: read "
        "what they say beside it.",
        retryable=True,
    ),
    Cause.WEAK_SIGNAL: CauseText(
        origin=Origin.OWN,
        message="Signal too weak",
        description="The device's radio signal is too weak for a download.",
        solution="Move the device or its access point closer and install again.",
        occurs="The device reports it.",
        retryable=True,
    ),
    Cause.LOW_BATTERY: CauseText(
        origin=Origin.OWN,
        message="Battery low",
        description="The device's battery is too low for an upgrade.",
        solution="Charge the device or replace its battery and install again.",
        occurs="The device reports it.",
        retryable=True,
    ),
    Cause.SOURCE_VERSION_UNSUPPORTED: CauseText(
        origin=Origin.OWN,
        message="Version not upgradable from here",
        description="The package can't be installed over the version that the device runs.",
        solution="Install one of the package's source versions first.",
        occurs="The device reports a version that is not among the package's source versions.",
        retryable=False,
    ),
    Cause.UNEXPECTED_VERSION: CauseText(
        origin=Origin.OWN,
        message="Unexpected version",
        description="The device came back with a version that is neither the old nor the new one.",
        solution="Check which image the device started and whether the package holds the "
        "version that it claims.",
        occurs="After the notification the device reports a third version.",
        retryable=False,
    ),
    Cause.ROLLED_BACK: CauseText(
        origin=Origin.OWN,
        message="Rolled back by the device",
        description="The device fetched the whole package, started again and runs the old version.",
        solution="Ask the package's maker why it does not stay up on this device; installing it "
        "again seldom helps.",
        occurs="After the whole download the device has gone offline or told success, and "
        "answers the check with the old version.",
        retryable=False,
    ),
    Cause.PACKAGE_WITHDRAWN: CauseText(
        origin=Origin.OWN,
        message="Package withdrawn",
        description="The package was withdrawn or deleted before the device had it.",
        solution="Choose another package.",
        occurs="The package is withdrawn before the notification, or deleted before the end of "
        "the download.",
        retryable=False,
    ),
    Cause.DOWNLOAD_REFUSED: CauseText(
        origin=Origin.OWN,
        message="Download refused",
        description="The depot refused to grant the download.",
        solution="Read the reason in Home Assistant's log; an update of the depot may help.",
        occurs="The depot answers the request for a grant with an error that will not pass.",
        retryable=False,
    ),
    Cause.DEPOT_UNREACHABLE: CauseText(
        origin=Origin.OWN,
        message="Depot unreachable",
        description="The depot could not be asked for the download within the specified time.",
        solution="Check that the depot runs and that Home Assistant can reach it.",
        occurs="The device is ready, and for 24 hours the depot is away or grants no download.",
        retryable=True,
    ),
    Cause.SUPERSEDED: CauseText(
        origin=Origin.OWN,
        message="Superseded by a newer package",
        description="A newer package came before the device was told of this one.",
        solution="Nothing needs to be done: the device is upgraded to the newer package.",
        occurs="A newer package for the model arrives while the upgrade waits, unless the user "
        "chose this version. The upgrade counts as cancelled, not as failed.",
        retryable=False,
    ),
}
RETRYABLE: Final = frozenset(cause for cause, text in CAUSES.items() if text.retryable)

CAUSE_OF_RESULT_CODE: Final[dict[int, Cause]] = {
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
# What a busy device is busy with: an upgrade of its own, a log collection or a restart.
_CONFLICTING_WORK: Final = re.compile(
    r"\b(?:upgrad\w*|updat\w*|ota|logs?|log[ _-]?collect\w*|restart\w*|reboot\w*)\b"
)
_GOES_ON: Final = re.compile(
    r"\b(?:in[ _-]progress|running|ongoing|under ?way|already|busy|active|pending"
    r"|upgrading|updating|restarting|rebooting|collecting|uploading)\b"
)


def cause_of_result(result_code: int, description: str | None) -> Cause:
    """Return the cause of a device's failure report.

    A description that begins with one of the source document's messages says more than the
    code (no code exists for "Invalid URI"); any unknown code is a failed update.
    """
    told = (description or "").strip().lower()
    for message, cause in _CAUSE_OF_MESSAGE.items():
        if told.startswith(message):
            return cause
    cause = CAUSE_OF_RESULT_CODE.get(result_code, Cause.UPDATE_FAILED)
    if cause is Cause.DEVICE_BUSY and _names_conflict(told):
        return Cause.TASK_CONFLICT
    return cause


def _names_conflict(told: str) -> bool:
    """Return whether a busy device says that a task of another kind goes on."""
    if told.startswith(CAUSES[Cause.TASK_CONFLICT].message.lower()):
        return True
    return bool(_CONFLICTING_WORK.search(told) and _GOES_ON.search(told))
