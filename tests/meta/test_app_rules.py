"""The rules of the Supervisor and of the linters, on the app's own files."""

import json
from pathlib import Path
import re
import shutil
import struct
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.meta.app_rules import KEYS, REQUIRED, faults, option_fits, rating
from tests.meta.files import ADDON, ROOT, repository_files

ROOTFS = ADDON / "rootfs"
SERVICES = ROOTFS / "etc/s6-overlay/s6-rc.d"
PROFILE = ADDON / "apparmor.txt"


@pytest.fixture
def config() -> dict[str, Any]:
    """Return the app's configuration."""
    read: dict[str, Any] = yaml.safe_load((ADDON / "config.yaml").read_text())
    return read


def test_every_key_is_one_that_the_supervisor_takes(config: dict[str, Any]) -> None:
    """No key is missing, unknown, wrong, or said though it is the default."""
    assert faults(config) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"slug": "a b"}, "slug"),
        ({"arch": ["armv7"]}, "arch"),
        ({"version": "1"}, "version"),
        ({"panel_icon": "package"}, "panel_icon"),
        ({"ports": {"8443": 8443}}, "ports"),
        ({"map": ["ssl:rw"]}, "map"),
        ({"map": [{"type": "config"}]}, "map"),
        ({"schema": {"a": "string"}}, "schema"),
        ({"schema": {"a": "list(x)?|y"}}, "schema"),
        ({"startup": "later"}, "startup"),
        ({"watchdog": "tcp://[HOST]:[PORT:8443]"}, "watchdog is unknown"),
        ({"ingress_port": 8099}, "ingress_port is the default"),
        ({"startup": "application"}, "startup is the default"),
    ],
)
def test_the_rules_find_what_is_wrong(
    config: dict[str, Any], change: dict[str, Any], says: str
) -> None:
    """A rule that nothing breaks would be no rule."""
    assert any(fault.startswith(says) for fault in faults(config | change))


@pytest.mark.parametrize("key", sorted(REQUIRED))
def test_required_keys_are_required(config: dict[str, Any], key: str) -> None:
    """Without one of these the Supervisor ignores the app."""
    assert key in KEYS
    assert faults({name: value for name, value in config.items() if name != key}) == [
        f"{key} is missing"
    ]


def test_the_rating_is_the_best_there_is(config: dict[str, Any]) -> None:
    """Ingress and a profile of its own, and nothing that costs a point."""
    assert rating(config, has_profile=PROFILE.is_file()) == 8


@pytest.mark.parametrize(
    ("change", "profile", "expected"),
    [
        ({}, False, 7),
        ({"apparmor": False}, True, 6),
        ({"ingress": False}, True, 6),
        ({"ingress": False, "auth_api": True}, True, 7),
        ({"host_network": True, "privileged": ["NET_ADMIN"]}, True, 6),
        ({"hassio_role": "admin", "host_pid": True}, True, 4),
        ({"docker_api": True}, True, 1),
    ],
)
def test_the_rating_falls_with_what_an_app_may_do(
    config: dict[str, Any], change: dict[str, Any], profile: bool, expected: int
) -> None:
    """The Supervisor's arithmetic, from 1 to 8."""
    assert rating(config | change, has_profile=profile) == expected


def test_default_options_are_what_their_schema_takes(config: dict[str, Any]) -> None:
    """An app whose defaults do not fit cannot be started until somebody mends them."""
    schema = config["schema"]
    assert config["options"].keys() <= schema.keys()
    for name, value in config["options"].items():
        assert option_fits(schema[name], value), name
    required = {name for name, kind in schema.items() if not kind.endswith("?")}
    assert required <= config["options"].keys()


def test_every_option_and_port_has_a_text_in_every_language(config: dict[str, Any]) -> None:
    """The Supervisor shows bare names where a text is missing."""
    languages = sorted((ADDON / "translations").glob("*.yaml"))
    assert [path.stem for path in languages] == [
        path.stem for path in sorted((ROOT / "translations").glob("*.json"))
    ]
    for language in languages:
        texts = yaml.safe_load(language.read_text())
        assert set(texts) == {"configuration", "network"}
        assert texts["configuration"].keys() == config["schema"].keys()
        assert texts["network"].keys() == config["ports"].keys()
        for option in texts["configuration"].values():
            assert option.keys() == {"name", "description"}


