"""The devices that were learnt from their own reports."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

from .const import PackageKind
from .protocol import Uplink, VersionReport

# Whoever may publish can invent device ids; what we keep of them has an end.
MAX_DEVICES: Final = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """A device and what it last said that it runs."""

    id: str
    model: str
    gateway_id: str | None = None
    firmware: str | None = None
    software: str | None = None

    @property
    def kinds(self) -> tuple[PackageKind, ...]:
        """Return what the device has a version of."""
        return tuple(kind for kind in PackageKind if self.version(kind) is not None)

    def version(self, kind: PackageKind) -> str | None:
        """Return the installed version of a kind."""
        return self.firmware if kind is PackageKind.FIRMWARE else self.software

    def updated(self, report: VersionReport) -> Self:
        """Return the device after a report; what the report leaves out stays."""
        return replace(
            self,
            model=report.model or self.model,
            firmware=report.firmware or self.firmware,
            software=report.software or self.software,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the device as JSON types."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the device saved by `as_dict`; raises KeyError or TypeError."""
        return cls(**{item.name: data[item.name] for item in fields(cls)})


def new_device(uplink: Uplink) -> Device:
    """Return the device that a first message tells of."""
    return Device(
        id=uplink.device_id,
        model=default_model(uplink.device_id),
        gateway_id=uplink.gateway_id,
    )


def default_model(device_id: str) -> str:
    """Return the model of a device that does not report one: `model_serial` is usual."""
    return device_id.partition("_")[0] or device_id
