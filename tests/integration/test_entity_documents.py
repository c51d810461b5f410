"""The README names every entity, trigger and condition that there is, and no other."""

import json
import re
from typing import Any

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.device_condition import CONDITION_TYPES
from custom_components.mqtt_ota.device_trigger import TRIGGER_TYPES
from tests.documents import table
from tests.meta.files import INTEGRATION

_TEXTS: dict[str, Any] = json.loads(
    (INTEGRATION / "translations/en.json").read_text(encoding="utf-8")
)
# Home Assistant names these by their device class
_NAMED_BY_CLASS = {"Connectivity (binary_sensor)"}


def names(cell: str) -> set[str]:
    """Return the words of a cell that are code."""
    return set(re.findall(r"`(\w+)`", cell))


def test_table_names_entities_as_the_page_does() -> None:
    """Each stands there under the name that the page shows."""
    told = set()
    for cell, *_ in table("README.md", "Entities"):
        (platform,) = names(cell)
        told |= {f"{name} ({platform})" for name in re.findall(r"\*([^*]+)\*", cell)}
    translated = {
        f"{entity.get('name')} ({platform})"
        for platform, entities in _TEXTS["entity"].items()
        for entity in entities.values()
    }
    assert told == translated | _NAMED_BY_CLASS


def test_table_has_every_trigger() -> None:
    """Each type stands in the table and has its text."""
    told = {name for cell, _ in table("README.md", "Triggers") for name in names(cell)}
    texts = _TEXTS["device_automation"]
    assert told == TRIGGER_TYPES.keys() == texts["trigger_type"].keys()
    assert texts["trigger_subtype"].keys() == set(PackageKind)


def test_table_has_every_condition() -> None:
    """Each type stands in the table and has its text."""
    told = {name for cell, _ in table("README.md", "Conditions") for name in names(cell)}
    types = {f"{kind}_{name}" for kind in PackageKind for name in told}
    assert types == CONDITION_TYPES.keys() == _TEXTS["device_automation"]["condition_type"].keys()
