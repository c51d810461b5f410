"""The command line: `mqtt-ota`, or `python -m mqtt_ota_depot`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
import sys
from typing import Any, Final, override

from . import __version__

# Each with what it does and the module that adds its options.
_COMMANDS: Final = {
    "serve": ("Run the server until it is told to stop.", "mqtt_ota_depot.commands"),
    "api-key": ("Print the API key of the depot.", "mqtt_ota_depot.commands"),
    "fingerprint": (
        "Print the SHA-256 fingerprint that clients pin.",
        "mqtt_ota_depot.commands",
    ),
    "backup-begin": (
        "Make a backup of the data folder possible while the depot runs.",
        "mqtt_ota_depot.commands",
    ),
    "backup-end": ("Tell the depot that the backup is made.", "mqtt_ota_depot.commands"),
    "check-device": (
        "Check a maker's device: play the platform towards it and tell what it does wrong.",
        "mqtt_ota_check.command",
    ),
    "simulate": (
        "Simulate devices, with faults where you want some, to try automations.",
        "mqtt_ota_simulate.command",
    ),
    "upload": (
        "Publish packages to a depot, from a terminal or a build server.",
        "mqtt_ota_upload.command",
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its status: 0, 1 for a failure or 2 for wrong use."""
    namespace = _parser().parse_args(arguments)
    run: Callable[[Namespace], int] = namespace.run
    return run(namespace)


class _Command(ArgumentParser):
    """A command whose module is loaded when it is chosen.

    Half a second on a small machine is what each would wait for the others.
    """

    module: str | None = None

    @override
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse arguments with the options of the command."""
        if self.module is not None:
            import_module(self.module).add_parser(self)
            self.module = None
        return super().parse_known_args(args, namespace)


def _parser() -> ArgumentParser:
    """Return the parser of all commands."""
    parser = ArgumentParser(
        prog="mqtt-ota", description="The depot of MQTT OTA: packages for devices."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", dest="command", parser_class=_Command
    )
    for name, (text, module) in _COMMANDS.items():
        commands.add_parser(name, help=text, description=text).module = module
    return parser


if __name__ == "__main__":
    sys.exit(main())
