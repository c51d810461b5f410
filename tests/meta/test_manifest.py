"""The rules of Home Assistant's validator that it applies to custom integrations."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path

from awesomeversion import AwesomeVersion
from homeassistant.const import __version__ as home_assistant_version
import pytest

import mqtt_ota_depot
from tests.meta.files import INTEGRATION, ROOT

REQUIRED = {
    "domain",
    "name",
    "codeowners",
    "documentation",
    "iot_class",
    "issue_tracker",
    "version",
}
OPTIONAL = {
    "after_dependencies",
    "config_flow",
    "dependencies",
    "import_executor",
    "integration_type",
    "loggers",
    "mqtt",
    "quality_scale",
    "requirements",
    "single_config_entry",
    "zeroconf",
}
# What an integration may import without declaring it; platforms of other integrations stand
# in files of their name (diagnostics.py imports diagnostics).
ALWAYS_ALLOWED = {
    "automation",
    "device_automation",
    "frontend",
    "homeassistant",
    "panel_custom",
    "persistent_notification",
    "system_health",
    "webhook",
    "websocket_api",
}
ENTITY_PLATFORMS = {
    "binary_sensor",
    "button",
    "event",
    "number",
    "select",
    "sensor",
    "switch",
    "update",
}


@pytest.fixture(name="manifest")
def manifest_fixture() -> dict[str, object]:
    """Return the manifest, its keys in the file's order."""
    content = json.loads((INTEGRATION / "manifest.json").read_text())
    assert isinstance(content, dict)
    return content


def test_manifest_keys(manifest: dict[str, object]) -> None:
    """All that must be there is there, and nothing that a validator refuses."""
    assert manifest.keys() >= REQUIRED
    assert manifest.keys() <= REQUIRED | OPTIONAL


def test_manifest_order(manifest: dict[str, object]) -> None:
    """Domain and name come first, then the alphabet."""
    keys = list(manifest)
    assert keys == ["domain", "name", *sorted(set(keys) - {"domain", "name"})]


def test_manifest_values(manifest: dict[str, object]) -> None:
    """The domain is the folder's name, the addresses are those of the project."""
    assert manifest["domain"] == INTEGRATION.name
    assert str(manifest["documentation"]).startswith("https://github.com/mqtt-ota/mqtt-ota")
    assert manifest["iot_class"] == "local_push"
    assert manifest["codeowners"] == ["@mqtt-ota"]


def test_one_version(manifest: dict[str, object]) -> None:
    """The integration and the depot are released together."""
    assert manifest["version"] == mqtt_ota_depot.__version__
    assert AwesomeVersion(str(manifest["version"])).valid


def test_every_used_component_is_declared(manifest: dict[str, object]) -> None:
    """Home Assistant sets up only declared components before the integration."""
    declared: set[str] = set()
    for key in ("dependencies", "after_dependencies"):
        names = manifest.get(key, [])
        assert isinstance(names, list)
        declared.update(names)
    undeclared = {
        f"{file.relative_to(ROOT)} imports {component}"
        for file in INTEGRATION.rglob("*.py")
        for component in imported_components(file)
        if component not in declared | ALWAYS_ALLOWED | ENTITY_PLATFORMS | {file.stem}
    }
    assert undeclared == set()


def imported_components(file: Path) -> Iterator[str]:
    """Yield the name of each component of Home Assistant that a module imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "homeassistant.components":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from component_of(node.module)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield from component_of(alias.name)


def component_of(module: str) -> Iterator[str]:
    """Yield the component that a module belongs to, if it belongs to one."""
    parts = module.split(".")
    if parts[:2] == ["homeassistant", "components"] and len(parts) > 2:
        yield parts[2]


def test_installer_file() -> None:
    """The installer of custom integrations knows these keys, and refuses an older Home Assistant."""
    content = json.loads((ROOT / "hacs.json").read_text())
    assert content.keys() <= {"name", "homeassistant", "render_readme", "hide_default_branch"}
    assert content["name"] == "MQTT OTA"
    assert AwesomeVersion(content["homeassistant"]) <= AwesomeVersion(home_assistant_version)
