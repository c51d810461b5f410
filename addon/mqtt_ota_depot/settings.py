"""Settings: one table, read from a file, the environment and the command line."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import json
import logging
import os
from pathlib import Path
import re
import tomllib
from typing import Any, Final

from yarl import URL

ENV_PREFIX: Final = "MQTT_OTA_"
SETTINGS_ENV: Final = ENV_PREFIX + "SETTINGS"
GIB: Final = 1024**3

_LOGGER: Final = logging.getLogger(__name__)
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_INTEGER: Final = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_LEVELS: Final = ("debug", "info", "warning", "error")
_MIN_API_KEY: Final = 16
_MAX_PORT: Final = 65_535
_MIN_RATE: Final = 1024
_MAX_COUNT: Final = 1_000_000
# Apps name certificates by what they are called in this folder.
_APP_CERTIFICATES: Final = Path("/ssl")
_INGRESS_PEER: Final = "172.30.32.2"


class SettingsError(Exception):
    """A setting is wrong; the text names it, where it came from and the remedy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting: how its value is read and what it is for."""

    name: str
    read: Callable[[object], Any]
    default: Any
    help: str
    # The app's configuration has it under the name that other apps use.
    in_app: str | None = None

    @property
    def option(self) -> str:
        """Return the option of the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """Return the environment variable."""
        return ENV_PREFIX + self.name.upper()


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """All settings, checked. Sizes are in bytes, rates in bytes per second."""

    data_dir: Path
    host: str
    port: int
    http_port: int | None
    ingress_port: int | None
    ingress_peer: str
    device_url: URL | None
    tls: bool
    certfile: Path | None
    keyfile: Path | None
    api_key: str | None
    drop_dir: Path | None
    keep_versions: int
    max_package_size: int
    max_rate: int
    max_device_rate: int
    max_connections: int
    max_listeners: int
    max_repeats: int
    bind_grants: bool
    log_level: str

    def __repr__(self) -> str:
        """Return a text without secrets."""
        return f"Settings(data_dir={str(self.data_dir)!r}, port={self.port})"


def add_options(parser: ArgumentParser) -> None:
    """Add the option `--settings` and one for each setting."""
    parser.add_argument(
        "--settings",
        metavar="FILE",
        help=f"JSON or TOML file with settings (also {SETTINGS_ENV}); options.json in the "
        "data folder when left out",
    )
    for setting in SETTINGS:
        parser.add_argument(
            setting.option,
            dest=setting.name,
            metavar="VALUE",
            help=f"{setting.help} (also {setting.variable})",
        )


