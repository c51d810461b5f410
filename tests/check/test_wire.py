"""Messages of devices: read in all their dialects, and never trusted."""

import json

import pytest

from mqtt_ota_check.wire import (
    Report,
    Unreadable,
    UpgradeReport,
    VersionReport,
    read,
    write,
)
from mqtt_ota_tools.protocol import MAX_PAYLOAD, Kind


def event(event_type: str, paras: object, **envelope: object) -> bytes:
    """Return an uplink message."""
    service = {"service_id": "$ota", "event_type": event_type, "paras": paras}
    return json.dumps({"services": [service], **envelope}).encode()


def test_versions() -> None:
    """Either version may be missing."""
    (report,) = read(event("version_report", {"fw_version": "1", "sw_version": ""}), "d")
    assert report == VersionReport(firmware="1", software=None)
    assert isinstance(report, VersionReport)
    assert report.version(Kind.FIRMWARE) == "1"
    assert report.version(Kind.SOFTWARE) is None


@pytest.mark.parametrize(
    ("paras", "expected"),
    [
        ({"result_code": 0, "progress": 5, "version": "1"}, (0, 5, "1", None)),
        (
            {"result_code": "7", "progress": 5.0, "description": "a\x1b[31mb"},
            (7, 5, None, "a[31mb"),
        ),
        ({"result_code": 255, "progress": "no"}, (255, None, None, None)),
    ],
)
def test_upgrade_reports(paras: dict[str, object], expected: tuple[object, ...]) -> None:
    """Numbers may come as text; what is shown to people holds no control characters."""
    (report,) = read(event("Upgrade_Progress_Report", paras), "d")
    assert isinstance(report, UpgradeReport)
    assert (report.result_code, report.progress, report.version, report.description) == expected


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "without the list 'services'"),
        (b"x" * (MAX_PAYLOAD + 1), "65536 are allowed"),
        (event("version_report", []), "without the object 'paras'"),
        (event("upgrade_progress_report", {}), "result_code is missing"),
        (event("upgrade_progress_report", {"result_code": True}), "result_code is true"),
        (event("version_report", {}, object_device_id="other"), 'about "other" instead of d'),
    ],
)
def test_unreadable(payload: bytes, reason: str) -> None:
    """What is no event is told with what is wrong with it."""
    (report,) = read(payload, "d")
    assert isinstance(report, Unreadable)
    assert reason in report.reason


@pytest.mark.parametrize(
    "payload",
    [event("log_report", {}), b'{"services":[1,{"service_id":"$log"}]}', b'{"services":[]}'],
)
def test_other_events(payload: bytes) -> None:
    """Events of other kinds say nothing here."""
    nothing: list[Report] = []
    assert read(payload, "d") == nothing


def test_written_compactly() -> None:
    """A command has no byte too many."""
    assert write("d", "version_query", {}) == (
        b'{"object_device_id":"d","services":'
        b'[{"service_id":"$ota","event_type":"version_query","paras":{}}]}'
    )
