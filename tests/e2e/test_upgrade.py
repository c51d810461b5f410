"""Upgrades on real parts, with every part failing in the middle of one."""

import time

import pytest
from stack.device import Device
from stack.errors import wait_until
from stack.package import MEBIBYTE
from stack.upgrade_watch import UpgradeWatch, prove_resumed, prove_upgraded
from stack.world import World

from .conftest import MakeDevice, MakePackage

pytestmark = pytest.mark.e2e

UPGRADE_SECONDS = 50.0
DOWNLOAD_STARTS = 15.0
TOLD_SECONDS = 15.0


def wait_until_downloading(watch: UpgradeWatch, percentage: int = 10) -> None:
    """Return when the page shows that so much of the download is done."""

    def is_downloading() -> bool:
        progress = watch.look()
        return progress is not None and (progress.percentage or 0) >= percentage

    wait_until(is_downloading, "the download being under way", DOWNLOAD_STARTS)


def upgrades_begun(device: Device) -> int:
    """Return how often the device was told to upgrade."""
    return device.process.log.read_text(encoding="utf-8").count("upgrading firmware to")


def test_an_upgrade_runs_from_the_button_to_the_reported_version(
    world: World, make_device: MakeDevice, make_package: MakePackage
) -> None:
    """Install goes through every stage and ends with the version that the device reports."""
    device, package = make_device(throttle=None), make_package()
    offered = world.offer(device, package)["attributes"]
    assert offered["installed_version"] == "1.0.0"
    assert offered["in_progress"] is False
    world.home_assistant.api.install(device.entity_id)
    seen = UpgradeWatch(world, device).until_end(UPGRADE_SECONDS)
    assert seen.stages[-1] == "succeeded"
    prove_upgraded(world, device, package)
    assert upgrades_begun(device) == 1
    wait_until(lambda: world.transfer(device) is None, "the grant's end", 5)
    wait_until(
        lambda: device.id in world.depot.installed_on(package),
        "the depot's word of who runs the package",
        TOLD_SECONDS,
    )


def test_a_cut_download_is_resumed(
    world: World, make_device: MakeDevice, make_package: MakePackage
) -> None:
    """After a cut the device asks for the rest only, and progress never falls."""
    device = make_device("--cut-after", "400000", "--cut-times", "2")
    package = make_package()
    world.offer(device, package)
    world.home_assistant.api.install(device.entity_id)
    percentages: list[float] = []
    seen = UpgradeWatch(world, device).until_end(
        UPGRADE_SECONDS, lambda progress: percentages.append(progress.percentage or 0)
    )
    assert prove_resumed(world, device, seen) == 400_000
    assert device.resumed_at() == [400_000, 800_000]
    assert seen.transfer is not None
    assert seen.transfer["bytes_served"] == len(package.content)
    assert seen.transfer["requests"] == 3
    downloading = [percentage for percentage in percentages if percentage]
    assert len(set(downloading)) >= 4
    assert downloading == sorted(downloading)
    prove_upgraded(world, device, package)


def test_an_offline_device_is_waited_for(
    world: World, make_device: MakeDevice, make_package: MakePackage
) -> None:
    """Install on a device that is off waits, and goes on when it comes online."""
    device, package = make_device(throttle=None), make_package()
    device.stop()
    world.offer(device, package)
    world.home_assistant.api.install(device.entity_id)
    api = world.home_assistant.api
    api.wait_for_state(device.entity_id, "on", 5, stage="waiting_online", in_progress=True)
    time.sleep(2)
    api.wait_for_state(device.entity_id, "on", 5, stage="waiting_online", in_progress=True)
    device.start()
    UpgradeWatch(world, device).until_end(UPGRADE_SECONDS)
    prove_upgraded(world, device, package)


def test_home_assistant_may_be_killed_in_mid_download(
    world: World, make_device: MakeDevice, make_package: MakePackage
) -> None:
    """The same task goes on after `kill -9` and succeeds without a second Install."""
    device, package = make_device(), make_package(2 * MEBIBYTE)
    world.offer(device, package)
    grants_before = world.depot.grants_created()
    world.home_assistant.api.install(device.entity_id)
    wait_until_downloading(UpgradeWatch(world, device))
    world.home_assistant.kill()
    world.home_assistant.start()
    UpgradeWatch(world, device).until_end(UPGRADE_SECONDS)
    prove_upgraded(world, device, package)
    assert upgrades_begun(device) == 1
    # A second task, and even a second attempt of the first, would have needed another grant.
    assert world.depot.grants_created() == grants_before + 1


def test_an_upgrade_may_end_while_home_assistant_is_dead(
    world: World, make_device: MakeDevice, make_package: MakePackage
) -> None:
    """A device that has restarted meanwhile is asked, and its new version counts."""
    device, package = make_device(), make_package()
    world.offer(device, package)
    world.home_assistant.api.install(device.entity_id)
    wait_until_downloading(UpgradeWatch(world, device))
    world.home_assistant.kill()
    wait_until(
        lambda: device.installed_firmware()["version"] == package.version, "the new version", 30
    )
    world.home_assistant.start()
    world.home_assistant.api.wait_for_state(
        device.entity_id, "off", 20, installed_version=package.version, stage="succeeded"
    )
    prove_upgraded(world, device, package)


def test_the_depot_may_be_killed_in_mid_download(
    world: World, make_device: MakeDevice, make_package: MakePackage
) -> None:
    """After `kill -9` of the depot the device resumes under the same grant."""
    device, package = make_device(), make_package()
    world.offer(device, package)
    world.home_assistant.api.install(device.entity_id)
    watch = UpgradeWatch(world, device)
    wait_until_downloading(watch)
    before = world.transfer(device)
    world.depot.kill()
    world.depot.start()
    seen = watch.until_end(UPGRADE_SECONDS)
    assert before
    assert seen.transfer is not None
    assert seen.transfer["grant_id"] == before["grant_id"]
    prove_resumed(world, device, seen)
    prove_upgraded(world, device, package)
    assert upgrades_begun(device) == 1


def test_the_broker_may_be_away_in_mid_download(
    world: World, make_device: MakeDevice, make_package: MakePackage
) -> None:
    """The download goes on without the broker, and the result arrives after it."""
    device, package = make_device(), make_package()
    world.offer(device, package)
    world.home_assistant.api.install(device.entity_id)
    watch = UpgradeWatch(world, device)
    wait_until_downloading(watch)
    world.broker.process.kill()
    wait_until(
        lambda: (world.transfer(device) or {}).get("complete"),
        "the download's end",
        UPGRADE_SECONDS,
    )
    world.broker.start()
    watch.until_end(UPGRADE_SECONDS)
    prove_upgraded(world, device, package)
    assert upgrades_begun(device) == 1


def test_a_failed_upgrade_names_its_cause(
    world: World, make_device: MakeDevice, make_package: MakePackage
) -> None:
    """A damaged download ends the task; the old version stays and can be tried again."""
    device, package = make_device("--wrong-hash", throttle=None), make_package()
    world.offer(device, package)
    world.home_assistant.api.install(device.entity_id)
    failed = world.home_assistant.api.wait_for_state(
        device.entity_id, "on", 30, stage="failed", in_progress=False
    )
    assert failed["attributes"]["cause"] == "integrity_check_failed"
    assert failed["attributes"]["installed_version"] == "1.0.0"
