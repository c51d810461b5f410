"""One running world for all tests of this folder, mended between them."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import pytest_socket
from stack.device import Device
from stack.package import MEBIBYTE, NewPackage, image_bytes
from stack.world import World, running_world

type MakeDevice = Callable[..., Device]
type MakePackage = Callable[..., NewPackage]

# The device's own limit with a small receive buffer is near this anyway.
SLOW = 160 * 1024


@pytest.fixture(autouse=True)
def _real_sockets(socket_enabled: None) -> None:
    """Let tests use sockets, which the test plugin forbids otherwise."""


@pytest.fixture(scope="session")
def _session_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Run a broker, a depot and a Home Assistant that knows both."""
    # The test plugin forbids sockets before each test, also to what outlives the test.
    pytest_socket.enable_socket()
    with running_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def world(_session_world: World, _real_sockets: None) -> Iterator[World]:
    """Return the world with every part running, and switch the test's devices off again."""
    for part in (_session_world.broker, _session_world.depot, _session_world.home_assistant):
        if not part.process.running:
            part.start()
    yield _session_world
    _session_world.stop_devices()


_numbers = count(1)


@pytest.fixture
def model() -> str:
    """Return a model of which no other test has devices or packages."""
    return f"model{next(_numbers)}"


@pytest.fixture
def make_device(world: World, model: str) -> MakeDevice:
    """Return a function that switches a new device on and waits until it is known."""

    def make(*options: str, throttle: int | None = SLOW) -> Device:
        device = world.add_device(f"{model}_kitchen", throttle=throttle, options=options)
        device.start()
        world.wait_for_device(device)
        return device

    return make


@pytest.fixture
def make_package(model: str) -> MakePackage:
    """Return a function that makes a package for the test's device."""

    def make(size: int = MEBIBYTE, version: str = "1.1.0") -> NewPackage:
        return NewPackage(
            model=model,
            version=version,
            content=image_bytes(size, model),
            release_notes=f"## {model} {version}\n\n- **Tested** on real parts\n",
        )

    return make


@pytest.fixture
def screenshots() -> Path:
    """Return the folder for pictures that people look at; git ignores it."""
    folder = Path(__file__).parents[2] / ".artifacts" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
