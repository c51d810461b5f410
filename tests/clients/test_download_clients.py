"""Every client that devices and their makers use downloads whole, and resumes when cut."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
import hashlib
from pathlib import Path
import random
import shutil
import ssl
import sys
from typing import Any
import urllib.request

import pytest
import pytest_socket
import requests

from tests.depot.meddler import Fault, Harm, meddling
from tests.depot.process import DepotProcess
from tests.depot.rig import AUTHORIZATION
from tests.depot.sockets import BrokenAnswerError, connected, path_of

from .dialects import DIALECTS, Dialect

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("depot-process")]

SCHEMES = ("http", "https")
SMALL = random.Random(7).randbytes(300_001)
# Programs with several connections split nothing smaller than this.
LARGE = random.Random(8).randbytes(4 * 1024 * 1024 + 1)
SCRIPT = Path(__file__).with_name("micropython_client.py")
TRIES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One download into a file that may hold the beginning already."""

    url: str
    token: str
    target: Path
    port: int
    path: str
    size: int
    ca: str | None
    tls: ssl.SSLContext | None

    @property
    def received(self) -> int:
        """Return how many bytes the file holds."""
        return self.target.stat().st_size if self.target.exists() else 0

    @property
    def bearer(self) -> str:
        """Return the token as a header field."""
        return f"Authorization: Bearer {self.token}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """A program, library or request copy; `fetch` gets what the file lacks."""

    name: str
    fetch: Callable[[Job], Awaitable[None]]
    token: str = "Bearer"
    resumes: str = "the same command again"
    data: bytes = SMALL
    program: str | None = None


async def _run(*command: str) -> None:
    """Run a program to its end; raises when it failed."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 30)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ConnectionError(output.decode(errors="replace"))


async def _curl(job: Job) -> None:
    """Run curl as the handbook does."""
    trust = ["--cacert", job.ca] if job.ca else []
    await _run("curl", "--fail", "--silent", "--show-error", *trust, "-H", job.bearer,
               "-C", "-", "-o", str(job.target), job.url)  # fmt: skip


async def _wget(job: Job) -> None:
    """Run wget with the token in a header field."""
    trust = [f"--ca-certificate={job.ca}"] if job.ca else []
    await _run("wget", "--continue", "--quiet", "--tries=1", *trust,
               f"--header={job.bearer}", "-O", str(job.target), job.url)  # fmt: skip


async def _wget_password(job: Job) -> None:
    """Run wget with the token as a password, which it sends only when asked for one."""
    trust = [f"--ca-certificate={job.ca}"] if job.ca else []
    await _run("wget", "--continue", "--quiet", "--tries=1", *trust, "--user=device",
               f"--password={job.token}", "-O", str(job.target), job.url)  # fmt: skip


async def _aria2(job: Job) -> None:
    """Run aria2 with four connections."""
    trust = [f"--ca-certificate={job.ca}"] if job.ca else []
    await _run("aria2c", "--no-conf", "--quiet", "-x4", "-s4", "-k1M", "--continue=true",
               "--allow-overwrite=true", "--auto-file-renaming=false", "--file-allocation=none",
               "--retry-wait=0", *trust, f"--header={job.bearer}",
               "-d", str(job.target.parent), "-o", job.target.name, job.url)  # fmt: skip


async def _requests(job: Job) -> None:
    """Stream with the Python library requests."""

    def fetch() -> None:
        """Append to the file."""
        start = job.received
        headers = {"Authorization": f"Bearer {job.token}"} | (
            {"Range": f"bytes={start}-"} if start else {}
        )
        with requests.get(
            job.url, headers=headers, stream=True, timeout=10, verify=job.ca or True
        ) as answer:
            assert answer.status_code == (206 if start else 200)
            with job.target.open("ab") as file:
                for chunk in answer.iter_content(16_384):
                    file.write(chunk)

    await asyncio.to_thread(fetch)


async def _urllib(job: Job) -> None:
    """Stream with the library that Python brings."""

    def fetch() -> None:
        """Append to the file."""
        request = urllib.request.Request(job.url)  # noqa: S310  (the depot's own URL)
        request.add_header("Authorization", f"Bearer {job.token}")
        if start := job.received:
            request.add_header("Range", f"bytes={start}-")
        with urllib.request.urlopen(request, timeout=10, context=job.tls) as answer:  # noqa: S310
            assert answer.status == (206 if start else 200)
            with job.target.open("ab") as file:
                shutil.copyfileobj(answer, file)

    await asyncio.to_thread(fetch)


async def _micropython(job: Job) -> None:
    """Run the script of a MicroPython device."""
    program = Path(sys.executable).with_name("micropython")
    await _run(str(program), str(SCRIPT), job.url, job.token, str(job.target))


def _copy(dialect: Dialect) -> Callable[[Job], Awaitable[None]]:
    """Return the fetch of a dialect: its bytes over a socket of their own."""

    async def fetch(job: Job) -> None:
        """Append what comes, whole or in blocks."""
        async with connected(job.port, job.tls) as wire:
            if dialect.head_first:
                request = dialect.bytes_for(job.path, job.token, port=job.port, first=0, last=None)
                await wire.send(b"HEAD" + request.removeprefix(b"GET"))
                head = await wire.reply(method="HEAD")
                assert (head.status, head.headers["Content-Length"]) == (200, str(job.size))
            while (start := job.received) < job.size:
                last = None if dialect.block is None else start + dialect.block - 1
                await wire.send(
                    dialect.bytes_for(job.path, job.token, port=job.port, first=start, last=last)
                )
                reply = await wire.head()
                _check_head(reply.head, reply.headers, whole=not start and last is None)
                with job.target.open("ab") as file:
                    try:
                        file.write(await wire.body(int(reply.headers["Content-Length"])))
                    except BrokenAnswerError as err:
                        file.write(err.received)
                        raise

    return fetch


