"""The app of Home Assistant and the handbook fit the program."""

import json
from pathlib import Path
import re

import yaml

from mqtt_ota_depot import __version__
from mqtt_ota_depot.settings import SETTINGS

ADDON = Path(__file__).parents[2] / "addon"
NAMES = {setting.name for setting in SETTINGS}


def test_the_app_has_the_settings_and_the_version_of_the_program() -> None:
    """Options that the program does not know would do nothing."""
    config = yaml.safe_load((ADDON / "config.yaml").read_text())
    assert config["version"] == __version__
    assert config["slug"] == "mqtt_ota"
    assert set(config["options"]) <= set(config["schema"]) <= NAMES
    # The container decides about these three.
    assert NAMES - set(config["schema"]) == {"data_dir", "host", "port"}
    assert list(config["ports"]) == ["8443/tcp"]


def test_every_option_and_port_of_the_app_has_its_text() -> None:
    """The Supervisor shows bare names where a text is missing."""
    config = yaml.safe_load((ADDON / "config.yaml").read_text())
    texts = yaml.safe_load((ADDON / "translations" / "en.yaml").read_text())
    assert list(texts["configuration"]) == list(config["schema"])
    assert list(texts["network"]) == list(config["ports"])


def test_the_container_starts_a_command_that_exists() -> None:
    """The exec form passes signals on; the options are the program's."""
    lines = (ADDON / "Dockerfile").read_text().splitlines()
    command = json.loads(
        next(line for line in lines if line.startswith("CMD ")).removeprefix("CMD ")
    )
    assert command[:2] == ["mqtt-ota", "serve"]
    options = {setting.option for setting in SETTINGS} | {"--settings"}
    assert {word for word in command if word.startswith("--")} <= options


def test_the_handbook_has_every_setting() -> None:
    """Each setting has its row with its default."""
    rows = re.findall(r"^\| (`.+?) \|", (ADDON / "DOCS.md").read_text(), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named >= NAMES


def test_problems_of_the_handbook_are_those_of_the_program() -> None:
    """Texts that people look up are the texts that the program has."""
    sources = "".join(path.read_text() for path in (ADDON / "mqtt_ota_depot").glob("*.py"))
    table = (ADDON / "DOCS.md").read_text().partition("## When something is wrong")[2]
    for text in re.findall(r"^\| `([^`]+?)(?: …)?` ", table, re.MULTILINE):
        assert text in sources, text
