"""Who may do what: the API key of the integration, the tokens of devices."""

import base64
import binascii
from collections.abc import Awaitable, Callable
import hashlib
import hmac
from pathlib import Path
import secrets
from typing import Final

from aiohttp import web

from .files import write_private
from .problems import Problem, ProblemKind

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_KEY_BYTES: Final = 32


class ApiKey:
    """Compares API keys in constant time; keeps only a hash of its own."""

    def __init__(self, key: str) -> None:
        """Create the check for the given key."""
        self._digest = _digest(key)

    def check(self, request: web.Request) -> None:
        """Raise a Problem of kind unauthorized unless the request has the key."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        right = hmac.compare_digest(_digest(key.strip()), self._digest)
        if scheme.lower() != "bearer" or not right:
            raise Problem(
                ProblemKind.UNAUTHORIZED,
                "Send the depot's API key as `Authorization: Bearer <key>`; "
                "`mqtt-ota api-key` shows it.",
                headers={"WWW-Authenticate": 'Bearer realm="mqtt-ota"'},
            )


def key_file(data_dir: Path) -> Path:
    """Return where the depot keeps a key that it made itself."""
    return data_dir / "api_key"


def load_api_key(data_dir: Path, configured: str | None) -> str:
    """Return the configured API key, else the kept one, made on first use."""
    if configured is not None:
        return configured
    path = key_file(data_dir)
    if not path.exists():
        write_private(path, secrets.token_urlsafe(_KEY_BYTES).encode() + b"\n")
    return path.read_text().strip()


def device_token(request: web.Request) -> str | None:
    """Return the download token of a request, None when there is none.

    Devices can send it as Bearer token, as password of Basic authentication
    (any user name) or as the query parameter `token`: their HTTP libraries
    often allow only one of these.
    """
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            token = value.strip()
        case "basic":
            token = _password(value.strip())
        case _:
            token = ""
    return token or request.query.get("token") or None


def _password(value: str) -> str:
    """Return the password of Basic credentials, nothing when malformed."""
    try:
        decoded = base64.b64decode(value, validate=True).decode()
    except binascii.Error, UnicodeError, ValueError:
        return ""
    return decoded.partition(":")[2]


def _digest(key: str) -> bytes:
    """Return a hash, so that keys of any length compare in constant time."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
