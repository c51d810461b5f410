"""The integration with ten thousand devices in one Home Assistant, from the socket to the state.

Beside it runs the same Home Assistant with as many entities that do nothing: what they cost,
any integration would cost. Only the broker and the depot are doubles.
"""

import argparse
import json
from pathlib import Path
import subprocess
import sys
import tempfile
from typing import Any

from stack.errors import StackError

from .home import prepare
from .machine import CLIENT_CORE, ForeignLoad, description, on_core, watching_others
from .report import Figure, Target, figure_table

DEVICES = 10_000
REPORTS = Target(bound=10, at_least=False)
PAUSE = Target(bound=50, at_least=False)
MEMORY = Target(bound=20, at_least=False)

_PHASES = {
    "reports": "a version report of each device",
    "upgraded": "a report of a new version of each",
    "offered": "a package that is offered to each",
    "broker": "the broker goes and returns",
}
_RATED = ("reports", "upgraded")
_LAST_WORDS = 2_000


def main() -> int:
    """Measure, print a table, and say whether what was promised holds."""
    parser = argparse.ArgumentParser(prog="script/bench engine", description=__doc__)
    parser.add_argument("--devices", type=int, default=DEVICES, help="how many devices there are")
    parser.add_argument(
        "--check", action="store_true", help="end with an error when a target is missed"
    )
    arguments = parser.parse_args()
    load = ForeignLoad()
    with (
        tempfile.TemporaryDirectory(prefix="mqtt-ota-bench.") as folder,
        watching_others(load, []),
    ):
        figures = _measure(Path(folder), arguments.devices)
    print(f"{arguments.devices:,} devices with firmware and software; {description()}")
    print(figure_table(figures))
    if not load.is_quiet:
        print(f"Other programs used {load.cores:.2f} cores: times and pauses are worse for it.")
    missed = [figure.name for figure in figures if figure.is_missed]
    if missed:
        print(f"Missed: {'; '.join(missed)}")
    return 1 if arguments.check and missed else 0


def _measure(folder: Path, devices: int) -> list[Figure]:
    """Let a home meet its devices, live with them, and compare it to a trivial one."""
    real, trivial = folder / "real", folder / "trivial"
    prepare(real)
    learnt = _run(real, devices, "learn")
    live = _run(real, devices, "live")
    prepare(trivial, learnt["shapes"])
    # The first start makes the registries' entries, which the second finds on disk.
    _run(trivial, devices, "trivial")
    compared = _run(trivial, devices, "trivial")
    figures = _starts(learnt, live, compared)
    figures.append(
        Figure(
            name="memory of an idle device beside trivial entities",
            values=[(live["memory"] - compared["memory"]) / devices / 1024],
            unit="KiB",
            targets=[MEMORY],
        )
    )
    met = learnt["met"]["seconds"]
    figures.append(Figure(name="devices met for the first time", values=[devices / met], unit="/s"))
    for phase, name in _PHASES.items():
        figures += _phase(name, live["phases"][phase], devices, with_rate=phase in _RATED)
    return figures


def _starts(learnt: dict[str, Any], live: dict[str, Any], compared: dict[str, Any]) -> list[Figure]:
    """Return how long each home takes to start."""
    return [
        Figure(name="start of an empty home", values=[learnt["start_empty"]], unit="s"),
        Figure(name="start with the devices", values=[live["start"]], unit="s"),
        Figure(name="start with trivial entities", values=[compared["start"]], unit="s"),
    ]


def _phase(name: str, pauses: dict[str, float], devices: int, *, with_rate: bool) -> list[Figure]:
    """Return how long something took and how long it kept the event loop from all else."""
    figures: list[Figure] = []
    if with_rate:
        seconds, computed = pauses["seconds"], pauses["computed"]
        figures = [
            Figure(name=name, values=[seconds], unit="s", targets=[REPORTS]),
            Figure(name=f"{name}: messages", values=[devices / seconds], unit="/s"),
            Figure(name=f"{name}: processor time", values=[computed], unit="s"),
        ]
    rows: tuple[tuple[str, str, list[Target]], ...] = (
        ("longest pause", "longest", [PAUSE]),
        # A collection walks through all that Home Assistant holds, whichever integration made it:
        # what is left without it says whose the pause was.
        ("without garbage collection", "without_collection", []),
        ("longest computation", "computing", []),
        ("longest garbage collection", "collecting", []),
    )
    for what, part, targets in rows:
        value = 1000 * pauses[part]
        figures.append(Figure(name=f"{name}: {what}", values=[value], unit="ms", targets=targets))
    return figures


def _run(folder: Path, devices: int, job: str) -> dict[str, Any]:
    """Run one Home Assistant in a process of its own, alone on its core."""
    command = [*on_core(CLIENT_CORE), sys.executable, "-m", "benchmarks.home"]
    done = subprocess.run(
        [*command, str(folder), str(devices), job], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StackError(f"{job} failed: {done.stderr[-_LAST_WORDS:]}")
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


if __name__ == "__main__":
    sys.exit(main())