def load(arguments: Namespace, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings: command line before environment, file and default.

    Raises SettingsError.
    """
    app_options = _app_options(arguments, environ)
    file = arguments.settings or environ.get(SETTINGS_ENV) or app_options
    from_file = _read_file(Path(file)) if file else {}
    if file and file == app_options:
        from_file = _in_app_form(from_file)
    values = {
        setting.name: _value(setting, arguments, environ, from_file, file) for setting in SETTINGS
    }
    settings = Settings(**values)
    if (settings.certfile is None) != (settings.keyfile is None):
        msg = "certfile and keyfile: give both or none of them"
        raise SettingsError(msg)
    return settings


def _app_options(arguments: Namespace, environ: Mapping[str, str]) -> str | None:
    """Return the file that the Supervisor writes into the data folder, where it did."""
    data_dir = _value(SETTINGS[0], arguments, environ, {}, None)
    file = data_dir / "options.json"
    return str(file) if file.is_file() else None


def _in_app_form(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options of the app as settings: bare names are files of one folder."""
    settings = dict(options)
    for name in ("certfile", "keyfile"):
        value = settings.get(name)
        if isinstance(value, str) and value.strip():
            settings[name] = str(_APP_CERTIFICATES / value.strip())
    return settings


def _value(
    setting: Setting,
    arguments: Namespace,
    environ: Mapping[str, str],
    from_file: Mapping[str, object],
    file: str | None,
) -> Any:
    """Return the value of one setting from the first place that has it."""
    sources = (
        (setting.option, getattr(arguments, setting.name, None)),
        (f"environment variable {setting.variable}", environ.get(setting.variable)),
        (f"file {file}", from_file.get(setting.name)),
        (f"file {file}", from_file.get(setting.in_app or setting.name)),
    )
    for source, value in sources:
        # The Supervisor writes options that were left out as empty strings.
        if value is None or value == "":
            continue
        try:
            return setting.read(value)
        except (ValueError, TypeError) as err:
            msg = f"{setting.name} (from {source}): {err}"
            raise SettingsError(msg) from err
    return setting.default


def _read_file(path: Path) -> dict[str, object]:
    """Return the settings of a file; unknown ones are warned of."""
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as err:
        msg = f"settings file {path}: {err.strerror}"
        raise SettingsError(msg) from err
    except ValueError as err:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        msg = f"settings file {path} is not valid {kind}: {err}"
        raise SettingsError(msg) from err
    if not isinstance(values, dict):
        msg = f"settings file {path}: must hold an object of settings"
        raise SettingsError(msg)
    known = {setting.name for setting in SETTINGS} | {setting.in_app for setting in SETTINGS}
    for name in sorted(values.keys() - known):
        _LOGGER.warning("Settings file %s: unknown setting %r is ignored", path, name)
    return values


def _text(value: object) -> str:
    """Read text."""
    if not isinstance(value, str) or not value.isprintable():
        msg = "must be printable text"
        raise ValueError(msg)
    return value.strip()


def _path(value: object) -> Path:
    """Read a path; `~` is the home folder."""
    return Path(_text(value)).expanduser()


def _flag(value: object) -> bool:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        msg = f"must be true or false, not {value!r}"
        raise ValueError(msg)
    return word in _TRUE


def _integer(value: object, minimum: int, maximum: int) -> int:
    """Read a whole number within bounds."""
    text = str(value).strip()
    if isinstance(value, bool) or not _INTEGER.fullmatch(text):
        msg = f"must be a whole number, not {value!r}"
        raise ValueError(msg)
    number = int(text)
    if not minimum <= number <= maximum:
        msg = f"must be from {minimum} to {maximum}, not {number}"
        raise ValueError(msg)
    return number


def _port(value: object) -> int:
    """Read a port; 0 lets the system choose one."""
    return _integer(value, 0, _MAX_PORT)


def _size(value: object) -> int:
    """Read a size in bytes, up to 1 TiB."""
    return _integer(value, 1, 1024 * GIB)


def _rate(value: object) -> int:
    """Read a rate in bytes per second; a slower one would look like a dead depot."""
    rate = _integer(value, 0, 1024 * GIB)
    if 0 < rate < _MIN_RATE:
        msg = f"must be 0 (no limit) or at least {_MIN_RATE}, not {rate}"
        raise ValueError(msg)
    return rate


def _count(value: object) -> int:
    """Read a number of things."""
    return _integer(value, 0, _MAX_COUNT)


def _level(value: object) -> str:
    """Read a log level."""
    level = str(value).strip().lower()
    if level not in _LEVELS:
        msg = f"must be one of {', '.join(_LEVELS)}, not {value!r}"
        raise ValueError(msg)
    return level


def _key(value: object) -> str:
    """Read an API key; its value is never repeated in errors."""
    key = _text(value)
    if len(key) < _MIN_API_KEY or not key.isascii() or " " in key:
        msg = f"must have at least {_MIN_API_KEY} ASCII characters and no space"
        raise ValueError(msg)
    return key


def _base_url(value: object) -> URL:
    """Read the base URL of downloads; the port is always explicit in it.

    Some device SDKs cannot do without the port.
    """
    url = URL(_text(value))
    if url.scheme not in {"http", "https"} or not url.host:
        msg = "must be like https://192.168.1.10:8443"
        raise ValueError(msg)
    if url.path not in {"", "/"} or url.query_string or url.fragment or url.user:
        msg = "must be a scheme, a host and a port, nothing more"
        raise ValueError(msg)
    return url


def _data_home() -> Path:
    """Return the folder for data where none is given."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "mqtt-ota"


SETTINGS: Final = (
    Setting(
        name="data_dir",
        read=_path,
        default=_data_home(),
        help="folder of packages, database, API key and certificates",
    ),
    Setting(
        name="host",
        read=_text,
        default="0.0.0.0",  # noqa: S104  (devices in the whole home network come here)
        help="address to listen on; 0.0.0.0 is every IPv4 address, :: every one",
    ),
    Setting(
        name="port",
        read=_port,
        default=8443,
        help="port to listen on; 0 takes a free one",
    ),
    Setting(
        name="http_port",
        read=_port,
        default=None,
        help="second port that serves downloads over plain HTTP, for devices without TLS; "
        "none when left out",
    ),
    Setting(
        name="ingress_port",
        read=_port,
        default=None,
        help="port of the page within Home Assistant, where no API key is asked for; "
        "none when left out",
    ),
    Setting(
        name="ingress_peer",
        read=_text,
        default=_INGRESS_PEER,
        help="the one address that may use ingress_port",
    ),
    Setting(
        name="device_url",
        read=_base_url,
        default=None,
        help="base of download URLs as devices reach the depot, for example "
        "https://192.168.1.10:8443; worked out when left out",
    ),
    Setting(
        name="tls",
        read=_flag,
        default=True,
        help="true for HTTPS; false for plain HTTP, which anyone on the network can "
        "read and change",
        in_app="ssl",
    ),
    Setting(
        name="certfile",
        read=_path,
        default=None,
        help="own certificate chain (PEM) instead of the one the depot makes",
    ),
    Setting(
        name="keyfile",
        read=_path,
        default=None,
        help="private key (PEM) of certfile",
    ),
    Setting(
        name="api_key",
        read=_key,
        default=None,
        help="API key of the integration; made on first start when left out",
    ),
    Setting(
        name="drop_dir",
        read=_path,
        default=None,
        help="folder in which files become packages; none when left out",
    ),
    Setting(
        name="keep_versions",
        read=_count,
        default=0,
        help="newest versions of a model that are kept; 0 keeps all",
    ),
    Setting(
        name="max_package_size",
        read=_size,
        default=8 * GIB,
        help="largest package in bytes",
    ),
    Setting(
        name="max_rate",
        read=_rate,
        default=0,
        help="bytes per second that all downloads get together; 0 is no limit",
    ),
    Setting(
        name="max_device_rate",
        read=_rate,
        default=0,
        help="bytes per second that one device gets; 0 is no limit",
    ),
    Setting(
        name="max_connections",
        read=_count,
        # A thousand devices may stand behind one gateway.
        default=1024,
        help="open connections that one address may have; 0 is no limit",
    ),
    Setting(
        name="max_listeners",
        read=_count,
        default=16,
        help="programs that may listen to the events at once; 0 is no limit",
    ),
    Setting(
        name="max_repeats",
        read=_count,
        default=10,
        help="times that a device may download its package under one grant; 0 is no limit",
    ),
    Setting(
        name="bind_grants",
        read=_flag,
        # An address may change within a download: by DHCP, or between radio and cable.
        default=False,
        help="true lets only the address that uses a grant first go on with it",
    ),
    Setting(
        name="log_level",
        read=_level,
        default="info",
        help=f"one of {', '.join(_LEVELS)}",
    ),
)
