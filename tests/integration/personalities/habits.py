"""What devices of each personality do in each circumstance, and how their upgrade ends."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from custom_components.mqtt_ota.upgrade import Cause, State
from tests.integration.personalities.wire import Personality


class Circumstance(StrEnum):
    """What a device meets with when it fetches its package."""

    ALREADY_THERE = "already_there"
    PLAIN_HTTP = "plain_http"
    HTTPS = "https"
    STRICT_SERVER = "strict_server"
    SECOND_FORM = "second_form"
    WRONG_SIGN = "wrong_sign"
    UPPER_CASE_SIGN = "upper_case_sign"
    NO_SIGN = "no_sign"
    BAD_TOKEN = "bad_token"
    SERVER_ERROR = "server_error"
    CUT = "cut"
    CUT_UNSIGNED = "cut_unsigned"
    NO_LENGTH = "no_length"
    DISK_FULL = "disk_full"
    LONG = "long"
    RESULT_LOST = "result_lost"


class Version(StrEnum):
    """Which version a report names."""

    OLD = "old"
    TARGET = "target"
    EMPTY = "empty"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What the depot saw of the download, bytes as a part of the package."""

    part: float = 1.0
    requests: int = 1
    refusals: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One progress report."""

    code: int
    progress: int
    version: Version
    description: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Habit:
    """What a device does after its upgrade message, and what becomes of the task.

    `installs` tells what it really runs afterwards, `away` whether it is cut off from the
    broker while it downloads and comes back later.
    """

    reports: tuple[Report, ...] = ()
    installs: bool = False
    away: bool = False
    cause: Cause | None = None
    description: str | None = None

    @property
    def state(self) -> State:
        """Return how the task ends."""
        return State.SUCCEEDED if self.cause is None else State.FAILED


_NOTHING: Final = Seen(part=0.0, requests=0)
_PARTLY: Final = Seen(part=1 / 3)

# A server error comes from something between the device and the depot, which sees nothing.
SEEN: Final[dict[Circumstance, Seen]] = {
    Circumstance.BAD_TOKEN: Seen(part=0.0, requests=0, refusals=1),
    Circumstance.STRICT_SERVER: _NOTHING,
    Circumstance.SERVER_ERROR: _NOTHING,
    Circumstance.CUT: _PARTLY,
    Circumstance.CUT_UNSIGNED: _PARTLY,
    Circumstance.DISK_FULL: _PARTLY,
}


def seen(personality: Personality, circumstance: Circumstance) -> Seen:
    """Return what the depot sees of a download; the C SDK sends nothing over plain HTTP."""
    if personality is Personality.C and circumstance is Circumstance.PLAIN_HTTP:
        return _NOTHING
    return SEEN.get(circumstance, Seen())


def _failed(
    code: int,
    description: str | None,
    version: Version,
    cause: Cause,
    *before: Report,
) -> Habit:
    """Return the habit of a device that reports its failure."""
    report = Report(code=code, progress=0, version=version, description=description)
    return Habit(reports=(*before, report), cause=cause, description=description)


def _silent(cause: Cause) -> Habit:
    """Return the habit of a device that reports nothing, until the time is over."""
    return Habit(cause=cause)


_LOST: Final = Habit(installs=True, away=True)

_PYTHON_SUCCESS: Final = Habit(
    reports=(Report(code=0, progress=100, version=Version.TARGET, description="upgrade success"),),
    installs=True,
)
_PYTHON: Final[dict[Circumstance, Habit]] = {
    Circumstance.ALREADY_THERE: Habit(installs=True),
    Circumstance.PLAIN_HTTP: _PYTHON_SUCCESS,
    Circumstance.HTTPS: _PYTHON_SUCCESS,
    Circumstance.SECOND_FORM: _PYTHON_SUCCESS,
    Circumstance.WRONG_SIGN: _silent(Cause.UPDATE_START_TIMEOUT),
    Circumstance.UPPER_CASE_SIGN: _silent(Cause.UPDATE_START_TIMEOUT),
    Circumstance.NO_SIGN: _silent(Cause.UPDATE_START_TIMEOUT),
    Circumstance.BAD_TOKEN: _silent(Cause.DOWNLOAD_START_TIMEOUT),
    Circumstance.SERVER_ERROR: _silent(Cause.DOWNLOAD_START_TIMEOUT),
    Circumstance.CUT: _silent(Cause.DOWNLOAD_TIMEOUT),
    Circumstance.CUT_UNSIGNED: _silent(Cause.DOWNLOAD_TIMEOUT),
    Circumstance.NO_LENGTH: _silent(Cause.UPDATE_START_TIMEOUT),
    # The download blocks its MQTT thread: the report goes into a dead socket.
    Circumstance.LONG: _LOST,
    Circumstance.RESULT_LOST: _LOST,
}

_JAVA_DOWNLOADED: Final = Report(code=0, progress=100, version=Version.OLD)
_JAVA_SUCCESS: Final = Habit(
    reports=(
        _JAVA_DOWNLOADED,
        Report(code=0, progress=100, version=Version.TARGET, description="upgrade success"),
    ),
    installs=True,
)
_JAVA_BAD_HASH: Final = _failed(
    7, "md5 check fail", Version.OLD, Cause.INTEGRITY_CHECK_FAILED, _JAVA_DOWNLOADED
)
_JAVA_REFUSED: Final = _failed(6, "download response fail", Version.OLD, Cause.CONNECTION_LOST)
_JAVA_CUT: Final = _failed(6, "unexpected end of stream", Version.OLD, Cause.CONNECTION_LOST)
_JAVA: Final[dict[Circumstance, Habit]] = {
    Circumstance.ALREADY_THERE: Habit(installs=True),
    Circumstance.PLAIN_HTTP: _JAVA_SUCCESS,
    Circumstance.HTTPS: _JAVA_SUCCESS,
    # Its sample for the second form trusts only public authorities, and does not say so.
    Circumstance.SECOND_FORM: _failed(6, None, Version.OLD, Cause.CONNECTION_LOST),
    Circumstance.WRONG_SIGN: _JAVA_BAD_HASH,
    Circumstance.UPPER_CASE_SIGN: _JAVA_SUCCESS,
    Circumstance.NO_SIGN: _failed(7, None, Version.OLD, Cause.INTEGRITY_CHECK_FAILED),
    Circumstance.BAD_TOKEN: _JAVA_REFUSED,
    Circumstance.SERVER_ERROR: _JAVA_REFUSED,
    Circumstance.CUT: _JAVA_CUT,
    Circumstance.CUT_UNSIGNED: _JAVA_CUT,
    Circumstance.NO_LENGTH: _silent(Cause.UPDATE_START_TIMEOUT),
    Circumstance.LONG: _JAVA_SUCCESS,
    Circumstance.RESULT_LOST: _LOST,
}

# For the C SDK every failure is "device in use", and names the version it does not have.
_C_FAILED: Final = _failed(1, "failed", Version.TARGET, Cause.DEVICE_BUSY)
_C_SUCCESS: Final = Habit(
    reports=(Report(code=0, progress=100, version=Version.TARGET, description="success"),),
    installs=True,
)
_C: Final[dict[Circumstance, Habit]] = {
    Circumstance.ALREADY_THERE: Habit(installs=True),
    Circumstance.PLAIN_HTTP: _C_FAILED,
    # It takes every hash of 64 characters for wrong.
    Circumstance.HTTPS: _C_FAILED,
    Circumstance.STRICT_SERVER: _C_FAILED,
    Circumstance.SECOND_FORM: _C_SUCCESS,
    Circumstance.WRONG_SIGN: _C_FAILED,
    Circumstance.UPPER_CASE_SIGN: _C_FAILED,
    Circumstance.NO_SIGN: _C_SUCCESS,
    Circumstance.BAD_TOKEN: _C_FAILED,
    Circumstance.SERVER_ERROR: _C_FAILED,
    Circumstance.CUT: _C_FAILED,
    # A third of the image, told as success
    Circumstance.CUT_UNSIGNED: Habit(reports=_C_SUCCESS.reports, cause=Cause.RESULT_TIMEOUT),
    Circumstance.NO_LENGTH: _C_FAILED,
    # Its report is sent again as soon as it is back, before anything is subscribed.
    Circumstance.LONG: Habit(reports=_C_SUCCESS.reports, installs=True, away=True),
    Circumstance.RESULT_LOST: _LOST,
}

_GO_SUCCESS: Final = Habit(
    reports=(Report(code=0, progress=100, version=Version.TARGET, description=""),),
    installs=True,
)
# What it has written to its disk is the text of the server's error.
_GO_FOOLED: Final = Habit(reports=_GO_SUCCESS.reports, cause=Cause.RESULT_TIMEOUT)
_GO_CUT: Final = _failed(10, "down load ota package failed.", Version.EMPTY, Cause.UPDATE_FAILED)
_GO: Final[dict[Circumstance, Habit]] = {
    Circumstance.ALREADY_THERE: Habit(installs=True),
    Circumstance.PLAIN_HTTP: _GO_SUCCESS,
    Circumstance.HTTPS: _GO_SUCCESS,
    Circumstance.SECOND_FORM: _GO_SUCCESS,
    Circumstance.WRONG_SIGN: _GO_SUCCESS,
    Circumstance.UPPER_CASE_SIGN: _GO_SUCCESS,
    Circumstance.NO_SIGN: _GO_SUCCESS,
    Circumstance.BAD_TOKEN: _GO_FOOLED,
    Circumstance.SERVER_ERROR: _GO_FOOLED,
    Circumstance.CUT: _GO_CUT,
    Circumstance.CUT_UNSIGNED: _GO_CUT,
    Circumstance.NO_LENGTH: _GO_SUCCESS,
    Circumstance.LONG: _GO_SUCCESS,
    # Sent with QoS 0
    Circumstance.RESULT_LOST: _LOST,
}

_C_SHARP_SUCCESS: Final = Habit(
    reports=(Report(code=0, progress=100, version=Version.TARGET, description="upgrade success"),),
    installs=True,
)
# "Already the latest version", with the target version: its word for a wrong hash.
_C_SHARP_BAD_HASH: Final = _failed(3, "sign verify failed", Version.TARGET, Cause.RESULT_TIMEOUT)
_C_SHARP_REFUSED: Final = _failed(
    6, "The remote server returned an error", Version.TARGET, Cause.CONNECTION_LOST
)
_C_SHARP_CUT: Final = _failed(6, "The request was aborted", Version.TARGET, Cause.CONNECTION_LOST)
_C_SHARP: Final[dict[Circumstance, Habit]] = {
    Circumstance.ALREADY_THERE: Habit(installs=True),
    Circumstance.PLAIN_HTTP: _C_SHARP_SUCCESS,
    Circumstance.HTTPS: _C_SHARP_SUCCESS,
    Circumstance.WRONG_SIGN: _C_SHARP_BAD_HASH,
    Circumstance.UPPER_CASE_SIGN: _C_SHARP_BAD_HASH,
    Circumstance.NO_SIGN: _C_SHARP_SUCCESS,
    Circumstance.BAD_TOKEN: _C_SHARP_REFUSED,
    Circumstance.SERVER_ERROR: _C_SHARP_REFUSED,
    Circumstance.CUT: _C_SHARP_CUT,
    Circumstance.CUT_UNSIGNED: _C_SHARP_CUT,
    Circumstance.NO_LENGTH: _C_SHARP_SUCCESS,
    Circumstance.DISK_FULL: _failed(
        255, "There is not enough space on the disk", Version.TARGET, Cause.UPDATE_FAILED
    ),
    Circumstance.LONG: _C_SHARP_SUCCESS,
    Circumstance.RESULT_LOST: _LOST,
}

HABITS: Final[dict[Personality, dict[Circumstance, Habit]]] = {
    Personality.PYTHON: _PYTHON,
    Personality.JAVA: _JAVA,
    Personality.C: _C,
    Personality.GO: _GO,
    Personality.C_SHARP: _C_SHARP,
}

# Only some personalities can tell these from the others.
SPECIAL: Final[dict[Circumstance, frozenset[Personality]]] = {
    Circumstance.STRICT_SERVER: frozenset({Personality.C}),
    Circumstance.DISK_FULL: frozenset({Personality.C_SHARP}),
    Circumstance.SECOND_FORM: frozenset(Personality) - {Personality.C_SHARP},
}


def transfer_of(package_size: int, what: Seen, *, active: bool) -> dict[str, Any]:
    """Return what the depot tells of a download, as changes of a transfer."""
    served = int(package_size * what.part)
    return {
        "bytes_served": served,
        "requests": what.requests,
        "refusals": what.refusals,
        "active": active,
        "complete": served == package_size and not active,
    }
