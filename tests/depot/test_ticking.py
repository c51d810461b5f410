"""What the depot does by itself now and then goes on after a failure."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mqtt_ota_depot import server, ticking
from mqtt_ota_depot.depot import Depot
from mqtt_ota_depot.transfers import TransferBoard

from .rig import settings

TICK = 0.02


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make everything due with every tick, and ticks short."""
    monkeypatch.setattr(ticking, "TICK", TICK)
    monkeypatch.setattr(ticking, "SAVE_TICKS", 1)
    monkeypatch.setattr(ticking, "RENEW_TICKS", 1)


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, not for ever."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for knows no events
            await asyncio.sleep(TICK)


async def test_a_certificate_that_cannot_be_written_is_renewed_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning per attempt; the next one that can succeed does."""
    folder, aside = tmp_path / "certificates", tmp_path / "aside"
    async with server.running(settings(tmp_path, tls=True)):
        folder.rename(aside)
        folder.write_text("A file here makes the system refuse the folder.")
        await until(lambda: caplog.text.count("The certificate could not be renewed") >= 2)
        folder.unlink()
        (aside / "server.pem").unlink()
        aside.rename(folder)
        await until((folder / "server.pem").exists)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("owner", "name"), [(Depot, "save_transfers"), (TransferBoard, "flush")])
async def test_one_failing_tick_is_logged_and_not_the_last(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: type,
    name: str,
) -> None:
    """Whatever fails unexpectedly is told once, with its cause, and tried again."""
    works, calls = getattr(owner, name), []

    def fails_once(self: Any) -> Any:
        """Fail the first time only."""
        calls.append(self)
        if len(calls) == 1:
            raise ValueError("what nobody thought of")
        return works(self)

    monkeypatch.setattr(owner, name, fails_once)
    async with server.running(settings(tmp_path)):
        await until(lambda: len(calls) > 3)
    assert caplog.text.count("ValueError: what nobody thought of") == 1


async def test_failing_ticks_leave_time_for_everything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something urgent that always fails is tried once per tick, not without a pause."""
    calls = []

    def fails(board: TransferBoard) -> None:
        """Fail while something urgent waits; end the ticking when it goes wild."""
        calls.append(board)
        board.urgent.set()
        if len(calls) > 50:
            raise asyncio.CancelledError
        raise ValueError

    monkeypatch.setattr(TransferBoard, "flush", fails)
    async with server.running(settings(tmp_path)):
        await until(lambda: len(calls) > 2)
    assert len(calls) < 10
