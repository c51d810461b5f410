"""The device protocol: JSON events to plain values and back. See docs/protocol.md."""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    # MicroPython has no typing, and does not look at annotations.
    from typing import Any

BUSY = 1
ALREADY_LATEST = 3
NO_ROOM = 5
CONNECTION_LOST = 6
DAMAGED = 7
UNSUPPORTED = 8
OUT_OF_MEMORY = 9
NOT_INSTALLED = 10
INTERNAL_ERROR = 255

SERVICE = "$ota"
MAX_VERSION = 256
MAX_URL = 2048
MAX_TOKEN = 512


class UpgradeError(Exception):
    """The upgrade has ended without the new version: the code to report, and why."""

    def __init__(self, code: int, reason: str) -> None:
        """Keep both for the report."""
        super().__init__(reason)
        self.code = code
        self.reason = reason


def read_events(payload: bytes, device_id: str) -> "list[tuple[str, dict[str, Any]]]":
    """Return type and paras of each event for this device; what cannot be read is none."""
    try:
        envelope = json.loads(payload)
    except ValueError:
        return []
    if not isinstance(envelope, dict) or envelope.get("object_device_id", device_id) != device_id:
        return []
    services = envelope.get("services")
    if not isinstance(services, list):
        return []
    events = []
    for service in services:
        if isinstance(service, dict) and service.get("service_id") == SERVICE:
            paras = service.get("paras")
            paras = paras if isinstance(paras, dict) else {}
            events.append((str(service.get("event_type")), paras))
    return events


def read_upgrade(paras: "dict[str, Any]") -> "dict[str, Any]":
    """Return what is needed of a command; raises UpgradeError naming the field that is wrong."""
    url = _text(paras, "url", MAX_URL)
    if not url.startswith(("http://", "https://")):
        raise UpgradeError(INTERNAL_ERROR, "Invalid URI: neither http nor https")
    size = paras.get("file_size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise UpgradeError(INTERNAL_ERROR, "file_size is no number of bytes")
    sign = paras.get("sign")
    if not isinstance(sign, str) or len(sign) != 64 or sign.strip("0123456789abcdefABCDEF"):
        raise UpgradeError(DAMAGED, "sign is no SHA-256")
    return {
        "version": _text(paras, "version", MAX_VERSION),
        "url": url,
        "file_size": size,
        "access_token": _text(paras, "access_token", MAX_TOKEN),
        "sign": sign.lower(),
    }


def version_report(kind: str, version: str) -> bytes:
    """Return the event that tells what runs."""
    return _event("version_report", {"fw_version" if kind == "firmware" else "sw_version": version})


def progress_report(
    code: int, version: str, progress: "int | None" = None, description: str = ""
) -> bytes:
    """Return the event that tells progress or result; `version` is what runs now."""
    paras: dict[str, Any] = {"result_code": code, "version": version}
    if progress is not None:
        paras["progress"] = progress
    if description:
        paras["description"] = description
    return _event("upgrade_progress_report", paras)


def _event(event_type: str, paras: "dict[str, Any]") -> bytes:
    """Return one event in its envelope."""
    service = {"service_id": SERVICE, "event_type": event_type, "paras": paras}
    return json.dumps({"services": [service]}).encode()


def _text(paras: "dict[str, Any]", name: str, limit: int) -> str:
    """Return a bounded text of visible ASCII; anything else could break a request."""
    value = paras.get(name)
    fits = isinstance(value, str) and 0 < len(value) <= limit
    if not fits or not all(" " < char <= "~" for char in str(value)):
        raise UpgradeError(INTERNAL_ERROR, name + " is missing or malformed")
    return str(value)
