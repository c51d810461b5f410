"""What holds for every message: nothing that anybody sends raises anything but ProtocolError."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any, Final

from hypothesis import example, given, strategies as st
import orjson
import pytest

from custom_components.mqtt_ota.const import PackageKind
from custom_components.mqtt_ota.protocol import (
    DEFAULT_TOPIC_PREFIX,
    MAX_DESCRIPTION_LENGTH,
    MAX_ID_LENGTH,
    MAX_SERVICES,
    MAX_VERSION_LENGTH,
    CellReport,
    Download,
    EventType,
    OtherEvent,
    ProtocolError,
    UpgradeProgressReport,
    Uplink,
    UplinkEvent,
    VersionReport,
    downlink_topic,
    read_uplink,
    sender_of,
    write_cell_query,
    write_upgrade,
    write_version_query,
)

from .upgrade.builders import PATIENCE, THOROUGHNESS

pytestmark = pytest.mark.timeout(PATIENCE)

NASTY_TEXTS: Final = st.text() | st.sampled_from(
    ["", "\x00", "a/b", "#", "+", "\u202e", "NaN", "1e999", "9" * 400, "v" * 2000, "0", "100", "-1"]
)
SCALARS: Final = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NASTY_TEXTS
)
JSON: Final = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NASTY_TEXTS, inner, max_size=4),
    max_leaves=12,
)
PARAS: Final = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        (
            "result_code",
            "progress",
            "version",
            "description",
            "fw_version",
            "sw_version",
            "model",
            "cell_id",
        ),
        JSON,
    ),
)
SERVICES: Final = st.fixed_dictionaries(
    {},
    optional={
        "service_id": st.just("$ota") | JSON,
        "event_type": st.sampled_from([*EventType, "VERSION_REPORT"]) | JSON,
        "event_time": JSON,
        "event_id": JSON,
        "paras": PARAS | JSON,
    },
)
ENVELOPES: Final = st.fixed_dictionaries(
    {"services": st.lists(SERVICES | JSON, max_size=MAX_SERVICES + 2) | JSON},
    optional={"object_device_id": st.just("weather_1") | JSON},
)
IDS: Final = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="/+#"),
    min_size=1,
    max_size=MAX_ID_LENGTH,
)
TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=64)
NUMBERS: Final = st.integers(min_value=0, max_value=2**53)
DOWNLOADS: Final = st.builds(
    Download,
    version=TEXTS,
    url=TEXTS,
    file_size=NUMBERS,
    file_name=TEXTS,
    sign=TEXTS,
    expires=NUMBERS,
    access_token=TEXTS,
    custom_info=st.none() | TEXTS,
)
TIMES: Final = st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.fixture(autouse=True)
def _integration_enabled() -> None:
    """Start no Home Assistant: bytes are read and written without one."""


def check(uplink: Uplink, sender: str) -> None:
    """Check that what was read is bounded and safe to show, store and use in a topic."""
    assert sender_of("p", f"p/{uplink.device_id}/sys/events/up") == uplink.device_id
    assert uplink.gateway_id == (None if uplink.device_id == sender else sender)
    assert len(uplink.events) + len(uplink.faults) <= MAX_SERVICES
    for event in uplink.events:
        check_event(event)
    for fault in uplink.faults:
        assert fault.isprintable()
        assert len(fault) < 80


def check_event(event: UplinkEvent) -> None:
    """Check the bounds of one event."""
    texts: list[str | None]
    match event:
        case VersionReport():
            texts = [event.firmware, event.software, event.model]
        case UpgradeProgressReport():
            texts = [event.version]
            assert event.progress is None or 0 <= event.progress <= 100
            assert type(event.progress) in {int, type(None)}
            assert type(event.result_code) is int
            if event.description is not None:
                assert 0 < len(event.description) <= MAX_DESCRIPTION_LENGTH
                assert event.description.isprintable()
        case CellReport():
            texts = [event.cell_id]
        case OtherEvent():
            texts = []
    for text in texts:
        if text is not None:
            assert 0 < len(text) <= MAX_VERSION_LENGTH
            assert text.isprintable()
            assert text == text.strip()


def read(payload: bytes) -> Uplink | str:
    """Return what is left of a message that anybody may send, or why it was refused."""
    try:
        return read_uplink("weather_1", payload)
    except ProtocolError as err:
        return str(err)


def check_read(payload: bytes) -> None:
    """Check that a message is refused in few words, or that what is left of it is sound."""
    result = read(payload)
    if isinstance(result, Uplink):
        check(result, "weather_1")
    else:
        assert result.isprintable()
        assert 0 < len(result) < 80


@THOROUGHNESS
@given(payload=st.binary(max_size=400))
@example(payload=b'{"services":[' * 5000)
@example(payload=b"\xef\xbb\xbf" + b'{"services":[]}')
@example(payload=b'{"services":[]}\x00')
def test_any_bytes_are_at_worst_an_error(payload: bytes) -> None:
    """Bytes of any kind are at worst a ProtocolError."""
    check_read(payload)


@THOROUGHNESS
@given(message=ENVELOPES)
def test_any_json_in_the_shape_of_a_message(message: dict[str, Any]) -> None:
    """Any JSON in any place of a message is at worst a fault."""
    check_read(json.dumps(message).encode("utf-8", "surrogatepass"))


@THOROUGHNESS
@given(paras=PARAS, event_type=st.sampled_from(EventType))
def test_any_event_is_one_event_or_one_fault(paras: dict[str, Any], event_type: EventType) -> None:
    """One event gives exactly one event or one fault, whatever its paras are."""
    service = {"service_id": "$ota", "event_type": event_type, "paras": paras}
    payload = json.dumps({"services": [service]}, ensure_ascii=False)
    result = read(payload.encode("utf-8", "surrogatepass"))
    if isinstance(result, Uplink):
        check(result, "weather_1")
        assert len(result.events) + len(result.faults) == 1
    else:
        # Only for what JSON itself can't hold: a lone surrogate
        assert result == "message is not JSON"


@THOROUGHNESS
@given(message=ENVELOPES, at=st.integers(min_value=0, max_value=300), noise=st.binary(max_size=4))
def test_a_damaged_message_is_at_worst_an_error(
    message: dict[str, Any], at: int, noise: bytes
) -> None:
    """A message that was cut or damaged on its way is at worst a ProtocolError."""
    whole = json.dumps(message).encode("utf-8", "surrogatepass")
    check_read(whole[:at])
    check_read(whole[:at] + noise + whole[at + len(noise) :])


@THOROUGHNESS
@given(device_id=IDS, prefix=st.sampled_from([DEFAULT_TOPIC_PREFIX, "a", "my/own home"]))
def test_topic_of_any_device(device_id: str, prefix: str) -> None:
    """A device that can be heard can be spoken to, and on its own topic only."""
    down = downlink_topic(prefix, device_id)
    assert sender_of(prefix, down.removesuffix("down") + "up") == device_id
    assert down.count("/") == prefix.count("/") + 4
    assert "+" not in down
    assert "#" not in down


@THOROUGHNESS
@given(
    device_id=IDS,
    kind=st.sampled_from(PackageKind),
    download=DOWNLOADS,
    now=TIMES,
)
def test_what_is_written_is_what_was_meant(
    device_id: str, kind: PackageKind, download: Download, now: datetime
) -> None:
    """Every text survives, the message is compact, and its time is that of the clock."""
    payload = write_upgrade(device_id, kind, download, now)
    assert orjson.dumps(orjson.loads(payload)) == payload
    message = json.loads(payload)
    assert message["object_device_id"] == device_id
    (service,) = message["services"]
    assert service["event_type"] == f"{kind}_upgrade"
    paras = service["paras"]
    for name in ("version", "file_size", "file_name", "sign", "expires"):
        assert paras[name] == getattr(download, name)
    assert paras.get("custom_info") == download.custom_info
    assert paras["access_token"] == download.access_token
    written = datetime.strptime(service["event_time"], "%Y%m%dT%H%M%S%z")
    assert timedelta(0) <= now - written < timedelta(seconds=1)


@THOROUGHNESS
@given(device_id=IDS, now=TIMES)
def test_own_questions_are_read_as_signs_of_life(device_id: str, now: datetime) -> None:
    """A message of ours that comes back, by a bridge or a mistake, does nothing."""
    for write in (write_version_query, write_cell_query):
        uplink = read_uplink(device_id, write(device_id, now))
        assert uplink == Uplink(device_id=device_id, gateway_id=None, events=(OtherEvent(),))
