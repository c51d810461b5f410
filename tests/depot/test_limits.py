"""How many connections and how many bytes per second."""

import logging

import pytest

from mqtt_ota_depot import limits
from mqtt_ota_depot.limits import Connections, Limits, Rates

from .rig import settings
from .test_guessing import Clock


def test_connections_are_counted_by_address(caplog: pytest.LogCaptureFixture) -> None:
    """One address has its share, all have theirs, and what ends makes room."""
    connections = Connections(per_address=2, in_all=3)
    with caplog.at_level(logging.WARNING):
        assert [connections.opened("a") for _ in range(4)] == [True, True, False, False]
    assert len(caplog.records) == 1, "once, not for each"
    assert connections.opened("b")
    assert not connections.opened("c")
    assert (connections.total, connections.refused) == (3, 3)
    connections.closed("a")
    assert connections.opened("c")
    for address in ("a", "b", "c"):
        connections.closed(address)
    assert connections.total == 0
    assert connections._open == {}
    assert connections._full == set()


def test_without_bounds_any_number_connects() -> None:
    """None is no bound."""
    connections = Connections(per_address=None, in_all=None)
    assert all(connections.opened("a") for _ in range(10_000))


def test_each_device_has_its_pace_and_all_have_theirs() -> None:
    """A device gets its rate; many devices share that of all."""
    clock = Clock()
    rates = Rates(device_rate=1000, total_rate=None, monotonic=clock)
    assert [rates.delay("a", 500) for _ in range(4)] == [0.0, 0.5, 1.0, 1.5]
    assert rates.delay("b", 500) == 0.0
    clock.seconds += 10
    assert rates.delay("a", 500) == 0.0, "what was not used is not saved up"
    both = Rates(device_rate=1000, total_rate=2000, monotonic=clock)
    assert [both.delay(device, 1000) for device in "abcde"] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert both.delay("a", 1000) == 2.5
    free = Rates(device_rate=None, total_rate=None, monotonic=clock)
    assert not free.limited
    assert free.delay("a", 10**9) == 0.0


def test_devices_that_owe_nothing_are_forgotten() -> None:
    """The memory is that of the devices that download now."""
    clock = Clock()
    rates = Rates(device_rate=1000, total_rate=None, monotonic=clock)
    for number in range(10_000):
        rates.delay(str(number), 1000)
        clock.seconds += 0.1
    assert len(rates) <= 12


def test_settings_become_limits(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero is no limit; descriptors of the process bound all connections."""
    monkeypatch.setattr(limits.resource, "getrlimit", lambda _: (1024, 1024))
    found = Limits.of(settings(tmp_path, max_rate=5000, max_repeats=0, max_connections=7))  # type: ignore[arg-type]
    assert found == Limits(
        device_rate=None, total_rate=5000, repeats=None, connections_per_address=7, connections=768
    )
    monkeypatch.setattr(
        limits.resource, "getrlimit", lambda _: (limits.resource.RLIM_INFINITY,) * 2
    )
    assert limits.connections_possible() is None
    for files, connections in ((64, 32), (600, 344), (524_288, 524_032)):
        monkeypatch.setattr(limits.resource, "getrlimit", lambda _, files=files: (files, files))
        assert limits.connections_possible() == connections
