"""`mqtt-ota upload`: reads files, connects to the depot and publishes them."""

from argparse import ArgumentParser, Namespace
import asyncio
from collections.abc import Sequence
import json
import sys
from typing import Final

from rich.console import Console

from .client import DepotClient
from .errors import RefusedError, UploadError
from .facts import NewPackage, complete
from .image import read_image
from .options import Options, add_options, read_options
from .publishing import publish
from .screen import Screen

REFUSED: Final = 1
UNUSABLE: Final = 2
INTERRUPTED: Final = 130


def add_parser(parser: ArgumentParser) -> None:
    """Make a parser the one of this command."""
    add_options(parser)
    parser.set_defaults(run=upload)


def upload(namespace: Namespace) -> int:
    """Run the command; return 0, 1 when the depot refused, 2 when nothing could be asked."""
    try:
        options = read_options(namespace)
        screen = Screen(Console(stderr=options.json), quiet=options.quiet)
        packages = [complete(read_image(path), options.wishes) for path in options.files]
        return asyncio.run(_upload(options, packages, screen))
    except UploadError as err:
        _complain(err)
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED


async def _upload(options: Options, packages: Sequence[NewPackage], screen: Screen) -> int:
    """Publish one package after the other; what is refused does not keep back the rest."""
    code = 0
    async with DepotClient(options.address, options.trust, options.key) as client:
        for new in packages:
            screen.package(new)
            try:
                with screen.progress(new) as on_progress:
                    published = await publish(client, new, on_progress, screen.say)
            except RefusedError as err:
                _complain(err)
                code = REFUSED
                continue
            screen.published(new, published)
            if options.json:
                sys.stdout.write(json.dumps(published.package) + "\n")
    return code


def _complain(err: UploadError) -> None:
    """Write an error, also when quiet."""
    sys.stderr.write(f"mqtt-ota upload: {err}\n")
