"""The reference device as its own process."""

from collections.abc import Sequence
import hashlib
import json
from pathlib import Path
import sys
from typing import Any

from .broker import Broker
from .places import EXAMPLES
from .ports import LOOPBACK
from .processes import Process

BOOT_SECONDS = 15.0


class Device:
    """One device that keeps its flash over restarts."""

    def __init__(
        self,
        folder: Path,
        *,
        device_id: str,
        broker: Broker,
        ca_file: Path,
        firmware: str = "1.0.0",
        throttle: int | None = None,
        options: Sequence[str] = (),
    ) -> None:
        """Remember how the device is started; `options` are its own, such as faults."""
        folder.mkdir(parents=True)
        self.id = device_id
        self.flash = folder / "flash"
        login = broker.logins[-1] if broker.logins else None
        command = [sys.executable, "-m", "reference_device", "--device-id", device_id]
        command += ["--host", LOOPBACK, "--port", str(broker.port), "--ca-file", str(ca_file)]
        command += ["--firmware", firmware, "--state-dir", str(self.flash)]
        if login:
            command += ["--username", login.username]
        if throttle:
            command += ["--throttle", str(throttle)]
        self.process = Process(
            f"Device {device_id}",
            [*command, *options],
            log=folder / "device.log",
            folder=EXAMPLES,
            environment={"MQTT_PASSWORD": login.password} if login else None,
        )

    @property
    def model(self) -> str:
        """Return the model that MQTT OTA takes from the device's id."""
        return self.id.split("_", maxsplit=1)[0]

    @property
    def entity_id(self) -> str:
        """Return the id of its firmware's update entity."""
        return f"update.{self.id}_firmware"

    @property
    def _flash_file(self) -> Path:
        """Return the file in which the device keeps what it runs."""
        return self.flash / "flash.json"

    def start(self) -> None:
        """Start the device and wait until it has booted; it comes online by itself."""
        self.process.start()
        self.process.wait_until(self._flash_file.exists, "booting", BOOT_SECONDS)

    def stop(self) -> None:
        """Switch the device off."""
        self.process.stop()

    def installed_firmware(self) -> dict[str, Any]:
        """Return what the flash says it runs: version, slot and sha256."""
        state = json.loads(self._flash_file.read_bytes())
        image: dict[str, Any] = state["installed"]["firmware"]
        return image

    def installed_sha256(self) -> str | None:
        """Return the hash of the bytes that are in the running slot."""
        slot = self.installed_firmware()["slot"]
        if slot is None:
            return None
        return hashlib.sha256((self.flash / f"firmware.{slot}.bin").read_bytes()).hexdigest()

    def resumed_at(self) -> list[int]:
        """Return the offsets at which downloads went on after a cut, from the device's log."""
        words = "resuming at byte "
        lines = self.process.log.read_text(encoding="utf-8").splitlines()
        return [int(line.split(words)[1].split()[0]) for line in lines if words in line]
