"""The page about uploads says what the command does, and its examples run."""

from argparse import SUPPRESS, ArgumentParser
from collections.abc import Iterator
from configparser import ConfigParser
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tomllib
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml

from mqtt_ota_upload import command
from mqtt_ota_upload.options import API_KEY_ENV, CA_FILE_ENV, DEPOT_ENV, FINGERPRINT_ENV
from tests.depot.process import DepotProcess
from tests.depot.rig import AUTHORIZATION, KEY, PREFIX
from tests.depot.test_image_header import esp_app
from tests.documents import Claim, code_spans, documents, prose, runs, table
from tests.meta.files import ADDON

from .conftest import PAUSES

DOCUMENT = "docs/upload.md"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
INSTALLED = "mqtt-ota upload"


@pytest.fixture
def depot(tmp_path: Path) -> Iterator[DepotProcess]:
    """Run a depot over HTTPS."""
    process = DepotProcess(tmp_path / "depot")
    yield process
    process.stop()


def packages(depot: DepotProcess) -> list[dict[str, Any]]:
    """Return what a depot has."""
    request = Request(depot.url + PREFIX + "/packages", headers=AUTHORIZATION)  # noqa: S310 - https
    with urlopen(request, context=depot.tls, timeout=20) as answer:  # noqa: S310 - https
        found: list[dict[str, Any]] = json.load(answer)["packages"]
    return found


