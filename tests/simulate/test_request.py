"""Requests of the platform: read as they come, and never trusted."""

import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from mqtt_ota_simulate.request import (
    CellQuery,
    Request,
    Unusable,
    Upgrade,
    VersionQuery,
    read,
)
from mqtt_ota_tools.protocol import MAX_PAYLOAD, Kind

DEVICE = "weather_sim1"
PARAS = {
    "version": "1.1.0",
    "url": "https://192.168.178.20:8443/p/7f4f",
    "file_size": 1024,
    "access_token": "Zx7-q9",
    "sign": "AB" * 32,
}


def message(
    event_type: object = "firmware_upgrade", paras: object = None, **envelope: Any
) -> bytes:
    """Return a message with one event."""
    service = {"service_id": "$ota", "event_type": event_type, "paras": paras or {}}
    return json.dumps({"object_device_id": DEVICE, "services": [service], **envelope}).encode()


@pytest.mark.parametrize(
    ("event_type", "expected"),
    [
        ("version_query", [VersionQuery()]),
        ("cell_query", [CellQuery()]),
        ("get_shadow", []),
        (7, []),
    ],
)
def test_what_is_asked(event_type: object, expected: list[Request]) -> None:
    """Unknown events ask nothing."""
    assert read(message(event_type), DEVICE) == expected


@pytest.mark.parametrize("kind", list(Kind))
def test_an_upgrade(kind: Kind) -> None:
    """The hash comes in either case."""
    (upgrade,) = read(message(f"{kind}_upgrade", PARAS), DEVICE)
    assert upgrade == Upgrade(
        kind=kind,
        version="1.1.0",
        url="https://192.168.178.20:8443/p/7f4f",
        token="Zx7-q9",
        size=1024,
        sha256="ab" * 32,
    )
    assert "Zx7-q9" not in repr(upgrade)


@pytest.mark.parametrize(
    ("change", "code", "names"),
    [
        ({"version": ""}, 255, "version"),
        ({"version": "1" * 257}, 255, "version"),
        ({"url": None}, 255, "Invalid URI"),
        ({"url": "ftp://x/p"}, 255, "Invalid URI"),
        ({"url": "https://[x/p"}, 255, "Invalid URI"),
        ({"url": "https://x/a b"}, 255, "Invalid URI"),
        ({"access_token": "a\r\nX: y"}, 255, "access_token"),
        ({"file_size": 0}, 255, "file_size"),
        ({"file_size": True}, 255, "file_size"),
        ({"file_size": "1024"}, 255, "file_size"),
        ({"sign": "ab"}, 7, "sign"),
        ({"sign": None}, 7, "sign"),
    ],
)
def test_an_upgrade_that_cannot_be_done(change: dict[str, object], code: int, names: str) -> None:
    """It is reported with a code and with the field that is wrong."""
    (unusable,) = read(message(paras={**PARAS, **change}), DEVICE)
    assert isinstance(unusable, Unusable)
    assert unusable.code == code
    assert names in unusable.reason


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"services": 1}',
        b"[" * 50_000,
        message("version_query", object_device_id="another"),
        message("version_query") + b" " * MAX_PAYLOAD,
    ],
)
def test_what_is_no_request_asks_nothing(payload: bytes) -> None:
    """Neither does what is meant for another device."""
    assert read(payload, DEVICE) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(services=JSON, paras=st.dictionaries(st.sampled_from([*PARAS, "x"]), JSON))
def test_anything_is_read(services: object, paras: dict[str, object]) -> None:
    """Whatever comes, nothing breaks."""
    read(json.dumps({"services": services}).encode(), DEVICE)
    read(message(paras=paras), DEVICE)
