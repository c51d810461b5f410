"""All parts together: a broker, a depot, a Home Assistant that knows both, and devices."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .broker import Broker, BrokerKind, Login
from .depot import Depot
from .device import Device
from .home_assistant import HomeAssistant
from .package import NewPackage
from .processes import Process

DEVICE_REPORTS = "$oc/devices/+/sys/events/up"
ENTITY_SECONDS = 30.0
OFFER_SECONDS = 15.0


@dataclass(kw_only=True, slots=True)
class World:
    """Everything that runs, in one folder."""

    folder: Path
    broker: Broker
    depot: Depot
    home_assistant: HomeAssistant
    devices: list[Device] = field(default_factory=list)

    def add_device(
        self,
        device_id: str,
        *,
        throttle: int | None = None,
        options: Sequence[str] = (),
        firmware: str = "1.0.0",
    ) -> Device:
        """Prepare a device; it is off until it is started."""
        device = Device(
            self.folder / device_id,
            device_id=device_id,
            broker=self.broker,
            ca_file=self.depot.ca_file,
            firmware=firmware,
            throttle=throttle,
            options=options,
        )
        self.devices.append(device)
        return device

    def wait_for_device(self, device: Device) -> dict[str, Any]:
        """Return the device's update entity once Home Assistant knows the device."""
        firmware = device.installed_firmware()["version"]
        return self.home_assistant.api.wait_for_state(
            device.entity_id, "off", ENTITY_SECONDS, installed_version=firmware
        )

    def offer(self, device: Device, package: NewPackage) -> dict[str, Any]:
        """Upload a package; return the device's update entity once it offers that."""
        self.depot.upload(package)
        return self.home_assistant.api.wait_for_state(
            device.entity_id, "on", OFFER_SECONDS, latest_version=package.version
        )

    def stop_devices(self) -> None:
        """Switch every device off and forget it."""
        while self.devices:
            self.devices.pop().stop()

    def processes(self) -> list[Process]:
        """Return everything that should be running."""
        parts = [self.home_assistant.process, self.depot.process, self.broker.process]
        return parts + [device.process for device in self.devices]

    def transfer(self, device: Device) -> dict[str, Any] | None:
        """Return what the depot saw of the device's newest download."""
        transfers = [item for item in self.depot.transfers() if item["device_id"] == device.id]
        return transfers[-1] if transfers else None


@contextmanager
def running_world(
    folder: Path,
    *,
    broker_kind: BrokerKind | None = None,
    on_step: Callable[[str], None] = lambda _: None,
) -> Iterator[World]:
    """Yield a world in which Home Assistant is set up; stop all of it at the end."""
    logins = (Login(username="home_assistant"), Login(username="devices"))
    with ExitStack() as stack:
        broker = Broker(folder / "broker", logins=logins, kind=broker_kind)
        depot = Depot(folder / "depot")
        home_assistant = HomeAssistant(folder / "home_assistant")
        on_step(f"starting Home Assistant, the depot and the broker ({broker.kind})")
        parts = (home_assistant, depot, broker)
        # Together, for Home Assistant is slow to start.
        for part in parts:
            stack.enter_context(part.process)
        for part in parts:
            part.wait_ready()
        on_step("adding MQTT and MQTT OTA to Home Assistant")
        home_assistant.add_broker(broker)
        home_assistant.add_depot(depot)
        broker.wait_for_subscriber(DEVICE_REPORTS)
        world = World(folder=folder, broker=broker, depot=depot, home_assistant=home_assistant)
        stack.callback(world.stop_devices)
        yield world
