"""The texts themselves: what Home Assistant's validator refuses in them."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
import string

import pytest

from script import build_translations
from tests.meta.files import ROOT

SOURCES = sorted((ROOT / "translations").glob("*.json"))
LANGUAGES = [source.stem for source in SOURCES]
KEY = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][A-Za-z]+)?")


def leaves(node: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every text with the path of its keys."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    else:
        yield path, node


def texts(source: Path) -> dict[tuple[str, ...], str]:
    """Return every text of a language by its path."""
    found: dict[tuple[str, ...], str] = {}
    for path, text in leaves(json.loads(source.read_text(encoding="utf-8"))):
        assert isinstance(text, str), f"{path} is not a text"
        found[path] = text
    return found


def placeholders(text: str) -> set[str]:
    """Return the names in braces; raises ValueError for a brace that is not closed."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_english_is_there() -> None:
    """Every other language falls back to English."""
    assert "en" in LANGUAGES


@pytest.mark.parametrize("source", SOURCES, ids=LANGUAGES)
def test_values(source: Path) -> None:
    """No text is blank, is HTML, names an address, or has a placeholder that cannot be filled."""
    assert LANGUAGE.fullmatch(source.stem)
    for path, text in texts(source).items():
        where = ".".join(path)
        assert text, where
        assert text == text.strip(), where
        assert not re.search(r"</?[a-z][^>]*>", text), f"{where}: no HTML"
        assert "://" not in text, f"{where}: addresses belong into placeholders"
        assert not re.search(r"'\{\w+\}'", text), f"{where}: single quotes hide a placeholder"
        assert all(name.isidentifier() for name in placeholders(text)), where


@pytest.mark.parametrize("source", SOURCES, ids=LANGUAGES)
def test_keys(source: Path) -> None:
    """Home Assistant refuses other keys."""
    wrong = {
        key
        for path in texts(source)
        if path[0] == "integration"
        for key in path[1:]
        if not KEY.fullmatch(key)
    }
    assert wrong == set()


@pytest.mark.parametrize("source", SOURCES, ids=LANGUAGES)
def test_descriptions_belong_to_fields(source: Path) -> None:
    """A field's description needs the field."""
    fields = texts(source)
    orphans = {
        path
        for path in fields
        if path[-2] == "data_description" and (*path[:-2], "data", path[-1]) not in fields
    }
    assert orphans == set()


@pytest.mark.parametrize("source", SOURCES, ids=LANGUAGES)
def test_languages_agree(source: Path) -> None:
    """A translation has only texts that English has, with the same placeholders."""
    english = texts(ROOT / "translations" / "en.json")
    for path, text in texts(source).items():
        assert path in english, f"{source.name} has {path}, English has not"
        assert placeholders(text) == placeholders(english[path]), path


def test_built_files_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """The integration and the app hold what the source holds."""
    assert build_translations.main(["--check"]) == 0, capsys.readouterr().err
