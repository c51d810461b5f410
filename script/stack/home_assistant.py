"""A real Home Assistant with its web page, on the loopback address."""

from pathlib import Path
from typing import Any

from .broker import Broker
from .depot import Depot
from .errors import MissingPartError, StackError
from .hass_api import HassApi
from .hass_config import Owner, write_config
from .places import console_command
from .ports import LOOPBACK, free_port
from .processes import Process

# The first start creates databases and compiles every module.
READY_SECONDS = 120.0


class HomeAssistant:
    """One Home Assistant that keeps its folder and its port over restarts."""

    def __init__(self, folder: Path) -> None:
        """Write the configuration of a home that is set up already."""
        command = console_command("hass")
        if not command.exists():
            raise MissingPartError(f"{command} is missing: run script/setup first")
        self.folder = folder / "config"
        self.owner = Owner()
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.api = HassApi(self.url, self.owner)
        write_config(self.folder, port=self.port, owner=self.owner)
        self.process = Process(
            "Home Assistant",
            [command, "--config", self.folder, "--skip-pip"],
            log=folder / "home_assistant.log",
            folder=self.folder,
        )

    def start(self) -> None:
        """Start Home Assistant and wait until every integration has started."""
        self.process.start()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until every integration has started."""
        self.process.wait_until(
            lambda: self.api.is_running() or None, "reporting that it runs", READY_SECONDS
        )

    def stop(self) -> None:
        """Shut Home Assistant down."""
        self.process.stop(30)

    def kill(self) -> None:
        """End Home Assistant as a power cut does."""
        self.process.kill()

    def add_broker(self, broker: Broker) -> dict[str, Any]:
        """Set the MQTT integration up by its dialog; return the entry."""
        login = broker.logins[0] if broker.logins else None
        values = {
            "broker": LOOPBACK,
            "port": broker.port,
            "protocol": broker.protocol,
            "other_settings": {
                "set_client_cert": False,
                "set_ca_cert": "off",
                "transport": "tcp",
            },
        }
        if login:
            values |= {"username": login.username, "password": login.password}
        step = self.api.answer_flow(self.api.start_flow("mqtt"), values)
        return self._created(step)

    def add_depot(self, depot: Depot) -> dict[str, Any]:
        """Set MQTT OTA up by its dialog, as a user who compared the fingerprint."""
        step = self.api.start_flow("mqtt_ota")
        step = self.api.answer_flow(step, {"url": depot.url, "api_key": depot.api_key})
        if step.get("step_id") == "certificate":
            step = self.api.answer_flow(step, {"confirm": True})
        return self._created(step)

    def _created(self, step: dict[str, Any]) -> dict[str, Any]:
        """Return the entry that a finished dialog created."""
        if step.get("type") != "create_entry":
            told = {key: step.get(key) for key in ("type", "step_id", "reason", "errors")}
            raise StackError(f"The set-up dialog did not finish: {told}")
        entry: dict[str, Any] = step["result"]
        return entry
