"""Each broken device fails the case that names its fault, and the verdict tells the fault."""

import pytest
from stack.broker import Broker

from mqtt_ota_check.bench import Limits
from mqtt_ota_check.case import Outcome
from mqtt_ota_check.catalogue import chosen

from .broken_devices import devices
from .broken_devices.simple_device import Flash, SimpleDevice
from .rig import Plug, check

pytestmark = pytest.mark.e2e

LIMITS = Limits(answer=1, idle=1.2, quiet=0.3, case=10)

BROKEN = [
    (devices.Mute, "version-query", "does not answer"),
    (devices.Eager, "same-version", "does not compare the command's version"),
    (devices.Brittle, "malformed-messages", "ended the code that reads messages"),
    (devices.Liar, "good-package", "without having every byte"),
    (devices.ReadsToEnd, "kept-open", "until the server closes"),
    (devices.SmallBuffer, "message-1k", "buffer is smaller than 1 KiB"),
    (devices.FirstServiceOnly, "unknown-fields", "first entry of 'services' only"),
    (devices.Searcher, "reordered-fields", "fixed positions"),
    (devices.Quitter, "cut-50", "ends the upgrade when the connection breaks"),
    (devices.Mixer, "two-upgrades", "share one download"),
    (devices.Forgetful, "device-restart", "forgets the command"),
    (devices.Trusting, "wrong-hash", "does not compare the SHA-256"),
    (devices.StatusBlind, "expired-token", "does not look at the status"),
    (devices.Silent, "withdrawn-package", "without a report when it is 404"),
    (devices.Hammerer, "server-down", "without a pause"),
    (devices.Appender, "range-ignored", "behind those it has"),
]


@pytest.mark.parametrize(
    ("kind", "name", "fault"), BROKEN, ids=[kind.__name__ for kind, *_ in BROKEN]
)
async def test_fault_is_named(
    kind: type[SimpleDevice], name: str, fault: str, broker: Broker
) -> None:
    """What the case needs is passed, the case itself fails, with the fault in words."""
    flash = Flash()
    plug = Plug(lambda: kind(broker.port, flash))
    results = await check([name], plug, broker, limits=LIMITS)
    *before, last = results.values()
    assert [case.name for case in chosen([name])] == list(results)
    for result in before:
        assert result.verdict.outcome is Outcome.PASSED, result
    assert last.verdict.outcome is Outcome.FAILED, last
    assert fault in last.verdict.reason
    assert last.verdict.remedy
