"""JSON events of the device protocol: bytes to requests, reports to bytes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
import json
import re
from typing import Any
from urllib.parse import urlsplit

from .results import Report, ResultCode, UpgradeError

MAX_PAYLOAD = 64 * 1024
MAX_SERVICES = 32
MAX_VERSION = 256
MAX_URL = 2048
MAX_TOKEN = 512
MAX_PACKAGE_SIZE = 1 << 40
DEFAULT_EXPIRES = 86_400
MAX_EXPIRES = 604_800

SERVICE = "$ota"
SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class Kind(StrEnum):
    """What a package replaces on the device."""

    FIRMWARE = "firmware"
    SOFTWARE = "software"


VERSION_FIELDS = {Kind.FIRMWARE: "fw_version", Kind.SOFTWARE: "sw_version"}
UPGRADE_EVENTS = {f"{kind}_upgrade": kind for kind in Kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """An upgrade command: which package, and the grant to download it."""

    kind: Kind
    version: str
    url: str
    token: str | None = field(repr=False)
    size: int
    sha256: str
    expires: int

    def same_package(self, other: "Upgrade") -> bool:
        """Tell whether both commands ask for the same bytes under the same name."""
        return (self.kind, self.version, self.sha256, self.size) == (
            other.kind,
            other.version,
            other.sha256,
            other.size,
        )

    def as_paras(self) -> dict[str, Any]:
        """Return the command as it stands on the wire; `read_upgrade` reads it back."""
        return {
            "version": self.version,
            "url": self.url,
            "file_size": self.size,
            "access_token": self.token,
            "expires": self.expires,
            "sign": self.sha256,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionQuery:
    """The platform asks which versions run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidUpgrade:
    """An upgrade command that cannot be carried out as it was written."""

    kind: Kind
    error: UpgradeError


Request = VersionQuery | Upgrade | InvalidUpgrade


class MessageError(ValueError):
    """The payload is not an event of the protocol at all."""


def read_requests(payload: bytes, device_id: str) -> list[Request]:
    """Return what a downlink payload asks of this device, in order.

    Raises MessageError when the payload is too long, no JSON or not an envelope. Unknown
    services, events and keys are ignored, so that newer platforms keep working.
    """
    if len(payload) > MAX_PAYLOAD:
        msg = f"message of {len(payload)} bytes is longer than {MAX_PAYLOAD}"
        raise MessageError(msg)
    try:
        envelope = json.loads(payload)
    except (ValueError, RecursionError) as err:
        msg = f"message is not JSON: {err}"
        raise MessageError(msg) from err
    services = envelope.get("services") if isinstance(envelope, dict) else None
    if not isinstance(services, list) or len(services) > MAX_SERVICES:
        msg = f"message has no list 'services' of at most {MAX_SERVICES} entries"
        raise MessageError(msg)
    if envelope.get("object_device_id") not in (None, device_id):
        # Names a sub-device: that is a gateway's business, and this device is none.
        return []
    return list(_requests(services))


def read_upgrade(kind: Kind, paras: Mapping[str, Any]) -> Upgrade:
    """Return a checked upgrade command; raises UpgradeError naming the field that is wrong."""
    return Upgrade(
        kind=kind,
        version=_version(paras.get("version")),
        url=_url(paras.get("url")),
        token=_token(paras.get("access_token")),
        size=_size(paras.get("file_size")),
        sha256=_sha256(paras.get("sign")),
        expires=_expires(paras.get("expires")),
    )


def version_report(device_id: str, versions: Mapping[Kind, str], now: datetime) -> bytes:
    """Return the event that tells the running versions; `now` must be in UTC."""
    paras = {VERSION_FIELDS[kind]: version for kind, version in versions.items()}
    return _event(device_id, "version_report", paras, now)


def progress_report(device_id: str, report: Report, now: datetime) -> bytes:
    """Return the event that tells progress or result of an upgrade; `now` must be in UTC."""
    paras: dict[str, Any] = {"result_code": int(report.result_code), "version": report.version}
    if report.progress is not None:
        paras["progress"] = report.progress
    if report.description is not None:
        paras["description"] = report.description
    return _event(device_id, "upgrade_progress_report", paras, now)


def _requests(services: list[Any]) -> Iterator[Request]:
    """Yield the requests among the services of an envelope."""
    for service in services:
        if not isinstance(service, dict) or service.get("service_id") != SERVICE:
            continue
        event_type = service.get("event_type")
        if event_type == "version_query":
            yield VersionQuery()
        elif isinstance(event_type, str) and (kind := UPGRADE_EVENTS.get(event_type)):
            yield _upgrade_or_reason(kind, service.get("paras"))


def _upgrade_or_reason(kind: Kind, paras: object) -> Upgrade | InvalidUpgrade:
    """Return the command, or what to answer to whoever sent it."""
    try:
        return read_upgrade(kind, paras if isinstance(paras, dict) else {})
    except UpgradeError as err:
        return InvalidUpgrade(kind=kind, error=err)


def _event(device_id: str, event_type: str, paras: dict[str, Any], now: datetime) -> bytes:
    """Return one uplink event as compact JSON."""
    service = {
        "service_id": SERVICE,
        "event_type": event_type,
        "event_time": now.strftime("%Y%m%dT%H%M%SZ"),
        "paras": paras,
    }
    envelope = {"object_device_id": device_id, "services": [service]}
    return json.dumps(envelope, separators=(",", ":")).encode()


def _version(value: object) -> str:
    """Return a version of printable ASCII."""
    if isinstance(value, str) and 0 < len(value) <= MAX_VERSION and _printable(value):
        return value
    raise _invalid(name="version", wanted=_text_up_to(MAX_VERSION))


def _url(value: object) -> str:
    """Return an HTTP address that can be asked as it stands."""
    # A space would end the request line early, hence refused beside what is not printable.
    if isinstance(value, str) and len(value) <= MAX_URL and _printable(value) and " " not in value:
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if usable:
            return value
    reason = "Invalid URI: 'url' must be an http or https address"
    raise UpgradeError(ResultCode.INTERNAL_ERROR, reason)


def _token(value: object) -> str | None:
    """Return the token that goes into the Authorization header."""
    if value is None:
        return None
    if isinstance(value, str) and 0 < len(value) <= MAX_TOKEN and _printable(value):
        return value
    raise _invalid(name="access_token", wanted=_text_up_to(MAX_TOKEN))


def _size(value: object) -> int:
    """Return the size of the package in bytes."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_PACKAGE_SIZE:
        return value
    raise _invalid(name="file_size", wanted="a number of bytes above 0")


def _sha256(value: object) -> str:
    """Return the expected SHA-256 in lower case; a package without one is never installed."""
    if isinstance(value, str) and SHA256.fullmatch(value):
        return value.lower()
    reason = "'sign' must be the SHA-256 of the package, 64 hexadecimal digits"
    raise UpgradeError(ResultCode.VERIFICATION_FAILED, reason)


def _expires(value: object) -> int:
    """Return how long the grant lives, in seconds; odd values give the usual day."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_EXPIRES:
        return value
    return DEFAULT_EXPIRES


def _printable(text: str) -> bool:
    """Tell whether a text holds printable ASCII only."""
    return text.isascii() and text.isprintable()


def _text_up_to(length: int) -> str:
    """Return the words for a bounded text."""
    return f"1 to {length} printable ASCII characters"


def _invalid(*, name: str, wanted: str) -> UpgradeError:
    """Return the error for a field that is missing or wrong."""
    return UpgradeError(ResultCode.INTERNAL_ERROR, f"'{name}' must be {wanted}")
