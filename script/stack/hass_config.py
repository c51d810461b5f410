"""The configuration folder of a Home Assistant that has been set up already.

Home Assistant would otherwise ask whoever opens the page to create a user, to name the home
and to confirm the web server's settings, and would add integrations that need the internet.
"""

from base64 import b64encode
from dataclasses import dataclass, field
import json
from pathlib import Path
import secrets
from typing import Any
from uuid import uuid4

import bcrypt

from .places import INTEGRATION
from .ports import LOOPBACK

HOME_NAME = "Home"
ONBOARDING_STEPS = ("user", "core_config", "analytics", "integration")

CONFIGURATION = """\
config:
frontend:
history:
homeassistant:
logbook:
recorder:
  commit_interval: 1
logger:
  default: info
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """The person who may log in."""

    username: str = "demo"
    password: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(9))


def write_config(folder: Path, *, port: int, owner: Owner) -> None:
    """Write everything that Home Assistant needs before its first start."""
    storage = folder / ".storage"
    storage.mkdir(parents=True)
    (folder / "configuration.yaml").write_text(CONFIGURATION, encoding="utf-8")
    components = folder / "custom_components"
    components.mkdir()
    (components / INTEGRATION.name).symlink_to(INTEGRATION, target_is_directory=True)
    _save(storage, "http", 2, 2, _web_server(port))
    _save(storage, "core.config", 1, 4, _home(port))
    _save(storage, "core.analytics", 1, 1, {"onboarded": True, "preferences": {}, "uuid": None})
    _save(storage, "onboarding", 4, 1, {"done": list(ONBOARDING_STEPS)})
    _save(storage, "auth", 1, 1, _users(owner))
    _save(storage, "auth_provider.homeassistant", 1, 1, _passwords(owner))


def _save(storage: Path, key: str, version: int, minor: int, data: dict[str, Any]) -> None:
    """Write one file as Home Assistant's own store does."""
    path = storage / key
    path.touch(mode=0o600)
    content = {"version": version, "minor_version": minor, "key": key, "data": data}
    path.write_text(json.dumps(content), encoding="utf-8")


def _web_server(port: int) -> dict[str, Any]:
    """Return web server settings that count as confirmed: only on the loopback address."""
    stable = {
        "server_host": [LOOPBACK],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": "2026-01-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
    return {"stable": stable, "pending": None, "yaml_migration_done": True}


def _home(port: int) -> dict[str, Any]:
    """Return the home's place and units."""
    return {
        "latitude": 52.37,
        "longitude": 4.89,
        "elevation": 0,
        "unit_system_v2": "metric",
        "location_name": HOME_NAME,
        "time_zone": "UTC",
        "external_url": None,
        "internal_url": f"http://{LOOPBACK}:{port}",
        "currency": "EUR",
        "country": "NL",
        "language": "en",
        "radius": 100,
    }


def _users(owner: Owner) -> dict[str, Any]:
    """Return the owner as Home Assistant's user, known by name and password."""
    user_id = uuid4().hex
    user = {
        "id": user_id,
        "group_ids": ["system-admin"],
        "is_owner": True,
        "is_active": True,
        "name": owner.username.capitalize(),
        "system_generated": False,
        "local_only": False,
    }
    credential = {
        "id": uuid4().hex,
        "user_id": user_id,
        "auth_provider_type": "homeassistant",
        "auth_provider_id": None,
        "data": {"username": owner.username},
    }
    groups = [
        {"id": "system-admin", "name": "Administrators"},
        {"id": "system-users", "name": "Users"},
        {"id": "system-read-only", "name": "Read Only"},
    ]
    return {
        "users": [user],
        "groups": groups,
        "credentials": [credential],
        "refresh_tokens": [],
    }


def _passwords(owner: Owner) -> dict[str, Any]:
    """Return the owner's password as Home Assistant stores it."""
    hashed = bcrypt.hashpw(owner.password.encode(), bcrypt.gensalt())
    return {"users": [{"username": owner.username, "password": b64encode(hashed).decode()}]}
