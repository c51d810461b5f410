"""The part of JSON Schema (draft 2020-12) that the schemas of the device protocol are written in."""

from collections.abc import Callable, Mapping
from functools import cache
import json
import re
from typing import Any

from tests.meta.files import ROOT

SCHEMAS = ROOT / "docs/schemas"

type Schema = Mapping[str, Any]

_ANNOTATIONS = {"$schema", "title", "description"}
_TYPES: Mapping[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
}
# Applied to values of their own type only, as the standard wants it.
_LIMITS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "minLength": ("string", lambda value, limit: len(value) >= limit),
    "maxLength": ("string", lambda value, limit: len(value) <= limit),
    "pattern": ("string", lambda value, limit: re.search(limit, value) is not None),
    "minimum": ("integer", lambda value, limit: value >= limit),
    "maximum": ("integer", lambda value, limit: value <= limit),
    "minItems": ("array", lambda value, limit: len(value) >= limit),
    "maxItems": ("array", lambda value, limit: len(value) <= limit),
    "minProperties": ("object", lambda value, limit: len(value) >= limit),
    "maxProperties": ("object", lambda value, limit: len(value) <= limit),
    "required": ("object", lambda value, names: value.keys() >= set(names)),
}


@cache
def schemas() -> dict[str, Schema]:
    """Return every schema of the device protocol by its name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))}


@cache
def schema_of_event() -> dict[str, Schema]:
    """Return the schema of each event type."""
    return {event_type: schema for schema in schemas().values() for event_type in events(schema)}


def events(schema: Schema) -> list[str]:
    """Return the event types that a schema is for."""
    rule = schema["properties"]["services"]["items"]["properties"]["event_type"]
    return rule["enum"] if "enum" in rule else [rule["const"]]


def mistakes_of(payload: bytes) -> list[str]:
    """Return what is wrong with a message whose first event says what it is."""
    message = json.loads(payload)
    return mistakes(message, schema_of_event()[message["services"][0]["event_type"]])


def mistakes(value: object, schema: Schema, where: str = "message") -> list[str]:
    """Return where a value breaks which rule of a schema; raises KeyError on an unknown rule."""
    found: list[str] = []
    for rule, wanted in schema.items():
        if rule in _ANNOTATIONS:
            continue
        if rule == "properties":
            found += _in_properties(value, wanted, where)
        elif rule == "items":
            items = value if isinstance(value, list) else []
            for index, item in enumerate(items):
                found += mistakes(item, wanted, f"{where}[{index}]")
        elif not _fits(value, rule, wanted):
            found.append(f"{where}: {rule} {wanted!r}")
    return found


def _in_properties(value: object, wanted: Mapping[str, Schema], where: str) -> list[str]:
    """Return the mistakes in those properties that are there."""
    present = value if isinstance(value, dict) else {}
    return [
        mistake
        for name, schema in wanted.items()
        if name in present
        for mistake in mistakes(present[name], schema, f"{where}.{name}")
    ]


def _fits(value: object, rule: str, wanted: Any) -> bool:
    """Return whether a value keeps one rule that looks at it alone."""
    match rule:
        case "type":
            return _TYPES[wanted](value)
        case "const":
            return value == wanted
        case "enum":
            return value in wanted
        case "anyOf":
            return any(not mistakes(value, schema) for schema in wanted)
    kind, keeps = _LIMITS[rule]
    return not _TYPES[kind](value) or keeps(value, wanted)
