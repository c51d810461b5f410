"""The app of Home Assistant and the handbook fit the program."""

from pathlib import Path
import re

import pytest
import yaml

from mqtt_ota_depot import __version__
from mqtt_ota_depot.settings import SETTINGS

from .process import run

ADDON = Path(__file__).parents[2] / "addon"
NAMES = {setting.name for setting in SETTINGS}


def test_the_app_has_the_settings_and_the_version_of_the_program() -> None:
    """Options that the program does not know would do nothing."""
    config = yaml.safe_load((ADDON / "config.yaml").read_text())
    assert config["version"] == __version__
    assert config["slug"] == "mqtt_ota"
    in_app = {setting.in_app or setting.name for setting in SETTINGS}
    assert set(config["options"]) <= set(config["schema"]) <= in_app
    # The container decides about these.
    container = {"data_dir", "host", "port", "http_port", "ingress_port", "ingress_peer"}
    assert in_app - set(config["schema"]) == container
    assert list(config["ports"]) == ["8443/tcp", "8080/tcp"]


@pytest.mark.parametrize("command", ["backup_pre", "backup_post"])
def test_the_supervisor_runs_commands_that_exist(command: str) -> None:
    """A backup whose first command fails is none."""
    config = yaml.safe_load((ADDON / "config.yaml").read_text())
    program, name = config[command].split()
    assert program == "mqtt-ota"
    assert run(name, "--help").returncode == 0


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
