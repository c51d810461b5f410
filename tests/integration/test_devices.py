"""What is remembered of devices, by examples."""

import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.devices import Device, migrated_device
from custom_components.mqtt_ota.protocol import VersionReport


@pytest.mark.parametrize(
    ("model", "reported"), [("lamp", None), ("spot", "spot"), ("lamp_7", "lamp_7")]
)
def test_an_old_record_tells_where_its_model_came_from(model: str, reported: str | None) -> None:
    """What is not the id's first part had been reported."""
    old = {"id": "lamp_7", "model": model, "gateway_id": None, "firmware": "1", "software": None}
    device = Device.from_dict(migrated_device(old))
    assert (device.model, device.reported_model) == (model, reported)
    with pytest.raises(KeyError):
        migrated_device({"id": "lamp_7"})


def test_what_a_report_leaves_out_stays() -> None:
    """Many devices report only what has changed."""
    device = Device(id="lamp_7", model="lamp", firmware="1", software="2")
    assert device.updated(VersionReport(firmware="3")) == Device(
        id="lamp_7", model="lamp", firmware="3", software="2"
    )
    assert device.updated(VersionReport(model="spot")).reported_model == "spot"


def test_kinds_are_what_has_a_version() -> None:
    """A device without software has no software entity."""
    assert Device(id="lamp_7", model="lamp").kinds == ()
    assert Device(id="lamp_7", model="lamp", software="2").kinds == (PackageKind.SOFTWARE,)


def test_a_saved_device_comes_back_as_it_was() -> None:
    """A saved device comes back as it was; one that lacks something does not."""
    device = Device(
        id="lamp_7",
        model="spot",
        reported_model="spot",
        gateway_id="gate_1",
        firmware="1",
        software="2",
    )
    assert Device.from_dict(device.as_dict()) == device
    with pytest.raises(KeyError):
        Device.from_dict({"id": "lamp_7"})
