"""The device protocol: golden bytes out, the messages of real devices and of attackers in."""

from datetime import UTC, datetime
import json
from typing import Any, Final

import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.protocol import (
    DEFAULT_TOPIC_PREFIX,
    MAX_ID_LENGTH,
    MAX_PAYLOAD_BYTES,
    MAX_SERVICES,
    MAX_VERSION_LENGTH,
    CellReport,
    Download,
    OtherEvent,
    ProtocolError,
    UpgradeProgressReport,
    Uplink,
    UplinkEvent,
    VersionReport,
    downlink_topic,
    read_uplink,
    sender_of,
    uplink_filter,
    write_cell_query,
    write_upgrade,
    write_version_query,
)

NOW: Final = datetime(2026, 11, 23, 8, 32, 11, 987_654, tzinfo=UTC)
SHA256: Final = "7f4f5b994d2821e1dc260bda3ad6657b16579fefe49826b0df896506dc8dadd6"
DOWNLOAD: Final = Download(
    version="1.4.0",
    url="https://192.168.178.20:8443/p/7f4f5b994d2821e1",
    file_size=1_048_576,
    file_name="weather-1.4.0.bin",
    sign=SHA256,
    expires=86_400,
    access_token="Zx7-q9_kLmN0pQrStUvWxYzAbCdEfGhI",
)
# The receive buffer of a common microcontroller library, topic and header included
SMALL_BUFFER: Final = 512


@pytest.fixture(autouse=True)
def _integration_enabled() -> None:
    """Start no Home Assistant: bytes are read and written without one."""


def message(paras: object, event_type: str = "version_report", **envelope: Any) -> bytes:
    """Return a device's message with one `$ota` event."""
    service = {"service_id": "$ota", "event_type": event_type, "paras": paras}
    return json.dumps({**envelope, "services": [service]}).encode()


def version_report(paras: object) -> dict[str, object]:
    """Return one entry of a message's services."""
    return {"service_id": "$ota", "event_type": "version_report", "paras": paras}


def read_one(paras: object, event_type: str = "upgrade_progress_report") -> UplinkEvent:
    """Return the one event of a message that has no fault."""
    uplink = read_uplink("weather_1", message(paras, event_type))
    assert uplink.faults == ()
    (event,) = uplink.events
    return event


def progress(**paras: Any) -> UpgradeProgressReport:
    """Return a report of progress as it is read."""
    event = read_one({"result_code": 0, **paras})
    assert isinstance(event, UpgradeProgressReport)
    return event


def fault_of(paras: object, event_type: str = "upgrade_progress_report") -> str:
    """Return the one fault of a message of which nothing else is left."""
    uplink = read_uplink("weather_1", message(paras, event_type))
    assert uplink.events == ()
    (fault,) = uplink.faults
    return fault


def test_empty_object_device_id_means_the_topics_device() -> None:
    """Some makers leave the field empty instead of leaving it out."""
    uplink = read_uplink("weather_1", message({"fw_version": "1"}, object_device_id=""))
    assert (uplink.device_id, uplink.gateway_id) == ("weather_1", None)


def test_topics_are_those_of_device_sdks() -> None:
    """The topics are those that device SDKs are built for."""
    assert DEFAULT_TOPIC_PREFIX == "$oc/devices"
    assert uplink_filter("$oc/devices") == "$oc/devices/+/sys/events/up"
    assert downlink_topic("$oc/devices", "weather_1") == "$oc/devices/weather_1/sys/events/down"
    assert sender_of("$oc/devices", "$oc/devices/weather_1/sys/events/up") == "weather_1"
    assert sender_of("my/home", "my/home/weather_1/sys/events/up") == "weather_1"


@pytest.mark.parametrize(
    "device_id", ["", " ", "a/b", "a+", "#", "a\nb", "a\x00", "\u202e", "d" * 257]
)
def test_sender_with_an_impossible_name(device_id: str) -> None:
    """An id that would not be safe in a topic or a log line is refused."""
    with pytest.raises(ProtocolError, match=r"^topic holds no valid device id$"):
        sender_of("$oc/devices", f"$oc/devices/{device_id}/sys/events/up")


