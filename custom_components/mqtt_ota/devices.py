"""The devices that were learnt from their own reports."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

from .const import PackageKind
from .protocol import VersionReport

# Whoever may publish can invent device ids; what we keep of them has an end.
MAX_DEVICES: Final = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """A device and what it last said that it runs; `model` is the one that packages are for."""

    id: str
    model: str
    reported_model: str | None = None
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
            reported_model=report.model or self.reported_model,
            firmware=report.firmware or self.firmware,
            software=report.software or self.software,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the device as JSON types."""
        return {name: getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the device saved by `as_dict`; raises KeyError or TypeError."""
        return cls(**{name: data[name] for name in _FIELDS})


# Ten thousand devices are saved in one go.
_FIELDS: Final = tuple(item.name for item in fields(Device))


def migrated_device(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record in which the model was either reported or read from the id.

    Raises KeyError for a broken record.
    """
    guessed = data["id"].partition("_")[0] or data["id"]
    return {**data, "reported_model": None if data["model"] == guessed else data["model"]}
