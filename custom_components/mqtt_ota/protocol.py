"""The device protocol: MQTT payloads to typed messages and back.

Reading is tolerant of what real device SDKs send (pretty-printed JSON, missing or invented
times, null and empty versions, numbers as strings); writing is exact and compact, because
common microcontroller libraries drop long messages without a word.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import orjson

from .const import PackageKind

DEFAULT_TOPIC_PREFIX: Final = "$oc/devices"
SERVICE_ID: Final = "$ota"
GATEWAY_SERVICE_ID: Final = "$sub_device_manager"

MAX_PAYLOAD_BYTES: Final = 64 * 1024
MAX_SERVICES: Final = 32
MAX_SUB_DEVICES: Final = 100
MAX_ID_LENGTH: Final = 256
MAX_VERSION_LENGTH: Final = 256
MAX_DESCRIPTION_LENGTH: Final = 1024

_UPLINK_SUFFIX: Final = "/sys/events/up"
_DOWNLINK_SUFFIX: Final = "/sys/events/down"
# What devices send besides events: of no use to us but as a sign of life.
_OTHER_UPLINK_SUFFIXES: Final = (
    "/sys/messages/up",
    "/sys/properties/report",
    "/sys/gateway/sub_devices/properties/report",
)
_MAX_PROGRESS: Final = 100
_MAX_DIGITS: Final = 6
_ONLINE: Final = "ONLINE"
_OFFLINE: Final = "OFFLINE"
_NOT_ITS_OWN: Final = "foreign-device"
_EVENT_TIME_FORMAT: Final = "%Y%m%dT%H%M%SZ"


class EventType(StrEnum):
    """The event types of the `$ota` service."""

    VERSION_QUERY = "version_query"
    VERSION_REPORT = "version_report"
    FIRMWARE_UPGRADE = "firmware_upgrade"
    SOFTWARE_UPGRADE = "software_upgrade"
    UPGRADE_PROGRESS_REPORT = "upgrade_progress_report"
    # The source document names the cell ID but no message for it; these two are our own.
    CELL_QUERY = "cell_query"
    CELL_REPORT = "cell_report"


class GatewayEventType(StrEnum):
    """The event types of the `$sub_device_manager` service."""

    STATUS = "sub_device_update_status"
    STATUS_RESPONSE = "sub_device_update_status_response"


class ProtocolError(ValueError):
    """A message that can't be read; the text says why and holds nothing of the payload."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionReport:
    """What the device says that it runs; a part that it left out or left empty is None."""

    firmware: str | None = None
    software: str | None = None
    model: str | None = None

    def version(self, kind: PackageKind) -> str | None:
        """Return the reported version of one kind."""
        return self.firmware if kind is PackageKind.FIRMWARE else self.software


@dataclass(frozen=True, kw_only=True, slots=True)
class UpgradeProgressReport:
    """How far an upgrade is, or how it ended: `progress` in percent, or None."""

    result_code: int
    progress: int | None = None
    version: str | None = None
    description: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CellReport:
    """The radio cell or access point through which the device is connected."""

    cell_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherEvent:
    """An event that is none of ours: nothing but a sign of life."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SubDeviceStatuses:
    """What a gateway tells of the devices behind it: whether each is online, by its id."""

    online: Mapping[str, bool]
    event_id: str | None = None


type UplinkEvent = (
    VersionReport | UpgradeProgressReport | CellReport | SubDeviceStatuses | OtherEvent
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Uplink:
    """One message from a device; `gateway_id` is set when it came through a gateway."""

    device_id: str
    gateway_id: str | None
    events: tuple[UplinkEvent, ...]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """What a device needs to fetch a package: sizes in bytes, `expires` in seconds."""

    version: str
    url: str
    file_size: int
    file_name: str
    sign: str
    expires: int
    access_token: str
    custom_info: str | None = None


def uplink_filter(prefix: str) -> str:
    """Return the topic filter that matches what every device sends."""
    return f"{prefix}/+{_UPLINK_SUFFIX}"


def other_uplink_filters(prefix: str) -> list[str]:
    """Return the topic filters of what devices send besides events."""
    return [f"{prefix}/+{suffix}" for suffix in _OTHER_UPLINK_SUFFIXES]


def downlink_topic(prefix: str, device_id: str) -> str:
    """Return the topic on which a device (or the gateway it is behind) listens."""
    return f"{prefix}/{device_id}{_DOWNLINK_SUFFIX}"


def sender_of(prefix: str, topic: str) -> str:
    """Return the id of the device that owns an uplink topic; raises ProtocolError."""
    return _identifier(topic.removeprefix(f"{prefix}/").partition("/sys/")[0], "topic")


def read_uplink(sender: str, payload: bytes) -> Uplink:
    """Read a device's message; an event that is broken becomes a fault, the others stand.

    Raises ProtocolError when nothing in the message can be used.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ProtocolError(f"message is longer than {MAX_PAYLOAD_BYTES} bytes")
    try:
        message = orjson.loads(payload)
    except orjson.JSONDecodeError as err:
        raise ProtocolError("message is not JSON") from err
    if not isinstance(message, dict):
        raise ProtocolError("message is not a JSON object")
    services = message.get("services")
    if not isinstance(services, list):
        raise ProtocolError("services is not a list")
    if len(services) > MAX_SERVICES:
        raise ProtocolError(f"message has more than {MAX_SERVICES} services")

    device_id = sender
    if (named := message.get("object_device_id")) not in (None, ""):
        device_id = _identifier(named, "object_device_id")
    events: list[UplinkEvent] = []
    faults: list[str] = []
    for service in services:
        try:
            events.append(_read_event(service))
        except ProtocolError as err:
            faults.append(str(err))
    return Uplink(
        device_id=device_id,
        gateway_id=None if device_id == sender else sender,
        events=tuple(events),
        faults=tuple(faults),
    )


