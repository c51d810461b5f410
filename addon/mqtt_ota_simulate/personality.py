"""Personalities: how devices with one or another SDK speak, byte for byte, and what they keep quiet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import json
from typing import Final

from mqtt_ota_tools.protocol import SERVICE

type Paras = Mapping[str, str | int | None]
type Write = Callable[[str, str, str, Paras, datetime], str]


class Named(StrEnum):
    """Which version a report names."""

    OLD = "old"
    TARGET = "target"
    EMPTY = "empty"


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Progress or a result; what is None is left out."""

    code: int
    version: str
    progress: int | None = None
    description: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """What is reported instead of the true reason, where a part is not None."""

    version: Named
    progress: int | None = 0
    code: int | None = None
    hash_code: int | None = None
    description: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Personality:
    """The habits of one SDK.

    `versions` and `result` are the keys of its paras in its own order, `greeting` is what it sends
    as soon as it is connected: service, event and paras. A `failure` of None is silence.
    """

    about: str
    write: Write
    versions: tuple[str, ...]
    result: tuple[str, ...]
    qos: int = 1
    greeting: tuple[str, str, Paras] | None = None
    tells_version_on_connect: bool = False
    tells_download: bool = False
    success: str | None = None
    failure: Failure | None = None
    checks_hash: bool = True
    takes_sha256: bool = True

    def greet(self, device_id: str, now: datetime) -> str | None:
        """Return what is sent, unasked, after each connection."""
        if self.greeting is None:
            return None
        service_id, event_type, paras = self.greeting
        return self.write(device_id, service_id, event_type, paras, now)

    def version_report(self, device_id: str, versions: Paras, now: datetime) -> str:
        """Return the report of the versions; keys that are not given are left out."""
        paras = {key: versions[key] for key in self.versions if key in versions}
        return self.write(device_id, SERVICE, "version_report", paras, now)

    def progress_report(self, device_id: str, report: Report, now: datetime) -> str:
        """Return the report of progress or of a result."""
        values: dict[str, str | int | None] = {
            "result_code": report.code,
            "progress": report.progress,
            "version": report.version,
            "description": report.description,
        }
        paras = {key: values[key] for key in self.result if values[key] is not None}
        return self.write(device_id, SERVICE, "upgrade_progress_report", paras, now)


def _write_python(
    device_id: str, service_id: str, event_type: str, paras: Paras, now: datetime
) -> str:
    """Write like Python: spaces, an empty event id and local time with a Z that it is not."""
    service = {
        "service_id": service_id,
        "event_type": event_type,
        "event_time": f"{now.astimezone():%Y-%m-%dT%H:%M:%SZ}",
        "event_id": "",
        "paras": paras,
    }
    return json.dumps({"object_device_id": device_id, "services": [service]})


def _write_java(
    device_id: str, service_id: str, event_type: str, paras: Paras, now: datetime
) -> str:
    """Write like Java: what was asked for comes first, and the event id is null."""
    service = {
        "paras": paras,
        "service_id": service_id,
        "event_type": event_type,
        "event_time": f"{now:%Y%m%dT%H%M%SZ}",
        "event_id": None,
    }
    return _compact({"object_device_id": device_id, "services": [service]})


def _write_compact(
    device_id: str, service_id: str, event_type: str, paras: Paras, now: datetime
) -> str:
    """Write like Go and C#: compact, with a time and without an event id."""
    service = {
        "service_id": service_id,
        "event_type": event_type,
        "event_time": f"{now:%Y%m%dT%H%M%SZ}",
        "paras": paras,
    }
    return _compact({"object_device_id": device_id, "services": [service]})


def _write_c(device_id: str, service_id: str, event_type: str, paras: Paras, _: datetime) -> str:
    """Write like C: printed with tabs for people, and without a time."""
    service = {"service_id": service_id, "event_type": event_type, "paras": paras}
    return _printed({"object_device_id": device_id, "services": [service]}, 0)


def _compact(value: object) -> str:
    """Return JSON without a space."""
    return json.dumps(value, separators=(",", ":"))


def _printed(value: object, depth: int) -> str:
    """Return JSON as cJSON prints it: a list stays on its line, an object does not."""
    if isinstance(value, list):
        return f"[{', '.join(_printed(item, depth + 1) for item in value)}]"
    if not isinstance(value, dict):
        return json.dumps(value)
    inner = "\t" * (depth + 1)
    members = ",\n".join(
        f"{inner}{json.dumps(key)}:\t{_printed(item, depth + 1)}" for key, item in value.items()
    )
    return "{\n" + members + "\n" + "\t" * depth + "}"


_VERSIONS: Final = ("fw_version", "sw_version")
_RESULT: Final = ("result_code", "progress", "version", "description")

PLAIN: Final = "plain"
PERSONALITIES: Final[dict[str, Personality]] = {
    PLAIN: Personality(
        about="does everything as docs/protocol.md says",
        write=_write_compact,
        versions=_VERSIONS,
        result=_RESULT,
        tells_version_on_connect=True,
        tells_download=True,
        failure=Failure(version=Named.OLD, progress=None),
    ),
    "python": Personality(
        about="the Python SDK: local times that claim to be UTC, and not a word of any failure",
        write=_write_python,
        versions=_VERSIONS,
        result=("result_code", "version", "progress", "description"),
        greeting=(
            "$log",
            "log_report",
            {
                "timestamp": "1795422729846",
                "type": "DEVICE_STATUS",
                "content": "connect complete, the uri is 127.0.0.61",
            },
        ),
        success="upgrade success",
    ),
    "java": Personality(
        about="the Java SDK: null versions in its greeting, two reports of one success",
        write=_write_java,
        versions=_VERSIONS,
        result=("progress", "description", "result_code", "version"),
        greeting=(
            "$sdk_info",
            "sdk_info_report",
            {"device_sdk_version": "JAVA_v1.2.1", "fw_version": None, "sw_version": None},
        ),
        tells_download=True,
        success="upgrade success",
        failure=Failure(version=Named.OLD),
    ),
    "c": Personality(
        about="the C SDK: JSON over many lines, takes every SHA-256 for wrong, and calls it "
        "'device in use'",
        write=_write_c,
        versions=("sw_version", "fw_version"),
        result=_RESULT,
        success="success",
        failure=Failure(version=Named.TARGET, code=1, hash_code=1, description="failed"),
        takes_sha256=False,
    ),
    "go": Personality(
        about="the Go SDK: QoS 0, no look at the hash, an empty version with each failure",
        write=_write_compact,
        versions=("sw_version", "fw_version"),
        result=_RESULT,
        qos=0,
        success="",
        failure=Failure(
            version=Named.EMPTY,
            code=10,
            hash_code=10,
            description="down load ota package failed.",
        ),
        checks_hash=False,
    ),
    "c_sharp": Personality(
        about="the C# SDK: names the new version with each failure, and calls a wrong hash "
        "'already the latest version'",
        write=_write_compact,
        versions=_VERSIONS,
        result=_RESULT,
        success="upgrade success",
        failure=Failure(version=Named.TARGET, hash_code=3),
    ),
}