def test_version_query_on_the_wire() -> None:
    """Compact, with empty paras, its time in whole seconds of UTC."""
    assert write_version_query("weather_1", NOW) == (
        b'{"object_device_id":"weather_1","services":[{"service_id":"$ota",'
        b'"event_type":"version_query","event_time":"20261123T083211Z","paras":{}}]}'
    )
    assert len(write_version_query("weather_1", NOW)) == 139


def test_cell_query_on_the_wire() -> None:
    """The question of our own has the shape of all others."""
    assert write_cell_query("weather_1", NOW) == write_version_query("weather_1", NOW).replace(
        b"version_query", b"cell_query"
    )


@pytest.mark.parametrize(
    ("kind", "event_type"),
    [
        (PackageKind.FIRMWARE, b"firmware_upgrade"),
        (PackageKind.SOFTWARE, b"software_upgrade"),
    ],
)
def test_upgrade_on_the_wire(kind: PackageKind, event_type: bytes) -> None:
    """Every mandatory field is there, in a fixed order."""
    assert write_upgrade("weather_1", kind, DOWNLOAD, NOW) == (
        b'{"object_device_id":"weather_1","services":[{"service_id":"$ota",'
        b'"event_type":"' + event_type + b'","event_time":"20261123T083211Z","paras":{'
        b'"version":"1.4.0","url":"https://192.168.178.20:8443/p/7f4f5b994d2821e1",'
        b'"file_size":1048576,"file_name":"weather-1.4.0.bin",'
        b'"access_token":"Zx7-q9_kLmN0pQrStUvWxYzAbCdEfGhI","expires":86400,'
        b'"sign":"7f4f5b994d2821e1dc260bda3ad6657b16579fefe49826b0df896506dc8dadd6"}}]}'
    )


def test_usual_upgrade_fits_a_small_buffer() -> None:
    """The message and its topic fit the buffer that many devices have."""
    payload = write_upgrade("weather_1", PackageKind.FIRMWARE, DOWNLOAD, NOW)
    topic = downlink_topic(DEFAULT_TOPIC_PREFIX, "weather_1")
    assert len(payload) == 406
    # Fixed header of at most 5 bytes, length of the topic, packet id
    assert 5 + 2 + len(topic) + 2 + len(payload) < SMALL_BUFFER


def test_custom_info_stands_last() -> None:
    """What the maker adds comes after all that the protocol needs, and only if there is any."""
    download = Download(
        **{name: getattr(DOWNLOAD, name) for name in Download.__slots__}
        | {"custom_info": '{"slot":"b"}'}
    )
    plain = write_upgrade("weather_1", PackageKind.FIRMWARE, DOWNLOAD, NOW)
    assert write_upgrade("weather_1", PackageKind.FIRMWARE, download, NOW) == plain.replace(
        SHA256.encode() + b'"', SHA256.encode() + rb'","custom_info":"{\"slot\":\"b\"}"'
    )


def test_sub_device_is_addressed_on_its_gateways_topic() -> None:
    """The payload names the sub-device, the topic its gateway."""
    assert json.loads(write_version_query("66aa_sub01", NOW))["object_device_id"] == "66aa_sub01"
    uplink = read_uplink("66aa_gw", message({"fw_version": "1"}, object_device_id="66aa_sub01"))
    assert (uplink.device_id, uplink.gateway_id) == ("66aa_sub01", "66aa_gw")


PYTHON_REPORT: Final = (
    b'{"object_device_id": "66aa_pydev01", "services": [{"service_id": "$ota", '
    b'"event_type": "version_report", "event_time": "2026-11-23T08:32:11Z", "event_id": "", '
    b'"paras": {"fw_version": "v1.0.0", "sw_version": "v1.0.0"}}]}'
)
JAVA_REPORT: Final = (
    b'{"object_device_id":"66aa_jdev01","services":[{"paras":{"fw_version":"v1.0",'
    b'"sw_version":"v1.0"},"service_id":"$ota","event_type":"version_report",'
    b'"event_time":"20261123T084551Z","event_id":null}]}'
)
GO_REPORT: Final = (
    b'{"object_device_id":"66aa_gdev01","services":[{"service_id":"$ota",'
    b'"event_type":"version_report","event_time":"20261123T085003Z",'
    b'"paras":{"sw_version":"v1.0","fw_version":"v1.0"}}]}'
)
C_REPORT: Final = (
    b'{\n\t"object_device_id":\t"66aa_cdev01",\n\t"services":\t[{\n\t\t\t"service_id":\t"$ota",'
    b'\n\t\t\t"event_type":\t"version_report",\n\t\t\t"paras":\t{\n\t\t\t\t"sw_version":\t"v1.0",'
    b'\n\t\t\t\t"fw_version":\t"v1.0"\n\t\t\t}\n\t\t}]\n}'
)


