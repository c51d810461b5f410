"""What is said about a new package: by the maker, else by the header, else by the file's name."""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

from mqtt_ota_depot.packages import PackageFacts, PackageKind, read_facts
from mqtt_ota_depot.problems import Problem

from .errors import OptionsError
from .image import Image

HEADER: Final = "the header"
FILE_NAME: Final = "the file's name"

# weather-1.4.0.bin, weather_v2.1.bin: the depot's page reads file names alike.
_NAMED: Final = re.compile(
    r"(?P<model>.+?)[-_ ]v?(?P<version>[0-9]+(?:\.[0-9]+)+[\w.+-]*?)"
    r"(?:\.(?:bin|uf2|ota|zip|gz|tar|img|hex|elf|signed))*",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the maker says about all packages of one call; None where nothing is said."""

    kind: PackageKind = PackageKind.FIRMWARE
    model: str | None = None
    version: str | None = None
    source_versions: tuple[str, ...] = ()
    release_notes: str | None = None
    custom_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPackage:
    """A file and what is said about it; `sources` tells where model and version come from."""

    image: Image
    facts: PackageFacts
    sources: Mapping[str, str]

    @property
    def title(self) -> str:
        """Return how people name the package."""
        return f"{self.facts.kind} {self.facts.version} for {self.facts.model}"

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Return the text fields of the depot's form."""
        facts = self.facts
        fields = [("kind", str(facts.kind)), ("model", facts.model), ("version", facts.version)]
        fields += [("source_versions", version) for version in facts.source_versions]
        optional = {"release_notes": facts.release_notes, "custom_info": facts.custom_info}
        fields += [(name, value) for name, value in optional.items() if value is not None]
        return [*fields, ("sha256", self.image.sha256)]


def complete(image: Image, wishes: Wishes) -> NewPackage:
    """Return the package that a file becomes; raises OptionsError naming what is missing."""
    told = {name: _told(name, image, wishes) for name in ("model", "version")}
    missing = [name for name, (value, _) in told.items() if value is None]
    if missing:
        options = " and ".join(f"--{name} {name.upper()}" for name in missing)
        msg = (
            f"{image.path}: neither its header nor its name tells the {' and '.join(missing)}; "
            f"give {options}"
        )
        raise OptionsError(msg)
    fields: dict[str, Any] = {
        "kind": wishes.kind,
        **{name: value for name, (value, _) in told.items()},
        "source_versions": list(wishes.source_versions),
        "release_notes": wishes.release_notes,
        "custom_info": wishes.custom_info,
        "sha256": image.sha256,
    }
    try:
        facts = read_facts(fields)
    except Problem as problem:
        raise OptionsError(f"{image.path}: {problem.detail}") from problem
    return NewPackage(
        image=image, facts=facts, sources={name: source for name, (_, source) in told.items()}
    )


def _told(name: str, image: Image, wishes: Wishes) -> tuple[str | None, str]:
    """Return the model or the version, and who tells it."""
    if (wish := getattr(wishes, name)) is not None:
        return wish, f"--{name}"
    said = {"model": image.header.name, "version": image.header.version}[name]
    if said is not None:
        return said, HEADER
    named = _NAMED.fullmatch(image.path.name)
    return (named[name] if named else None), FILE_NAME
