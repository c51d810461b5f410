"""Result codes that a device reports, and the error that carries one."""

from dataclasses import dataclass
from enum import IntEnum


class ResultCode(IntEnum):
    """Code in an upgrade report; 0 also means "going on"."""

    SUCCESS = 0
    DEVICE_IN_USE = 1
    POOR_SIGNAL = 2
    ALREADY_LATEST = 3
    LOW_BATTERY = 4
    INSUFFICIENT_SPACE = 5
    DOWNLOAD_TIMEOUT = 6
    VERIFICATION_FAILED = 7
    UNSUPPORTED_PACKAGE = 8
    INSUFFICIENT_MEMORY = 9
    INSTALLATION_FAILED = 10
    INTERNAL_ERROR = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Content of one upgrade report; `version` is the version that runs now."""

    result_code: ResultCode
    version: str
    progress: int | None = None
    description: str | None = None


class UpgradeError(Exception):
    """The upgrade has ended without the new version; says why."""

    def __init__(self, code: ResultCode, reason: str) -> None:
        """Keep the code for the report beside the reason for people."""
        super().__init__(reason)
        self.code = code
        self.reason = reason
