"""The depot's own commands: the server, and what is done beside it."""

from argparse import ArgumentParser, Namespace
import asyncio
from collections.abc import Callable
import os
from pathlib import Path
import sys
from typing import Final

from . import backup
from .auth import key_file, load_api_key
from .catalog import CatalogError
from .certificates import Authority, CertificateError, own_certificate
from .errors import StartError
from .logs import set_up
from .served_certificate import authority_folder
from .server import serve
from .settings import Settings, SettingsError, add_options, load


def add_parser(parser: ArgumentParser) -> None:
    """Make a parser the one of a command, whichever it is: they have the same options."""
    add_options(parser)
    parser.set_defaults(run=run)


def run(namespace: Namespace) -> int:
    """Run a command; return 0, 1 for a failure or 2 for wrong use."""
    # Everything the depot keeps is its own: keys, packages and who has them.
    os.umask(0o077)
    set_up("info")
    command = _COMMANDS[namespace.command]
    try:
        settings = load(namespace)
        set_up(settings.log_level)
        command(settings)
    except SettingsError as err:
        sys.stderr.write(f"mqtt-ota: {err}\n")
        return 2
    except (StartError, CatalogError, CertificateError) as err:
        sys.stderr.write(f"mqtt-ota: {err}\n")
        return 1
    return 0


def _serve(settings: Settings) -> None:
    """Run the server until it is told to stop."""
    asyncio.run(serve(settings))


def _api_key(settings: Settings) -> None:
    """Print the API key of the depot."""
    if settings.api_key is None:
        _require(key_file(settings.data_dir))
    sys.stdout.write(load_api_key(settings.data_dir, settings.api_key) + "\n")


def _fingerprint(settings: Settings) -> None:
    """Print the SHA-256 fingerprint that clients pin."""
    if settings.certfile is not None and settings.keyfile is not None:
        certificate = own_certificate(settings.certfile, settings.keyfile)
        sys.stdout.write(certificate.fingerprint + "\n")
    else:
        folder = authority_folder(settings.data_dir)
        _require(folder)
        sys.stdout.write(Authority(folder).fingerprint + "\n")


def _backup_begin(settings: Settings) -> None:
    """Make a backup of the data folder possible while the depot runs."""
    backup.begin(settings.data_dir)


def _backup_end(settings: Settings) -> None:
    """Tell the depot that the backup is made."""
    backup.end(settings.data_dir)


def _require(path: Path) -> None:
    """Refuse to make a key or an authority that no depot uses."""
    if not path.exists():
        msg = (
            f"there is no {path}; give the data_dir and the settings of the depot "
            "that you mean, or start it first"
        )
        raise StartError(msg)


_COMMANDS: Final[dict[str, Callable[[Settings], None]]] = {
    "serve": _serve,
    "api-key": _api_key,
    "fingerprint": _fingerprint,
    "backup-begin": _backup_begin,
    "backup-end": _backup_end,
}
