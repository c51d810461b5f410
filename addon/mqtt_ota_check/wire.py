"""JSON events of the device protocol: bytes to reports, commands to bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
from typing import Any

from mqtt_ota_tools.protocol import MAX_PAYLOAD, MAX_TEXT, SERVICE, Kind, compact, printable


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionReport:
    """The device tells which versions run; None for a kind that it does not name."""

    firmware: str | None
    software: str | None

    def version(self, kind: Kind) -> str | None:
        """Return the version of a kind."""
        return self.firmware if kind is Kind.FIRMWARE else self.software


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeReport:
    """The device tells progress or result; code 0 with progress below 100 is "going on"."""

    result_code: int
    version: str | None
    progress: int | None
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A message that is no event of the protocol, and what is wrong with it."""

    reason: str


type Report = VersionReport | UpgradeReport | Unreadable


def write(device_id: str, event_type: str, paras: Mapping[str, object]) -> bytes:
    """Return one event as the compact JSON that the platform sends."""
    return compact(
        {
            "object_device_id": device_id,
            "services": [{"service_id": SERVICE, "event_type": event_type, "paras": paras}],
        }
    )


def read(payload: bytes, device_id: str) -> list[Report]:
    """Return what a message of the device says; events of other services say nothing here."""
    if len(payload) > MAX_PAYLOAD:
        return [Unreadable(reason=f"a message of {len(payload)} bytes; {MAX_PAYLOAD} are allowed")]
    try:
        envelope = json.loads(payload)
    except (ValueError, RecursionError) as err:
        return [Unreadable(reason=f"a message that is not JSON ({err})")]
    services = envelope.get("services") if isinstance(envelope, dict) else None
    if not isinstance(services, list):
        return [Unreadable(reason="a message without the list 'services'")]
    named = envelope.get("object_device_id")
    if named not in (None, device_id):
        return [Unreadable(reason=f"a message about {_shown(named)} instead of {device_id}")]
    return [
        report
        for service in services
        if isinstance(service, dict) and service.get("service_id") == SERVICE
        for report in _event(service)
    ]


def _event(service: Mapping[str, Any]) -> list[Report]:
    """Return what one event says."""
    event_type, paras = service.get("event_type"), service.get("paras")
    if not isinstance(event_type, str) or not isinstance(paras, dict):
        return [Unreadable(reason="an event without 'event_type' or without the object 'paras'")]
    match event_type.lower():
        case "version_report":
            return [
                VersionReport(
                    firmware=_text(paras.get("fw_version")), software=_text(paras.get("sw_version"))
                )
            ]
        case "upgrade_progress_report":
            return [_upgrade_report(paras)]
        case _:
            return []


def _upgrade_report(paras: Mapping[str, Any]) -> Report:
    """Return a progress or result report."""
    code = _number(paras.get("result_code"))
    if code is None:
        shown = _shown(paras.get("result_code"))
        return Unreadable(
            reason=f"an upgrade_progress_report whose result_code is {shown}, not a number"
        )
    return UpgradeReport(
        result_code=code,
        version=_text(paras.get("version")),
        progress=_number(paras.get("progress")),
        description=_text(paras.get("description")),
    )


def _number(value: object) -> int | None:
    """Return a whole number; devices also send it as text or with a decimal point."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value[:MAX_TEXT])
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1:
        return int(value)
    return None


def _text(value: object) -> str | None:
    """Return a text of bounded length without control characters; None when it is empty."""
    return printable(value) or None if isinstance(value, str) else None


def _shown(value: object) -> str:
    """Return any value for a message to people."""
    return printable(json.dumps(value)) if value is not None else "missing"
