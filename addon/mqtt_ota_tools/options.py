"""The options that say how the broker is reached, checked at the edge."""

from argparse import Namespace, _ArgumentGroup as Group
import os
from pathlib import Path
import ssl
from typing import Final
from urllib.parse import urlsplit

from .connection import Broker

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


class OptionsError(ValueError):
    """An option that cannot be meant; says which and what to give instead."""


def add_broker_options(group: Group, *, user: str) -> None:
    """Add how the broker is reached; `user` says who must be allowed what."""
    group.add_argument(
        "--broker",
        default="mqtt://127.0.0.1:1883",
        metavar="URL",
        help="mqtt://HOST:PORT, or mqtts:// for TLS (mqtt://127.0.0.1:1883)",
    )
    group.add_argument("--username", help=user)
    group.add_argument(
        "--password",
        default=os.environ.get("MQTT_PASSWORD"),
        help="better in MQTT_PASSWORD: others on this machine see the command line",
    )
    group.add_argument("--ca-file", type=Path, help="trust this certificate authority (PEM)")
    group.add_argument("--insecure", action="store_true", help="verify no certificate")
    group.add_argument(
        "--topic-prefix", default="$oc/devices", help="topics before the device id ($oc/devices)"
    )


def read_broker(namespace: Namespace) -> Broker:
    """Return the broker that --broker and its companions name; raises OptionsError."""
    url = namespace.broker if "://" in namespace.broker else f"mqtt://{namespace.broker}"
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as err:
        msg = f"--broker: {err}"
        raise OptionsError(msg) from err
    if parts.scheme not in PORTS or not parts.hostname or parts.username:
        msg = "--broker must be mqtt://HOST:PORT or mqtts://HOST:PORT, without user and password"
        raise OptionsError(msg)
    prefix: str = namespace.topic_prefix.strip("/")
    if not prefix or set(prefix) & set("+#"):
        msg = "--topic-prefix must be a topic without + and #"
        raise OptionsError(msg)
    trust = client_tls(namespace.ca_file, "--ca-file", insecure=namespace.insecure)
    return Broker(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        username=namespace.username,
        password=namespace.password,
        tls=trust if parts.scheme == "mqtts" else None,
        topic_prefix=prefix,
    )


def client_tls(file: Path | None, option: str, *, insecure: bool) -> ssl.SSLContext:
    """Return how a server's certificate is verified; raises OptionsError naming the option."""
    try:
        context = ssl.create_default_context(cafile=file)
    except OSError as err:
        msg = f"{option} {file} holds no usable certificate: {err}"
        raise OptionsError(msg) from err
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