def shell(text: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a text as a build server does."""
    return subprocess.run(
        ["sh", "-euc", text],
        cwd=folder,
        env={**os.environ, "PATH": PATH, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )


def test_options() -> None:
    """The table has every option, and every variable where it stands in."""
    parser = ArgumentParser(add_help=False)
    command.add_parser(parser)
    rows = table(DOCUMENT, "Options")
    documented = [option for row in rows for option in code_spans(row[0])]
    assert documented == [
        option
        for action in parser._actions
        if action.help != SUPPRESS
        for option in action.option_strings
    ]
    variables = {
        "--depot": DEPOT_ENV,
        "--api-key-file": API_KEY_ENV,
        "--ca-file": CA_FILE_ENV,
        "--fingerprint": FINGERPRINT_ENV,
    }
    told = {row[0].strip("`"): code_spans(row[2]) for row in rows}
    assert {name: found[0] for name, found in told.items() if found and "_" in found[0]} == (
        variables
    )


def test_exit_codes() -> None:
    """The table has those of the program."""
    assert [int(row[0]) for row in table(DOCUMENT, "Exit codes")] == [
        *(0, command.REFUSED, command.UNUSABLE, command.INTERRUPTED)
    ]


def test_patience() -> None:
    """The page tells how often and for how long it is tried."""
    assert (len(PAUSES), sum(PAUSES)) == (4, 15)
    assert "tries again four times, over 15 seconds" in prose(DOCUMENT)


def test_where_it_is_installed_from() -> None:
    """The package is in the project's own repository, in the named folder."""
    project = tomllib.loads((ADDON / "pyproject.toml").read_text())["project"]
    source = f'uvx --from "git+{project["urls"]["Homepage"]}#subdirectory={ADDON.name}"'
    assert documents()[DOCUMENT].count(source) == documents()[DOCUMENT].count("uvx") == 2
    assert INSTALLED.split(maxsplit=1)[0] in project["scripts"]


@pytest.mark.e2e
@runs(DOCUMENT, "mqtt-ota upload --depot", argument="typed")
@runs(DOCUMENT, "uvx --from", argument="workflow")
@runs(DOCUMENT, "[env:weather]", argument="settings")
@runs(DOCUMENT, 'Import("env")', argument="script")
def test_a_maker_follows_the_page(
    depot: DepotProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: Claim,
    workflow: Claim,
    settings: Claim,
    script: Claim,
) -> None:
    """The command, the workflow's step and PlatformIO's target publish what they should."""
    by_hand(typed.block().text, depot, tmp_path)
    by_workflow(workflow.block().text, depot, tmp_path)
    by_platformio(settings.block().text, script.block().text, depot, tmp_path, monkeypatch)
    told = [(each["model"], each["version"], each["release_notes"]) for each in packages(depot)]
    assert told == [
        ("weather", "1.1.0", None),
        ("attic", "2.0.0", "Better *wind*.\n"),
        ("garden", "2.0.0", "Better *wind*.\n"),
        ("weather", "1.2.0", None),
    ]


def by_hand(text: str, depot: DepotProcess, folder: Path) -> None:
    """Type the command."""
    (folder / "weather-1.1.0.bin").write_bytes(b"firmware")
    (folder / "api_key").write_text(KEY + "\n")
    shutil.copy(depot.ca, folder / "ca.pem")
    assert "https://192.168.1.10:8443" in text
    done = shell(text.replace("https://192.168.1.10:8443", depot.url), folder)
    assert done.returncode == 0, done.stderr


def by_workflow(text: str, depot: DepotProcess, folder: Path) -> None:
    """Run the last step of the workflow, with the command of this environment."""
    (job,) = yaml.safe_load(text)["jobs"].values()
    assert [step.get("uses", "").partition("@")[0] for step in job["steps"][:2]] == [
        *("actions/checkout", "astral-sh/setup-uv")
    ]
    step = job["steps"][-1]
    (folder / "build").mkdir()
    for name in ("attic", "garden"):
        image = esp_app(name=name.encode(), version=b"2.0.0")
        (folder / "build" / f"{name}.bin").write_bytes(image)
    values = {
        "vars.MQTT_OTA_DEPOT": depot.url,
        "secrets.MQTT_OTA_API_KEY": KEY,
        "secrets.DEPOT_CA": Path(depot.ca).read_text(),
        "github.event.release.body": "Better *wind*.",
    }
    environment = {
        name: values[value.removeprefix("${{ ").removesuffix(" }}")]
        for name, value in step["env"].items()
    }
    before, found, after = step["run"].partition("uvx --from")
    assert found
    run = before + INSTALLED + after.partition(INSTALLED)[2]
    done = shell(run, folder, **environment)
    assert done.returncode == 0, done.stderr
    assert KEY not in done.stdout + done.stderr


class Environment:
    """What PlatformIO gives a script, as far as this one uses it."""

    def __init__(self, options: dict[str, str], folder: Path) -> None:
        """Take the options of the project's file."""
        self.options = options
        self.places = {"$BUILD_DIR": str(folder), "${PROGNAME}": "firmware"}
        self.targets: list[dict[str, Any]] = []

    def subst(self, text: str) -> str:
        """Put values in their places."""
        for place, value in self.places.items():
            text = text.replace(place, value)
        return text

    def GetProjectOption(self, name: str, default: str) -> str:  # noqa: N802 - PlatformIO's name
        """Return an option."""
        return self.options.get(name, default)

    def AddCustomTarget(self, **target: Any) -> None:  # noqa: N802 - PlatformIO's name
        """Remember a target."""
        self.targets.append(target)


def by_platformio(
    settings: str,
    script: str,
    depot: DepotProcess,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Run the script as SCons does: it adds a target, whose action is called by keywords."""
    project = ConfigParser()
    project.read_string(settings)
    options = dict(project["env:weather"])
    assert options["extra_scripts"] == "post:upload_package.py"
    assert "`upload_package.py`" in prose(DOCUMENT)
    environment = Environment({**options, "custom_ota_version": "1.2.0"}, folder)
    (folder / "firmware.bin").write_bytes(esp_app(name=b"arduino-lib-builder"))
    names: dict[str, Any] = {}
    names["Import"] = lambda name: names.__setitem__(name, environment)
    exec(compile(script, "upload_package.py", "exec"), names)  # noqa: S102 - the page's own script
    (target,) = environment.targets
    assert f"pio run -t {target['name']}" in code_spans(prose(DOCUMENT))
    assert environment.subst(target["dependencies"]) == str(folder / "firmware.bin")
    for name, value in (
        ("PATH", PATH),
        (DEPOT_ENV, depot.url),
        (API_KEY_ENV, KEY),
        (CA_FILE_ENV, depot.ca),
    ):
        monkeypatch.setenv(name, value)
    (action,) = target["actions"]
    assert action(source=[], target=[], env=environment) == 0
    refusing = folder / "mqtt-ota"
    refusing.write_text(f"#!/bin/sh\nexit {command.REFUSED}\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    assert action(source=[], target=[], env=environment) == command.REFUSED
