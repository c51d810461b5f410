"""The servers that are compared: they serve the same bytes with the same certificate."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
import ssl
import sys
from urllib.request import Request, urlopen

from stack.depot import Depot
from stack.package import NewPackage, image_bytes

from .machine import SERVER_CORE, on_core
from .nginx import Nginx
from .wrk import Load

_FILE = "package.bin"
# Beside the command itself: what a benchmark changes of the depot, it changes from outside.
_DEPOT = (sys.executable, "-m", "mqtt_ota_depot")
# No device fetches its package thousands of times, or over so many connections; a benchmark does.
_OPTIONS = ("--log-level", "warning", "--max-repeats", "0", "--max-connections", "0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A package as one server offers it."""

    url: str
    token: str
    size: int

    def load(self, range_size: int, connections: int) -> Load:
        """Return what is asked of it under load."""
        return Load(
            url=self.url,
            token=self.token,
            size=self.size,
            range_size=range_size,
            connections=connections,
        )

    def ask(self, span: str) -> None:
        """Ask for one range of it, in plain HTTP."""
        fields = {"Authorization": f"Bearer {self.token}", "Range": span}
        with urlopen(Request(self.url, headers=fields)) as answer:  # noqa: S310 - our own depot
            answer.read()


class BenchedDepot:
    """A depot on the servers' core with one package and a grant for it."""

    def __init__(
        self, folder: Path, content: bytes, *, tls: bool, launcher: tuple[str, ...] = _DEPOT
    ) -> None:
        """Remember what it will serve; nothing runs yet."""
        pinned = (*on_core(SERVER_CORE), *launcher)
        self.depot = Depot(folder, tls=tls, launcher=pinned, options=_OPTIONS)
        self._content = content

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self.depot.process.pid

    def start(self) -> Offer:
        """Start it, upload and grant."""
        self.depot.start()
        package = self.depot.upload(NewPackage(content=self._content))
        return self.offer(package["id"], "bench")

    def offer(self, package_id: str, task_id: str) -> Offer:
        """Return the package under a new grant."""
        grant = self.depot.grant(package_id, f"device-{task_id}", task_id)
        return Offer(url=grant["url"], token=grant["token"], size=len(self._content))

    def stop(self) -> None:
        """Stop it."""
        self.depot.process.stop()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rivals:
    """Everybody at once: idle servers disturb nobody."""

    nginx: Nginx
    plain: BenchedDepot
    tls: BenchedDepot
    ca_file: Path
    offers: dict[str, Offer]

    @property
    def pids(self) -> list[int]:
        """Return the servers' processes."""
        nginx = (self.nginx.process.pid, self.nginx.authoriser.pid)
        return [*nginx, self.plain.pid, self.tls.pid]

    def context(self) -> ssl.SSLContext:
        """Return a client's context that trusts them."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        context.check_hostname = False
        return context


@contextmanager
def rivals(folder: Path, size: int) -> Iterator[Rivals]:
    """Run everybody inside the block with a package of so many bytes."""
    content = image_bytes(size, "benchmark")
    plain = BenchedDepot(folder / "plain", content, tls=False)
    tls = BenchedDepot(folder / "tls", content, tls=True)
    stops = []
    try:
        offers = {"depot plain": plain.start()}
        stops.append(plain.stop)
        offers["depot TLS"] = tls.start()
        stops.append(tls.stop)
        files = folder / "files"
        files.mkdir()
        # The very file that the depot sends: how it lies in memory makes a fifth of the speed.
        (stored,) = (plain.depot.data / "packages").iterdir()
        (files / _FILE).symlink_to(stored)
        certificates = tls.depot.data / "certificates"
        token = offers["depot plain"].token
        nginx = Nginx(
            folder / "nginx",
            files,
            certificates / "server.pem",
            certificates / "server.key",
            token,
        )
        stops.append(nginx.stop)
        nginx.start()
        for name, base in (
            ("nginx plain", nginx.plain),
            ("nginx TLS", nginx.tls),
            ("nginx asking", nginx.asking),
        ):
            offers[name] = Offer(url=f"{base}/{_FILE}", token=token, size=size)
        yield Rivals(nginx=nginx, plain=plain, tls=tls, ca_file=tls.depot.ca_file, offers=offers)
    finally:
        for stop in reversed(stops):
            stop()
