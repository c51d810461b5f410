"""The reference device's reading and writing of protocol events."""

import contextlib
from datetime import UTC, datetime
import json

from hypothesis import given, strategies as st
import pytest

from reference_device.messages import (
    MAX_PAYLOAD,
    InvalidUpgrade,
    Kind,
    MessageError,
    Upgrade,
    VersionQuery,
    progress_report,
    read_requests,
    version_report,
)
from reference_device.results import Report, ResultCode

NOW = datetime(2026, 11, 23, 8, 45, 48, tzinfo=UTC)
SIGN = "7F4F5B994D2821E1DC260BDA3AD6657B16579FEFE49826B0DF896506DC8DADD6"
PARAS = {
    "version": "v2.0.0",
    "url": "https://192.168.1.2:8443/p/7f4f5b994d2821e1",
    "file_size": 300000,
    "file_name": "upgrade.bin",
    "expires": 3600,
    "sign": SIGN,
    "access_token": "93b2cce94561ee2a847c92028e117da9",
    "task_ext_info": {"unknown": "keys are ignored"},
}


def event(event_type: str, paras: object, device_id: str | None = "dev1") -> bytes:
    """Return a downlink event."""
    service = {"service_id": "$ota", "event_type": event_type, "paras": paras}
    envelope: dict[str, object] = {"services": [service]}
    if device_id is not None:
        envelope["object_device_id"] = device_id
    return json.dumps(envelope).encode()


def test_reads_an_upgrade() -> None:
    """Every field arrives; the hash is compared in lower case."""
    assert read_requests(event("firmware_upgrade", PARAS), "dev1") == [
        Upgrade(
            kind=Kind.FIRMWARE,
            version="v2.0.0",
            url="https://192.168.1.2:8443/p/7f4f5b994d2821e1",
            token="93b2cce94561ee2a847c92028e117da9",
            size=300000,
            sha256=SIGN.lower(),
            expires=3600,
        )
    ]


def test_keeps_the_token_out_of_its_repr() -> None:
    """A command may be logged; its token may not."""
    (upgrade,) = read_requests(event("software_upgrade", PARAS), "dev1")
    assert "v2.0.0" in repr(upgrade)
    assert "93b2" not in repr(upgrade)


@pytest.mark.parametrize("device_id", ["dev1", None])
def test_reads_a_query_with_and_without_the_device_id(device_id: str | None) -> None:
    """A direct device may be left unnamed."""
    assert read_requests(event("version_query", {}, device_id), "dev1") == [VersionQuery()]


@pytest.mark.parametrize(
    "payload",
    [
        event("version_query", {}, "dev2"),
        event("firmware_upgrade_of_tomorrow", PARAS),
        b'{"services": [null, 3, {"service_id": "$log"}, {"service_id": "$ota", "event_type": []}]}',
        b'{"services": []}',
    ],
)
def test_ignores_what_is_not_for_it(payload: bytes) -> None:
    """Other devices, services and events are no error."""
    assert read_requests(payload, "dev1") == []


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[" * 60000,
        b"null",
        b"[]",
        b"{}",
        b'{"services": {}}',
        b'{"services": [' + b"{}," * 32 + b"{}]}",
        b'{"services": []}' + b" " * MAX_PAYLOAD,
    ],
)
def test_refuses_what_is_no_event(payload: bytes) -> None:
    """Garbage ends in one named error."""
    with pytest.raises(MessageError):
        read_requests(payload, "dev1")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("version", None, 255),
        ("version", "", 255),
        ("version", "1\n2", 255),
        ("version", "x" * 257, 255),
        ("url", None, 255),
        ("url", "ftp://host/file", 255),
        ("url", "https:///file", 255),
        ("url", "https://host:99999/file", 255),
        ("url", "https://host/a b", 255),
        ("url", "https://host/a\r\nX: y", 255),
        ("url", "https://höst/", 255),
        ("url", "https://[::1/", 255),
        ("file_size", None, 255),
        ("file_size", 0, 255),
        ("file_size", -1, 255),
        ("file_size", True, 255),
        ("file_size", 1.5, 255),
        ("file_size", "300000", 255),
        ("file_size", 1 << 41, 255),
        ("access_token", "a\r\nb", 255),
        ("access_token", 5, 255),
        ("sign", None, 7),
        ("sign", "", 7),
        ("sign", SIGN[:-1], 7),
        ("sign", SIGN[:-1] + "g", 7),
    ],
)
def test_names_the_wrong_field(name: str, value: object, code: int) -> None:
    """A command that cannot be carried out is answered with its cause."""
    (request,) = read_requests(event("firmware_upgrade", {**PARAS, name: value}), "dev1")
    assert isinstance(request, InvalidUpgrade)
    assert request.error.code == code
    assert f"'{name}'" in request.error.reason


@pytest.mark.parametrize("expires", [None, 0, -5, True, "3600", 10**9])
def test_odd_expiry_means_a_day(expires: object) -> None:
    """The expiry is advice: a strange one does not stop an upgrade."""
    (upgrade,) = read_requests(event("firmware_upgrade", {**PARAS, "expires": expires}), "dev1")
    assert isinstance(upgrade, Upgrade)
    assert upgrade.expires == 86400


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.just("$ota"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.text() | st.sampled_from(["services", "service_id", "event_type", "paras"]),
                inner,
                max_size=4,
            )
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_reads_anything_without_crashing(payload: bytes) -> None:
    """Whoever may publish may send anything; MessageError is the only complaint."""
    with contextlib.suppress(MessageError):
        read_requests(payload, "dev1")


def test_version_report_on_the_wire() -> None:
    """Compact JSON, UTC, one field per kind the device has."""
    assert version_report("dev1", {Kind.FIRMWARE: "1.0", Kind.SOFTWARE: "2.0"}, NOW) == (
        b'{"object_device_id":"dev1","services":[{"service_id":"$ota",'
        b'"event_type":"version_report","event_time":"20261123T084548Z",'
        b'"paras":{"fw_version":"1.0","sw_version":"2.0"}}]}'
    )


def test_progress_report_on_the_wire() -> None:
    """Fields without a value are left out."""
    report = Report(result_code=ResultCode.VERIFICATION_FAILED, version="1.0", description="bad")
    assert progress_report("dev1", report, NOW) == (
        b'{"object_device_id":"dev1","services":[{"service_id":"$ota",'
        b'"event_type":"upgrade_progress_report","event_time":"20261123T084548Z",'
        b'"paras":{"result_code":7,"version":"1.0","description":"bad"}}]}'
    )
    report = Report(result_code=ResultCode.SUCCESS, version="1.0", progress=30)
    assert b'"paras":{"result_code":0,"version":"1.0","progress":30}' in progress_report(
        "dev1", report, NOW
    )
