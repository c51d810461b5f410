"""Which devices an action means."""

from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.targets import async_resolve_targets, named_briefly
from tests.integration.actions import registry_id
from tests.integration.home import Home

BOTH = tuple(PackageKind)
FIRMWARE = (PackageKind.FIRMWARE,)


@pytest.fixture
async def rooms(home: Home) -> Home:
    """Start with one device in the garden, one indoors and a lamp of somebody else in both."""
    await home.start()
    await home.report("weather_out", software="1")
    await home.report("weather_in")
    floor = fr.async_get(home.hass).async_create("Outside")
    areas = ar.async_get(home.hass)
    garden = areas.async_create("Garden", floor_id=floor.floor_id)
    attic = areas.async_create("Attic")
    devices = dr.async_get(home.hass)
    devices.async_update_device(registry_id(home, "weather_out"), area_id=garden.id)
    devices.async_update_device(registry_id(home, "weather_in"), area_id=attic.id)
    other = MockConfigEntry(domain="lamps")
    other.add_to_hass(home.hass)
    lamp = devices.async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("lamps", "1")}, name="Lamp"
    )
    devices.async_update_device(lamp.id, area_id=garden.id)
    er.async_get(home.hass).async_get_or_create(
        "update", "lamps", "1", config_entry=other, device_id=lamp.id
    )
    return home


def resolved(home: Home, **target: str | list[str]) -> dict[str, tuple[PackageKind, ...]]:
    """Return what a target means."""
    return async_resolve_targets(home.hass, home.manager, target)


def lamp_of(home: Home) -> dr.DeviceEntry:
    """Return the device of the other integration."""
    (entry,) = home.hass.config_entries.async_entries("lamps")
    (lamp,) = dr.async_entries_for_config_entry(dr.async_get(home.hass), entry.entry_id)
    return lamp


def refusal(home: Home, **target: str | list[str]) -> ServiceValidationError:
    """Return why a target is refused."""
    with pytest.raises(ServiceValidationError) as raised:
        resolved(home, **target)
    return raised.value


async def test_a_device_means_all_its_kinds(rooms: Home) -> None:
    """A device is meant with all that it has."""
    assert resolved(rooms, device_id=registry_id(rooms, "weather_out")) == {"weather_out": BOTH}


async def test_an_entity_means_one_kind(rooms: Home) -> None:
    """An update entity is one kind of its device."""
    entity = rooms.entity_id("weather_out")
    assert entity is not None
    assert resolved(rooms, entity_id=entity) == {"weather_out": FIRMWARE}


async def test_all_means_every_device(rooms: Home) -> None:
    """`all` means every device."""
    assert resolved(rooms, entity_id="all") == {"weather_in": FIRMWARE, "weather_out": BOTH}


async def test_area_and_floor(rooms: Home) -> None:
    """What is not ours in an area is nobody's mistake."""
    assert resolved(rooms, area_id="garden") == {"weather_out": BOTH}
    assert resolved(rooms, floor_id="outside") == {"weather_out": BOTH}
    assert resolved(rooms, area_id=["garden", "attic"]) == {
        "weather_in": FIRMWARE,
        "weather_out": BOTH,
    }


async def test_a_label_means_what_it_stands_on(rooms: Home) -> None:
    """A label may stand on a device, an update entity or an area."""
    label = lr.async_get(rooms.hass).async_create("Beta").label_id
    dr.async_get(rooms.hass).async_update_device(registry_id(rooms, "weather_in"), labels={label})
    assert resolved(rooms, label_id=label) == {"weather_in": FIRMWARE}
    entity = rooms.entity_id("weather_out")
    assert entity is not None
    er.async_get(rooms.hass).async_update_entity(entity, labels={label})
    assert resolved(rooms, label_id=label) == {"weather_in": FIRMWARE, "weather_out": FIRMWARE}
    ar.async_get(rooms.hass).async_update("garden", labels={label})
    assert resolved(rooms, label_id=label) == {"weather_in": FIRMWARE, "weather_out": BOTH}


async def test_several_targets_add_up(rooms: Home) -> None:
    """What is meant twice is meant once."""
    entity = rooms.entity_id("weather_out", PackageKind.SOFTWARE)
    assert entity is not None
    device = registry_id(rooms, "weather_out")
    assert resolved(rooms, entity_id=entity, device_id=device, area_id="attic") == {
        "weather_in": FIRMWARE,
        "weather_out": BOTH,
    }


async def test_device_of_somebody_else(rooms: Home) -> None:
    """A device that is named must be one of ours; its name is told."""
    error = refusal(rooms, device_id=lamp_of(rooms).id)
    assert error.translation_key == "not_our_device"
    assert "Lamp" in str(error)


async def test_entity_of_somebody_else(rooms: Home) -> None:
    """An entity that is named must be one of our update entities."""
    (entity,) = er.async_entries_for_device(er.async_get(rooms.hass), lamp_of(rooms).id)
    for entity_id in (entity.entity_id, "update.nowhere", "light.lamp"):
        error = refusal(rooms, entity_id=entity_id)
        assert error.translation_key == "not_our_entity"
        assert entity_id in str(error)


async def test_a_forgotten_device_cannot_be_meant(rooms: Home) -> None:
    """A device that we no longer know cannot be upgraded."""
    device = registry_id(rooms, "weather_in")
    await rooms.manager.async_forget("weather_in")
    assert refusal(rooms, device_id=device).translation_key == "not_our_device"


@pytest.mark.parametrize("target", ["area_id", "floor_id", "label_id", "device_id"])
async def test_what_does_not_exist(rooms: Home, target: str) -> None:
    """A name that leads nowhere is a mistake, not an empty target."""
    error = refusal(rooms, **{target: "atlantis"})
    assert error.translation_key == "unknown_target"
    assert "atlantis" in str(error)


async def test_nothing_of_ours(rooms: Home) -> None:
    """A target without a device of ours is a mistake, too."""
    ar.async_get(rooms.hass).async_create("Cellar")
    assert refusal(rooms, area_id="cellar").translation_key == "no_targets"


def test_names_in_messages_have_an_end() -> None:
    """A message about thousands of devices can still be read."""
    assert named_briefly(["a", "b"]) == "a, b"
    assert named_briefly(str(number) for number in range(1000)) == "0, 1, 2, 3, 4, …"