@pytest.mark.parametrize(
    ("sender", "payload", "version"),
    [
        ("66aa_pydev01", PYTHON_REPORT, "v1.0.0"),
        ("66aa_jdev01", JAVA_REPORT, "v1.0"),
        ("66aa_gdev01", GO_REPORT, "v1.0"),
        ("66aa_cdev01", C_REPORT, "v1.0"),
    ],
)
def test_version_reports_of_device_sdks(sender: str, payload: bytes, version: str) -> None:
    """Times in two formats or none, ids empty, null or missing, tabs and newlines."""
    assert read_uplink(sender, payload) == Uplink(
        device_id=sender,
        gateway_id=None,
        events=(VersionReport(firmware=version, software=version),),
    )


@pytest.mark.parametrize(
    ("paras", "report"),
    [
        (
            (
                b'{"result_code": 0, "version": "v2.0.0", "progress": 100, '
                b'"description": "upgrade success"}'
            ),
            UpgradeProgressReport(
                result_code=0, progress=100, version="v2.0.0", description="upgrade success"
            ),
        ),
        (
            b'{"progress":100,"result_code":0,"version":"v1.0"}',
            UpgradeProgressReport(result_code=0, progress=100, version="v1.0"),
        ),
        (
            b'{"progress":100,"description":"upgrade success","result_code":0,"version":"v2.0.0"}',
            UpgradeProgressReport(
                result_code=0, progress=100, version="v2.0.0", description="upgrade success"
            ),
        ),
        (
            b'{"result_code":0,"progress":100,"version":"v2.0.0","description":""}',
            UpgradeProgressReport(result_code=0, progress=100, version="v2.0.0"),
        ),
        (
            (
                b'{"result_code":10,"progress":0,"version":"",'
                b'"description":"down load ota package failed."}'
            ),
            UpgradeProgressReport(
                result_code=10, progress=0, description="down load ota package failed."
            ),
        ),
        (
            b'{"result_code":1,"progress":0,"version":"v2.0.0","description":"failed"}',
            UpgradeProgressReport(
                result_code=1, progress=0, version="v2.0.0", description="failed"
            ),
        ),
        (
            b'{"result_code":0,"progress":80,"version":"V2.0","description":"upgrade processing"}',
            UpgradeProgressReport(
                result_code=0, progress=80, version="V2.0", description="upgrade processing"
            ),
        ),
    ],
    ids=["python", "java 1", "java 2", "go", "go failure", "c failure", "documentation"],
)
def test_progress_reports_of_device_sdks(paras: bytes, report: UpgradeProgressReport) -> None:
    """Results and progress as the SDKs really send them."""
    payload = PYTHON_REPORT.replace(b"version_report", b"upgrade_progress_report").replace(
        b'{"fw_version": "v1.0.0", "sw_version": "v1.0.0"}', paras
    )
    assert read_uplink("66aa_pydev01", payload).events == (report,)


@pytest.mark.parametrize(
    "service",
    [
        (
            b'{"service_id": "$log", "event_type": "log_report", "paras": {"timestamp": '
            b'"1795422729846", "type": "DEVICE_STATUS", "content": "connect complete, the uri is '
            b'127.0.0.61"}}'
        ),
        (
            b'{"paras":{"device_sdk_version":"JAVA_v1.2.1","fw_version":null,"sw_version":null},'
            b'"service_id":"$sdk_info","event_type":"sdk_info_report","event_id":null}'
        ),
        b'{"service_id":"$ota","event_type":"something_new","paras":{}}',
        b'{"service_id":"$ota","event_type":"version_query","paras":{}}',
        b"{}",
    ],
)
def test_other_events_are_signs_of_life(service: bytes) -> None:
    """What is none of ours is no fault."""
    uplink = read_uplink("weather_1", b'{"services":[' + service + b"]}")
    assert (uplink.events, uplink.faults) == ((OtherEvent(),), ())


