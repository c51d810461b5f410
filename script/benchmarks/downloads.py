"""The depot's downloads beside nginx: the same bytes, certificate, core and load.

Every request of the depot checks a token with its expiry and revocation and is counted; nginx
checks nothing, except where it asks another server for each request.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
import http.client
import json
from pathlib import Path
import ssl
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlsplit

from stack.errors import StackError
from stack.package import MEBIBYTE, image_bytes
from stack.places import CHECKOUT

from . import counting_depot, wrk
from .crowd import multiply
from .document import write_document
from .machine import ForeignLoad, cpu_seconds, memory, pin_client, watching_others
from .report import Figure, Target, figure_table, ratio
from .rivals import BenchedDepot, Offer, Rivals, rivals
from .whole import bytes_per_second

REPORT = CHECKOUT / "docs" / "benchmarks.md"
PACKAGE_SIZE = 64 * MEBIBYTE
RANGE_SIZE = 16 * 1024
CONNECTIONS = 64
SLOW_RATE = 32 * 1024
CROWD = 100_000
_TURNS = 2


class Plan(argparse.Namespace):
    """How long and how often everything is measured; the short form only shows that it works."""

    short: bool
    check: bool
    only: list[str]

    @property
    def rounds(self) -> int:
        """Return how often each rival has its turn: a disturbance should spoil few of them."""
        return 1 if self.short else 9

    @property
    def seconds(self) -> int:
        """Return how long one turn lasts."""
        return 1 if self.short else 2

    @property
    def slow_clients(self) -> int:
        """Return how many slow devices there are."""
        return 20 if self.short else 1000

    @property
    def slow_seconds(self) -> int:
        """Return how long they read."""
        return 2 if self.short else 20

    @property
    def crowd(self) -> int:
        """Return how many grants, packages and transfers there are beside the one in use."""
        return 200 if self.short else CROWD

    @property
    def package_size(self) -> int:
        """Return the size of the package in bytes."""
        return MEBIBYTE if self.short else PACKAGE_SIZE

    def chosen(self, cases: Iterable[str]) -> Iterator[str]:
        """Name each case that is wanted when its turn has come."""
        for case in cases:
            if not self.only or case in self.only:
                print(f"Measuring: {case}", flush=True)
                yield case


def main() -> int:
    """Run the benchmark; return 1 when a target is missed and --check was given."""
    plan = _plan()
    pin_client()
    begin, load, figures = time.monotonic(), ForeignLoad(), list[Figure]()
    with tempfile.TemporaryDirectory(prefix="mqtt-ota.") as name:
        folder = Path(name)
        with rivals(folder, plan.package_size) as everybody, watching_others(load, everybody.pids):
            for case in plan.chosen(_CASES):
                figures += _CASES[case](everybody, plan)
        for case in plan.chosen(_ALONE):
            figures += _ALONE[case](folder, plan)
    seconds = time.monotonic() - begin
    print(f"\n{figure_table(figures)}\n\nTook {seconds:.0f} s.")
    if not load.is_quiet:
        print(f"Warning: other programs used up to {load.cores:.2f} cores meanwhile; run it again.")
    if not plan.short and not plan.only:
        write_document(REPORT, figures, load, seconds)
        print(f"Written to {REPORT.relative_to(CHECKOUT)}.")
    missed = [figure.name for figure in figures if figure.is_missed]
    if missed:
        print(f"Missed: {', '.join(missed)}.")
    return int(plan.check and bool(missed))


def _plan() -> Plan:
    """Read the arguments."""
    parser = argparse.ArgumentParser(prog="script/bench downloads", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    parser.add_argument("--short", action="store_true", help="only see that it works")
    parser.add_argument(
        "--only", action="append", default=[], choices=[*_CASES, *_ALONE], help="run one case"
    )
    return parser.parse_args(namespace=Plan())


def _ranges(everybody: Rivals, plan: Plan) -> list[Figure]:
    """Ask for small ranges over connections that stay open, each rival in turn."""
    names = ["nginx plain", "depot plain", "nginx asking", "nginx TLS", "depot TLS"]
    found = _in_turn(
        names,
        plan.rounds,
        lambda name: (
            wrk.run(
                everybody.offers[name].load(RANGE_SIZE, CONNECTIONS), plan.seconds
            ).requests_per_second
        ),
    )
    figures = {
        name: Figure(name=f"16 KiB ranges, {name}", values=found[name], unit="requests/s")
        for name in names
    }
    plain, tls = figures["depot plain"], figures["depot TLS"]
    return [
        *figures.values(),
        ratio(
            "16 KiB ranges, plain: depot / nginx",
            plain,
            figures["nginx plain"],
            Target(bound=0.45),
            Target(bound=0.55, is_aim=True),
        ),
        ratio(
            "16 KiB ranges, TLS 1.3: depot / nginx",
            tls,
            figures["nginx TLS"],
            Target(bound=0.65),
            Target(bound=0.75, is_aim=True),
        ),
        ratio(
            "16 KiB ranges: depot / nginx that asks for every request",
            plain,
            figures["nginx asking"],
            Target(bound=1.5),
        ),
    ]


def _whole(everybody: Rivals, plan: Plan) -> list[Figure]:
    """Fetch the whole package again and again, each rival in turn."""
    contexts: dict[str, ssl.SSLContext | None] = {"plain": None, "TLS": everybody.context()}
    figures = []
    for way, context in contexts.items():

        def fetch(name: str, context: ssl.SSLContext | None = context) -> float:
            """Return megabytes per second."""
            offer = everybody.offers[name]
            rate = bytes_per_second(offer.url, offer.token, offer.size, plan.seconds, context)
            return rate / 1e6

        found = _in_turn([f"nginx {way}", f"depot {way}"], plan.rounds, fetch)
        peer, ours = (
            Figure(name=f"64 MiB, {name}", values=values, unit="MB/s")
            for name, values in found.items()
        )
        figures += [
            peer,
            ours,
            ratio(f"64 MiB, {way}: depot / nginx", ours, peer, Target(bound=0.9)),
        ]
    return figures


def _slow(everybody: Rivals, plan: Plan) -> list[Figure]:
    """Let very many devices fetch slowly, and a quick one beside them."""
    figures = []
    for name, pid in (("nginx", everybody.nginx.process.pid), ("depot", everybody.tls.pid)):
        before, begin = memory(pid), cpu_seconds(pid)
        result = _slow_clients(everybody, everybody.offers[f"{name} TLS"], plan, pid)
        cost = (result["memory"] - before) / plan.slow_clients / 1024
        is_ours = name == "depot"
        title = f"{plan.slow_clients:,} slow TLS clients, {name}"

        def figure(
            what: str, value: float, unit: str, *targets: Target, title: str = title
        ) -> Figure:
            """Return a figure of this rival; only ours are held against targets."""
            targets = targets if is_ours else ()  # noqa: B023 - called in this round only
            return Figure(name=f"{title}: {what}", values=[value], unit=unit, targets=targets)

        slowest = 100 * result["slowest_rate"] / SLOW_RATE
        figures += [
            figure(
                "memory each",
                cost,
                "KiB",
                Target(bound=280, at_least=False),
                Target(bound=150, at_least=False, is_aim=True),
            ),
            figure("failed", result["failed"], "", Target(bound=0, at_least=False)),
            figure("slowest got of its rate", slowest, "%", Target(bound=98)),
            figure("another small request, median", result["probe_p50_ms"], "ms"),
            figure(
                "another small request, p99",
                result["probe_p99_ms"],
                "ms",
                Target(bound=60, at_least=False),
            ),
            figure("processor time", cpu_seconds(pid) - begin, "s"),
        ]
    return figures


def _slow_clients(everybody: Rivals, offer: Offer, plan: Plan, pid: int) -> dict[str, float]:
    """Run the slow devices; return what came of it and the server's memory meanwhile."""
    wanted = {
        "url": offer.url,
        "token": offer.token,
        "ca_file": str(everybody.ca_file),
        "clients": plan.slow_clients,
        "rate": SLOW_RATE,
        "seconds": plan.slow_seconds,
    }
    command = [sys.executable, "-m", "benchmarks.slow_clients", json.dumps(wanted)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        if child.stdout is None or not child.stdout.readline():
            raise StackError(f"the slow clients could not connect to {offer.url}")
        highest = 0
        end = time.monotonic() + plan.slow_seconds
        while time.monotonic() < end and child.poll() is None:
            highest = max(highest, memory(pid))
            time.sleep(0.5)
        found: dict[str, float] = json.loads(child.stdout.readline())
    return {**found, "memory": highest}


def _details(everybody: Rivals, plan: Plan) -> list[Figure]:
    """Look at single answers: their head, and how soon a revoked token is refused."""
    depot = everybody.plain.depot
    package = depot.packages()[0]
    heads, delays = [], []
    for number in range(plan.rounds):
        grant = depot.grant(package["id"], "details", f"details-{number}")
        connection = http.client.HTTPConnection(urlsplit(depot.url).netloc, timeout=10)
        ask = {"Authorization": f"Bearer {grant['token']}", "Range": "bytes=0-0"}
        path = urlsplit(grant["url"]).path
        connection.request("GET", path, headers=ask)
        response = connection.getresponse()
        response.read()
        heads.append(float(len(f"HTTP/1.1 206 Partial Content\r\n{response.headers}".encode())))
        depot.revoke(grant["id"])
        begin, status = time.monotonic(), response.status
        while status != http.client.UNAUTHORIZED:
            connection.request("GET", path, headers=ask)
            response = connection.getresponse()
            response.read()
            status = response.status
        delays.append((time.monotonic() - begin) * 1e3)
        connection.close()
    return [
        Figure(
            name="head of an answer",
            values=heads,
            unit="bytes",
            targets=[Target(bound=400, at_least=False)],
        ),
        Figure(
            name="from a revocation to the first refusal",
            values=delays,
            unit="ms",
            targets=[Target(bound=50, at_least=False)],
        ),
    ]


def _crowd(folder: Path, plan: Plan) -> list[Figure]:
    """Compare a depot that is alone with its one grant to a crowded one."""
    content = image_bytes(plan.package_size, "crowd")
    alone, crowded = (
        BenchedDepot(folder / name, content, tls=False) for name in ("alone", "crowded")
    )
    offer = crowded.start()
    # A transfer has a row only once it has begun; one range keeps the rows small.
    offer.ask(f"bytes=0-{RANGE_SIZE - 1}")
    crowded.stop()
    multiply(crowded.depot.data, plan.crowd)
    crowded.depot.start()
    title = f"cost of a request with {plan.crowd:,} grants, packages and transfers / with one"
    try:
        costs = {
            "one": partial(_cost, alone, alone.start()),
            "many": partial(_cost, crowded, offer),
        }
        found = _in_turn([*costs], _TURNS * plan.rounds, lambda which: costs[which]())
        # Whatever disturbs makes a turn dearer, never cheaper.
        cheapest = min(found["many"]) / min(found["one"])
        return [Figure(name=title, values=[cheapest], targets=(Target(bound=1.1, at_least=False),))]
    finally:
        alone.stop()
        crowded.stop()


def _counting(folder: Path, plan: Plan) -> list[Figure]:
    """Compare the depot to itself while it counts nothing."""
    content = image_bytes(plan.package_size, "counting")
    launcher = (sys.executable, "-m", "benchmarks.counting_depot")
    ratios = []
    for number in range(plan.rounds):
        place = folder / f"counting-{number}"
        depot = BenchedDepot(place, content, tls=False, launcher=launcher)
        try:
            wrk.run(depot.start().load(RANGE_SIZE, CONNECTIONS), plan.seconds)
        finally:
            depot.stop()
        ratios.append(counting_depot.ratio(depot.depot.data))
    return [
        Figure(
            name="cost of a request that is counted / of one that is not",
            values=ratios,
            targets=(Target(bound=1.02, at_least=False),),
        )
    ]


def _cost(depot: BenchedDepot, offer: Offer) -> float:
    """Return the processor time that a small range costs a depot, in microseconds.

    It is less disturbed by other programs than requests per second are.
    """
    begin = cpu_seconds(depot.pid)
    result = wrk.run(offer.load(RANGE_SIZE, CONNECTIONS), 1)
    return 1e6 * (cpu_seconds(depot.pid) - begin) / result.requests


def _in_turn(
    names: Sequence[str], rounds: int, measure: Callable[[str], float]
) -> dict[str, list[float]]:
    """Measure one after the other, again and again: what disturbs, disturbs all."""
    found = defaultdict[str, list[float]](list)
    for _ in range(rounds):
        for name in names:
            found[name].append(measure(name))
    return dict(found)


# The slow ones first: memory that a server has taken before would hide what they cost.
_CASES = {"slow": _slow, "ranges": _ranges, "whole": _whole, "details": _details}
_ALONE = {"crowd": _crowd, "counting": _counting}


if __name__ == "__main__":
    sys.exit(main())
