"""The lock files: complete, exact, hashed, and in step with what they are compiled from."""

from pathlib import Path
import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
import pytest

from tests.meta.files import ADDON, ROOT

LOCKS = {
    "dev": ROOT / "requirements.txt",
    "node": ROOT / "requirements-node.txt",
    "page": ROOT / "requirements-page.txt",
    "uv": ROOT / "requirements-uv.txt",
}
REMEDY = "run script/setup --lock"


def locked(path: Path) -> dict[str, Requirement]:
    """Return the requirements of a lock file by name."""
    joined = path.read_text().replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]
    requirements = [Requirement(line.split(" --hash", 1)[0]) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def group(name: str) -> list[Requirement]:
    """Return a dependency group with the groups that it includes."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    found: list[Requirement] = []
    for entry in groups[name]:
        if isinstance(entry, str):
            found.append(Requirement(entry))
        else:
            found.extend(group(entry["include-group"]))
    return found


@pytest.mark.parametrize("path", [*LOCKS.values(), ADDON / "requirements.txt"], ids=str)
def test_every_requirement_is_exact_and_hashed(path: Path) -> None:
    """An installation gets the very bytes that were tested."""
    joined = path.read_text().replace("\\\n", " ")
    requirements = [
        line for line in joined.splitlines() if line and not line.lstrip().startswith("#")
    ]
    assert requirements
    for line in requirements:
        assert re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+ ", line), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", line), line


@pytest.mark.parametrize("name", LOCKS)
def test_groups_are_locked(name: str) -> None:
    """What pyproject.toml asks for is what the lock file holds."""
    lock = locked(LOCKS[name])
    for wanted in group(name):
        pin = lock[canonicalize_name(wanted.name)]
        assert pin.specifier == wanted.specifier, f"{wanted}: {REMEDY}"


def test_depot_is_shipped_with_what_is_tested() -> None:
    """The app and the tests run the same versions of the depot's libraries."""
    tested = locked(LOCKS["dev"])
    shipped = locked(ADDON / "requirements.txt")
    assert {name: pin.specifier for name, pin in shipped.items()} == {
        name: tested[name].specifier for name in shipped
    }, REMEDY


def test_depot_requirements_are_locked() -> None:
    """What the depot's own project asks for is what its lock file holds."""
    project = tomllib.loads((ADDON / "pyproject.toml").read_text())["project"]
    shipped = locked(ADDON / "requirements.txt")
    for text in project["dependencies"]:
        wanted = Requirement(text)
        (pin,) = shipped[canonicalize_name(wanted.name)].specifier
        assert wanted.specifier.contains(pin.version), f"{wanted}: {REMEDY}"
