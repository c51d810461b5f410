"""Who may do what: the API key of the integration, the tokens of devices."""

import base64
import binascii
from collections import OrderedDict
from collections.abc import Awaitable, Callable
import hashlib
import hmac
from pathlib import Path
import secrets
from typing import Final

from aiohttp import web

from .files import write_private
from .framework import Door, door_of
from .guessing import Guesses
from .problems import Problem, ProblemKind, downloads_only, too_many_requests

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Before the API key in the list of subprotocols.
KEY_PROTOCOL: Final = "mqtt-ota.key."

_KEY_BYTES: Final = 32
_MAX_TRUSTED: Final = 256


class ApiKey:
    """Compares API keys in constant time; keeps only a hash of its own.

    Keys may be chosen by people, so guessing is slowed down: an address that
    showed too many wrong ones must wait, unless it showed the right one before.
    """

    def __init__(self, key: str) -> None:
        """Create the check for the given key."""
        self._digest = _digest(key)
        self._guesses = Guesses()
        self._trusted: OrderedDict[str, None] = OrderedDict()

    @property
    def wrong(self) -> int:
        """Return how many wrong keys came since the start."""
        return self._guesses.wrong

    def check(self, request: web.Request) -> None:
        """Raise a Problem of kind unauthorized or too-many-requests unless the key is right.

        Home Assistant has asked its user already; where only downloads are served,
        no key is taken (kind not-found).
        """
        door = door_of(request)
        if door is Door.INGRESS:
            return
        if door is Door.DOWNLOADS:
            raise downloads_only()
        address = request.remote or ""
        wait = 0 if address in self._trusted else self._guesses.wait(address)
        scheme, _, key = _credentials(request).partition(" ")
        right = hmac.compare_digest(_digest(key.strip()), self._digest)
        if right and not wait and scheme.lower() == "bearer":
            self._trust(address)
            return
        if key and (wait := wait or self._guesses.note(address)):
            raise too_many_requests("Too many wrong keys came from this address", wait)
        raise Problem(
            ProblemKind.UNAUTHORIZED,
            "Send the depot's API key as `Authorization: Bearer <key>`; "
            "`mqtt-ota api-key` shows it.",
            headers={"WWW-Authenticate": 'Bearer realm="mqtt-ota"'},
        )

    def replace(self, key: str) -> None:
        """Take another key from now on, and the old one no more."""
        self._digest = _digest(key)
        self._trusted.clear()

    def _trust(self, address: str) -> None:
        """Remember where the right key came from."""
        self._trusted[address] = None
        self._trusted.move_to_end(address)
        if len(self._trusted) > _MAX_TRUSTED:
            self._trusted.popitem(last=False)


def key_file(data_dir: Path) -> Path:
    """Return where the depot keeps a key that it made itself."""
    return data_dir / "api_key"


def load_api_key(data_dir: Path, configured: str | None) -> str:
    """Return the configured API key, else the kept one, made on first use."""
    if configured is not None:
        return configured
    path = key_file(data_dir)
    return path.read_text().strip() if path.exists() else make_api_key(path)


def make_api_key(path: Path) -> str:
    """Keep a new API key in a file and return it."""
    key = secrets.token_urlsafe(_KEY_BYTES)
    write_private(path, key.encode() + b"\n")
    return key


def device_token(authorization: str | None, parameter: str | None) -> str | None:
    """Return the download token of a request, None when there is none.

    Devices can send it as Bearer token, as password of Basic authentication
    (any user name) or as the query parameter `token`: their HTTP libraries
    often allow only one of these.
    """
    scheme, _, value = (authorization or "").partition(" ")
    match scheme.lower():
        case "bearer":
            token = value.strip()
        case "basic":
            token = _password(value.strip())
        case _:
            token = ""
    return token or parameter or None


def _credentials(request: web.Request) -> str:
    """Return what the request gives as Authorization.

    A web page cannot set that header for a WebSocket; it offers the key as a
    subprotocol, in base64url since keys may have any characters.
    """
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    for protocol in offered.split(","):
        name, _, encoded = protocol.strip().partition(KEY_PROTOCOL)
        if encoded and not name:
            try:
                raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
            except ValueError:
                return ""
            return "Bearer " + raw.decode(errors="replace")
    return request.headers.get("Authorization", "")


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
