"""Real sockets on 127.0.0.1: uploads go to a real depot."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mqtt_ota_upload import publishing
from mqtt_ota_upload.options import API_KEY_ENV, CA_FILE_ENV, DEPOT_ENV, FINGERPRINT_ENV
from tests.depot.rig import KEY, depot_running, wait_for_databases

from .rig import Uploader

PAUSES = publishing.PAUSES


@pytest.fixture(autouse=True)
def _real_sockets(socket_enabled: None) -> None:
    """Let tests use sockets, which the test plugin forbids otherwise."""


@pytest.fixture(autouse=True)
def _own_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take nothing from the environment but the key, and do not wait between tries."""
    for variable in (DEPOT_ENV, CA_FILE_ENV, FINGERPRINT_ENV):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(API_KEY_ENV, KEY)
    monkeypatch.setattr(publishing, "PAUSES", (0.0, 0.0))


@pytest.fixture(autouse=True)
async def _no_thread_is_left() -> AsyncIterator[None]:
    """Leave no thread of a depot behind."""
    yield
    wait_for_databases()


@pytest.fixture
async def uploader(
    tmp_path: Path,
    socket_enabled: None,
    _no_thread_is_left: None,
    capsys: pytest.CaptureFixture[str],
) -> AsyncIterator[Uploader]:
    """Run a depot over plain HTTP, and what uploads to it."""
    async with depot_running(tmp_path / "data") as rig:
        yield Uploader(rig=rig, folder=tmp_path, capsys=capsys)
