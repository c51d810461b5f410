"""The depot as its own process, and its API as a maker uses it."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
import json
from pathlib import Path
import re
import ssl
import subprocess
import sys
from typing import Any
from uuid import uuid4

import aiohttp

from .errors import StackError
from .json_client import Answer, JsonClient, NoAnswerError
from .package import NewPackage
from .places import console_command
from .ports import LOOPBACK, free_port
from .processes import Process

READY_SECONDS = 30.0
CA_FILE = Path("certificates", "ca.pem")
SNAPSHOT_SECONDS = 10.0
GRANT_LINE = " POST /api/v1/grants 201 "
DOWNLOAD_LINE = re.compile(r" GET /p/[0-9a-f]+ (\d{3}) ")


class Depot:
    """A depot over HTTPS that keeps its data and its port over restarts."""

    def __init__(
        self,
        folder: Path,
        *,
        tls: bool = True,
        launcher: Sequence[str] = (sys.executable, "-m", "mqtt_ota_depot"),
        # Requests are logged at this level only, and they prove what was resumed.
        options: Sequence[str] = ("--log-level", "debug"),
    ) -> None:
        """Remember where the depot keeps its data; nothing runs yet."""
        folder.mkdir(parents=True)
        self.data = folder / "data"
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://{LOOPBACK}:{self.port}"
        command = [*launcher, "serve", "--data-dir", str(self.data), "--host", LOOPBACK]
        command += ["--port", str(self.port), "--device-url", self.url, "--tls", str(tls).lower()]
        command += options
        self.process = Process("The depot", command, log=folder / "depot.log", folder=folder)

    @property
    def api_key(self) -> str:
        """Return the key that the depot made on its first start."""
        return (self.data / "api_key").read_text(encoding="utf-8").strip()

    @property
    def ca_file(self) -> Path:
        """Return the certificate authority that the depot made on its first start."""
        return self.data / CA_FILE

    @property
    def fingerprint(self) -> str:
        """Return what the depot's own command tells the person who compares."""
        command = [str(console_command("mqtt-ota")), "fingerprint", "--data-dir", str(self.data)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def start(self) -> None:
        """Start the depot and wait until it answers."""
        self.process.start()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until the depot answers."""
        self.process.wait_until(lambda: self._is_healthy() or None, "answering", READY_SECONDS)

    def stop(self) -> None:
        """Shut the depot down."""
        self.process.stop()

    def kill(self) -> None:
        """End the depot as a power cut does."""
        self.process.kill()

    def upload(self, package: NewPackage) -> dict[str, Any]:
        """Upload a package as `curl -F` does; return what the depot made of it."""
        fields = {
            "kind": package.kind,
            "model": package.model,
            "version": package.version,
            "release_notes": package.release_notes,
            "sha256": package.sha256,
        }
        boundary = uuid4().hex
        answer = self._request(
            "POST",
            "/packages",
            body=_multipart(boundary, fields, f"{package.model}.bin", package.content),
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        if answer.status != HTTPStatus.CREATED:
            raise StackError(f"The depot refused the upload ({answer.status}): {answer.text}")
        uploaded: dict[str, Any] = answer.data
        return uploaded

    def packages(self) -> list[dict[str, Any]]:
        """Return the packages."""
        answer = self._request("GET", "/packages", body=b"", headers={})
        packages: list[dict[str, Any]] = answer.data["packages"]
        return packages

    def installed_on(self, package: NewPackage) -> list[str]:
        """Return the ids of the devices that run a package, as Home Assistant told."""
        identity = (package.kind, package.model, package.version)
        for each in self.packages():
            if (each["kind"], each["model"], each["version"]) == identity:
                path = f"/packages/{each['id']}/installations"
                answer = self._request("GET", path, body=b"", headers={})
                return [device["device_id"] for device in answer.data["devices"]]
        raise StackError(f"The depot has no {' '.join(identity)}")

    def grant(self, package_id: str, device_id: str, task_id: str) -> dict[str, Any]:
        """Grant a download as the integration does; return the URL and the token."""
        wanted = {"package_id": package_id, "device_id": device_id, "task_id": task_id}
        answer = self._request(
            "POST",
            "/grants",
            body=json.dumps({**wanted, "expires_in": 24 * 3600}).encode(),
            headers={"Content-Type": "application/json"},
        )
        if answer.status != HTTPStatus.CREATED:
            raise StackError(f"The depot granted nothing ({answer.status}): {answer.text}")
        granted: dict[str, Any] = answer.data
        return granted

    def revoke(self, grant_id: str) -> None:
        """Take a download right back."""
        self._request("DELETE", f"/grants/{grant_id}", body=b"", headers={})

    def transfers(self) -> list[dict[str, Any]]:
        """Return what the depot saw of each download under a live grant."""
        try:
            snapshot = asyncio.run(self._snapshot())
        except (aiohttp.ClientError, TimeoutError) as err:
            raise NoAnswerError(f"{self.url} sent no events: {err}") from err
        transfers: list[dict[str, Any]] = snapshot["transfers"]
        return transfers

    def download_statuses(self) -> list[int]:
        """Return the status of each download that was answered to its end: 206 if resumed."""
        lines = self.process.log.read_text(encoding="utf-8").splitlines()
        return [int(found[1]) for line in lines if (found := DOWNLOAD_LINE.search(line))]

    def grants_created(self) -> int:
        """Return how often the depot has granted a download since its log began."""
        return self.process.log.read_text(encoding="utf-8").count(GRANT_LINE)

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return a context that verifies the depot, name included; None for plain HTTP."""
        if self.url.startswith("http:"):
            return None
        return ssl.create_default_context(cafile=str(self.ca_file))

    def log_tail(self, lines: int = 25) -> str:
        """Return the last lines of the depot's log."""
        return self.process.log_tail(lines)

    def _is_healthy(self) -> bool:
        """Return whether the depot answers, over HTTPS verified."""
        if self.url.startswith("https:") and not self.ca_file.exists():
            return False
        try:
            return self._client().request("GET", "/health").status == HTTPStatus.OK
        except NoAnswerError:
            return False

    def _request(
        self, method: str, path: str, *, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        """Return the answer to a request with the API key."""
        return self._client().request(
            method,
            f"/api/v1{path}",
            body=body,
            headers={**headers, "Authorization": f"Bearer {self.api_key}"},
        )

    def _client(self) -> JsonClient:
        """Return a client that trusts this depot's authority only."""
        return JsonClient(self.url, ssl_context=self.ssl_context())

    async def _snapshot(self) -> dict[str, Any]:
        """Return the first message of the event stream."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        async with (
            asyncio.timeout(SNAPSHOT_SECONDS),
            aiohttp.ClientSession(headers=headers) as session,
            session.ws_connect(
                f"{self.url}/api/v1/events", ssl=self.ssl_context() or True
            ) as stream,
        ):
            snapshot: dict[str, Any] = json.loads(await stream.receive_str())
            return snapshot


def _multipart(boundary: str, fields: Mapping[str, str], name: str, content: bytes) -> bytes:
    """Return a form with text fields and, last, the file."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    file_head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return "".join([*parts, file_head]).encode() + content + f"\r\n--{boundary}--\r\n".encode()
