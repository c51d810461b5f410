"""The status of upgrades, and the depot's free space."""

from datetime import timedelta

from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import State
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.upgrade import State as Stage
from tests.integration.fake_depot import make_info
from tests.integration.home import Home
from tests.integration.views import depot_entity_id, entity_id, shown


@pytest.fixture(autouse=True)
async def ready(home: Home, two_packages: None) -> None:
    """Offer both kinds to a device that has both."""
    await home.start()
    await home.report(software="2.0")


def status(home: Home, device_id: str = "weather_1") -> State:
    """Return the status of a device's upgrade."""
    return shown(home, entity_id(home, SENSOR, "upgrade_status", device_id))


async def test_a_device_never_upgraded_is_idle(home: Home, snapshot: SnapshotAssertion) -> None:
    """A device that was never upgraded has nothing to tell."""
    assert status(home) == snapshot


async def test_waiting_tells_which_version_and_until_when(
    home: Home, snapshot: SnapshotAssertion
) -> None:
    """Which version waits, and until when."""
    await home.install()
    assert status(home) == snapshot


async def test_failure_stays_until_the_next_attempt(
    home: Home, snapshot: SnapshotAssertion
) -> None:
    """The cause, and what the device said itself, stay until the next attempt."""
    await home.install_and_notify()
    await home.report_progress(result_code=4, description="3.1 V")
    assert status(home) == snapshot
    await home.install()
    assert status(home).attributes["cause"] is None


async def test_the_live_task_counts(home: Home) -> None:
    """While one kind waits behind the other, the one that moves is shown."""
    await home.install_and_notify()
    await home.install(kind=PackageKind.SOFTWARE)
    assert (status(home).state, status(home).attributes["kind"]) == (
        Stage.AWAITING_DOWNLOAD,
        PackageKind.FIRMWARE,
    )
    await home.report_progress(result_code=4)
    assert status(home).attributes["kind"] == PackageKind.SOFTWARE
    assert status(home).state == Stage.WAITING_ONLINE


async def test_the_last_end_stays(home: Home) -> None:
    """Of two kinds that have ended, the later one is shown."""
    for kind in PackageKind:
        await home.install(kind=kind)
        home.clock.tick(timedelta(minutes=1))
        home.manager.cancel(home.task(kind=kind).id)
        await home.settle()
        assert status(home).attributes["kind"] == kind
    assert status(home).state == Stage.CANCELLED


async def test_the_place_in_the_queue(home: Home) -> None:
    """Five devices for four slots: the fifth sees that it is first in the queue."""
    devices = [f"weather_{number}" for number in range(2, 8)]
    for device_id in devices:
        await home.report(device_id)
        await home.install(device_id)
        await home.report(device_id)
    await home.settle()
    assert [status(home, device_id).attributes["place"] for device_id in devices] == [
        None,
        None,
        None,
        None,
        1,
        2,
    ]
    assert status(home, "weather_7").state == Stage.QUEUED
    assert home.state("weather_7").attributes["place"] == 2


async def test_the_broker_does_not_matter(home: Home) -> None:
    """Tasks are known without it."""
    await home.install()
    home.broker_goes_away()
    await home.settle()
    assert status(home).state == Stage.WAITING_ONLINE


async def test_free_space_is_told_in_bytes(home: Home, snapshot: SnapshotAssertion) -> None:
    """The depot tells it in bytes; the page shows what people read."""
    home.depot.info = make_info(storage={"used": 1, "free": 5 << 30, "total": 8 << 30})
    await home.depot_goes_away()
    sensor = depot_entity_id(home, SENSOR, "free_space")
    await home.until(lambda: shown(home, sensor).state == STATE_UNAVAILABLE, "lost free space")
    await home.depot_returns()
    await home.until(lambda: shown(home, sensor).state != STATE_UNAVAILABLE, "free space")
    assert shown(home, sensor) == snapshot
