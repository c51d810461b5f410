"""`mqtt-ota simulate`: brings devices to life until it is told to end."""

from argparse import ArgumentParser, Namespace
import asyncio
from contextlib import suppress
import signal
import sys
from typing import Final

from rich.console import Console

from mqtt_ota_depot.limits import open_many_files
from mqtt_ota_tools.connection import BrokerError
from mqtt_ota_tools.options import OptionsError

from .device import Device, World
from .download import downloader
from .fleet import Fleet
from .options import Options, add_options, read_options
from .personality import PERSONALITIES
from .screen import Screen, show_list

UNUSABLE: Final = 2


def add_parser(parser: ArgumentParser) -> None:
    """Make a parser the one of this command."""
    add_options(parser)
    parser.set_defaults(run=simulate)


def simulate(namespace: Namespace) -> int:
    """Run the command until SIGINT or SIGTERM; return 0, or 2 when nothing could be simulated."""
    console = Console()
    if namespace.list:
        show_list(console)
        return 0
    try:
        options = read_options(namespace)
        open_many_files()
        with Screen(console, len(options.roles), json=options.json) as screen:
            asyncio.run(_simulate(options, screen))
    except (OptionsError, BrokerError) as err:
        sys.stderr.write(f"mqtt-ota simulate: {err}\n")
        return UNUSABLE
    return 0


async def _simulate(options: Options, screen: Screen) -> None:
    """Let the devices live until somebody ends it."""
    fleet = Fleet(options.broker, screen.state)
    async with downloader(options.depot, options.rate) as downloads:
        world = World(
            send=fleet.send,
            tell=screen.device,
            downloader=downloads,
            restart_seconds=options.restart_seconds,
        )
        life = asyncio.create_task(_live(fleet, _devices(options, world)))
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, life.cancel)
        try:
            with suppress(asyncio.CancelledError):
                await life
        finally:
            await fleet.close()


async def _live(fleet: Fleet, devices: list[Device]) -> None:
    """Connect the devices and let them live for ever; raises BrokerError."""
    await fleet.connect(devices)
    await asyncio.Event().wait()


def _devices(options: Options, world: World) -> list[Device]:
    """Return the devices, switched off."""
    return [
        Device(
            role.device_id,
            options.versions,
            PERSONALITIES[role.personality],
            role.fault,
            world,
            cell=role.cell,
        )
        for role in options.roles
    ]
