"""A small device that does everything right, in pieces that a broken one can get wrong."""

from dataclasses import dataclass
import hashlib
import http.client
import json
import threading
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

TOPIC = "$oc/devices/kitchen/sys/events/"
PATIENCE = 60
PAUSE = 0.05
VERIFICATION_FAILED = 7
DOWNLOAD_FAILED = 6

Command = dict[str, Any]


class RefusedError(Exception):
    """The upgrade ends with this result code."""

    def __init__(self, code: int) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Flash:
    """What survives a restart."""

    version: str = "1"
    command: Command | None = None
    have: bytes = b""
    has_news: bool = False


class SimpleDevice:
    """One run of the device, from power on to power off."""

    def __init__(self, port: int, flash: Flash) -> None:
        """Prepare."""
        self.flash = flash
        self._port = port
        self.off = threading.Event()
        self._worker: threading.Thread | None = None
        self._client = self._new_client()

    def run(self) -> None:
        """Live until `stop`."""
        self._go_online()
        if self.flash.command:
            self.begin(self.flash.command)
        self.off.wait()
        if self._worker:
            self._worker.join(5)
        self._go_offline()

    def stop(self) -> None:
        """Cut the power."""
        self.off.set()

    def receive(self, payload: bytes) -> None:
        """Do what a message asks."""
        try:
            services = json.loads(payload)["services"]
            for service in services:
                if service["service_id"] == "$ota":
                    self.handle(service["event_type"], service["paras"])
        except ValueError, KeyError, TypeError:
            return

    def handle(self, event_type: str, paras: Command) -> None:
        """Handle one event."""
        if event_type == "version_query":
            self.report_version()
        elif event_type == "firmware_upgrade":
            self.command(paras)

    def command(self, command: Command) -> None:
        """Begin an upgrade, renew the running one, or refuse."""
        running = self.flash.command
        if not {"version", "url", "file_size", "sign", "access_token"} <= command.keys():
            self.report(255)
        elif running and running["version"] == command["version"]:
            self.flash.command = command
        elif running:
            self.report(1)
        elif command["version"] == self.flash.version:
            self.report(3)
        else:
            self.begin(command)

    def begin(self, command: Command) -> None:
        """Download beside MQTT."""
        self.keep(command)
        self._worker = threading.Thread(target=self.upgrade, daemon=True)
        self._worker.start()

    def keep(self, command: Command) -> None:
        """Remember the command over restarts."""
        if not (self.flash.command and self.flash.command["sign"] == command["sign"]):
            self.flash.have = b""
        self.flash.command = command

    @property
    def running(self) -> Command:
        """Return the command that is carried out."""
        assert self.flash.command
        return self.flash.command

    def upgrade(self) -> None:
        """Carry the command out to its end."""
        try:
            self.fetch()
            self.verify()
        except RefusedError as err:
            self.flash.command = None
            self.report(err.code)
            return
        if not self.off.is_set():
            self.restart()

    def fetch(self) -> None:
        """Ask until every byte is there."""
        for _ in range(PATIENCE):
            if self.off.is_set() or len(self.flash.have) >= self.running["file_size"]:
                return
            try:
                self.request()
            except OSError, http.client.HTTPException:
                self.after_cut()
        if len(self.flash.have) < self.running["file_size"]:
            raise RefusedError(DOWNLOAD_FAILED)

    def after_cut(self) -> None:
        """Wait before the next try."""
        self.off.wait(PAUSE)

    def request(self) -> None:
        """Ask once for what is missing."""
        parts = urlsplit(self.running["url"])
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=1)
        self.connection = connection
        headers = {"Authorization": f"Bearer {self.running['access_token']}"}
        if self.flash.have:
            headers["Range"] = f"bytes={len(self.flash.have)}-"
        try:
            connection.request("GET", parts.path, headers=headers)
            response = connection.getresponse()
            self.judge(response)
            self.take(response)
        finally:
            connection.close()

    def judge(self, response: http.client.HTTPResponse) -> None:
        """Decide what an answer means for the bytes so far."""
        size, have = self.running["file_size"], len(self.flash.have)
        if response.status == 200:
            self.flash.have = b""
        elif response.status == 206:
            places = response.headers.get_all("Content-Range", [])
            known = {f"bytes {have}-{last}/{size}" for last in range(have, size)}
            if len(places) != 1 or places[0] not in known:
                self.flash.have = b""
                raise http.client.HTTPException
        elif response.status >= 500 or response.status == 429:
            raise http.client.HTTPException
        else:
            raise RefusedError(DOWNLOAD_FAILED)

    def take(self, response: http.client.HTTPResponse) -> None:
        """Keep bytes up to the size that is known."""
        while (left := self.running["file_size"] - len(self.flash.have)) > 0:
            data = response.read1(min(left, 4096))
            if not data:
                raise ConnectionError
            self.flash.have += data

    def verify(self) -> None:
        """Compare the hash."""
        if self.off.is_set():
            return
        if hashlib.sha256(self.flash.have).hexdigest() != self.running["sign"]:
            self.flash.have = b""
            raise RefusedError(VERIFICATION_FAILED)

    def restart(self) -> None:
        """Come back as the new version."""
        self.flash.version = self.running["version"]
        self.flash.command = None
        self.flash.have = b""
        self.flash.has_news = True
        self._go_offline()
        self._client = self._new_client()
        self._go_online()

    def _new_client(self) -> mqtt.Client:
        """Return a connection for one start of the image."""
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda client, *_: client.subscribe(f"{TOPIC}down", qos=1)
        client.on_subscribe = lambda *_: self.come_online()
        client.on_message = lambda _client, _data, message: self.receive(message.payload)
        return client

    def _go_online(self) -> None:
        """Connect."""
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()

    def _go_offline(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def come_online(self) -> None:
        """Report the version after each connection, and a success once."""
        self.report_version()
        if self.flash.has_news:
            self.flash.has_news = False
            self.report(0, progress=100)

    def report_version(self) -> None:
        """Tell the version that runs."""
        self.send("version_report", {"fw_version": self.flash.version})

    def report(self, code: int, *, version: str | None = None, progress: int | None = None) -> None:
        """Tell a result."""
        paras = {"result_code": code, "version": version or self.flash.version}
        self.send("upgrade_progress_report", paras | ({"progress": progress} if progress else {}))

    def send(self, event_type: str, paras: Command) -> None:
        """Send an event."""
        service = {"service_id": "$ota", "event_type": event_type, "paras": paras}
        self._client.publish(f"{TOPIC}up", json.dumps({"services": [service]}), qos=1)
