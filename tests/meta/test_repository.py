"""Rules for all files of the repository."""

from pathlib import Path
import re

import pytest
import yaml

from tests.meta.files import ADDON, INTEGRATION, ROOT, lines_of, repository_files

# Put together here, so that this file does not hold what it looks for.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("deb", "debian", "org"),
        ("registry", "npmjs"),
        ("registry", "yarnpkg"),
    )
]
ONE_MACHINE = re.compile(r"(?<![\w.:/}-])/(?:home|root|Users|work)/\w|/tm[p]/bash_")


def occurrences(pattern: re.Pattern[str]) -> list[str]:
    """Return every line of the repository that the pattern matches, with its place."""
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for file in repository_files()
        for number, line in enumerate(lines_of(file), 1)
        if pattern.search(line)
    ]


def test_no_registry_is_named() -> None:
    """Where packages come from is decided by the machine, not by the repository."""
    assert occurrences(re.compile("|".join(map(re.escape, REGISTRY_HOSTS)))) == []


def test_no_path_of_one_machine() -> None:
    """A path that exists on one machine only is of use to nobody else."""
    assert occurrences(ONE_MACHINE) == []


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"config\.(yaml|yml|json)", {ADDON / "config.yaml"}),
        (r"repository\..*", {ROOT / "repository.yaml"}),
        (r"manifest\.json", {INTEGRATION / "manifest.json"}),
    ],
)
def test_names_that_others_look_for(pattern: str, expected: set[Path]) -> None:
    """The Supervisor and the validators take any file of these names for theirs."""
    found = {file for file in repository_files() if re.fullmatch(pattern, file.name)}
    assert found <= expected


def test_one_integration() -> None:
    """Installers take the first folder in custom_components."""
    assert [path.name for path in (ROOT / "custom_components").iterdir() if path.is_dir()] == [
        "mqtt_ota"
    ]


def test_app_repository() -> None:
    """The Supervisor refuses other keys than these."""
    repository = yaml.safe_load((ROOT / "repository.yaml").read_text())
    assert repository["name"] == "MQTT OTA"
    assert repository.keys() <= {"name", "url", "maintainer"}


def test_no_conflict_markers() -> None:
    """A merge has been finished."""
    assert occurrences(re.compile(r"^(<{7}|>{7}) ")) == []


@pytest.mark.parametrize("folder", ["custom_components", "addon", "examples", "script"])
def test_files_are_short(folder: str) -> None:
    """A longer file has more than one role."""
    long = {
        str(file.relative_to(ROOT)): len(lines_of(file))
        for file in repository_files()
        if file.suffix == ".py" and file.is_relative_to(ROOT / folder) and len(lines_of(file)) > 500
    }
    assert long == {}
