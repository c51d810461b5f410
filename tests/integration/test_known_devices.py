"""Who is known: models, confirmation, and bounds on what strangers can make us remember."""

from datetime import timedelta
from unittest.mock import patch

import pytest

from custom_components.mqtt_ota import known_devices
from custom_components.mqtt_ota.const import PROBE_ID
from custom_components.mqtt_ota.options import MAX_CANDIDATES
from tests.integration.home import DEVICES_FILE, Home

MINUTES = timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("two_packages")


# Models


async def test_a_model_is_set_by_hand(home: Home) -> None:
    """It wins over what the device reports, from the next start on, and back again."""
    await home.start()
    await home.report("station_7", model="weather")
    assert home.manager.devices["station_7"].model == "weather"
    await home.stop()
    home.set_options(models={"station_7": "lamp"})
    await home.start()
    assert home.manager.devices["station_7"].model == "lamp"
    await home.report("station_7", "1.3.1", model="weather")
    assert home.manager.devices["station_7"].model == "lamp"
    await home.stop()
    home.set_options(model_source="id_prefix")
    await home.start()
    assert home.manager.devices["station_7"].model == "station"
    assert home.manager.devices["station_7"].reported_model == "weather"


async def test_what_an_older_version_saved(home: Home, hass_storage: dict[str, object]) -> None:
    """Its devices are there, and their models as they were."""
    old = [
        {"id": name, "model": model, "gateway_id": None, "firmware": "1.3.0", "software": None}
        for name, model in (("lamp_7", "lamp"), ("station_7", "weather"))
    ]
    hass_storage[DEVICES_FILE] = {"version": 1, "data": {"devices": [*old, {"id": "broken"}]}}
    await home.start()
    models = {device.id: device.model for device in home.manager.devices.values()}
    assert models == {"lamp_7": "lamp", "station_7": "weather"}
    assert home.manager.rejected == frozenset()


# Confirmation


async def test_a_new_device_waits_to_be_confirmed(home: Home) -> None:
    """It makes no entity until the user wants it."""
    home.set_options(add_devices="confirmed")
    await home.start()
    told: list[set[str]] = []
    home.manager.listen_for_candidates(lambda: told.append(set(home.manager.candidates)))
    await home.report("weather_1")
    await home.report("weather_2", gateway="gate_1")
    assert told == [{"weather_1"}, {"weather_1", "weather_2"}]
    assert home.manager.devices == {}
    assert home.entity_id() is None
    await home.report("weather_1", "1.3.1")
    await home.manager.async_confirm("weather_1")
    assert told[-1] == {"weather_2"}
    assert home.state().attributes["installed_version"] == "1.3.1"
    await home.manager.async_confirm("weather_2")
    assert set(home.manager.devices) == {"weather_1", "weather_2", "gate_1"}
    await home.manager.async_confirm("unknown")
    await home.restart()
    assert set(home.manager.devices) == {"weather_1", "weather_2", "gate_1"}


async def test_a_candidate_is_spoken_for_like_a_device(home: Home) -> None:
    """Nobody else changes what the user is asked about."""
    home.set_options(add_devices="confirmed")
    await home.start()
    await home.report("weather_2", gateway="gate_1")
    await home.report("weather_2", "6.6.6", gateway="liar")
    assert home.manager.candidates["weather_2"].firmware == "1.3.0"


async def test_a_rejected_device_is_not_heard_of_again(home: Home) -> None:
    """Not even asked, over restarts, until the user changes their mind."""
    home.set_options(add_devices="confirmed")
    await home.start()
    await home.report("weather_1")
    await home.manager.async_reject("weather_1")
    assert home.manager.rejected == {"weather_1"}
    await home.restart()
    home.forget_sent()
    await home.report("weather_1")
    await home.say("weather_1", "hello")
    assert home.manager.candidates == {}
    assert home.sent == []
    await home.manager.async_readmit("weather_1")
    await home.report("weather_1")
    assert set(home.manager.candidates) == {"weather_1"}


async def test_rejections_have_an_end(home: Home) -> None:
    """The oldest goes first."""
    await home.start()
    with patch.object(known_devices, "MAX_REJECTED", 2):
        for name in ("a", "b", "c"):
            await home.manager.async_reject(name)
    assert home.manager.rejected == {"b", "c"}


async def test_candidates_have_an_end(home: Home) -> None:
    """A user can't look through more; those that wait stay up to date."""
    home.set_options(add_devices="confirmed")
    await home.start()
    for number in range(MAX_CANDIDATES + 3):
        await home.report(f"weather_{number}")
    assert len(home.manager.candidates) == MAX_CANDIDATES
    await home.report("weather_0", "1.3.1")
    assert home.manager.candidates["weather_0"].firmware == "1.3.1"
    assert home.manager.messenger.faults == {"too many devices wait to be confirmed": 3}


async def test_no_device_is_taken_up_beyond_the_end(home: Home) -> None:
    """Neither confirmed ones nor gateways; what is known stays so."""
    home.set_options(add_devices="confirmed")
    await home.start()
    await home.report("weather_1", gateway="gate_1")
    with patch.object(known_devices, "MAX_DEVICES", 0):
        await home.manager.async_confirm("weather_1")
    assert home.manager.devices == {}
    with patch.object(known_devices, "MAX_DEVICES", 1):
        await home.manager.async_confirm("weather_1")
    assert set(home.manager.devices) == {"weather_1"}


# Strangers


async def test_a_stranger_is_asked_ever_more_seldom(home: Home) -> None:
    """A device that has nothing to do with upgrades is left in peace."""
    await home.start()
    for _ in range(120):
        await home.say("fridge_1", "hello")
        home.clock.tick(MINUTES)
    assert 5 <= len(home.sent_types("fridge_1")) <= 8
    await home.report("fridge_1", "1.0")
    assert "fridge_1" in home.manager.devices


async def test_claims_are_bounded(home: Home) -> None:
    """Whoever claims every device is remembered for some only."""
    await home.start()
    with patch.object(known_devices, "_MAX_CLAIMS", 2):
        for number in range(5):
            await home.report(f"weather_{number}", gateway="gate_1")
            await home.report(f"weather_{number}", gateway="liar")
            assert len(home.manager._known._claims) <= 2


async def test_a_probe_is_no_device(home: Home) -> None:
    """What we send to ourselves is counted as heard and goes no further."""
    await home.start()
    heard = home.manager.messenger.heard
    await home.say(f"{PROBE_ID}_1", "hello")
    assert home.manager.messenger.heard == heard + 1
    assert home.sent == []
