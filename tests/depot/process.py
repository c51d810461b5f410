"""The depot as a process of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import json
from pathlib import Path
import signal
import ssl
import subprocess
import sys
import time
from typing import Any

from aiohttp import ClientSession, TCPConnector

from .rig import KEY, Rig

COMMAND = [sys.executable, "-m", "mqtt_ota_depot"]


class DepotProcess:
    """A started depot on a free port of 127.0.0.1."""

    def __init__(
        self,
        data_dir: Path,
        *options: str,
        api_key: str | None = KEY,
        limit: str | None = None,
        module: str = "mqtt_ota_depot",
    ) -> None:
        """Start the depot, or a module that changes its world, and wait until it listens.

        `limit` is an option of `prlimit`, such as `--fsize=8000000`.
        """
        self.data_dir = data_dir
        self.log = data_dir.with_suffix(".log")
        prefix = [] if limit is None else ["prlimit", limit]
        arguments = ["--data-dir", str(data_dir), "--host", "127.0.0.1", "--port", "0"]
        if api_key is not None:
            arguments += ["--api-key", api_key]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-m", module, "serve", *arguments, *options],
                stdout=log,
                stderr=log,
            )
        self.endpoint = self._wait()

    @property
    def url(self) -> str:
        """Return the base of its URLs."""
        return str(self.endpoint["url"])

    @property
    def ca(self) -> str:
        """Return the file of the certificate to trust."""
        return str(self.data_dir / "certificates" / "ca.pem")

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        return int(self.url.rpartition(":")[2])

    @property
    def tls(self) -> ssl.SSLContext | None:
        """Return what a client trusts, None where the depot speaks plain HTTP."""
        if self.endpoint["fingerprint"] is None:
            return None
        return ssl.create_default_context(cafile=self.ca)

    def memory(self, name: str = "VmRSS") -> int:
        """Return the process's memory in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(name + ":"))
        return int(line.split()[1]) * 1024

    def stop(self) -> int:
        """Ask it to stop; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def kill(self) -> None:
        """Kill it without a word."""
        self.process.kill()
        self.process.wait(10)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Rig]:
        """Return a client that trusts the depot's authority."""
        async with ClientSession(connector=TCPConnector(ssl=self.tls or True)) as session:
            yield Rig(url=self.url, data_dir=self.data_dir, session=session)

    def _wait(self) -> dict[str, Any]:
        """Return what the process announces."""
        file = self.data_dir / "endpoint.json"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with suppress(FileNotFoundError):
                endpoint = dict(json.loads(file.read_text()))
                if endpoint["pid"] == self.process.pid:
                    return endpoint
            time.sleep(0.02)
        self.process.kill()
        raise AssertionError(self.log.read_text())


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command of the depot to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=30, check=False, **options
    )
