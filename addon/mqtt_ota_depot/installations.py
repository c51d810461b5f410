"""Installations: which devices run what, as the integration tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import voluptuous as vol

from .packages import Package, PackageKind, printable, validated
from .problems import Problem, ProblemKind

# The integration knows no more devices than this.
MAX_DEVICES: Final = 20_000
MAX_AT_ONCE: Final = 200
_MAX_TEXT: Final = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """What one device runs; None for what it does not have. `name` is for people."""

    device_id: str
    name: str
    model: str
    firmware: str | None = None
    software: str | None = None

    def version(self, kind: PackageKind) -> str | None:
        """Return the version of a kind."""
        return self.firmware if kind is PackageKind.FIRMWARE else self.software

    def runs(self, package: Package) -> bool:
        """Return whether the device runs a package."""
        return self.model == package.model and self.version(package.kind) == package.version

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of the API; what runs is the package that was asked for."""
        return {"device_id": self.device_id, "name": self.name}


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What has changed: all devices with `reset`, else those that run something else or are gone."""

    reset: bool
    devices: tuple[Installation, ...]
    gone: tuple[str, ...]


class Installations:
    """The devices of a home, in memory only: the integration tells all again when it comes back."""

    def __init__(self) -> None:
        """Know nothing."""
        self._devices: dict[str, Installation] = {}
        self.told = False

    def take(self, news: News) -> None:
        """Take over what has changed; raises a Problem of kind invalid-request beyond the bound."""
        known = {} if news.reset else self._devices
        told = {device.device_id: device for device in news.devices}
        lost = (known.keys() & set(news.gone)) - told.keys()
        if len(known) - len(lost) + len(told.keys() - known.keys()) > MAX_DEVICES:
            raise Problem(
                ProblemKind.INVALID_REQUEST,
                f"devices: no more than {MAX_DEVICES} are remembered.",
                field="devices",
            )
        for device_id in lost:
            del known[device_id]
        known.update(told)
        self._devices = known
        self.told = True

    def of(self, package: Package) -> list[Installation]:
        """Return the devices that run a package, by name."""
        found = [device for device in self._devices.values() if device.runs(package)]
        return sorted(found, key=lambda device: (device.name.casefold(), device.device_id))


def read_news(body: object) -> News:
    """Check what the integration tells; raises a Problem of kind invalid-request."""
    fields: Mapping[str, Any] = validated(_NEWS, body)
    return News(
        reset=fields.get("reset", False),
        devices=tuple(Installation(**device) for device in fields.get("devices", ())),
        gone=tuple(fields.get("gone", ())),
    )


_SOME: Final = vol.Length(max=MAX_AT_ONCE, msg=f"must have at most {MAX_AT_ONCE} entries")
_TEXT: Final = printable(_MAX_TEXT)
_DEVICE: Final = vol.Schema(
    {
        vol.Required("device_id", msg="is required"): _TEXT,
        vol.Required("name", msg="is required"): _TEXT,
        vol.Required("model", msg="is required"): _TEXT,
        "firmware": vol.Maybe(_TEXT),
        "software": vol.Maybe(_TEXT),
    }
)
_NEWS: Final = vol.Schema(
    {
        "reset": vol.Any(bool, msg="must be true or false"),
        "devices": vol.All(_SOME, [_DEVICE]),
        "gone": vol.All(_SOME, [_TEXT]),
    }
)
