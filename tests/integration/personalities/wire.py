"""One device of each personality, and what it writes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from mqtt_ota_simulate.personality import PERSONALITIES, Personality as Habits, Report

_NOW: Final = datetime(2026, 11, 23, 8, 45, 51, tzinfo=UTC)


class Personality(StrEnum):
    """The languages of the SDKs."""

    PYTHON = "python"
    JAVA = "java"
    C = "c"
    GO = "go"
    C_SHARP = "c_sharp"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sdk:
    """A device with one SDK, and the versions before and after its upgrade."""

    personality: Personality
    device_id: str
    old: str
    new: str = "v2.0.0"

    @property
    def habits(self) -> Habits:
        """Return how it writes."""
        return PERSONALITIES[self.personality]

    def greeting(self) -> str | None:
        """Return what it sends, unasked, as soon as it is connected."""
        return self.habits.greet(self.device_id, _NOW)

    def version_report(self, version: str) -> str:
        """Return the report of one version for both parts, as samples send it."""
        versions = dict.fromkeys(self.habits.versions, version)
        return self.habits.version_report(self.device_id, versions, _NOW)

    def progress_report(
        self, result_code: int, progress: int, version: str, description: str | None
    ) -> str:
        """Return the report of a result; one without description leaves the key out."""
        report = Report(
            code=result_code, progress=progress, version=version, description=description
        )
        return self.habits.progress_report(self.device_id, report, _NOW)


SDKS: Final[dict[Personality, Sdk]] = {
    sdk.personality: sdk
    for sdk in (
        Sdk(personality=Personality.PYTHON, device_id="66aa_pydev01", old="v1.0.0"),
        Sdk(personality=Personality.JAVA, device_id="66aa_jdev01", old="v1.0"),
        Sdk(personality=Personality.C, device_id="66aa_cdev01", old="v1.0"),
        Sdk(personality=Personality.GO, device_id="66aa_gdev01", old="v1.0"),
        Sdk(personality=Personality.C_SHARP, device_id="66aa_csdev01", old="v1.0"),
    )
}
