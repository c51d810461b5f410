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
What one request costs is compared by the cheapest turns: disturbances only make a turn dearer.
Figures of another machine cannot be compared with these; ratios can, roughly.

- Machine: {machine}
- Versions: {versions}
- Other programs used at most {load:.2f} cores meanwhile{quiet}; the whole took {seconds:.0f} s.

## Figures

{table}

"Slow clients" read {rate} KiB per second each through the small window of a microcontroller's
network stack. "Memory each" is what the server's memory grew by at most, divided by their number.

## What is missed, and what was tried

On shared machines a turn of nginx itself may differ from the next one by a factor of two, so that a
ratio near its target is met in one run and missed in another: small plain ranges came to 0.39 to
0.52, and over TLS to 0.57 to 0.74.

- **16 KiB ranges.** One costs the depot about 55 microseconds of processor time, most of it in the
  interpreter: reading the head, finding the grant, one positional read, one write. A TLS transport
  of our own brought those over TLS from 178 to 100 microseconds. uvloop in place of asyncio gained
  nothing more; writing head and body with `writelines` was slower than joining them.
- **64 MiB over plain HTTP.** Parts of 512 KiB for `sendfile` came to 0.64 of nginx, parts of 2 MiB to
  0.71 to 0.83, and 4 MiB gained nothing more. What remains is the round of the event loop after each
  part, in which other devices have their turn, and asking the system how far the device is. Over
  TLS, where devices download, the depot is as quick as nginx.
- **Counting.** It costs about 2 of the 55 microseconds, 4 before small ranges were counted many at a
  time. Two processes of the same program differ by more than that here, so that the figure above
  says little more than that it is small.
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
