"""The device: answers queries, carries out upgrades, reports. Bring an MQTT client."""

from time import sleep, time

from ota_download import Download
from ota_messages import (
    ALREADY_LATEST,
    BUSY,
    OUT_OF_MEMORY,
    UNSUPPORTED,
    UpgradeError,
    progress_report,
    read_events,
    read_upgrade,
    version_report,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ota_store import Store

KEEPALIVE = 60
RECONNECT = 10
IDLE = 0.05
STEP = 10


class Device:
    """One device over one MQTT client with the methods of `umqtt.simple`.

    `kind` is what packages replace: firmware or software. `ca` is the file (DER) of the depot's
    authority; without it anybody may play the depot, and only the SHA-256 protects the device.
    `client_errors` are what the client raises when the broker is lost or refuses.
    """

    def __init__(
        self,
        client: "Any",
        store: "Store",
        device_id: str,
        kind: str = "firmware",
        prefix: str = "$oc/devices",
        ca: "str | None" = None,
        patience: "tuple[int, float]" = (20, 1),
        client_errors: "tuple[type[Exception], ...]" = (OSError,),
    ) -> None:
        """Put the parts together; nothing starts before `run`."""
        self._client = client
        self._store = store
        self._id = device_id
        self._kind = kind
        self._topic = f"{prefix}/{device_id}/sys/events/"
        self._ca = ca
        self._patience = patience
        self._client_errors = client_errors
        self._inbox: list[bytes] = []
        self._online = False
        self._acted = 0.0
        self._work: Iterator[None] | None = None
        self._told = 0
        client.set_callback(self._receive)

    def run(self) -> None:
        """Live until an image is ready to be started; then restart the board."""
        self._store.boot()
        while not self._store.state.get("staged"):
            self._serve()
            if self._work is None:
                self._begin()
                sleep(IDLE)
            else:
                self._advance()

    def _receive(self, _topic: bytes, payload: bytes) -> None:
        """Keep a message; the client is in the middle of something, and must not be used here."""
        self._inbox.append(payload)

    def _serve(self) -> None:
        """Do what MQTT wants done, and come back when the connection was lost."""
        due = not 0 <= time() - self._acted < (KEEPALIVE // 2 if self._online else RECONNECT)
        try:
            if not self._online and due:
                self._come_online()
            elif self._online:
                self._client.check_msg()
                if due:
                    self._client.ping()
                    self._acted = time()
                while self._inbox:
                    for event, paras in read_events(self._inbox.pop(0), self._id):
                        self._handle(event, paras)
        except self._client_errors as err:
            self._lose(err)

    def _come_online(self) -> None:
        """Connect, listen, report what runs, and the result that is still due."""
        self._client.connect()
        self._client.subscribe((self._topic + "down").encode(), 1)
        self._online = True
        self._acted = time()
        self._publish(version_report(self._kind, self._store.state["version"]))
        self._send_result()

    def _handle(self, event: str, paras: "dict[str, Any]") -> None:
        """Do what one event asks."""
        if event == "version_query":
            self._publish(version_report(self._kind, self._store.state["version"]))
        elif event in ("firmware_upgrade", "software_upgrade"):
            try:
                self._command(event, paras)
            except UpgradeError as err:
                print("refused:", err.reason)
                self._report(err.code, description=err.reason)

    def _command(self, event: str, paras: "dict[str, Any]") -> None:
        """Keep a command, so that a restart cannot lose it; raises UpgradeError."""
        if event != self._kind + "_upgrade":
            raise UpgradeError(UNSUPPORTED, "this device has none of its own")
        wanted = read_upgrade(paras)
        running = self._store.state.get("upgrade")
        if running is None:
            if wanted["version"] == self._store.state["version"]:
                raise UpgradeError(ALREADY_LATEST, "runs already")
            # The bytes of an earlier attempt are worth something for the same package only.
            if self._store.state.get("part") != wanted["sign"]:
                self._store.discard()
            self._store.save(upgrade=wanted, part=wanted["sign"], result=None)
        elif (running["version"], running["sign"]) == (wanted["version"], wanted["sign"]):
            running.update(wanted)
            self._store.save()
        else:
            raise UpgradeError(BUSY, "busy with " + running["version"])

    def _begin(self) -> None:
        """Start the download that is due, or what a restart left of it."""
        upgrade = self._store.state.get("upgrade")
        if upgrade is not None:
            print("upgrading to", upgrade["version"])
            self._told = 0
            self._work = Download(upgrade, self._store, self._ca, self._patience).run()

    def _advance(self) -> None:
        """Go on with the download by one piece."""
        upgrade = self._store.state["upgrade"]
        try:
            if self._work is not None:
                next(self._work)
            percent = self._store.stored() * 100 // upgrade["file_size"]
            if 0 < percent < 100 and percent >= self._told + STEP:
                self._told = percent
                self._report(0, percent)
        except StopIteration:
            self._install(upgrade["version"])
        except UpgradeError as err:
            self._fail(err.code, err.reason)
        except MemoryError:
            self._fail(OUT_OF_MEMORY, "out of memory")

    def _install(self, version: str) -> None:
        """Make the package what runs next; its version is reported only when it does run."""
        self._report(0, 100)
        self._store.stage(version)

    def _fail(self, code: int, reason: str) -> None:
        """End the upgrade, and keep its result until the broker has it."""
        print("failed:", code, reason)
        self._work = None
        self._store.save(upgrade=None, result=[code, reason])
        self._send_result()

    def _send_result(self) -> None:
        """Send the result that is due; QoS 1 comes back when the broker has it."""
        result = self._store.state.get("result")
        if result is not None:
            code, reason = result
            if self._report(code, 100 if code == 0 else None, reason):
                self._store.save(result=None)

    def _report(self, code: int, progress: "int | None" = None, description: str = "") -> bool:
        """Tell how the upgrade goes; return whether the broker has it."""
        version = self._store.state["version"]
        return self._publish(progress_report(code, version, progress, description))

    def _publish(self, payload: bytes) -> bool:
        """Send an event; return whether the broker has it."""
        if not self._online:
            return False
        try:
            self._client.publish((self._topic + "up").encode(), payload, False, 1)
        except self._client_errors as err:
            self._lose(err)
            return False
        return True

    def _lose(self, err: Exception) -> None:
        """Go on without the broker for a while."""
        print("MQTT:", err)
        self._online = False
        self._acted = time()
