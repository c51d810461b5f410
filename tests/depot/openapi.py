"""Checks answers against the depot's API description."""

from pathlib import Path
import re
from typing import Any

import yaml

import mqtt_ota_depot

DESCRIPTION: dict[str, Any] = yaml.safe_load(
    (Path(mqtt_ota_depot.__file__).parent / "openapi.yaml").read_text()
)

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_KNOWN = {
    "$ref", "additionalProperties", "default", "description", "enum", "format", "items",
    "maxItems", "maxLength", "maximum", "minLength", "minimum", "oneOf", "pattern",
    "properties", "required", "type",
}  # fmt: skip


def check_answer(method: str, path: str, status: int, content_type: str, body: Any) -> None:
    """Fail unless the description has this answer for the request."""
    operation = DESCRIPTION["paths"][template(path)][method.lower()]
    responses = operation["responses"]
    response = resolve(responses.get(str(status)) or responses["default"])
    if body is None:
        assert "content" not in response, f"{method} {path} {status} lacks its body"
        return
    assert content_type in response["content"], f"{method} {path} {status}: {content_type}"
    check(response["content"][content_type]["schema"], body, f"{method} {path}")


def check_event(event: Any) -> None:
    """Fail unless the description has this event."""
    check(DESCRIPTION["components"]["schemas"]["Event"], event, "event")


def template(path: str) -> str:
    """Return the path of the description that stands for a real one."""
    for known in DESCRIPTION["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path):
            return str(known)
    msg = f"{path} is not in the description"
    raise AssertionError(msg)


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference."""
    if "$ref" not in node:
        return node
    found: Any = DESCRIPTION
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return resolve(found)


def check(schema: dict[str, Any], value: Any, where: str) -> None:
    """Fail unless the value is what the schema says."""
    schema = resolve(schema)
    assert set(schema) <= _KNOWN, f"{where}: the check does not know {set(schema) - _KNOWN}"
    if "oneOf" in schema:
        fitting = [each for each in schema["oneOf"] if _fits(each, value, where)]
        assert len(fitting) == 1, f"{where}: {value!r} fits {len(fitting)} of the choices"
        return
    types = schema.get("type", [])
    _check_type([types] if isinstance(types, str) else types, value, where)
    if "enum" in schema:
        assert value in schema["enum"], f"{where}: {value!r}"
    if isinstance(value, str):
        _check_text(schema, value, where)
    elif isinstance(value, int):
        assert schema.get("minimum", value) <= value <= schema.get("maximum", value), where
    elif isinstance(value, list):
        assert len(value) <= schema.get("maxItems", len(value)), where
        for index, item in enumerate(value):
            check(schema["items"], item, f"{where}[{index}]")
    elif isinstance(value, dict):
        _check_object(schema, value, where)


def _fits(schema: dict[str, Any], value: Any, where: str) -> bool:
    """Return whether the value passes the check."""
    try:
        check(schema, value, where)
    except AssertionError:
        return False
    return True


def _check_type(types: list[str], value: Any, where: str) -> None:
    """Check the JSON type; a boolean is no integer."""
    fitting = [name for name in types if isinstance(value, _TYPES[name])]
    if isinstance(value, bool):
        fitting = [name for name in fitting if name == "boolean"]
    assert fitting or not types, f"{where}: {value!r} is not {types}"


def _check_text(schema: dict[str, Any], value: str, where: str) -> None:
    """Check length and pattern."""
    assert schema.get("minLength", 0) <= len(value), f"{where}: too short"
    assert len(value) <= schema.get("maxLength", len(value)), f"{where}: too long"
    assert re.search(schema.get("pattern", ""), value), f"{where}: {value!r}"


def _check_object(schema: dict[str, Any], value: dict[str, Any], where: str) -> None:
    """Check the members."""
    missing = set(schema.get("required", ())) - set(value)
    assert not missing, f"{where} lacks {missing}"
    properties = schema.get("properties", {})
    if schema.get("additionalProperties") is False:
        assert set(value) <= set(properties), f"{where}: {set(value) - set(properties)}"
    for name, member in value.items():
        if name in properties:
            check(properties[name], member, f"{where}.{name}")
