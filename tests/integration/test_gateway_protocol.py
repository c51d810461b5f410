"""What gateways say of the devices behind them: golden bytes out, anything in."""

from datetime import UTC, datetime
import json
from typing import Any

import pytest

from custom_components.mqtt_ota.protocol import (
    MAX_ID_LENGTH,
    MAX_SUB_DEVICES,
    OtherEvent,
    SubDeviceStatuses,
    Uplink,
    other_uplink_filters,
    read_uplink,
    sender_of,
    write_status_response,
)

NOW = datetime(2026, 11, 23, 8, 32, 11, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _integration_enabled() -> None:
    """Start no Home Assistant: bytes are read and written without one."""


def read(paras: Any, event_type: str = "sub_device_update_status", **service: Any) -> Uplink:
    """Read a gateway's message with one event."""
    service |= {
        "service_id": "$sub_device_manager",
        "event_type": event_type,
        "paras": paras,
    }
    return read_uplink("gate_1", json.dumps({"services": [service]}).encode())


def statuses(*entries: tuple[object, object]) -> dict[str, object]:
    """Return the parameters that tell of devices."""
    return {
        "device_statuses": [
            {"device_id": device_id, "status": status} for device_id, status in entries
        ]
    }


def test_a_gateway_tells_of_its_devices() -> None:
    """Each once, the last word counts; what is neither online nor offline tells nothing."""
    told = read(
        statuses(("lamp_1", "ONLINE"), ("lamp_2", "offline"), ("lamp_3", "odd"), ("lamp_4", None)),
        event_id="40cc9ab1",
    )
    assert told.device_id == "gate_1"
    assert told.gateway_id is None
    assert told.events == (
        SubDeviceStatuses(online={"lamp_1": True, "lamp_2": False}, event_id="40cc9ab1"),
    )
    assert read(statuses(), event_id="").events == (SubDeviceStatuses(online={}),)


def test_what_else_a_gateway_manages_is_none_of_ours() -> None:
    """A sign of life and nothing more."""
    assert read({"devices": []}, "add_sub_device_request").events == (OtherEvent(),)


@pytest.mark.parametrize(
    ("paras", "fault"),
    [
        ({}, "device_statuses is not a list of at most 100"),
        ({"device_statuses": "lamp_1"}, "device_statuses is not a list of at most 100"),
        (
            statuses(*[(f"lamp_{number}", "ONLINE") for number in range(MAX_SUB_DEVICES + 1)]),
            "device_statuses is not a list of at most 100",
        ),
        ({"device_statuses": ["lamp_1"]}, "device status is not an object"),
        (statuses(("a/b", "ONLINE")), "device_id holds no valid device id"),
        (statuses((7, "ONLINE")), "device_id holds no valid device id"),
        (statuses(("x" * (MAX_ID_LENGTH + 1), "ONLINE")), "device_id holds no valid device id"),
    ],
)
def test_a_broken_status_is_a_fault(paras: object, fault: str) -> None:
    """The rest of the message stands."""
    told = read(paras)
    assert told.events == ()
    assert told.faults == (fault,)


def test_the_exact_answer() -> None:
    """Which devices were believed, and which are not behind this gateway."""
    told = SubDeviceStatuses(online={"lamp_1": True, "lamp_2": False, "weather_1": True})
    assert write_status_response("gate_1", told, {"lamp_1", "lamp_2"}, NOW) == (
        b'{"object_device_id":"gate_1","services":[{"service_id":"$sub_device_manager",'
        b'"event_type":"sub_device_update_status_response","event_time":"20261123T083211Z",'
        b'"paras":{"successful_devices":[{"device_id":"lamp_1","status":"ONLINE"},'
        b'{"device_id":"lamp_2","status":"OFFLINE"}],'
        b'"failed_devices":[{"device_id":"weather_1","error_code":"foreign-device",'
        b'"error_msg":"not behind this gateway"}]}}]}'
    )
    answered = SubDeviceStatuses(online={}, event_id="40cc9ab1")
    answer = json.loads(write_status_response("gate_1", answered, (), NOW))
    assert answer["services"][0]["event_id"] == "40cc9ab1"


def test_every_topic_names_its_sender() -> None:
    """Whatever a device sends, its id stands in the same place."""
    for topic in other_uplink_filters("my/own/prefix"):
        assert sender_of("my/own/prefix", topic.replace("+", "lamp_1")) == "lamp_1"
