"""`mqtt-ota check-device`: connects everything, runs the cases and tells the results."""

from argparse import ArgumentParser, Namespace
import asyncio
from collections.abc import Sequence
import sys

from rich.console import Console

from mqtt_ota_tools.connection import BrokerError
from mqtt_ota_tools.options import OptionsError

from .bench import Bench, Restart
from .case import Case, Outcome, Result
from .catalogue import CASES, UnknownCaseError, chosen
from .options import Options, add_options, read_options
from .package import Packages
from .platform import Platform
from .reports import as_json, as_junit, count, write
from .runner import run
from .screen import Screen, show_list
from .server import PackageServer

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130


class RestartError(Exception):
    """A restart command failed."""


def add_parser(parser: ArgumentParser) -> None:
    """Make a parser the one of this command."""
    add_options(parser)
    parser.set_defaults(run=check_device)


def check_device(namespace: Namespace) -> int:
    """Run the command; return 0, 1 when a case failed, 2 when nothing could be checked."""
    console = Console()
    if namespace.list:
        show_list(console, CASES)
        return 0
    try:
        options = read_options(namespace)
        cases = chosen(options.cases)
        results = asyncio.run(_check(options, cases, console))
        if options.junit is not None:
            write(options.junit, as_junit(options.device_id, results))
        if options.json is not None:
            write(options.json, as_json(options.device_id, results))
    except (OptionsError, UnknownCaseError, BrokerError, RestartError, OSError) as err:
        sys.stderr.write(f"mqtt-ota check-device: {err}\n")
        return WRONG_USE
    except KeyboardInterrupt:
        return INTERRUPTED
    return FAILED if count(results, Outcome.FAILED) else 0


async def _check(options: Options, cases: Sequence[Case], console: Console) -> list[Result]:
    """Run the cases against the device."""
    screen = Screen(console, len(cases))
    server = PackageServer(options.address, tls=options.tls)
    bench = Bench(
        options.device_id,
        options.kind,
        packages=Packages(options.images, random_size=options.random_size),
        server=server,
        limits=options.limits,
        restart_device=_device_restart(options, screen, console),
        restart_broker=_by_command(options.broker_restart_command),
    )
    bench.on_step = screen.step
    platform = Platform(options.broker, options.device_id, bench.receive)
    await server.start(options.listen, options.port, bench.on_download)
    results: list[Result] = []
    try:
        await platform.connect()
        bench.send = platform.send
        screen.start()
        async for result in run(cases, bench):
            results.append(result)
            screen.result(result)
    finally:
        screen.stop()
        await platform.close()
        await server.stop()
    screen.summary(results)
    return results


def _device_restart(options: Options, screen: Screen, console: Console) -> Restart | None:
    """Return who restarts the device: a command, or the person at the terminal."""
    if options.restart_command is not None or not (console.is_terminal and sys.stdin.isatty()):
        return _by_command(options.restart_command)

    async def ask() -> None:
        """Ask for a restart."""
        await asyncio.to_thread(screen.ask, "Switch the device off and on again")

    return ask


def _by_command(command: str | None) -> Restart | None:
    """Return a restart by a command of the maker's own shell."""
    if command is None:
        return None

    async def restart() -> None:
        """Run the command; raises RestartError when it fails."""
        process = await asyncio.create_subprocess_shell(
            command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await process.communicate()
        if process.returncode:
            last = errors.decode(errors="replace").strip().splitlines()[-1:]
            msg = f"{command!r} ended with code {process.returncode}: {''.join(last)}"
            raise RestartError(msg)

    return restart
