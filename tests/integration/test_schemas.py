"""docs/protocol.md and its schemas say what is on the wire: both are held against the code."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
import json
import re
from typing import Any, Final

import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.protocol import (
    DEFAULT_TOPIC_PREFIX,
    MAX_DESCRIPTION_LENGTH,
    MAX_ID_LENGTH,
    MAX_PAYLOAD_BYTES,
    MAX_SERVICES,
    MAX_SUB_DEVICES,
    MAX_VERSION_LENGTH,
    Download,
    EventType,
    GatewayEventType,
    ProtocolError,
    SubDeviceStatuses,
    downlink_topic,
    read_uplink,
    write_cell_query,
    write_status_response,
    write_upgrade,
    write_version_query,
)
from custom_components.mqtt_ota.upgrade import Policy
from mqtt_ota_depot.grants import _TOKEN_BYTES
from mqtt_ota_depot.packages import _FACTS
from reference_device.messages import Kind, progress_report, version_report
from reference_device.results import Report, ResultCode
from tests.documents import Claim, code_spans, documents, prose, runs, section, table
from tests.json_schema import events, mistakes, mistakes_of, schemas

DOCUMENT: Final = "docs/protocol.md"
DEVICE: Final = "weather_kitchen"
NOW: Final = datetime(2026, 11, 23, 8, 32, 11, tzinfo=UTC)
DOWNLOAD: Final = Download(
    version="1.1.0",
    url="https://192.168.178.20:8443/p/7f4f5b994d2821e1",
    file_size=1_048_576,
    file_name="weather-1.1.0.bin",
    sign="7f4f5b994d2821e1dc260bda3ad6657b16579fefe49826b0df896506dc8dadd6",
    expires=86_400,
    access_token="Zx7-q9_kLmN0pQrStUvWxYzAbCdEfGhI",
)
LONGEST: Final = replace(
    DOWNLOAD,
    version="v" * 64,
    url="u" * len(DOWNLOAD.url) * 4,
    access_token="t" * len(DOWNLOAD.access_token) * 4,
    file_name="f" * 100,
    file_size=8 << 30,
)
UPLINK: Final = {
    EventType.VERSION_REPORT,
    EventType.UPGRADE_PROGRESS_REPORT,
    EventType.CELL_REPORT,
    GatewayEventType.STATUS,
}
STATUSES: Final = SubDeviceStatuses(online={"lamp_1": True, "lamp_2": False}, event_id="7")
WRITTEN: Final = [
    write_version_query(DEVICE, NOW),
    write_cell_query(DEVICE, NOW),
    *(write_upgrade(DEVICE, kind, DOWNLOAD, NOW) for kind in PackageKind),
    write_upgrade(DEVICE, PackageKind.FIRMWARE, replace(DOWNLOAD, custom_info="é\n" * 2048), NOW),
    write_status_response("gate_1", STATUSES, {"lamp_1"}, NOW),
    version_report(DEVICE, {Kind.FIRMWARE: "1", Kind.SOFTWARE: "2"}, NOW),
    *(
        progress_report(DEVICE, Report(result_code=code, version="1", progress=9), NOW)
        for code in ResultCode
    ),
]


@pytest.fixture(autouse=True)
def _integration_enabled() -> None:
    """Start no Home Assistant: bytes and documents are read without one."""


def test_every_message_has_one_schema() -> None:
    """A message without a schema, or with two, is one that makers cannot rely on."""
    known = [event_type for schema in schemas().values() for event_type in events(schema)]
    assert sorted(known) == sorted([*EventType, *GatewayEventType])


def test_table_of_messages() -> None:
    """The document names every message, in its direction, and its schema."""
    rows = table(DOCUMENT, "Messages")
    directions = {name: row[1] for row in rows for name in code_spans(row[0])}
    assert directions.keys() == {*EventType, *GatewayEventType}
    assert {name for name, way in directions.items() if way.startswith("from")} == UPLINK
    for row in rows:
        name = re.search(r"\(schemas/(\w+)\.json\)", row[2])
        assert name
        assert sorted(events(schemas()[name[1]])) == sorted(code_spans(row[0]))


@pytest.mark.parametrize("payload", WRITTEN, ids=lambda payload: str(len(payload)))
def test_what_is_written_fits_its_schema(payload: bytes) -> None:
    """Every message of the integration and of the reference device is a valid one."""
    assert mistakes_of(payload) == []


def in_envelope(event_type: str, paras: object, **envelope: object) -> bytes:
    """Return a device's message as a maker writes it by the schema."""
    service_id = "$sub_device_manager" if event_type in set(GatewayEventType) else "$ota"
    service = {"service_id": service_id, "event_type": event_type, "paras": paras}
    return json.dumps({"services": [service]} | envelope).encode()


