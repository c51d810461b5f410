"""The options of `mqtt-ota simulate`, checked at the edge."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom
import ssl
from typing import Final

from mqtt_ota_tools.connection import Broker
from mqtt_ota_tools.options import OptionsError, add_broker_options, client_tls, read_broker
from mqtt_ota_tools.protocol import MAX_TEXT, Kind, is_device_id

from .fault import Fault, Share, spread
from .personality import PERSONALITIES, PLAIN

MAX_COUNT: Final = 10_000
MAX_RESTART_SECONDS: Final = 3600.0
MIXED: Final = "mixed"
_FIRST_VERSION: Final = "1.0.0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """What one device is."""

    device_id: str
    personality: str
    fault: Fault | None
    cell: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """Which devices to simulate, and where; `rate` is in bytes per second for each."""

    broker: Broker
    depot: ssl.SSLContext
    roles: tuple[Role, ...]
    versions: Mapping[Kind, str]
    rate: int | None
    restart_seconds: float
    json: bool


def add_options(parser: ArgumentParser) -> None:
    """Add all options of the command."""
    parser.add_argument(
        "--list", action="store_true", help="show all personalities and faults, and end"
    )
    devices = parser.add_argument_group("devices")
    devices.add_argument("--count", type=int, default=1, help="how many (1)")
    devices.add_argument(
        "--model",
        default="simulated",
        help="their ids are MODEL_sim1, MODEL_sim2 and so on; packages are made for the model "
        "(simulated)",
    )
    devices.add_argument("--device-id", metavar="ID", help="the id of a single device")
    for kind in Kind:
        devices.add_argument(
            f"--{kind}",
            metavar="VERSION",
            help=f"the {kind} that they run; without either, firmware {_FIRST_VERSION}",
        )
    devices.add_argument(
        "--personality",
        choices=[*PERSONALITIES, MIXED],
        default=PLAIN,
        help=f"how they speak ({PLAIN})",
    )
    devices.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[=PERCENT]",
        help="what goes wrong with all of them, or with some; may be given several times",
    )
    devices.add_argument(
        "--cells", type=int, default=0, metavar="N", help="spread them over so many radio cells"
    )
    devices.add_argument(
        "--rate", type=int, metavar="BYTES", help="how fast each downloads, in a second"
    )
    devices.add_argument(
        "--restart-seconds", type=float, default=2.0, metavar="S", help="how long each restarts (2)"
    )
    devices.add_argument(
        "--seed", type=int, help="makes the same devices faulty each time; any number"
    )
    add_broker_options(
        parser.add_argument_group("broker"), user="a user who may speak as any of the devices"
    )
    depot = parser.add_argument_group("depot")
    depot.add_argument(
        "--depot-ca-file", type=Path, metavar="FILE", help="trust this certificate authority (PEM)"
    )
    depot.add_argument(
        "--depot-insecure", action="store_true", help="do not verify the depot's certificate"
    )
    parser.add_argument(
        "--json", action="store_true", help="write each thing as JSON, on one line; no table"
    )


def read_options(namespace: Namespace) -> Options:
    """Return the checked options; raises OptionsError."""
    return Options(
        broker=read_broker(namespace),
        depot=client_tls(
            namespace.depot_ca_file, "--depot-ca-file", insecure=namespace.depot_insecure
        ),
        roles=tuple(_roles(namespace)),
        versions=_versions(namespace),
        rate=_within("--rate", namespace.rate, 1, 1 << 40) if namespace.rate is not None else None,
        restart_seconds=_within(
            "--restart-seconds", namespace.restart_seconds, 0, MAX_RESTART_SECONDS
        ),
        json=namespace.json,
    )


def _roles(namespace: Namespace) -> Iterator[Role]:
    """Yield what each device is."""
    count = _within("--count", namespace.count, 1, MAX_COUNT)
    cells = _within("--cells", namespace.cells, 0, MAX_COUNT)
    chance = SystemRandom() if namespace.seed is None else Random(namespace.seed)  # noqa: S311 - no secret
    try:
        shares = [Share.parse(text) for text in namespace.fault]
        faults = spread(shares, count, chance)
    except ValueError as err:
        msg = f"--fault: {err}"
        raise OptionsError(msg) from err
    mixed = namespace.personality == MIXED
    names = list(PERSONALITIES) if mixed else [namespace.personality]
    for number, fault in enumerate(faults):
        yield Role(
            device_id=_device_id(namespace, number + 1, count),
            personality=names[number % len(names)],
            fault=fault,
            cell=f"cell-{number % cells + 1}" if cells else None,
        )


def _device_id(namespace: Namespace, number: int, count: int) -> str:
    """Return the id of one device."""
    if namespace.device_id is not None and count > 1:
        msg = "--device-id is for one device; give --model with --count"
        raise OptionsError(msg)
    device_id: str = namespace.device_id or f"{namespace.model}_sim{number}"
    if not is_device_id(device_id):
        option = "--model" if namespace.device_id is None else "--device-id"
        msg = f"{option}: {device_id!r} must be printable characters without / + #"
        raise OptionsError(msg)
    return device_id


def _versions(namespace: Namespace) -> dict[Kind, str]:
    """Return what the devices run."""
    given = {kind: getattr(namespace, kind) for kind in Kind}
    versions = {kind: version for kind, version in given.items() if version is not None}
    for kind, version in versions.items():
        if not 0 < len(version) <= MAX_TEXT or not version.isprintable():
            msg = f"--{kind} must be 1 to {MAX_TEXT} printable characters"
            raise OptionsError(msg)
    return versions or {Kind.FIRMWARE: _FIRST_VERSION}


def _within[Number: (int, float)](option: str, value: Number, least: float, most: float) -> Number:
    """Return a number that is within its bounds."""
    if least <= value <= most:
        return value
    msg = f"{option} must be {least} to {most}"
    raise OptionsError(msg)