def _check_head(head: bytes, headers: Any, *, whole: bool) -> None:
    """Fail unless the answer has what SDKs with simple parsers look for."""
    status = b" 200 OK\r\n" if whole else b" 206 Partial Content\r\n"
    assert head[8:].startswith(status), head
    assert b"\r\nContent-Length: " in head
    assert headers["Content-Disposition"].partition("filename=")[2] == "weather.bin"
    assert not {"Transfer-Encoding", "Content-Encoding", "Location"} & set(headers)
    if whole:
        assert headers["x-MD5"] == hashlib.md5(SMALL, usedforsecurity=False).hexdigest()


CLIENTS = (
    Client(name="curl `-C -`", fetch=_curl, program="curl"),
    Client(name="wget `-c`", fetch=_wget, program="wget"),
    Client(name="wget `-c --user --password`", fetch=_wget_password, program="wget", token="password"),
    Client(name="aria2 `-x4`", fetch=_aria2, program="aria2c", data=LARGE),
    Client(name="Python requests", fetch=_requests, resumes="the request with a Range field"),
    Client(name="Python urllib", fetch=_urllib, resumes="the request with a Range field"),
    Client(
        name="MicroPython requests",
        fetch=_micropython,
        program=str(Path(sys.executable).with_name("micropython")),
        resumes="the request with a Range field",
    ),
    *(
        Client(
            name=dialect.name,
            fetch=_copy(dialect),
            token=dialect.token,
            resumes="block by block" if dialect.block else "the request with a Range field",
        )
        for dialect in DIALECTS
    ),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A depot and its packages by their bytes."""

    depot: DepotProcess
    packages: dict[bytes, str]

    def job(self, client: Client, target: Path) -> Job:
        """Return a download under a grant of its own."""
        body = {
            "package_id": self.packages[client.data],
            "device_id": "dev",
            "task_id": f"{client.name} {target.name}",
        }
        grant = _api(self.depot, "/grants", json=body)
        return Job(
            url=grant["url"],
            token=grant["token"],
            target=target,
            port=self.depot.port,
            path=path_of(grant),
            size=len(client.data),
            ca=self.depot.ca if self.depot.tls else None,
            tls=self.depot.tls,
        )


def _api(depot: DepotProcess, path: str, **options: Any) -> Any:
    """Call the API."""
    answer = requests.post(
        f"{depot.url}/api/v1{path}",
        headers=AUTHORIZATION,
        timeout=10,
        verify=depot.ca if depot.tls else True,
        **options,
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    """Run a depot over HTTP and one over HTTPS, each with both packages."""
    # Made before any test's own fixtures, while sockets are still forbidden.
    pytest_socket.enable_socket()
    found = {}
    try:
        for scheme in SCHEMES:
            tls = "true" if scheme == "https" else "false"
            folder = tmp_path_factory.mktemp("clients") / scheme
            depot = DepotProcess(folder, "--tls", tls)
            found[scheme] = Served(depot=depot, packages={})
            for number, data in enumerate((SMALL, LARGE)):
                form = {"kind": "firmware", "model": "weather", "version": str(number)}
                file = {"file": ("weather.bin", data)}
                package = _api(depot, "/packages", data=form, files=file)
                found[scheme].packages[data] = package["id"]
        yield found
    finally:
        for each in found.values():
            each.depot.kill()


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
async def test_a_client_downloads_whole_and_resumes_when_cut(
    client: Client, served: dict[str, Served], tmp_path: Path
) -> None:
    """Over HTTP and HTTPS, in one go and cut in the middle; compared by SHA-256."""
    if client.program is not None and shutil.which(client.program) is None:
        pytest.skip(f"{client.program} is not installed")
    for scheme in SCHEMES:
        job = served[scheme].job(client, tmp_path / f"{scheme}-whole.bin")
        await client.fetch(job)
        _check(job, client)
        await _fetch_through_a_cut(served[scheme], client, tmp_path / f"{scheme}-cut.bin")


async def _fetch_through_a_cut(depot: Served, client: Client, target: Path) -> None:
    """Lose the connection in the middle and go on with what there is."""
    direct = depot.job(client, target)
    # Four connections have a quarter each, of which the first loses half.
    cut = Fault(harm=Harm.CUT, after=len(client.data) // (8 if client.data is LARGE else 2))
    async with meddling(direct.port, [cut]) as meddler:
        fields = {name: getattr(direct, name) for name in Job.__slots__}
        fields["url"] = direct.url.replace(f":{direct.port}/", f":{meddler.port}/")
        job = Job(**{**fields, "port": meddler.port})
        for _ in range(TRIES):
            with suppress(ConnectionError, OSError, BrokenAnswerError):
                await client.fetch(job)
            if job.received == job.size and not target.with_name(target.name + ".aria2").exists():
                break
    assert meddler.suffered == 1, "the cut came"
    assert meddler.bytes_down < 1.25 * job.size, "it did not begin again"
    _check(job, client)


def _check(job: Job, client: Client) -> None:
    """Compare what arrived."""
    arrived = hashlib.sha256(job.target.read_bytes()).hexdigest()
    assert arrived == hashlib.sha256(client.data).hexdigest()