LONG = "9" * MAX_VERSION_LENGTH
FITTING: Final[list[tuple[str, Mapping[str, Any]]]] = [
    ("version_report", {"fw_version": "1"}),
    ("version_report", {"sw_version": LONG, "model": "m" * MAX_ID_LENGTH, "unknown": [1]}),
    ("upgrade_progress_report", {"result_code": 0}),
    ("upgrade_progress_report", {"result_code": 255, "progress": 100, "version": LONG}),
    ("upgrade_progress_report", {"result_code": 0, "description": "d" * MAX_DESCRIPTION_LENGTH}),
    ("cell_report", {"cell_id": "c" * MAX_ID_LENGTH}),
    ("sub_device_update_status", {"device_statuses": []}),
    (
        "sub_device_update_status",
        {"device_statuses": [{"device_id": "d", "status": "OFFLINE"}] * MAX_SUB_DEVICES},
    ),
]


@pytest.mark.parametrize(("event_type", "paras"), FITTING)
def test_what_a_schema_allows_is_understood(event_type: str, paras: Mapping[str, Any]) -> None:
    """A maker who keeps to the schemas is never refused, up to the last character."""
    payload = in_envelope(event_type, paras, object_device_id="d" * MAX_ID_LENGTH)
    assert mistakes_of(payload) == []
    uplink = read_uplink("gate_1", payload)
    assert uplink.faults == ()
    assert len(uplink.events) == 1


REFUSED: Final[list[tuple[str, object]]] = [
    ("version_report", {"fw_version": LONG + "9"}),
    ("version_report", {"fw_version": ["1"]}),
    ("version_report", "1"),
    ("upgrade_progress_report", {}),
    ("upgrade_progress_report", {"result_code": True}),
    ("cell_report", {}),
    ("cell_report", {"cell_id": "c" * (MAX_ID_LENGTH + 1)}),
    ("sub_device_update_status", {}),
    ("sub_device_update_status", {"device_statuses": [{"status": "ONLINE"}]}),
    (
        "sub_device_update_status",
        {"device_statuses": [{"device_id": "d", "status": "ONLINE"}] * (MAX_SUB_DEVICES + 1)},
    ),
]


@pytest.mark.parametrize(("event_type", "paras"), REFUSED)
def test_what_is_refused_breaks_its_schema(event_type: str, paras: object) -> None:
    """What the schema finds, the maker need not find out from a log."""
    payload = in_envelope(event_type, paras)
    assert mistakes_of(payload)
    assert read_uplink(DEVICE, payload).faults


@pytest.mark.parametrize("device_id", ["a/b", "+", "#", "d" * (MAX_ID_LENGTH + 1)])
def test_impossible_device_ids(device_id: str) -> None:
    """An id that no topic can hold breaks the schema, too."""
    payload = in_envelope("version_report", {"fw_version": "1"}, object_device_id=device_id)
    assert mistakes_of(payload)
    with pytest.raises(ProtocolError):
        read_uplink(DEVICE, payload)


def test_too_many_events() -> None:
    """The schema knows how many events fit into a message."""
    message = json.loads(in_envelope("version_report", {"fw_version": "1"}))
    message["services"] *= MAX_SERVICES + 1
    assert mistakes(message, schemas()["version_report"]) == ["message.services: maxItems 32"]


def test_validator_knows_the_rules() -> None:
    """A rule that the tests do not understand must not pass for one that is kept."""
    with pytest.raises(KeyError):
        mistakes("x", {"format": "date-time"})
    assert mistakes(True, {"type": "integer"}) == ["message: type 'integer'"]


@runs(DOCUMENT, '"version_query"')
def test_query_of_the_document(claim: Claim) -> None:
    """The question is shown as it is written, but for the spaces."""
    assert json.loads(claim.block().text) == json.loads(write_version_query(DEVICE, NOW))


@runs(DOCUMENT, '"firmware_upgrade"')
def test_upgrade_of_the_document(claim: Claim) -> None:
    """The command is shown as it is written, with a token as long as the depot's."""
    written = write_upgrade(DEVICE, PackageKind.FIRMWARE, DOWNLOAD, NOW)
    assert json.loads(claim.block().text) == json.loads(written)
    assert len(DOWNLOAD.access_token) == _TOKEN_BYTES * 4 // 3
    assert DOWNLOAD.expires == Policy().grant_lifetime.total_seconds()


@runs(DOCUMENT, '"version_report"', "versions")
@runs(DOCUMENT, '"upgrade_progress_report"', "result")
@runs(DOCUMENT, '"sub_device_update_status"', "statuses")
def test_reports_of_the_document(versions: Claim, result: Claim, statuses: Claim) -> None:
    """What makers copy is valid and understood."""
    for claim in (versions, result, statuses):
        payload = claim.block().text.encode()
        assert mistakes_of(payload) == []
        uplink = read_uplink(DEVICE, payload)
        assert (len(uplink.events), uplink.faults) == (1, ())


