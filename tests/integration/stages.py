"""Brings a device's upgrade into each of its states, by what really leads there."""

from typing import Final

from custom_components.mqtt_ota.upgrade import State
from tests.integration.home import Home

DEVICE: Final = "weather_1"
OLD: Final = "1.3.0"
NEW: Final = "1.4.0"

# A cell is asked for only where a limit per cell applies; see the tests of that.
STATES: Final = [state for state in State if state is not State.QUERYING_CELL]
LIVE: Final = STATES[: STATES.index(State.SUCCEEDED)]
_OTHERS: Final = tuple(f"weather_other{number}" for number in range(4))
ENDED: Final = STATES[STATES.index(State.SUCCEEDED) :]


async def bring(home: Home, state: State) -> None:
    """Upgrade the device until its task stands in a state; the home has started."""
    if home.manager.devices.get(DEVICE) is None:
        await home.report(DEVICE, OLD)
    match state:
        case State.WAITING_ONLINE:
            await home.install()
        case State.QUERYING_VERSION:
            await home.install()
            await home.say(DEVICE, "hello")
        case State.QUEUED:
            for other in _OTHERS:
                await home.report(other, OLD)
                await home.install_and_notify(other, OLD)
            await home.install()
            await home.report(DEVICE, OLD)
        case _:
            await home.install_and_notify(DEVICE, OLD)
            await _bring_notified(home, state)
    assert home.task().state is state


async def _bring_notified(home: Home, state: State) -> None:
    """Go on from the upgrade message."""
    match state:
        case State.DOWNLOADING:
            await home.transfer(bytes_served=512)
        case State.AWAITING_UPDATE:
            await home.transfer(bytes_served=1024, complete=True, active=False)
        case State.UPDATING:
            await home.transfer(bytes_served=1024, complete=True, active=False)
            await home.report_progress(DEVICE, progress=100, version=OLD)
        case State.VERIFYING:
            await home.report_progress(DEVICE, progress=100, version=NEW)
        case State.SUCCEEDED:
            await home.report(DEVICE, NEW)
        case State.FAILED:
            await home.report_progress(DEVICE, 7, description="sign verify failed")
        case State.CANCELLED:
            home.manager.cancel(home.task().id)
            await home.settle()


async def finish(home: Home) -> None:
    """Let the device do what is left until its task succeeds, whatever state it is in."""
    if home.task().notified_at is None:
        if home.manager.devices.get(_OTHERS[0]) is not None:
            await home.report(_OTHERS[0], NEW)
        await home.report(DEVICE, OLD)
        await home.until(lambda: home.task().notified_at, "upgrade message")
    if not home.task().downloaded:
        await home.transfer(bytes_served=1024, complete=True, active=False)
    await home.report(DEVICE, NEW)
    assert home.task().state is State.SUCCEEDED
