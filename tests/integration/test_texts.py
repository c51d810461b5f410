"""Every state, cause and error has its text."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.upgrade import CAUSES, MISTAKES, Cause, Mistake, State
from tests.meta.files import ROOT

INTEGRATION = ROOT / "custom_components" / "mqtt_ota"
SOURCES = sorted(INTEGRATION.rglob("*.py"))
_TEXTS: dict[str, Any] = json.loads(
    (INTEGRATION / "translations" / "en.json").read_text(encoding="utf-8")
)
# Repairs and devices have translation keys, too, but elsewhere.
_RAISED = ("Error", "Failed", "NotReady")


@pytest.mark.parametrize("kind", PackageKind)
def test_attributes_of_the_update_entities(kind: PackageKind) -> None:
    """Each kind has every stage, and every cause under its exact message."""
    texts = _TEXTS["entity"]["update"][kind]
    assert texts["name"] == kind.capitalize()
    attributes = texts["state_attributes"]
    assert attributes.keys() >= {"stage", "deadline", "cause"}
    assert attributes["stage"]["state"].keys() == set(State)
    assert attributes["cause"]["state"] == {cause: CAUSES[cause].message for cause in Cause}
    titles = {mistake: MISTAKES[mistake].title for mistake in Mistake}
    assert attributes["likely_mistake"]["state"] == titles


def test_every_raised_key_has_its_text() -> None:
    """No error is shown as its key, and no text is left over."""
    raised = {key for source in SOURCES for key in raised_keys(source)}
    assert len(raised) > 10
    told = {f"cause_{cause}" for cause in Cause} | {f"mistake_{mistake}" for mistake in Mistake}
    assert raised | told == _TEXTS["exceptions"].keys()


@pytest.mark.parametrize("cause", Cause)
def test_what_to_do_about_a_cause(cause: Cause) -> None:
    """The page says in the user's language what the table says in English."""
    text = CAUSES[cause]
    message = _TEXTS["exceptions"][f"cause_{cause}"]["message"]
    assert message == f"{text.description} {text.solution}"


@pytest.mark.parametrize("mistake", Mistake)
def test_what_to_do_about_a_mistake(mistake: Mistake) -> None:
    """The page says in the user's language what the log says in English."""
    assert _TEXTS["exceptions"][f"mistake_{mistake}"]["message"] == MISTAKES[mistake].advice


def raised_keys(source: Path) -> Iterator[str]:
    """Yield the translation keys of errors in a module: arguments, and keys of error classes."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="_error"), args=[ast.Constant(value=str(key)), *_]):
                yield key
            case ast.Call(func=func, keywords=keywords) if ast.unparse(func).endswith(_RAISED):
                for keyword in keywords:
                    match keyword:
                        case ast.keyword(arg="translation_key", value=ast.Constant(value=str(key))):
                            yield key
            case ast.ClassDef(name=name, body=body) if name.endswith("Error"):
                for statement in body:
                    match statement:
                        case ast.Assign(
                            targets=[ast.Name(id="key")], value=ast.Constant(value=str(key))
                        ):
                            yield key
