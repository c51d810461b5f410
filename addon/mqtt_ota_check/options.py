"""The options of `mqtt-ota check-device`, checked at the edge."""

from argparse import ArgumentParser, Namespace, _ArgumentGroup as Group
from dataclasses import dataclass, field
from pathlib import Path
import socket
import ssl
from typing import Final

from mqtt_ota_tools.connection import Broker
from mqtt_ota_tools.options import OptionsError, add_broker_options, read_broker
from mqtt_ota_tools.protocol import MAX_DEVICE_ID, Kind, is_device_id

from .bench import Limits
from .package import Package, read_image

SMALLEST_PACKAGE: Final = 1024
WITHOUT_PACKAGE: Final = "version-query"
LARGEST_PACKAGE: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to check, and with what."""

    device_id: str
    kind: Kind
    broker: Broker
    address: str
    listen: str
    port: int
    tls: ssl.SSLContext | None
    images: tuple[Package, ...] = field(repr=False)
    random_size: int | None
    limits: Limits
    cases: tuple[str, ...]
    restart_command: str | None
    broker_restart_command: str | None
    junit: Path | None
    json: Path | None


def add_options(parser: ArgumentParser) -> None:
    """Add all options of the command."""
    parser.add_argument("--list", action="store_true", help="show all cases and end")
    parser.add_argument("--device-id", help="the device to check")
    parser.add_argument(
        "--case",
        action="append",
        default=[],
        metavar="NAME",
        help="run this case and those it needs; may be given several times",
    )
    add_broker_options(
        parser.add_argument_group("broker"), user="a user who may speak as the platform"
    )
    _add_packages(parser.add_argument_group("packages"))
    _add_restarts(parser.add_argument_group("restarts"))
    _add_limits(parser.add_argument_group("patience, in seconds"))
    results = parser.add_argument_group("results")
    results.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    results.add_argument("--json", type=Path, metavar="FILE", help="write JSON")


def read_options(namespace: Namespace) -> Options:
    """Return the checked options; raises OptionsError."""
    broker = read_broker(namespace)
    try:
        images = tuple(read_image(text) for text in namespace.package)
    except (OSError, ValueError) as err:
        msg = f"--package: {err}"
        raise OptionsError(msg) from err
    _check_packages(namespace, images)
    address = namespace.address or _own_address(broker)
    return Options(
        device_id=_device_id(namespace.device_id),
        kind=Kind(namespace.kind),
        broker=broker,
        address=address,
        listen=namespace.listen or address,
        port=_port(namespace.port, "--port"),
        tls=_server_tls(namespace),
        images=images,
        random_size=namespace.random_size,
        limits=_limits(namespace),
        cases=tuple(namespace.case),
        restart_command=namespace.restart_command,
        broker_restart_command=namespace.broker_restart_command,
        junit=namespace.junit,
        json=namespace.json,
    )


def _add_packages(group: Group) -> None:
    """Add what the device downloads, and from where."""
    group.add_argument("--kind", choices=[str(kind) for kind in Kind], default=str(Kind.FIRMWARE))
    group.add_argument(
        "--package",
        action="append",
        default=[],
        metavar="VERSION=FILE",
        help="an image of the device; give two of different versions",
    )
    group.add_argument(
        "--random-size",
        type=int,
        metavar="BYTES",
        help="send random bytes instead: for simulated devices only, a real one could break",
    )
    group.add_argument(
        "--address", help="this machine's address as the device reaches it (found by itself)"
    )
    group.add_argument("--listen", help="address to listen on (the same one)")
    group.add_argument("--port", type=int, default=0, help="port of the downloads (a free one)")
    group.add_argument("--certfile", type=Path, help="serve HTTPS with this certificate (PEM)")
    group.add_argument("--keyfile", type=Path, help="the certificate's private key (PEM)")


def _add_restarts(group: Group) -> None:
    """Add who restarts things."""
    group.add_argument(
        "--restart-command",
        metavar="COMMAND",
        help="restarts the device (power, reset); without it you are asked to",
    )
    group.add_argument(
        "--broker-restart-command", metavar="COMMAND", help="restarts the MQTT broker"
    )


def _add_limits(group: Group) -> None:
    """Add how long is waited."""
    limits = Limits()
    for name, default, text in (
        ("answer", limits.answer, "for an answer to a version query"),
        ("idle", limits.idle, "until silence counts as the end of an upgrade"),
        ("quiet", limits.quiet, "how long nothing must happen where nothing should"),
    ):
        group.add_argument(f"--{name}-seconds", type=float, default=default, metavar="S", help=text)


def _limits(namespace: Namespace) -> Limits:
    """Return how long is waited."""
    values = {name: getattr(namespace, f"{name}_seconds") for name in ("answer", "idle", "quiet")}
    for name, seconds in values.items():
        if not 0 < seconds <= Limits().case:
            msg = f"--{name}-seconds must be above 0 and at most {Limits().case:.0f}"
            raise OptionsError(msg)
    return Limits(**values)


def _check_packages(namespace: Namespace, images: tuple[Package, ...]) -> None:
    """Refuse packages that cannot follow each other, and bytes that nobody has asked for."""
    size = namespace.random_size
    if len({image.version for image in images}) < len(images):
        msg = "--package: each package must have a version of its own"
        raise OptionsError(msg)
    if size is not None and not SMALLEST_PACKAGE <= size <= LARGEST_PACKAGE:
        msg = f"--random-size must be {SMALLEST_PACKAGE} to {LARGEST_PACKAGE} bytes"
        raise OptionsError(msg)
    # Random bytes under a right hash could make a real device unusable: never by default.
    if not images and size is None and set(namespace.case) != {WITHOUT_PACKAGE}:
        msg = (
            "give --package VERSION=FILE twice, with two images of the device; or --random-size "
            "BYTES for a simulated device, which runs no image"
        )
        raise OptionsError(msg)


def _server_tls(namespace: Namespace) -> ssl.SSLContext | None:
    """Return the certificate of the downloads; None for plain HTTP."""
    if namespace.certfile is None and namespace.keyfile is None:
        return None
    if namespace.certfile is None or namespace.keyfile is None:
        msg = "--certfile and --keyfile belong together"
        raise OptionsError(msg)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(namespace.certfile, namespace.keyfile)
    except OSError as err:
        msg = f"--certfile and --keyfile are no certificate with its key: {err}"
        raise OptionsError(msg) from err
    return context


def _device_id(text: str | None) -> str:
    """Return a device id that fits into a topic."""
    if text and is_device_id(text):
        return text
    msg = f"--device-id must be 1 to {MAX_DEVICE_ID} printable characters without / + #"
    raise OptionsError(msg)


def _port(value: int, name: str) -> int:
    """Return a port; 0 means any free one."""
    if 0 <= value < 1 << 16:
        return value
    msg = f"{name} must be 0 to 65535"
    raise OptionsError(msg)


def _own_address(broker: Broker) -> str:
    """Return this machine's address on the way to the broker, where the device is as well."""
    try:
        family, kind, _, _, target = socket.getaddrinfo(
            broker.host, broker.port, type=socket.SOCK_DGRAM
        )[0]
        # Connecting a datagram socket sends nothing; it only chooses the way.
        with socket.socket(family, kind) as probe:
            probe.connect(target)
            address: str = probe.getsockname()[0]
    except OSError as err:
        msg = f"--broker: {broker.host} cannot be reached ({err}); or give --address as well"
        raise OptionsError(msg) from err
    return address
