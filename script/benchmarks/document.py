"""docs/benchmarks.md: what was measured, how, and on what."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
import platform
import ssl
import subprocess

from .machine import CLIENT_CORE, SERVER_CORE, ForeignLoad, description
from .report import Figure, figure_table

_TEXT = """# Benchmarks

Written by `script/bench downloads`; run it to get the figures of your own machine.
`script/bench downloads --check` ends with an error when a target that is not an aim is missed.

## What is compared

The depot checks the token of every request, its expiry and its revocation, and counts every byte;
nginx serves the same file with the same certificate and checks nothing. "nginx that asks" sends a
subrequest to another server for every request, as it must where tokens can be revoked at once.

Everything runs on one machine over the loopback address: servers on core {server}, clients on core
{client}. The rivals take turns, so that whatever disturbs the machine disturbs all of them; a ratio
is taken turn by turn, and the median of all turns is shown with the lowest and the highest one.
Figures of another machine cannot be compared with these; ratios can, roughly.

- Machine: {machine}
- Versions: {versions}
- Other programs used at most {load:.2f} cores meanwhile{quiet}; the whole took {seconds:.0f} s.

## Figures

{table}

"Slow clients" read {rate} KiB per second each through the small window of a microcontroller's
network stack. "Memory each" is what the server's memory grew by at most, divided by their number.
"""


def write_document(
    path: Path, figures: Sequence[Figure], load: ForeignLoad, seconds: float
) -> None:
    """Write the page."""
    path.write_text(
        _TEXT.format(
            server=SERVER_CORE,
            client=CLIENT_CORE,
            machine=description(),
            versions=_versions(),
            load=load.cores,
            quiet="" if load.is_quiet else ", which is more than these figures should have had",
            seconds=seconds,
            table=figure_table(figures),
            rate=32,
        ),
        encoding="utf-8",
    )


def _versions() -> str:
    """Return what was compared."""
    nginx = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True)
    name = nginx.stderr.strip().rpartition(" ")[2].replace("/", " ")
    return (
        f"{name}; CPython {platform.python_version()}, aiohttp {version('aiohttp')}, "
        f"{ssl.OPENSSL_VERSION}"
    )
