"""Real sockets on 127.0.0.1: the depot is tested through its own server."""

import pytest


@pytest.fixture(autouse=True)
def _real_sockets(socket_enabled: None) -> None:
    """Let tests use sockets, which the test plugin forbids otherwise."""
