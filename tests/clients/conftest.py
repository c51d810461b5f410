"""Real sockets on 127.0.0.1 and a real broker for tests of device code."""

from collections.abc import Iterator
from pathlib import Path
import shutil
import socket
import subprocess
import sys
import time

import pytest
import pytest_socket

EXAMPLES = Path(__file__).parents[2] / "examples"
sys.path.insert(0, str(EXAMPLES))


@pytest.fixture(autouse=True)
def _real_sockets(socket_enabled: None) -> None:
    """Let tests use sockets: the parts under test talk over real ones."""


@pytest.fixture(scope="session")
def broker_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run Mosquitto on a free port of 127.0.0.1 and return the port."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        pytest.fail("mosquitto is not installed; remedy: apt-get install mosquitto")
    # Made before any test's own fixtures, while sockets are still forbidden.
    pytest_socket.enable_socket()
    port = free_port()
    folder = tmp_path_factory.mktemp("broker")
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    with (folder / "log").open("wb") as log:
        broker = subprocess.Popen([program, "-c", str(settings)], stdout=log, stderr=log)
    try:
        wait_for_port(port)
        yield port
    finally:
        broker.terminate()
        broker.wait(10)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Return when someone listens; raises TimeoutError after ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    msg = f"nobody listens on port {port}"
    raise TimeoutError(msg)
