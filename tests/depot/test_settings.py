"""Settings: where they come from and what is wrong with them."""

from argparse import ArgumentParser
import json
from pathlib import Path

import pytest

from mqtt_ota_depot.settings import SETTINGS, Settings, SettingsError, add_options, load


def read(*arguments: str, **environ: str) -> Settings:
    """Return the settings of a command line and an environment."""
    parser = ArgumentParser()
    add_options(parser)
    return load(parser.parse_args(arguments), environ)


def test_defaults_are_safe() -> None:
    """Without any setting the depot serves HTTPS to everyone in the network."""
    settings = read()
    assert (settings.port, settings.tls) == (8443, True)
    assert settings.host == "0.0.0.0"  # noqa: S104  (the default is the point)
    assert settings.max_package_size == 8 * 1024**3
    assert settings.api_key is None
    assert settings.data_dir.name == "mqtt-ota"


def test_the_command_line_goes_before_the_environment_and_the_file(tmp_path: Path) -> None:
    """Each place overrides the ones behind it, setting by setting."""
    file = tmp_path / "options.json"
    file.write_text(json.dumps({"port": 1, "host": "a", "log_level": "error", "tls": False}))
    settings = read("--settings", str(file), "--port", "3", MQTT_OTA_PORT="2", MQTT_OTA_HOST="b")
    assert (settings.port, settings.host, settings.log_level) == (3, "b", "error")
    assert settings.tls is False


def test_toml_and_the_environment_name_the_file(tmp_path: Path) -> None:
    """The file may be TOML, and its place may come from the environment."""
    file = tmp_path / "depot.toml"
    file.write_text('port = 9000\ntls = false\ndevice_url = "http://depot:8000"\n')
    settings = read(MQTT_OTA_SETTINGS=str(file))
    assert (settings.port, settings.tls) == (9000, False)
    assert str(settings.device_url) == "http://depot:8000"


def test_options_in_the_data_folder_are_read_unless_another_file_is_named(tmp_path: Path) -> None:
    """The Supervisor writes them there; the same image runs without them, too."""
    data = ("--data-dir", str(tmp_path))
    assert read(*data).port == 8443
    (tmp_path / "options.json").write_text('{"port": 9000}')
    assert read(*data).port == 9000
    assert read(MQTT_OTA_DATA_DIR=str(tmp_path)).port == 9000
    other = tmp_path / "other.json"
    other.write_text("{}")
    assert read(*data, "--settings", str(other)).port == 8443


def test_the_app_names_certificates_as_other_apps_do(tmp_path: Path) -> None:
    """`ssl` switches HTTPS, and bare names are files of the folder of certificates."""
    data = ("--data-dir", str(tmp_path))
    options = {"ssl": False, "certfile": "fullchain.pem", "keyfile": " privkey.pem "}
    (tmp_path / "options.json").write_text(json.dumps(options))
    settings = read(*data)
    assert settings.tls is False
    assert settings.certfile == Path("/ssl/fullchain.pem")
    assert settings.keyfile == Path("/ssl/privkey.pem")
    (tmp_path / "options.json").write_text('{"certfile": "/own/a.pem", "keyfile": "/own/b.pem"}')
    assert read(*data).certfile == Path("/own/a.pem")
    assert read(*data, "--tls", "true").tls is True
    (tmp_path / "options.json").write_text('{"certfile": "", "keyfile": ""}')
    assert read(*data).certfile is None
    # A file of one's own means what it says, wherever it lies.
    file = tmp_path / "own.json"
    file.write_text('{"certfile": "a.pem", "keyfile": "b.pem", "ssl": false}')
    assert read(*data, "--settings", str(file)).certfile == Path("a.pem")


