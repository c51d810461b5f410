"""What a device most likely does wrong, told from what was seen of a failed task."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .cause import Cause
from .task import State, Task


class Mistake(StrEnum):
    """A mistake that makers of devices make; the value is the translation key."""

    BUFFER_TOO_SMALL = "buffer_too_small"
    MESSAGE_IGNORED = "message_ignored"
    UNAUTHORIZED = "unauthorized"
    WRONG_OFFSET = "wrong_offset"
    READS_TOO_FAR = "reads_too_far"
    CLAIMED_TOO_EARLY = "claimed_too_early"
    STARTED_OLD = "started_old"


@dataclass(frozen=True, kw_only=True, slots=True)
class MistakeText:
    """A row of the table, in English; `advice` has the placeholders of `mistake_words`."""

    title: str
    advice: str
    evidence: str


# One common library has room for so much, topic and head included, and drops the rest unseen.
SMALL_BUFFER: Final = 256

MISTAKES: Final[dict[Mistake, MistakeText]] = {
    Mistake.UNAUTHORIZED: MistakeText(
        title="Token not sent, or cut",
        advice="The depot refused {unauthorized} requests that came without a token or with a "
        "wrong one, most likely of this device: let it send the whole access_token in the header "
        "Authorization, after the word Bearer, with every request.",
        evidence="The depot refused more requests for the package without a right token than it "
        "answered, no other device was there to send them, and it did not send every byte.",
    ),
    Mistake.WRONG_OFFSET: MistakeText(
        title="Resumed at a wrong offset",
        advice="The device asked for the bytes from {gap_end} on though it was sent only those "
        "before {gap_start}: let it resume from the number of bytes that it has stored.",
        evidence="Under this upgrade the depot sent the package from its begin, then a piece "
        "further on, and never what is between them.",
    ),
    Mistake.BUFFER_TOO_SMALL: MistakeText(
        title="Buffer for messages too small",
        advice="The device was still there but never asked the depot for anything: its MQTT "
        "buffer is probably smaller than the upgrade message of {message_size} bytes. One common "
        "library drops without a word what is longer than 256 bytes; raise its buffer to 1024. "
        "If the message does arrive, look whether the device reaches the depot.",
        evidence="The device was heard a minute or more after the upgrade message, which has more "
        "than 256 bytes with its topic; the depot has seen no request.",
    ),
    Mistake.MESSAGE_IGNORED: MistakeText(
        title="Upgrade message not acted on",
        advice="The device was still there but never asked the depot for anything, though the "
        "upgrade message has only {message_size} bytes: look whether the device handles the event "
        "and whether it reaches the depot.",
        evidence="As before, with a message that fits into the smallest buffers.",
    ),
    Mistake.READS_TOO_FAR: MistakeText(
        title="Read past the end of the package",
        advice="The device was sent all {size} bytes and then did not go on: it probably reads "
        "until the connection ends. Let it stop after Content-Length bytes.",
        evidence="The depot has sent every byte, and the device reports that the connection was "
        "lost, or neither closed the connection nor began the update.",
    ),
    Mistake.CLAIMED_TOO_EARLY: MistakeText(
        title="Success told too early",
        advice="The device told success though it was sent only {bytes_served} of {size} bytes: "
        "let it report the new version only after it has started it.",
        evidence="The device has told success, the depot has not sent every byte, and the new "
        "version was not told when the device was asked for it.",
    ),
    Mistake.STARTED_OLD: MistakeText(
        title="Started into the old version",
        advice="The device was sent all {size} bytes, started again and still runs the "
        "old version: look whether its boot partition was switched, whether its boot loader "
        "found the new image valid, and whether the new version confirmed itself before it was "
        "rolled back.",
        evidence="After the whole download the device has left, told success or told the old "
        "version unasked, and answers the check with the old version.",
    ),
}

# Every other cause says itself what is wrong, or has nothing to do with the download.
_DOWNLOAD_CAUSES: Final = frozenset(
    {
        Cause.DOWNLOAD_START_TIMEOUT,
        Cause.DOWNLOAD_TIMEOUT,
        Cause.UPDATE_START_TIMEOUT,
        Cause.RESULT_TIMEOUT,
        Cause.CHECK_TIMEOUT,
        Cause.CONNECTION_LOST,
        Cause.INTEGRITY_CHECK_FAILED,
        Cause.INVALID_URI,
        Cause.UPDATE_FAILED,
    }
)
_CHECK_CAUSES: Final = frozenset({Cause.RESULT_TIMEOUT, Cause.CHECK_TIMEOUT})


def likely_mistake(task: Task) -> Mistake | None:
    """Return the device's likely mistake; None where the evidence does not show one."""
    if task.state is not State.FAILED or task.notified_at is None:
        return None
    return _after_download(task) if task.downloaded else _before_download_ended(task)


def mistake_words(task: Task) -> dict[str, str]:
    """Return what stands for the placeholders of the advice."""
    return {
        "message_size": str(task.message_size),
        "unauthorized": str(task.unauthorized),
        "gap_start": str(task.gap_start),
        "gap_end": str(task.gap_end),
        "bytes_served": str(task.bytes_served),
        "size": str(task.package.size),
    }


def advice_in_english(task: Task) -> str | None:
    """Return what the device's maker should do about its likely mistake."""
    mistake = likely_mistake(task)
    return mistake and MISTAKES[mistake].advice.format_map(mistake_words(task))


def _before_download_ended(task: Task) -> Mistake | None:
    """Return the mistake of a device that does not have the whole package."""
    if task.cause not in _DOWNLOAD_CAUSES:
        return None
    # Some programs send their token only after a refusal: one for each answer is no mistake.
    if task.unauthorized > task.requests:
        return Mistake.UNAUTHORIZED
    if task.gap_end:
        return Mistake.WRONG_OFFSET
    if task.claimed:
        return Mistake.CLAIMED_TOO_EARLY if task.cause in _CHECK_CAUSES else None
    return _before_download(task) if task.cause is Cause.DOWNLOAD_START_TIMEOUT else None


def _before_download(task: Task) -> Mistake | None:
    """Return the mistake of a device that has not begun to download."""
    was_at_depot = task.requests or task.refusals or task.unauthorized
    if was_at_depot or not task.heard or not task.message_size:
        return None
    is_long = task.message_size > SMALL_BUFFER
    return Mistake.BUFFER_TOO_SMALL if is_long else Mistake.MESSAGE_IGNORED


def _after_download(task: Task) -> Mistake | None:
    """Return the mistake of a device that was sent every byte."""
    match task.cause:
        case Cause.CONNECTION_LOST:
            return Mistake.READS_TOO_FAR
        case Cause.UPDATE_START_TIMEOUT if task.left_open:
            return Mistake.READS_TOO_FAR
        case Cause.ROLLED_BACK:
            return Mistake.STARTED_OLD
        case Cause.RESULT_TIMEOUT if task.restarted:
            return Mistake.STARTED_OLD
    return None
