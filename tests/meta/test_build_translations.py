"""The builder of the translation files, on a small repository of its own."""

import json
from pathlib import Path

import pytest
import yaml

from script.build_translations import main

ENGLISH = {
    "integration": {"title": "Über MQTT"},
    "app": {"configuration": {"port": {"name": "Port", "description": "x" * 300}}},
}
JSON = "custom_components/mqtt_ota/translations"
YAML = "addon/translations"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository with one language."""
    (tmp_path / "translations").mkdir()
    write(tmp_path, "en", json.dumps(ENGLISH))
    return tmp_path


def write(root: Path, language: str, content: str) -> None:
    """Write a language's source."""
    (root / "translations" / f"{language}.json").write_text(content, encoding="utf-8")


def test_build(root: Path) -> None:
    """Each section goes to its folder in the form of its reader."""
    assert main([], root) == 0
    built = (root / JSON / "en.json").read_text(encoding="utf-8")
    assert built == '{\n  "title": "Über MQTT"\n}\n'
    app = (root / YAML / "en.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(app) == ENGLISH["app"]
    assert len(app.splitlines()) == 4


def test_check_after_build(root: Path) -> None:
    """What was just built is up to date, and building again writes nothing."""
    main([], root)
    before = (root / JSON / "en.json").stat().st_mtime_ns
    assert main(["--check"], root) == 0
    assert main([], root) == 0
    assert (root / JSON / "en.json").stat().st_mtime_ns == before


def test_check_names_the_difference(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A built file that was edited by hand is named with the remedy, and left alone."""
    main([], root)
    edited = root / JSON / "en.json"
    edited.write_text("{}")
    assert main(["--check"], root) == 1
    message = capsys.readouterr().err
    assert f"{JSON}/en.json differs" in message
    assert "run script/translations" in message
    assert edited.read_text() == "{}"


def test_check_before_build(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that was never built is missing, and is not made by a check."""
    assert main(["--check"], root) == 1
    assert f"{YAML}/en.yaml" in capsys.readouterr().err
    assert not (root / YAML).exists()


def test_removed_language(root: Path) -> None:
    """The built files of a language go with its source."""
    write(root, "de", json.dumps(ENGLISH))
    main([], root)
    (root / "translations" / "de.json").unlink()
    assert main(["--check"], root) == 1
    assert main([], root) == 0
    assert [path.name for path in (root / JSON).iterdir()] == ["en.json"]
    assert [path.name for path in (root / YAML).iterdir()] == ["en.yaml"]


def test_empty_section(root: Path) -> None:
    """A section without texts makes no file."""
    write(root, "en", '{"integration": {"title": "x"}, "app": {}}')
    assert main([], root) == 0
    assert not (root / YAML).exists()


def test_references(root: Path) -> None:
    """A text or a whole object that is the same elsewhere stands only once in the source."""
    texts = {
        "word": "Firmware",
        "same": "[%key:integration::word%]",
        "again": {"all": "[%key:integration::objects%]"},
        "objects": {"a": "[%key:integration::same%]", "b": "[%key: not one%]"},
    }
    write(root, "en", json.dumps({"integration": texts}))
    assert main([], root) == 0
    built = json.loads((root / JSON / "en.json").read_text(encoding="utf-8"))
    assert built["same"] == "Firmware"
    assert built["again"]["all"] == built["objects"] == {"a": "Firmware", "b": "[%key: not one%]"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "line 1"),
        ('{"app": {"a": "[%key:app::b%]"}}', "the reference to app::b leads nowhere"),
        ('{"app": {"a": "[%key:app::b%]", "b": "[%key:app::a%]"}}', "leads back to itself"),
        ('{"app": {"a": "[%key:app::b::c%]", "b": "x"}}', "app::b::c leads nowhere"),
        ("[]", "must hold objects"),
        ('{"app": "text"}', "must hold objects"),
        ('{"addon": {}}', "unknown sections ['addon']; known: integration, app"),
        ('{"app": {"a": "1", "a": "2"}}', "'a' stands twice"),
        ("\udcff", "mend that place"),
    ],
)
def test_bad_source(
    root: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    """A source that cannot be used is named with its fault; nothing is built."""
    path = root / "translations" / "xx.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    assert main([], root) == 1
    error = capsys.readouterr().err
    assert "translations/xx.json" in error
    assert message in error
    assert not (root / JSON).exists()
