"""The reference device passes every case."""

from pathlib import Path

import pytest
from stack.broker import Broker

from mqtt_ota_check.case import Outcome
from mqtt_ota_check.catalogue import CASES

from .rig import Plug, check, reference_device

pytestmark = pytest.mark.e2e


async def test_reference_device_passes_every_case(broker: Broker, tmp_path: Path) -> None:
    """A good device has nothing to mend, and no case is skipped or weakly passed."""
    results = await check([], Plug(reference_device(broker, tmp_path)), broker)
    assert {
        name: (result.verdict, result.history)
        for name, result in results.items()
        if result.verdict.outcome is not Outcome.PASSED
    } == {}
    assert list(results) == [case.name for case in CASES]
    assert {
        name: result.verdict.remark for name, result in results.items() if result.verdict.remark
    } == {"server-down": "it goes on asking with pauses"}
