"""What the platform asks of a device: bytes to requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
import re
from typing import Any, Final
from urllib.parse import urlsplit

from mqtt_ota_tools.protocol import MAX_PAYLOAD, MAX_TEXT, SERVICE, Kind

MAX_URL: Final = 2048
MAX_SIZE: Final = 1 << 40
_MAX_SERVICES: Final = 32
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_UPGRADES: Final = {f"{kind}_upgrade": kind for kind in Kind}


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionQuery:
    """The platform asks which versions run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CellQuery:
    """The platform asks in which cell the device is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Upgrade:
    """The platform wants a package installed; `size` is in bytes."""

    kind: Kind
    version: str
    url: str
    token: str | None = field(repr=False)
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unusable:
    """An upgrade that cannot be done as it is written, with the code to report."""

    kind: Kind
    code: int
    reason: str


type Request = VersionQuery | CellQuery | Upgrade | Unusable


def read(payload: bytes, device_id: str) -> list[Request]:
    """Return what a message asks of a device; what is no request of the protocol asks nothing."""
    if len(payload) > MAX_PAYLOAD:
        return []
    try:
        envelope = json.loads(payload)
    except ValueError, RecursionError:
        return []
    services = envelope.get("services") if isinstance(envelope, dict) else None
    if not isinstance(services, list) or envelope.get("object_device_id") not in (None, device_id):
        return []
    found = (_request(service) for service in services[:_MAX_SERVICES])
    return [request for request in found if request is not None]


def _request(service: object) -> Request | None:
    """Return what one entry of a message asks."""
    if not isinstance(service, dict) or service.get("service_id") != SERVICE:
        return None
    paras = service.get("paras")
    match service.get("event_type"):
        case "version_query":
            return VersionQuery()
        case "cell_query":
            return CellQuery()
        case str() as event_type if event_type in _UPGRADES:
            return _upgrade(_UPGRADES[event_type], paras if isinstance(paras, dict) else {})
    return None


def _upgrade(kind: Kind, paras: Mapping[str, Any]) -> Upgrade | Unusable:
    """Return an upgrade, or what is wrong with it."""
    version, url, token = paras.get("version"), paras.get("url"), paras.get("access_token")
    size, sha256 = paras.get("file_size"), paras.get("sign")
    if not isinstance(version, str) or not 0 < len(version) <= MAX_TEXT:
        return Unusable(kind=kind, code=255, reason=f"'version' must be 1 to {MAX_TEXT} characters")
    if not isinstance(url, str) or not _is_address(url):
        return Unusable(kind=kind, code=255, reason="Invalid URI: 'url' is no http(s) address")
    if token is not None and not (
        isinstance(token, str) and token.isascii() and token.isprintable()
    ):
        return Unusable(kind=kind, code=255, reason="'access_token' must be printable ASCII")
    if type(size) is not int or not 0 < size <= MAX_SIZE:
        return Unusable(kind=kind, code=255, reason="'file_size' must be a number above 0")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        return Unusable(kind=kind, code=7, reason="'sign' must be a SHA-256")
    return Upgrade(
        kind=kind, version=version, url=url, token=token, size=size, sha256=sha256.lower()
    )


def _is_address(url: str) -> bool:
    """Return whether something can be fetched from an address as it stands."""
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