@runs(
    DOCUMENT,
    "participant D as Device\n    participant H as Home Assistant\n    participant P as Depot\n    D->>H",
    "good",
)
@runs(DOCUMENT, "Note over D,P: the line breaks", "cut")
@runs(DOCUMENT, "Note over D: SHA-256 differs from sign", "damaged")
@runs(DOCUMENT, "P-->>D: 401", "refused")
@runs(DOCUMENT, "falls back", "rolled_back")
def test_diagrams(
    good: Claim, cut: Claim, damaged: Claim, refused: Claim, rolled_back: Claim
) -> None:
    """Devices and Home Assistant exchange events of the protocol, each in its direction."""
    for claim in (good, cut, damaged, refused, rolled_back):
        arrows = re.findall(r"^ *(\w)-+>>(\w): (\w+)", claim.block().text, re.MULTILINE)
        assert arrows
        for source, target, word in arrows:
            match source, target:
                case "D", "H":
                    assert word in UPLINK
                case "H", "D":
                    assert EventType(word) not in UPLINK
                case "D", "P":
                    assert word == "GET"
                case _:
                    assert (source, target) == ("P", "D")
                    assert word in {"200", "206", "401"}


def packet_bytes(topic: str, payload: bytes) -> int:
    """Return the length of an MQTT 3.1.1 PUBLISH of QoS 1 (sections 2.2 and 3.3)."""
    rest = 2 + len(topic.encode()) + 2 + len(payload)
    length_bytes = next(count for count in range(1, 5) if rest < 1 << 7 * count)
    return 1 + length_bytes + rest


def test_sizes() -> None:
    """The document's byte counts are those of the messages."""
    down = downlink_topic(DEFAULT_TOPIC_PREFIX, DEVICE)
    up = down.removesuffix("down") + "up"

    def upgrade(download: Download) -> bytes:
        return write_upgrade(DEVICE, PackageKind.FIRMWARE, download, NOW)

    report = json.dumps(
        {
            "services": [
                {
                    "service_id": "$ota",
                    "event_type": "version_report",
                    "paras": {"fw_version": "1.0.0", "sw_version": "7"},
                }
            ]
        },
        separators=(",", ":"),
    ).encode()
    sent = [
        (down, write_version_query(DEVICE, NOW)),
        (down, upgrade(DOWNLOAD)),
        (down, upgrade(LONGEST)),
        (down, upgrade(replace(LONGEST, custom_info="i" * 4096))),
        (up, report),
    ]
    told = [[int(cell) for cell in row[1:]] for row in table(DOCUMENT, "Sizes")]
    assert told == [[len(payload), packet_bytes(topic, payload)] for topic, payload in sent]
    assert "buffer of 1 KiB" in section(DOCUMENT, "Sizes")
    assert told[2][1] + len("i" * 48) * 2 <= 1024, "room for a device id of 64 characters"


def test_limits_of_the_document() -> None:
    """The numbers of the text are the limits of the code."""
    text = " ".join(prose(DOCUMENT).split())
    policy = Policy()
    assert f"1 to {MAX_ID_LENGTH} printable characters" in text
    assert f"up to {MAX_VERSION_LENGTH} characters" in text
    assert f"may have {MAX_PAYLOAD_BYTES >> 10} KiB" in text
    assert f"Up to {MAX_SUB_DEVICES} devices" in text
    assert f"waits {policy.online_timeout.total_seconds() / 3600:.0f} hours" in text
    assert f"within {policy.version_timeout.total_seconds() / 60:.0f} minutes" in text
    assert f"live for {policy.grant_lifetime.total_seconds() / 3600:.0f} hours" in text
    assert policy.report_timeout == policy.grant_lifetime
    assert "custom_info" in {str(key) for key in _FACTS.schema}


def test_result_codes_of_the_document() -> None:
    """Makers find every code that is understood."""
    told = [int(row[0]) for row in table(DOCUMENT, "Progress and results")]
    assert told == [code for code in ResultCode if code is not ResultCode.SUCCESS]
    causes = {row[0] for row in table("docs/failure-causes.md", "Result codes")}
    assert {str(code) for code in told} <= causes


def test_causes_of_the_document() -> None:
    """A cause that is named is one that users see."""
    rows = table(DOCUMENT, "What makes a result believed")
    named = [name for row in rows for name in re.findall(r"\*\*(.+)\*\*", row[1])]
    assert len(named) == 5
    assert [
        name for name in named if f"| {name} |" not in documents()["docs/failure-causes.md"]
    ] == []