def write_version_query(device_id: str, now: datetime) -> bytes:
    """Return the message that asks a device for its versions (source document, step 4)."""
    return _write(device_id, EventType.VERSION_QUERY, {}, now)


def write_cell_query(device_id: str, now: datetime) -> bytes:
    """Return the message that asks a device for the cell it is connected through."""
    return _write(device_id, EventType.CELL_QUERY, {}, now)


def write_upgrade(device_id: str, kind: PackageKind, download: Download, now: datetime) -> bytes:
    """Return the message that hands a device its download (source document, step 6)."""
    event_type = (
        EventType.FIRMWARE_UPGRADE if kind is PackageKind.FIRMWARE else EventType.SOFTWARE_UPGRADE
    )
    paras: dict[str, Any] = {
        "version": download.version,
        "url": download.url,
        "file_size": download.file_size,
        "file_name": download.file_name,
        "access_token": download.access_token,
        "expires": download.expires,
        "sign": download.sign,
    }
    if download.custom_info is not None:
        paras["custom_info"] = download.custom_info
    return _write(device_id, event_type, paras, now)


def write_status_response(
    gateway_id: str, statuses: SubDeviceStatuses, accepted: Container[str], now: datetime
) -> bytes:
    """Return the answer to a gateway: of which devices it was believed, and of which not."""
    words = {True: _ONLINE, False: _OFFLINE}
    taken = [
        {"device_id": device_id, "status": words[online]}
        for device_id, online in statuses.online.items()
        if device_id in accepted
    ]
    refused = [
        {"device_id": device_id, "error_code": _NOT_ITS_OWN, "error_msg": "not behind this gateway"}
        for device_id in statuses.online
        if device_id not in accepted
    ]
    service: dict[str, Any] = {
        "service_id": GATEWAY_SERVICE_ID,
        "event_type": GatewayEventType.STATUS_RESPONSE,
        "event_time": now.strftime(_EVENT_TIME_FORMAT),
        "paras": {"successful_devices": taken, "failed_devices": refused},
    }
    if statuses.event_id is not None:
        service["event_id"] = statuses.event_id
    return orjson.dumps({"object_device_id": gateway_id, "services": [service]})


def _write(device_id: str, event_type: EventType, paras: Mapping[str, Any], now: datetime) -> bytes:
    """Return the envelope around one `$ota` event."""
    return orjson.dumps(
        {
            "object_device_id": device_id,
            "services": [
                {
                    "service_id": SERVICE_ID,
                    "event_type": event_type,
                    "event_time": now.strftime(_EVENT_TIME_FORMAT),
                    "paras": paras,
                }
            ],
        }
    )


