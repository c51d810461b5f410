"""How five public device SDKs write a message, byte for byte."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
import json
from typing import Final

type Paras = Mapping[str, str | int | None]
type Write = Callable[[str, str, str, Paras], str]


class Personality(StrEnum):
    """The languages of the SDKs."""

    PYTHON = "python"
    JAVA = "java"
    C = "c"
    GO = "go"
    C_SHARP = "c_sharp"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sdk:
    """One SDK's form: `versions` and `result` are the keys of its paras in its own order.

    `greeting` is what it sends, unasked, as soon as it is connected.
    """

    device_id: str
    old: str
    new: str
    qos: int
    write: Write
    versions: tuple[str, ...]
    result: tuple[str, ...]
    greeting: tuple[str, str, Paras] | None = None

    def version_report(self, version: str) -> str:
        """Return the report of one version for both parts, as samples send it."""
        paras = dict.fromkeys(self.versions, version)
        return self.write(self.device_id, "$ota", "version_report", paras)

    def progress_report(
        self, result_code: int, progress: int, version: str, description: str | None
    ) -> str:
        """Return the report of a result; one without description leaves the key out."""
        values: dict[str, str | int | None] = {
            "result_code": result_code,
            "progress": progress,
            "version": version,
            "description": description,
        }
        paras = {key: values[key] for key in self.result if values[key] is not None}
        return self.write(self.device_id, "$ota", "upgrade_progress_report", paras)


def _write_python(device_id: str, service_id: str, event_type: str, paras: Paras) -> str:
    """Write like Python: spaces, an empty event id and local time with a Z that it is not."""
    service = {
        "service_id": service_id,
        "event_type": event_type,
        "event_time": "2026-11-23T08:32:11Z",
        "event_id": "",
        "paras": paras,
    }
    return json.dumps({"object_device_id": device_id, "services": [service]})


def _write_java(device_id: str, service_id: str, event_type: str, paras: Paras) -> str:
    """Write like Java: what was asked for comes first, and the event id is null."""
    service = {
        "paras": paras,
        "service_id": service_id,
        "event_type": event_type,
        "event_time": "20261123T084551Z",
        "event_id": None,
    }
    return _compact({"object_device_id": device_id, "services": [service]})


def _write_compact(device_id: str, service_id: str, event_type: str, paras: Paras) -> str:
    """Write like Go and C#: compact, with a time and without an event id."""
    service = {
        "service_id": service_id,
        "event_type": event_type,
        "event_time": "20261123T085003Z",
        "paras": paras,
    }
    return _compact({"object_device_id": device_id, "services": [service]})


def _write_c(device_id: str, service_id: str, event_type: str, paras: Paras) -> str:
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


SDKS: Final[dict[Personality, Sdk]] = {
    Personality.PYTHON: Sdk(
        device_id="66aa_pydev01",
        old="v1.0.0",
        new="v2.0.0",
        qos=1,
        write=_write_python,
        versions=("fw_version", "sw_version"),
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
    ),
    Personality.JAVA: Sdk(
        device_id="66aa_jdev01",
        old="v1.0",
        new="v2.0.0",
        qos=1,
        write=_write_java,
        versions=("fw_version", "sw_version"),
        result=("progress", "description", "result_code", "version"),
        greeting=(
            "$sdk_info",
            "sdk_info_report",
            {"device_sdk_version": "JAVA_v1.2.1", "fw_version": None, "sw_version": None},
        ),
    ),
    Personality.C: Sdk(
        device_id="66aa_cdev01",
        old="v1.0",
        new="v2.0.0",
        qos=1,
        write=_write_c,
        versions=("sw_version", "fw_version"),
        result=("result_code", "progress", "version", "description"),
    ),
    Personality.GO: Sdk(
        device_id="66aa_gdev01",
        old="v1.0",
        new="v2.0.0",
        qos=0,
        write=_write_compact,
        versions=("sw_version", "fw_version"),
        result=("result_code", "progress", "version", "description"),
    ),
    Personality.C_SHARP: Sdk(
        device_id="66aa_csdev01",
        old="v1.0",
        new="v2.0.0",
        qos=1,
        write=_write_compact,
        versions=("fw_version", "sw_version"),
        result=("result_code", "progress", "version", "description"),
    ),
}
