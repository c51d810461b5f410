"""Real sockets on 127.0.0.1 and a real broker for tests of device code."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_socket
from stack.broker import Broker, BrokerKind, available_kind

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def _real_sockets(socket_enabled: None) -> None:
    """Let tests use sockets: the parts under test talk over real ones."""


@pytest.fixture(scope="session")
def broker_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run Mosquitto on a free port of 127.0.0.1 and return the port."""
    if available_kind() is not BrokerKind.MOSQUITTO:
        pytest.fail("mosquitto is not installed; remedy: apt-get install mosquitto")
    # Made before any test's own fixtures, while sockets are still forbidden.
    pytest_socket.enable_socket()
    broker = Broker(tmp_path_factory.mktemp("broker") / "mosquitto")
    broker.start()
    yield broker.port
    broker.stop()