def test_every_setting_has_the_same_name_everywhere(tmp_path: Path) -> None:
    """One table makes all names."""
    values = {
        "data_dir": "/d", "host": "h", "port": "1", "http_port": "2", "ingress_port": "3",
        "ingress_peer": "p", "device_url": "https://x:1", "tls": "false",
        "certfile": "/c", "keyfile": "/k", "api_key": "k" * 16, "drop_dir": "/f",
        "keep_versions": "4", "max_package_size": "5",
        "max_rate": "2048", "max_device_rate": "1024", "max_connections": "3",
        "max_listeners": "4", "max_repeats": "5", "bind_grants": "true", "log_level": "debug",
    }  # fmt: skip
    assert [setting.name for setting in SETTINGS] == list(values)
    file = tmp_path / "all.json"
    file.write_text(json.dumps(values))
    arguments = [
        text for name, value in values.items() for text in ("--" + name.replace("_", "-"), value)
    ]
    environ = {f"MQTT_OTA_{name.upper()}": value for name, value in values.items()}
    from_file = read("--settings", str(file))
    assert from_file == read(*arguments) == read(**environ)
    assert from_file.max_package_size == 5


def test_empty_values_mean_the_default(tmp_path: Path) -> None:
    """Home Assistant writes options that were cleared as empty strings."""
    file = tmp_path / "options.json"
    file.write_text('{"port": "", "api_key": null, "device_url": ""}')
    settings = read("--settings", str(file))
    assert (settings.port, settings.api_key, settings.device_url) == (8443, None, None)


def test_unknown_settings_are_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A typing error shows."""
    file = tmp_path / "options.json"
    file.write_text('{"prot": 1}')
    assert read("--settings", str(file)).port == 8443
    assert "unknown setting 'prot'" in caplog.text


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("port", "x", "whole number"),
        ("port", "70000", "0 to 65535"),
        ("port", "-1", "0 to 65535"),
        ("port", "1.5", "whole number"),
        ("tls", "maybe", "true or false"),
        ("max_package_size", "0", "from 1"),
        ("max_rate", "1023", "at least 1024"),
        ("max_device_rate", "-1", "from 0"),
        ("max_connections", "1000001", "from 0 to 1000000"),
        ("bind_grants", "2", "true or false"),
        ("log_level", "loud", "one of debug"),
        ("device_url", "depot", "https://192.168.1.10:8443"),
        ("device_url", "ftp://depot", "https://192.168.1.10:8443"),
        ("device_url", "https://depot/path", "nothing more"),
        ("device_url", "https://depot:99999", "device_url"),
        ("device_url", "https://u:p@depot", "nothing more"),
        ("api_key", "short", "at least 16"),
        ("api_key", "with a space in it", "no space"),
        ("host", "a\nb", "printable"),
    ],
)
def test_wrong_values_are_named_with_their_source(name: str, value: str, says: str) -> None:
    """The error names the setting, where it came from and the rule."""
    with pytest.raises(SettingsError) as caught:
        read(**{f"MQTT_OTA_{name.upper()}": value})
    assert str(caught.value).startswith(f"{name} (from environment variable MQTT_OTA_")
    assert says in str(caught.value)
    if name == "api_key":
        assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [("{", "not valid JSON"), ("[]", "an object of settings"), ('{"port": true}', "port (from file"),
     ('{"port": 1.5}', "whole number"), ('{"host": 5}', "printable text")],
)  # fmt: skip
def test_wrong_files_are_named(tmp_path: Path, content: str, says: str) -> None:
    """The error names the file."""
    file = tmp_path / "options.json"
    file.write_text(content)
    with pytest.raises(SettingsError) as caught:
        read("--settings", str(file))
    assert str(file) in str(caught.value)
    assert says in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that was named must be there."""
    with pytest.raises(SettingsError, match="No such file"):
        read("--settings", str(tmp_path / "none.json"))


def test_a_certificate_needs_its_key() -> None:
    """One without the other cannot work."""
    with pytest.raises(SettingsError, match="certfile and keyfile"):
        read("--certfile", "/c")


def test_no_repr_has_the_key() -> None:
    """Settings can be logged."""
    assert "k" * 16 not in repr(read("--api-key", "k" * 16))
