"""Real sockets on 127.0.0.1: the depot is tested through its own server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .rig import Rig, depot_running


@pytest.fixture(autouse=True)
def _real_sockets(socket_enabled: None) -> None:
    """Let tests use sockets, which the test plugin forbids otherwise."""


@pytest.fixture
async def rig(tmp_path: Path, socket_enabled: None) -> AsyncIterator[Rig]:
    """Run a depot over plain HTTP."""
    async with depot_running(tmp_path) as running:
        yield running
