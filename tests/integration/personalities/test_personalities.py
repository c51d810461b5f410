"""Every public device SDK, as it is, through success and each of its failures."""

import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.upgrade import State
from tests.integration.home import Home
from tests.integration.personalities.habits import HABITS, SPECIAL, Circumstance, seen
from tests.integration.personalities.player import play
from tests.integration.personalities.wire import SDKS, Personality

pytestmark = pytest.mark.long

ROWS = [
    pytest.param(personality, circumstance, id=f"{personality}-{circumstance}")
    for personality, habits in HABITS.items()
    for circumstance in habits
]


@pytest.mark.parametrize(("personality", "circumstance"), ROWS)
async def test_an_upgrade_ends_as_what_happened_deserves(
    home: Home, personality: Personality, circumstance: Circumstance
) -> None:
    """Its task ends as what happened deserves, and what it runs is what is shown."""
    sdk, habit = SDKS[personality], HABITS[personality][circumstance]
    kind = PackageKind.FIRMWARE
    player = await play(home, sdk, circumstance, habit, seen(personality, circumstance), kind)
    task = home.task(sdk.device_id, kind)
    assert (task.state, task.cause) == (habit.state, habit.cause)
    assert task.description == (habit.description or None)
    state = home.state(sdk.device_id, kind)
    assert state.attributes["installed_version"] == player.runs
    assert state.attributes["in_progress"] is False
    assert len(player.upgrades()) == (circumstance is not Circumstance.ALREADY_THERE)
    assert home.depot.grants == {}
    assert not home.manager.messenger.faults


@pytest.mark.parametrize("personality", list(Personality))
async def test_software_is_upgraded_as_firmware_is(home: Home, personality: Personality) -> None:
    """Software is upgraded as firmware is; the same report names both."""
    sdk, kind = SDKS[personality], PackageKind.SOFTWARE
    circumstance = Circumstance.NO_SIGN if personality is Personality.C else Circumstance.HTTPS
    habit = HABITS[personality][circumstance]
    player = await play(home, sdk, circumstance, habit, seen(personality, circumstance), kind)
    assert [message.event_type for message in player.upgrades()] == ["software_upgrade"]
    assert home.task(sdk.device_id, kind).state is State.SUCCEEDED


def test_no_failure_is_left_out() -> None:
    """Every personality goes through every circumstance that it can tell from the others."""
    for personality, habits in HABITS.items():
        expected = {
            circumstance
            for circumstance in Circumstance
            if personality in SPECIAL.get(circumstance, frozenset(Personality))
        }
        assert habits.keys() == expected, personality
