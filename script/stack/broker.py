"""The MQTT broker: Mosquitto, or an embedded one where Mosquitto is missing."""

from base64 import b64encode
from dataclasses import dataclass, field
from enum import StrEnum
import getpass
import hashlib
import json
from pathlib import Path
import secrets
import shutil
import sys

from .places import SCRIPTS
from .ports import LOOPBACK, free_port, is_listening
from .processes import Process

READY_SECONDS = 15.0
# Clients wait longer and longer before they try a broker again.
SUBSCRIBED_SECONDS = 40.0
HASH_ROUNDS = 101
# Debian puts servers where an ordinary user's PATH does not look.
SERVER_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")


class BrokerKind(StrEnum):
    """Which program is the broker."""

    MOSQUITTO = "mosquitto"
    EMBEDDED = "embedded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A user of the broker."""

    username: str
    password: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(12))


class Broker:
    """A broker on the loopback address that keeps its port over restarts."""

    def __init__(
        self,
        folder: Path,
        *,
        logins: tuple[Login, ...] = (),
        kind: BrokerKind | None = None,
    ) -> None:
        """Write the broker's settings; without logins everybody may connect."""
        folder.mkdir(parents=True)
        self.kind = kind or available_kind()
        self.port = free_port()
        self.logins = logins
        prepare = {
            BrokerKind.MOSQUITTO: _prepare_mosquitto,
            BrokerKind.EMBEDDED: _prepare_embedded,
        }[self.kind]
        self.process = Process(
            "The MQTT broker",
            prepare(folder, self.port, logins),
            log=folder / "broker.log",
            folder=SCRIPTS,
        )

    @property
    def protocol(self) -> str:
        """Return the newest MQTT version that the broker speaks."""
        return "5" if self.kind is BrokerKind.MOSQUITTO else "3.1.1"

    def start(self) -> None:
        """Start the broker and wait until it accepts connections."""
        self.process.start()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until the broker accepts connections."""
        self.process.wait_until(
            lambda: is_listening(self.port), "accepting connections", READY_SECONDS
        )

    def wait_for_subscriber(self, topic_filter: str) -> None:
        """Wait until somebody has subscribed: messages sent before are lost to everybody."""
        self.process.wait_until(
            lambda: topic_filter in self.process.log_since_start() or None,
            f"a subscription to {topic_filter}",
            SUBSCRIBED_SECONDS,
        )

    def stop(self) -> None:
        """Stop the broker."""
        self.process.stop()


def available_kind() -> BrokerKind:
    """Return Mosquitto where it is installed, else the embedded broker."""
    return BrokerKind.MOSQUITTO if _mosquitto() else BrokerKind.EMBEDDED


def _mosquitto() -> str | None:
    """Return the path of Mosquitto's server."""
    return shutil.which("mosquitto") or next(
        (found for place in SERVER_FOLDERS if (found := shutil.which("mosquitto", path=place))),
        None,
    )


def _prepare_mosquitto(folder: Path, port: int, logins: tuple[Login, ...]) -> list[str]:
    """Write Mosquitto's settings and return its command line."""
    passwords = folder / "passwords"
    passwords.write_text(
        "".join(f"{login.username}:{_mosquitto_hash(login.password)}\n" for login in logins),
        encoding="utf-8",
    )
    passwords.chmod(0o600)
    settings = folder / "mosquitto.conf"
    settings.write_text(
        "\n".join(
            [
                # Mosquitto started by root would become another user, which could not read
                # this private folder and would lose the tie to its parent process.
                f"user {getpass.getuser()}",
                f"listener {port} {LOOPBACK}",
                "log_dest stderr",
                "log_type all",
                "persistence false",
                f"password_file {passwords}" if logins else "allow_anonymous true",
                "",
            ]
        ),
        encoding="utf-8",
    )
    return [_mosquitto() or "mosquitto", "-c", str(settings)]


def _mosquitto_hash(password: str) -> str:
    """Return the password as `mosquitto_passwd` would store it."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ROUNDS)
    return f"$7${HASH_ROUNDS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def _prepare_embedded(folder: Path, port: int, logins: tuple[Login, ...]) -> list[str]:
    """Write the embedded broker's settings and return its command line."""
    settings = folder / "embedded.json"
    settings.touch(mode=0o600)
    users = {login.username: login.password for login in logins}
    settings.write_text(
        json.dumps({"host": LOOPBACK, "port": port, "users": users}), encoding="utf-8"
    )
    return [sys.executable, "-m", "stack.embedded_broker", str(settings)]