@pytest.mark.parametrize(
    ("paras", "report"),
    [
        ({}, VersionReport()),
        (None, VersionReport()),
        ({"fw_version": "", "sw_version": None}, VersionReport()),
        ({"fw_version": " \t"}, VersionReport()),
        ({"fw_version": " 1.0\r\n"}, VersionReport(firmware="1.0")),
        ({"fw_version": 2, "sw_version": 1.5}, VersionReport(firmware="2", software="1.5")),
        ({"fw_version": True}, VersionReport()),
        ({"sw_version": "версия 2"}, VersionReport(software="версия 2")),
        ({"fw_version": "1", "model": "weather"}, VersionReport(firmware="1", model="weather")),
        ({"fw_version": "v" * MAX_VERSION_LENGTH}, VersionReport(firmware="v" * 256)),
    ],
)
def test_versions_are_read_as_makers_write_them(paras: object, report: VersionReport) -> None:
    """A part that is missing, null, empty or blank was not reported; numbers are texts."""
    assert read_one(paras, "version_report") == report


def test_version_of_a_kind() -> None:
    """Each kind has its own version."""
    report = VersionReport(firmware="1", software="2")
    assert report.version(PackageKind.FIRMWARE) == "1"
    assert report.version(PackageKind.SOFTWARE) == "2"


@pytest.mark.parametrize("event_type", ["VERSION_REPORT", "Version_Report"])
def test_event_type_in_any_case(event_type: str) -> None:
    """One SDK compares event types without their case, so devices may send any."""
    assert read_one({"fw_version": "1"}, event_type) == VersionReport(firmware="1")


def test_a_cell_is_a_short_text() -> None:
    """A cell is a short text; without one the report says nothing."""
    assert read_one({"cell_id": 4711}, "cell_report") == CellReport(cell_id="4711")
    assert fault_of({"cell_id": ""}, "cell_report") == "cell_id is missing"


@pytest.mark.parametrize(
    ("value", "code"),
    [(0, 0), ("7", 7), (7.0, 7), (-1, -1), (10**15, 10**15), ("-1", -1), ("999999", 999_999)],
)
def test_result_code_in_any_form(value: object, code: int) -> None:
    """A code may be a number or its digits."""
    assert progress(result_code=value).result_code == code


@pytest.mark.parametrize("value", [None, True, "", "ok", 7.5, [], {}, "9" * 5000, "0x10"])
def test_report_without_a_result_code(value: object) -> None:
    """Without a code nobody knows whether it went well: the report is a fault."""
    assert fault_of({"result_code": value}) == "result_code is not a whole number"


@pytest.mark.parametrize(
    ("value", "percent"),
    [
        (0, 0),
        (100, 100),
        ("42", 42),
        (42.0, 42),
        (42.7, 42),
        (99.99, 99),
        (None, None),
        # Never taken for a finished upgrade, as a report without progress would be
        (101, 0),
        (-1, 0),
        (1e300, 0),
        (2**63, 0),
        ("80%", 0),
        ("", 0),
        (True, 0),
        ([], 0),
    ],
)
def test_progress_in_any_form(value: object, percent: int | None) -> None:
    """A fraction is cut; what is no percentage proves no progress, least of all the end."""
    assert progress(progress=value).progress == percent


