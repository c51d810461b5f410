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

On shared machines a turn of nginx itself may differ from the next one by a factor of two, and so
may the ratio of a single turn: the spread says how far to trust a median near its target.

- **Counting** costs about 1 microsecond for a small range, 5 to 7 hundredths of a request where 2
  were wanted. It was 4 microseconds before small ranges were added up many at a time. To sort those
  by their first byte alone, to merge and look them up in one pass, and to decide by one number
  whether a range can be news gained another half; a call and two counters less gained nothing that
  could be measured. What remains is the interpreter's, whose next step is in no cache after the
  system has sent 16 KiB. Only the smallest ranges at full speed show it: larger downloads are
  looked at once a second.
- **16 KiB ranges** came to 0.35 of nginx over plain HTTP and 0.61 over TLS while each request was
  judged in full. Now the first one of a connection is, and those that differ in the range alone are
  compared to it: 13 of about 30 microseconds became 3. One read and one write from a shared piece
  of memory, instead of a copy that joins head and part, brought 2 more. No quicker were: `sendfile`
  with a corked socket, uvloop in place of asyncio, and a buffer of our own to receive into. A TLS
  transport of our own had halved the cost of those over TLS before.
- **64 MiB over plain HTTP** came to 0.64 of nginx in parts of 512 KiB for `sendfile` and to 0.83 in
  parts of 2 MiB. To ask the system less often how far a quick device is, and parts of 8 MiB, brought
  it to the target's edge: 0.89, 0.92 and 0.88 in three runs where 0.9 is wanted. What remains is the
  interpreter's: the round of the event loop after each part, in which other devices have their turn.
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
