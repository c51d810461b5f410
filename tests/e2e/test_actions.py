"""The actions in a real Home Assistant, as a script outside of it calls them."""

import pytest
from stack.upgrade_watch import prove_upgraded
from stack.world import World

from .conftest import MakeDevice, MakePackage

pytestmark = pytest.mark.e2e


def test_an_action_waits_for_the_end_and_answers(
    world: World, make_device: MakeDevice, make_package: MakePackage
) -> None:
    """One request upgrades a device and tells how it went."""
    device, package = make_device(throttle=None), make_package()
    world.offer(device, package)
    api = world.home_assistant.api
    answer = api.ask("mqtt_ota", "upgrade", entity_id=device.entity_id, wait=True)
    (upgrade,) = answer["upgrades"]
    assert (upgrade["state"], upgrade["from_version"]) == ("succeeded", "1.0.0")
    prove_upgraded(world, device, package)
    tasks = api.ask("mqtt_ota", "list_tasks", entity_id=device.entity_id)["tasks"]
    assert [task["task_id"] for task in tasks] == [upgrade["task_id"]]
    packages = api.ask("mqtt_ota", "list_packages", entity_id=device.entity_id)["packages"]
    assert [found["version"] for found in packages] == ["1.1.0"]