def test_description_is_cut_and_cleaned() -> None:
    """Free text of a device is shown to people: no control characters, no novels."""
    assert progress(description="line 1\nline\x1b[2J 2\u202e").description == "line 1 line [2J 2"
    assert progress(description="d" * 5000).description == "d" * 1024
    assert progress(description=" \n ").description is None
    assert progress(description={"a": 1}).description is None


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "message is not JSON"),
        (b"not json", "message is not JSON"),
        (b"\xff\xfe{}", "message is not JSON"),
        (b'{"services": ["\xc3\x28"]}', "message is not JSON"),
        (b'{"services": [NaN]}', "message is not JSON"),
        (b'{"services": [Infinity]}', "message is not JSON"),
        (b'{"services": [1e999]}', "message is not JSON"),
        (rb'{"services": ["\ud800"]}', "message is not JSON"),
        (b"[" * 30_000, "message is not JSON"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "message is not JSON"),
        (b"[]", "message is not a JSON object"),
        (b"null", "message is not a JSON object"),
        (b'"services"', "message is not a JSON object"),
        (b"{}", "services is not a list"),
        (b'{"services": {}}', "services is not a list"),
        (
            b'{"services": []' + b" " * MAX_PAYLOAD_BYTES + b"}",
            "message is longer than 65536 bytes",
        ),
        (
            b'{"services": [' + b"{}," * MAX_SERVICES + b"{}]}",
            "message has more than 32 services",
        ),
        (
            b'{"object_device_id": "a/b", "services": []}',
            "object_device_id holds no valid device id",
        ),
    ],
)
def test_message_of_which_nothing_can_be_used(payload: bytes, reason: str) -> None:
    """The reason is named, and the log shows nothing of what an attacker wrote."""
    with pytest.raises(ProtocolError) as raised:
        read_uplink("weather_1", payload)
    assert str(raised.value) == reason


@pytest.mark.parametrize(
    "device_id",
    ["a/b", "a+b", "#", "a\nb", "\x00", "\u202e", "d" * (MAX_ID_LENGTH + 1), 5, True, [], {}],
)
def test_foreign_id_that_is_none(device_id: object) -> None:
    """An id with which somebody could reach another topic or forge a log line is refused."""
    with pytest.raises(ProtocolError, match=r"^object_device_id holds no valid device id$"):
        read_uplink("weather_1", message({}, object_device_id=device_id))


def test_largest_message_that_is_read() -> None:
    """Each bound is the last that is still read: 64 KiB, 32 events, ids of 1 to 256."""
    services = b'{"services":[' + b",".join([b"{}"] * 32) + b"]"
    payload = services + b" " * (64 * 1024 - len(services) - 1) + b"}"
    assert len(read_uplink("weather_1", payload).events) == 32
    for device_id in ("d", "d" * 256):
        assert sender_of("a", f"a/{device_id}/sys/events/up") == device_id
    assert (MAX_PAYLOAD_BYTES, MAX_SERVICES, MAX_ID_LENGTH) == (64 * 1024, 32, 256)


@pytest.mark.parametrize("envelope", [{}, {"object_device_id": None}])
def test_message_without_an_id_is_the_senders(envelope: dict[str, Any]) -> None:
    """The topic names the device where the message does not."""
    uplink = read_uplink("weather_1", message({"fw_version": "1"}, **envelope))
    assert (uplink.device_id, uplink.gateway_id) == ("weather_1", None)


def test_key_that_is_given_twice() -> None:
    """The last one counts, as in most parsers, and never both."""
    payload = (
        b'{"object_device_id":"other","object_device_id":"weather_1","services":[],'
        b'"services":[{"service_id":"$ota","event_type":"version_report",'
        b'"paras":{"fw_version":"1","fw_version":"2"}}]}'
    )
    assert read_uplink("weather_1", payload) == Uplink(
        device_id="weather_1", gateway_id=None, events=(VersionReport(firmware="2"),)
    )


@pytest.mark.parametrize(
    ("service", "fault"),
    [
        (5, "service is not an object"),
        (None, "service is not an object"),
        ({"service_id": "$ota"}, "event_type is not a string"),
        ({"service_id": "$ota", "event_type": 7}, "event_type is not a string"),
        (version_report([]), "paras is not an object"),
        (version_report({"fw_version": []}), "fw_version is not a string"),
        (version_report({"fw_version": "v" * 257}), "fw_version is longer than 256 characters"),
        (version_report({"sw_version": "1\x1b[31m"}), "sw_version holds control characters"),
    ],
)
def test_broken_event_leaves_the_others_standing(service: object, fault: str) -> None:
    """One bad entry is named; the good ones before and after it count."""
    good = version_report({"fw_version": "1"})
    payload = json.dumps({"services": [good, service, good]}).encode()
    uplink = read_uplink("weather_1", payload)
    assert uplink.events == (VersionReport(firmware="1"), VersionReport(firmware="1"))
    assert uplink.faults == (fault,)