def _read_event(service: object) -> UplinkEvent:
    """Read one entry of `services`."""
    if not isinstance(service, dict):
        raise ProtocolError("service is not an object")
    if service.get("service_id") not in (SERVICE_ID, GATEWAY_SERVICE_ID):
        return OtherEvent()
    event_type = service.get("event_type")
    if not isinstance(event_type, str):
        raise ProtocolError("event_type is not a string")
    paras = service.get("paras")
    if paras is None:
        paras = {}
    if not isinstance(paras, dict):
        raise ProtocolError("paras is not an object")
    if service["service_id"] == GATEWAY_SERVICE_ID:
        if event_type.lower() == GatewayEventType.STATUS:
            return _statuses(service, paras)
        return OtherEvent()
    return _ota_event(event_type.lower(), paras)


def _ota_event(event_type: str, paras: Mapping[str, object]) -> UplinkEvent:
    """Read an event of the `$ota` service."""
    match event_type:
        case EventType.VERSION_REPORT:
            return VersionReport(
                firmware=_text(paras, "fw_version", MAX_VERSION_LENGTH),
                software=_text(paras, "sw_version", MAX_VERSION_LENGTH),
                model=_text(paras, "model", MAX_ID_LENGTH),
            )
        case EventType.UPGRADE_PROGRESS_REPORT:
            return UpgradeProgressReport(
                result_code=_result_code(paras),
                progress=_progress(paras),
                version=_text(paras, "version", MAX_VERSION_LENGTH),
                description=_description(paras),
            )
        case EventType.CELL_REPORT:
            if (cell_id := _text(paras, "cell_id", MAX_ID_LENGTH)) is None:
                raise ProtocolError("cell_id is missing")
            return CellReport(cell_id=cell_id)
    return OtherEvent()


def _statuses(service: Mapping[str, object], paras: Mapping[str, object]) -> SubDeviceStatuses:
    """Read what a gateway tells of its devices; a status of neither word tells nothing."""
    entries = paras.get("device_statuses")
    if not isinstance(entries, list) or len(entries) > MAX_SUB_DEVICES:
        raise ProtocolError(f"device_statuses is not a list of at most {MAX_SUB_DEVICES}")
    online: dict[str, bool] = {}
    for entry in entries:
        if not isinstance(entry, dict):
            raise ProtocolError("device status is not an object")
        device_id = _identifier(entry.get("device_id"), "device_id")
        status = entry.get("status")
        if isinstance(status, str) and status.upper() in (_ONLINE, _OFFLINE):
            online[device_id] = status.upper() == _ONLINE
    return SubDeviceStatuses(online=online, event_id=_text(service, "event_id", MAX_ID_LENGTH))


def _identifier(value: object, name: str) -> str:
    """Return a device id that is safe in a topic, a log line and a page."""
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= MAX_ID_LENGTH
        or not value.isprintable()
        or value.isspace()
        or any(char in "/+#" for char in value)
    ):
        raise ProtocolError(f"{name} holds no valid device id")
    return value


def _text(paras: Mapping[str, object], name: str, limit: int) -> str | None:
    """Return a short text; makers also send numbers, null and empty strings."""
    value = paras.get(name)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        raise ProtocolError(f"{name} is not a string")
    value = value.strip()
    if len(value) > limit:
        raise ProtocolError(f"{name} is longer than {limit} characters")
    if not value.isprintable():
        raise ProtocolError(f"{name} holds control characters")
    return value or None


def _description(paras: Mapping[str, object]) -> str | None:
    """Return the free text of a result, cut and cleaned rather than refused."""
    value = paras.get("description")
    if not isinstance(value, str):
        return None
    cleaned = "".join(
        char if char.isprintable() else " " for char in value[:MAX_DESCRIPTION_LENGTH]
    )
    return cleaned.strip() or None


def _result_code(paras: Mapping[str, object]) -> int:
    """Return the result code, without which a report means nothing."""
    value = _whole_number(paras.get("result_code"))
    if value is None:
        raise ProtocolError("result_code is not a whole number")
    return value


def _progress(paras: Mapping[str, object]) -> int | None:
    """Return the progress in percent, cut to a whole number; None when it was left out."""
    value = paras.get("progress")
    if value is None:
        return None
    percent = _whole_number(int(value) if isinstance(value, float) else value)
    # A report without progress may be the end of an upgrade; a broken one must not be.
    return percent if percent is not None and 0 <= percent <= _MAX_PROGRESS else 0


def _whole_number(value: object) -> int | None:
    """Return a whole number given as number or as decimal digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) <= _MAX_DIGITS:
        try:
            return int(value)
        except ValueError:
            return None
    return None
