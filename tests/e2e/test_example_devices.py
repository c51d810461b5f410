"""The example devices on real parts, from the button to the reported version."""

from dataclasses import replace
from pathlib import Path
import subprocess

import pytest
from stack.world import World

from tests.clients.example_devices import EVERY_EXAMPLE, Example, Settings

from .conftest import MakePackage

pytestmark = pytest.mark.e2e

UPGRADE_SECONDS = 40.0


@pytest.fixture(params=EVERY_EXAMPLE, ids=lambda example: example.name)
def example(request: pytest.FixtureRequest) -> Example:
    """Return one example after the other."""
    device: Example = request.param
    return device


@pytest.fixture
def settings(world: World, model: str) -> Settings:
    """Return settings of a device that trusts the depot's own authority only."""
    login = world.broker.logins[-1]
    return Settings(
        device_id=f"{model}_kitchen",
        broker_port=world.broker.port,
        folder=world.folder / f"{model}_example",
        version="1.0.0",
        login=(login.username, login.password),
        ca_pem=world.depot.ca_file,
        ca_der=world.depot.ca_file.with_suffix(".der"),
    )


def test_an_example_is_upgraded(
    example: Example, settings: Settings, world: World, make_package: MakePackage
) -> None:
    """With a login at the broker, over HTTPS: the new version runs and is shown."""
    package, api = make_package(), world.home_assistant.api
    entity_id = f"update.{settings.device_id}_firmware"
    with example.running(settings) as device:
        api.wait_for_state(entity_id, "off", 20, installed_version="1.0.0")
        world.depot.upload(package)
        api.wait_for_state(entity_id, "on", 15, latest_version=package.version)
        api.install(entity_id)
        api.wait_for_state(
            entity_id, "off", UPGRADE_SECONDS, installed_version=package.version, stage="succeeded"
        )
        assert device.image() == package.content


def test_an_example_trusts_no_other_depot(
    example: Example,
    settings: Settings,
    world: World,
    make_package: MakePackage,
    tmp_path: Path,
) -> None:
    """A depot that the pinned authority does not vouch for gets no token, and the user is told."""
    package, api = make_package(), world.home_assistant.api
    entity_id = f"update.{settings.device_id}_firmware"
    stranger = other_authority(tmp_path / "ca.pem")
    settings = replace(settings, ca_pem=stranger, ca_der=stranger.with_suffix(".der"))
    with example.running(settings) as device:
        api.wait_for_state(entity_id, "off", 20, installed_version="1.0.0")
        world.depot.upload(package)
        api.wait_for_state(entity_id, "on", 15, latest_version=package.version)
        api.install(entity_id)
        api.wait_for_state(entity_id, "on", UPGRADE_SECONDS, stage="failed", in_progress=False)
        assert device.image() is None
    transfers = [
        item for item in world.depot.transfers() if item["device_id"] == device.settings.device_id
    ]
    assert [item["requests"] for item in transfers] in ([], [0])


def other_authority(pem: Path) -> Path:
    """Make a certificate authority that has nothing to do with the depot."""
    key = pem.with_suffix(".key")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-subj", "/CN=stranger", "-days", "2", "-keyout", key, "-out", pem),
        ],
        check=True,
        capture_output=True,
    )
    subprocess.run(
        ["openssl", "x509", "-in", pem, "-outform", "DER", "-out", pem.with_suffix(".der")],
        check=True,
    )
    return pem
