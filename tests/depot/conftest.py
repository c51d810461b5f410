"""Real sockets on 127.0.0.1: the depot is tested through its own server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .rig import Rig, depot_running, wait_for_databases


@pytest.fixture(autouse=True)
def _real_sockets(socket_enabled: None) -> None:
    """Let tests use sockets, which the test plugin forbids otherwise."""


@pytest.fixture(autouse=True)
async def _no_thread_is_left() -> AsyncIterator[None]:
    """Wait for the threads of closed databases, which end a moment after their close."""
    yield
    wait_for_databases()


@pytest.fixture
async def rig(tmp_path: Path, socket_enabled: None, _no_thread_is_left: None) -> AsyncIterator[Rig]:
    """Run a depot over plain HTTP."""
    async with depot_running(tmp_path) as running:
        yield running
