"""Tests of the files beside the code that Home Assistant does not check for us."""

from pathlib import Path
import struct

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "custom_components" / "mqtt_ota"

# The quality scale's 54 rules, from bronze to platinum
RULES = [
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow",
    "config-flow-test-coverage",
    "dependency-transparency",
    "docs-actions",
    "docs-conditions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "docs-triggers",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
    "devices",
    "diagnostics",
    "discovery",
    "discovery-update-info",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
    "async-dependency",
    "inject-websession",
    "strict-typing",
]


def test_quality_scale_names_every_rule() -> None:
    """Each rule is done, to do, or exempt for a reason that is told."""
    content = yaml.safe_load((FOLDER / "quality_scale.yaml").read_text())
    assert list(content) == ["rules"]
    assert sorted(content["rules"]) == sorted(RULES)
    for rule, told in content["rules"].items():
        status = told if isinstance(told, str) else told["status"]
        assert status in {"done", "todo", "exempt"}, rule
        assert status != "exempt" or told["comment"], rule


@pytest.mark.parametrize("theme", ["", "dark_"])
@pytest.mark.parametrize(("density", "side"), [("", 256), ("@2x", 512)])
def test_brand_images_have_the_sizes_asked_for(theme: str, density: str, side: int) -> None:
    """Icons are squares of the size that is asked for, logos are as high at most."""
    assert size_of_png(FOLDER / "brand" / f"{theme}icon{density}.png") == (side, side)
    width, height = size_of_png(FOLDER / "brand" / f"{theme}logo{density}.png")
    assert side // 2 <= height <= side < width


def size_of_png(path: Path) -> tuple[int, int]:
    """Return the width and height that a PNG file's header tells."""
    header = path.read_bytes()[:24]
    assert header.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", header[16:24])
    return width, height