def test_the_store_has_what_it_shows() -> None:
    """Introduction, handbook, changes, and pictures of the sizes that the store asks for."""
    for name in ("README.md", "DOCS.md", "CHANGELOG.md"):
        assert (ADDON / name).stat().st_size > 100, name
    assert picture_size(ADDON / "icon.png") == (128, 128)
    assert picture_size(ADDON / "logo.png") == (250, 100)


def test_no_other_file_is_taken_for_an_app() -> None:
    """Any further build file below the app starts a way of building that is no more."""
    assert [
        path for path in repository_files() if re.match(r"build\.(ya?ml|json)$", path.name)
    ] == []


def test_the_app_is_discovered_as_the_integration(config: dict[str, Any]) -> None:
    """Home Assistant starts the flow of the integration whose name the message has."""
    assert config["discovery"] == ["mqtt_ota"]
    assert (ROOT / "custom_components" / config["discovery"][0]).is_dir()


def test_the_profile_is_valid_and_has_one_name() -> None:
    """The Supervisor writes its own name over the one profile at the left margin."""
    text = PROFILE.read_text()
    assert len(re.findall(r"^profile \S+", text, re.MULTILINE)) == 1
    parser = shutil.which("apparmor_parser", path="/usr/sbin:/sbin:/usr/bin")
    if parser is None:
        pytest.skip("apparmor_parser is not installed; remedy: apt-get install apparmor")
    done = subprocess.run(
        [parser, "-QKT", PROFILE], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_the_profile_lets_the_depot_have_what_is_mapped(config: dict[str, Any]) -> None:
    """A folder that the app maps and the profile forbids would be an error at midnight."""
    inner = PROFILE.read_text().partition("profile depot ")[2]
    places = {"app_config": "/config", "share": "/share", "ssl": "/ssl"}
    for each in config["map"]:
        rights = "r" if each.get("read_only", True) else "rw"
        assert f"{places[each['type']]}/** {rights},\n" in inner


def test_the_dockerfile_passes_hadolint() -> None:
    """Its findings are those of people who have built many images."""
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert hadolint, "hadolint is missing; remedy: script/setup --again"
    done = subprocess.run(
        [hadolint, ADDON / "Dockerfile"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout


def test_the_dockerfile_is_what_the_supervisor_builds() -> None:
    """A plain FROM of the current base, locked requirements, and a check in exec form."""
    text = (ADDON / "Dockerfile").read_text()
    lines = text.splitlines()
    assert [line for line in lines if line.startswith("FROM ")] == [
        "FROM ghcr.io/home-assistant/base-python:3.14-alpine3.24"
    ]
    assert "--require-hashes -r requirements.txt" in text
    # The base's own init starts the service; anything else would end it.
    assert not re.search(r"^(ENTRYPOINT|CMD|USER) ", text, re.MULTILINE)
    (check,) = json.loads(text.partition(" CMD ")[2].splitlines()[0])
    assert (ROOTFS / "usr/local/bin" / check).stat().st_mode & 0o111
    for source in re.findall(r"^COPY (\S+)", text, re.MULTILINE):
        assert (ADDON / source).exists(), source


def test_the_service_is_complete() -> None:
    """The init ignores a service that lacks a part, or a script that may not be run."""
    depot = SERVICES / "depot"
    assert (depot / "type").read_text() == "longrun\n"
    assert (depot / "dependencies.d/base").is_file()
    assert (SERVICES / "user/contents.d/depot").is_file()
    for script in (depot / "run", depot / "finish"):
        assert script.stat().st_mode & 0o111, script
        assert script.read_text().startswith("#!/usr/bin/")
    tracked = {path.relative_to(ROOTFS) for path in repository_files() if ROOTFS in path.parents}
    assert Path("etc/s6-overlay/s6-rc.d/depot/dependencies.d/base") in tracked


def picture_size(path: Path) -> tuple[int, int]:
    """Return width and height of a PNG file."""
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    return width, height
