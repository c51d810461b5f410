"""A device and everything that checks it, in one process."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
import ssl
import threading
from typing import Protocol

from stack.broker import Broker

from mqtt_ota_check.bench import Bench, Limits
from mqtt_ota_check.case import Result
from mqtt_ota_check.catalogue import chosen
from mqtt_ota_check.package import Packages
from mqtt_ota_check.platform import Platform
from mqtt_ota_check.runner import run
from mqtt_ota_check.server import PackageServer
from mqtt_ota_tools.connection import Broker as BrokerAddress
from mqtt_ota_tools.protocol import Kind
from reference_device.device import Device
from reference_device.download import DownloadOptions, Patience
from reference_device.faults import Faults
from reference_device.flash import Flash
from reference_device.link import Broker as DeviceBroker
from reference_device.messages import Kind as DeviceKind

DEVICE_ID = "kitchen"
SIZE = 64 * 1024
LIMITS = Limits(answer=3, idle=3, quiet=0.3, case=20)
HASTY = Patience(first_wait=0.05, longest_wait=0.2, timeout=2)


class Runnable(Protocol):
    """What plays a device."""

    def run(self) -> None:
        """Live until `stop`."""

    def stop(self) -> None:
        """End soon."""


class Switch(Protocol):
    """What switches a device on and off."""

    def insert(self) -> None:
        """Start the device."""

    def pull(self) -> None:
        """End the device."""

    async def restart(self) -> None:
        """Pull and insert."""


class Plug:
    """The mains plug of a device: it runs while it is in."""

    def __init__(self, make: Callable[[], Runnable]) -> None:
        """Take who makes the device anew at each start."""
        self._make = make
        self._device: Runnable | None = None
        self._thread: threading.Thread | None = None

    def insert(self) -> None:
        """Start the device."""
        self._device = self._make()
        self._thread = threading.Thread(target=self._device.run, daemon=True)
        self._thread.start()

    def pull(self) -> None:
        """End the device."""
        assert self._device
        assert self._thread
        self._device.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()

    async def restart(self) -> None:
        """Pull and insert."""
        await asyncio.to_thread(self.pull)
        self.insert()


def reference_device(
    broker: Broker, folder: Path, *, device_id: str = DEVICE_ID, tls: ssl.SSLContext | None = None
) -> Callable[[], Device]:
    """Return a maker of reference devices that share a flash, with little patience."""
    trust = tls or ssl.create_default_context()
    return lambda: Device(
        device_id,
        broker=DeviceBroker(host="127.0.0.1", port=broker.port, tls=tls),
        flash=Flash(folder, {DeviceKind.FIRMWARE: "1"}),
        downloads=DownloadOptions(tls=trust, patience=HASTY),
        faults=Faults(),
        reboot_seconds=0.05,
    )


async def check(
    names: Sequence[str],
    plug: Switch,
    broker: Broker,
    *,
    limits: Limits = LIMITS,
    tls: ssl.SSLContext | None = None,
    server_tls: ssl.SSLContext | None = None,
) -> dict[str, Result]:
    """Run cases against the device in a plug and return their results by name."""
    server = PackageServer("127.0.0.1", tls=server_tls)
    bench = Bench(
        DEVICE_ID,
        Kind.FIRMWARE,
        packages=Packages((), random_size=SIZE),
        server=server,
        limits=limits,
        restart_device=plug.restart,
        restart_broker=lambda: _restart(broker),
    )
    address = BrokerAddress(host="127.0.0.1", port=broker.port, tls=tls)
    platform = Platform(address, DEVICE_ID, bench.receive)
    await server.start("127.0.0.1", 0, bench.on_download)
    await platform.connect()
    bench.send = platform.send
    plug.insert()
    try:
        await bench.next_report(5)
        return {result.case.name: result async for result in run(chosen(names), bench)}
    finally:
        plug.pull()
        await platform.close()
        await server.stop()


async def _restart(broker: Broker) -> None:
    """Restart the broker."""
    broker.stop()
    # In this thread: the broker dies with the thread that started it.
    broker.start()
