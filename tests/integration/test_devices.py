"""What is remembered of devices, by examples."""

import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.devices import Device, default_model, new_device
from custom_components.mqtt_ota.protocol import Uplink, VersionReport


@pytest.mark.parametrize(
    ("device_id", "model"),
    [("weather_1", "weather"), ("lamp", "lamp"), ("_odd", "_odd"), ("a_b_c", "a")],
)
def test_a_model_is_read_from_the_id(device_id: str, model: str) -> None:
    """Device ids are usually the model and a serial."""
    assert default_model(device_id) == model


def test_a_new_device_knows_its_gateway() -> None:
    """A device is as its first message tells."""
    uplink = Uplink(device_id="lamp_7", gateway_id="gate_1", events=())
    assert new_device(uplink) == Device(id="lamp_7", model="lamp", gateway_id="gate_1")


def test_what_a_report_leaves_out_stays() -> None:
    """Many devices report only what has changed."""
    device = Device(id="lamp_7", model="lamp", firmware="1", software="2")
    assert device.updated(VersionReport(firmware="3")) == Device(
        id="lamp_7", model="lamp", firmware="3", software="2"
    )
    assert device.updated(VersionReport(model="spot")).model == "spot"


def test_kinds_are_what_has_a_version() -> None:
    """A device without software has no software entity."""
    assert Device(id="lamp_7", model="lamp").kinds == ()
    assert Device(id="lamp_7", model="lamp", software="2").kinds == (PackageKind.SOFTWARE,)


def test_round_trip() -> None:
    """A saved device comes back as it was; one that lacks something does not."""
    device = Device(id="lamp_7", model="lamp", gateway_id="gate_1", firmware="1", software="2")
    assert Device.from_dict(device.as_dict()) == device
    with pytest.raises(KeyError):
        Device.from_dict({"id": "lamp_7"})
