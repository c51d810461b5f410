"""The Supervisor's rules for the configuration of an app, as far as this app is concerned."""

from collections.abc import Callable, Mapping
import re
from typing import Any

type Rule = Callable[[Any], bool]

_SLUG = re.compile(r"[-_.A-Za-z0-9]+")
_PORT = re.compile(r"[0-9]{1,5}/(tcp|udp)")
_OPTION = re.compile(
    r"(str|int|float)(\((-?[0-9.]+)?,(-?[0-9.]+)?\))?\??"
    r"|(bool|email|url|password|port)\??"
    r"|match\(.+\)\??"
    r"|list\([^()|]+(\|[^()|]+)*\)\??"
)
_MAPS = {
    "data", "ssl", "share", "media", "backup", "homeassistant_config", "app_config",
    "all_app_configs", "local_apps",
}  # fmt: skip
# Capabilities that cost a point.
_MIGHTY = {
    "BPF", "CHECKPOINT_RESTORE", "DAC_READ_SEARCH", "NET_ADMIN", "NET_RAW", "PERFMON",
    "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO",
}  # fmt: skip

REQUIRED = {"name", "version", "slug", "description", "arch"}


def _texts(value: Any) -> bool:
    """Accept a list of texts."""
    return isinstance(value, list) and all(isinstance(each, str) and each for each in value)


def _text(value: Any) -> bool:
    """Accept a text."""
    return isinstance(value, str) and bool(value.strip())


def _flag(value: Any) -> bool:
    """Accept true and false."""
    return isinstance(value, bool)


def _ports(value: Any) -> bool:
    """Accept ports of the container with the machine's port, or none."""
    return isinstance(value, dict) and all(
        _PORT.fullmatch(port) and (mapped is None or 0 < mapped < 65_536)
        for port, mapped in value.items()
    )


def _maps(value: Any) -> bool:
    """Accept folders in their long form."""
    return isinstance(value, list) and all(
        isinstance(each, dict)
        and each.get("type") in _MAPS
        and each.keys() <= {"type", "read_only", "path"}
        and isinstance(each.get("read_only", True), bool)
        for each in value
    )


def _schema(value: Any) -> bool:
    """Accept options with the types that the Supervisor knows."""
    return isinstance(value, dict) and all(
        re.fullmatch(r"\w+", name) and isinstance(kind, str) and _OPTION.fullmatch(kind)
        for name, kind in value.items()
    )


# Each key that is used, with what the Supervisor takes for it; any other key would be
# dropped without a word.
KEYS: Mapping[str, Rule] = {
    "name": _text,
    "version": lambda value: bool(re.fullmatch(r"\d+\.\d+\.\d+", value)),
    "slug": lambda value: bool(_SLUG.fullmatch(value)),
    "description": _text,
    "url": lambda value: value.startswith("https://"),
    "arch": lambda value: _texts(value) and set(value) <= {"aarch64", "amd64"},
    "init": _flag,
    "startup": lambda value: value in {"initialize", "system", "services", "application", "once"},
    "homeassistant": lambda value: bool(re.fullmatch(r"20\d\d\.\d{1,2}\.\d+", value)),
    "discovery": _texts,
    "hassio_api": _flag,
    "ingress": _flag,
    "ingress_stream": _flag,
    "panel_icon": lambda value: bool(re.fullmatch(r"mdi:[a-z0-9-]+", value)),
    "panel_title": _text,
    "ports": _ports,
    "map": _maps,
    "options": lambda value: isinstance(value, dict),
    "schema": _schema,
    "backup_pre": _text,
    "backup_post": _text,
    "backup_exclude": _texts,
}

# What the Supervisor takes where a key is left out; writing it down is an error of the
# linter that is used for apps.
DEFAULTS: Mapping[str, Any] = {
    "startup": "application", "boot": "auto", "init": True, "stage": "stable",
    "ingress": False, "ingress_port": 8099, "ingress_entry": "/", "ingress_stream": False,
    "panel_icon": "mdi:puzzle", "panel_admin": True, "hassio_api": False,
    "hassio_role": "default", "homeassistant_api": False, "auth_api": False,
    "host_network": False, "apparmor": True, "backup": "hot", "timeout": 10,
}  # fmt: skip


def faults(config: Mapping[str, Any]) -> list[str]:
    """Return what the Supervisor or the linter of apps would refuse."""
    return [
        *(f"{key} is missing" for key in sorted(REQUIRED - config.keys())),
        *(f"{key} is unknown" for key in config.keys() - KEYS.keys()),
        *(f"{key}: {config[key]!r}" for key in config.keys() & KEYS.keys() if not KEYS[key](config[key])),
        *(f"{key} is the default" for key in config if DEFAULTS.get(key, ...) == config[key]),
    ]  # fmt: skip


def option_fits(kind: str, value: Any) -> bool:
    """Return whether a default value is one that the schema's type takes."""
    plain = kind.removesuffix("?").partition("(")
    match plain[0]:
        case "bool":
            return isinstance(value, bool)
        case "int" | "port":
            return isinstance(value, int) and not isinstance(value, bool)
        case "list":
            return value in plain[2].removesuffix(")").split("|")
        case _:
            return isinstance(value, str)


def rating(config: Mapping[str, Any], *, has_profile: bool) -> int:
    """Return the security rating, 1 to 8, that the Supervisor shows for an app."""
    points = 5
    if config.get("apparmor", True) is False:
        points -= 1
    elif has_profile:
        points += 1
    if config.get("ingress"):
        points += 2
    elif config.get("auth_api"):
        points += 1
    privileged = set(config.get("privileged", ()))
    points -= bool(privileged & _MIGHTY or config.get("kernel_modules"))
    points -= {"manager": 1, "admin": 2}.get(config.get("hassio_role", "default"), 0)
    points -= bool(config.get("host_network"))
    points -= 2 * bool(config.get("host_pid"))
    points -= bool(config.get("host_uts") and "SYS_ADMIN" in privileged)
    if config.get("docker_api") or config.get("full_access"):
        points = 1
    return max(1, min(8, points))
