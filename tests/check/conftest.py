"""A real broker and real sockets on 127.0.0.1 for the checks."""

from collections.abc import Iterator

import pytest
import pytest_socket
from stack.broker import Broker, BrokerKind, available_kind


@pytest.fixture(autouse=True)
def _real_sockets(socket_enabled: None) -> None:
    """Let tests use sockets: checks are made over real ones."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Run Mosquitto on a free port of 127.0.0.1."""
    if available_kind() is not BrokerKind.MOSQUITTO:
        pytest.fail("mosquitto is not installed; remedy: apt-get install mosquitto")
    # Made before any test's own fixtures, while sockets are still forbidden.
    pytest_socket.enable_socket()
    running = Broker(tmp_path_factory.mktemp("broker") / "mosquitto")
    running.start()
    yield running
    running.stop()
