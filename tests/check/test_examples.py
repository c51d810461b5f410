"""The examples for makers pass the cases, as programs that are switched off in mid-download."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest
from stack.broker import Broker

from mqtt_ota_check.case import Outcome
from tests.clients.example_devices import EVERY_EXAMPLE, Example, Settings

from .rig import DEVICE_ID, check

pytestmark = [pytest.mark.e2e, pytest.mark.long]

# One of each sort, and what they need: the whole list takes a minute for each example.
NAMES = ("message-1k", "device-restart", "broker-restart", "withdrawn-package", "garbled-bytes")


class Socket:
    """The mains socket of a device that is a program."""

    def __init__(self, example: Example, settings: Settings) -> None:
        """Take the device; nothing runs yet."""
        self._example = example
        self._settings = settings
        self._power = ExitStack()

    def insert(self) -> None:
        """Start the device."""
        self._power.enter_context(self._example.running(self._settings))

    def pull(self) -> None:
        """Kill the device."""
        self._power.close()

    async def restart(self) -> None:
        """Kill it, and start it again."""
        await asyncio.to_thread(self.pull)
        self.insert()


@pytest.mark.parametrize("example", EVERY_EXAMPLE, ids=lambda example: example.name)
async def test_example_passes(example: Example, broker: Broker, tmp_path: Path) -> None:
    """What makers copy has nothing to mend."""
    settings = Settings(device_id=DEVICE_ID, broker_port=broker.port, folder=tmp_path / "device")
    results = await check(NAMES, Socket(example, settings), broker)
    assert {
        name: (result.verdict, result.history)
        for name, result in results.items()
        if result.verdict.outcome is not Outcome.PASSED
    } == {}
    assert set(NAMES) < set(results)
