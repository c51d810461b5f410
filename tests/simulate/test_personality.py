"""What the real SDKs are known for, beyond the bytes of their messages."""

from collections.abc import Iterator
from datetime import UTC, datetime
import json
import time

import pytest

from mqtt_ota_simulate.personality import PERSONALITIES


@pytest.fixture
def _far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the machine's clock be two hours ahead of UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "EET-2")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("plain", "20261123T083211Z"),
        ("python", "2026-11-23T10:32:11Z"),
        ("java", "20261123T083211Z"),
        ("c", None),
        ("go", "20261123T083211Z"),
        ("c_sharp", "20261123T083211Z"),
    ],
)
def test_times(name: str, told: str | None, _far_from_greenwich: None) -> None:
    """Python's is the local one and claims to be UTC; C tells none."""
    now = datetime(2026, 11, 23, 8, 32, 11, tzinfo=UTC)
    report = PERSONALITIES[name].version_report("weather_sim1", {"fw_version": "1"}, now)
    assert json.loads(report)["services"][0].get("event_time") == told
