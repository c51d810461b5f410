"""Malformed input, through the broker's client: nothing raises, all is counted, little is logged."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
import logging
from random import Random
from typing import Any, Final

from hypothesis import given
import pytest

from custom_components.mqtt_ota.const import LOGGER
from custom_components.mqtt_ota.protocol import MAX_ID_LENGTH, MAX_PAYLOAD_BYTES
from tests.integration.fake_depot import make_package
from tests.integration.home import Home
from tests.integration.personalities.wire import SDKS
from tests.integration.test_protocol_properties import ENVELOPES
from tests.integration.upgrade.builders import PATIENCE, THOROUGHNESS

pytestmark = [pytest.mark.timeout(PATIENCE), pytest.mark.long]

MEBIBYTE: Final = 1 << 20
UPLINK: Final = "$oc/devices/{}/sys/events/up"


def service(paras: object, event_type: object = "version_report") -> dict[str, object]:
    """Return one event of the upgrade service."""
    return {"service_id": "$ota", "event_type": event_type, "paras": paras}


def message(*services: object, **envelope: object) -> bytes:
    """Return a whole message."""
    return json.dumps({**envelope, "services": list(services)}).encode()


def progress(**paras: object) -> bytes:
    """Return a progress report."""
    return message(service(paras, "upgrade_progress_report"))


TOO_LONG: Final = f"message is longer than {MAX_PAYLOAD_BYTES} bytes"
NO_JSON: Final = "message is not JSON"
# Payload and the kind of fault that is counted
BROKEN: Final = [
    pytest.param(b"", NO_JSON, id="empty"),
    pytest.param(b"online", NO_JSON, id="not JSON"),
    pytest.param(b"\xc3\x28", NO_JSON, id="invalid UTF-8"),
    pytest.param(rb'{"services": ["\ud800"]}', NO_JSON, id="half a character"),
    pytest.param(b"\x00" * 10 * MEBIBYTE, TOO_LONG, id="10 MiB of zeros"),
    pytest.param(b'{"services": ["' + b"x" * 10 * MEBIBYTE + b'"]}', TOO_LONG, id="10 MiB of JSON"),
    pytest.param(b"[" * 60_000, NO_JSON, id="deep list"),
    pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, NO_JSON, id="deep object"),
    pytest.param(b'{"services": [NaN]}', NO_JSON, id="NaN"),
    pytest.param(b'{"services": [-Infinity]}', NO_JSON, id="infinite"),
    pytest.param(b'{"services": [{"paras": {"a": 1e999}}]}', NO_JSON, id="1e999"),
    pytest.param(b"[]", "message is not a JSON object", id="list"),
    pytest.param(b"{}", "services is not a list", id="no services"),
    pytest.param(b'{"services": "$ota"}', "services is not a list", id="services as text"),
    pytest.param(message(*[1] * 33), "message has more than 32 services", id="many services"),
    pytest.param(message(None), "service is not an object", id="null for a service"),
    pytest.param(message(service([])), "paras is not an object", id="paras as a list"),
    pytest.param(message(service({}, 7)), "event_type is not a string", id="type as a number"),
    pytest.param(
        message(service({"fw_version": {}})), "fw_version is not a string", id="version as object"
    ),
    pytest.param(
        message(service({"fw_version": "9" * 60_000})),
        "fw_version is longer than 256 characters",
        id="huge version",
    ),
    pytest.param(
        message(service({"sw_version": "1\x1b[2J"})),
        "sw_version holds control characters",
        id="control characters",
    ),
    pytest.param(
        message(service({"model": "m" * 257})), "model is longer than 256 characters", id="model"
    ),
    pytest.param(progress(), "result_code is not a whole number", id="no result code"),
    pytest.param(
        progress(result_code="0x0A"), "result_code is not a whole number", id="code in hex"
    ),
    pytest.param(progress(result_code=0.5), "result_code is not a whole number", id="half a code"),
    pytest.param(message(service({}, "cell_report")), "cell_id is missing", id="no cell"),
    *(
        pytest.param(
            message(object_device_id=name), "object_device_id holds no valid device id", id=id_
        )
        for name, id_ in (
            ("weather_1/sys/events/down", "topic as an id"),
            ("+", "wildcard as an id"),
            ("a\nb", "two lines as an id"),
            ("d" * 60_000, "huge id"),
            ([], "list as an id"),
        )
    ),
]


@pytest.fixture
async def upgrading(home: Home) -> Home:
    """Return a home with a device that has its upgrade message."""
    home.depot.packages.append(make_package())
    await home.start()
    await home.report()
    await home.install_and_notify()
    return home


@contextmanager
def undisturbed(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """Check that nothing raised meanwhile; yield a function that returns our warnings.

    Home Assistant catches what a subscriber raises, and logs it as an error.
    """
    caplog.clear()

    def warnings() -> list[str]:
        """Return what the integration has warned of."""
        return [
            record.getMessage()
            for record in caplog.records
            if record.name == LOGGER.name and record.levelno >= logging.WARNING
        ]

    yield warnings
    assert [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.ERROR or record.exc_info
    ] == []


@pytest.mark.parametrize(("payload", "fault"), BROKEN)
async def test_broken_message(
    upgrading: Home, caplog: pytest.LogCaptureFixture, payload: bytes, fault: str
) -> None:
    """It is counted each time, logged once for each device, and changes no task."""
    task = upgrading.task()
    with undisturbed(caplog) as warnings:
        for _ in range(5):
            await upgrading.publish("weather_1", payload)
        await upgrading.publish("nobody_knows_me", payload)
    assert upgrading.manager.messenger.faults[fault] == 6
    assert warnings() == [
        f"Ignored a message from {sender!r}: {fault}" for sender in ("weather_1", "nobody_knows_me")
    ]
    assert all(len(warning) < 200 for warning in warnings())
    assert upgrading.task().state is task.state
    assert set(upgrading.manager.devices) == {"weather_1"}
    await upgrading.report(firmware="1.4.0")
    assert upgrading.stage() == "succeeded"


@pytest.mark.parametrize(
    "paras",
    [
        {"progress": 101},
        {"progress": -1},
        {"progress": "fast"},
        {"progress": 1e300},
        {"progress": []},
        {"progress": 2**63},
        {"progress": None, "version": "2"},
        {"progress": 100, "version": ["1.4.0"]},
        {"description": "x" * 64_000},
        {"description": {"deep": [1]}},
    ],
)
async def test_strange_progress(
    upgrading: Home, caplog: pytest.LogCaptureFixture, paras: dict[str, Any]
) -> None:
    """No value of a progress report ends an upgrade or breaks the bar."""
    with undisturbed(caplog):
        await upgrading.report_progress(**paras)
    assert not upgrading.task().is_ended
    percentage = upgrading.state().attributes["update_percentage"]
    assert percentage is None or 0 <= percentage <= 100


async def test_key_that_is_given_twice(upgrading: Home) -> None:
    """The last one counts; two ids in one message do not reach two devices."""
    await upgrading.report("weather_2", firmware="7")
    payload = (
        b'{"object_device_id": "weather_2", "object_device_id": "weather_1", "services": [{'
        b'"service_id": "$ota", "event_type": "version_report", '
        b'"paras": {"fw_version": "8", "fw_version": "1.3.0"}}]}'
    )
    await upgrading.publish("weather_1", payload)
    assert upgrading.manager.devices["weather_1"].firmware == "1.3.0"
    assert upgrading.manager.devices["weather_2"].firmware == "7"


@pytest.mark.parametrize(
    "payload",
    [b"garbage", message(service({"fw_version": "9.9.9"}))],
    ids=["broken", "sound"],
)
async def test_retained_garbage(
    upgrading: Home, caplog: pytest.LogCaptureFixture, payload: bytes
) -> None:
    """What the broker has kept is counted and nothing else, broken or not."""
    before = upgrading.task()
    with undisturbed(caplog) as warnings:
        for sender in ("weather_1", "weather_2"):
            await upgrading.publish(sender, payload, retain=True)
    assert upgrading.manager.messenger.faults == {"retained message": 2}
    assert warnings() == []
    assert upgrading.task() == before
    assert set(upgrading.manager.devices) == {"weather_1"}


@pytest.mark.parametrize(
    "device_id",
    ["", " ", "x" * 60_000, "\x07", "\u202edevice"],
    ids=["empty", "blank", "huge", "bell", "right to left"],
)
async def test_topic_of_an_impossible_device(
    home: Home, caplog: pytest.LogCaptureFixture, device_id: str
) -> None:
    """A name that is none makes no device, and does not fill the log."""
    await home.start()
    with undisturbed(caplog) as warnings:
        for _ in range(3):
            home.receive(UPLINK.format(device_id), message(service({"fw_version": "1"})))
            await home.settle()
    assert home.manager.devices == {}
    assert home.manager.messenger.faults == {"topic holds no valid device id": 3}
    (warning,) = warnings()
    assert len(warning) < MAX_ID_LENGTH + 100
    assert warning.isprintable()


async def test_any_message(upgrading: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever stands in the shape of a message, nothing raises and the device is still there."""

    @THOROUGHNESS
    @given(envelope=ENVELOPES)
    def receive(envelope: dict[str, Any]) -> None:
        """Let the broker's client call the subscription."""
        upgrading.receive(UPLINK.format("weather_1"), json.dumps(envelope, ensure_ascii=True))

    with undisturbed(caplog):
        receive()
        await upgrading.settle()
    assert upgrading.state().state != "unavailable"


async def test_damaged_messages(upgrading: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Each message that an SDK sends, with bytes changed, cut out, repeated and swapped."""
    random = Random(20261101)
    honest = [
        report.encode()
        for sdk in SDKS.values()
        for report in (
            sdk.version_report(sdk.old),
            sdk.progress_report(0, 40, sdk.new, "downloading"),
            sdk.progress_report(7, 0, sdk.new, "sign verify failed"),
        )
    ]
    rounds = 1_000_000 if THOROUGHNESS.max_examples > 1_000 else 5_000
    with undisturbed(caplog) as warnings:
        for number in range(rounds):
            damaged = _damaged(random, random.choice(honest))
            upgrading.receive(UPLINK.format(f"weather_{number % 3}"), damaged)
            if number % 1_000 == 0:
                await upgrading.settle()
        await upgrading.settle()
    faults = upgrading.manager.messenger.faults
    assert faults[NO_JSON] > rounds / 10
    assert len(warnings()) < 3 * 64
    assert len(upgrading.manager.devices) < rounds / 2


def _damaged(random: Random, payload: bytes) -> bytes:
    """Return a message with a few accidents."""
    damaged = bytearray(payload)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(damaged))
        to = min(len(damaged), at + random.randint(1, 8))
        match random.randrange(4):
            case 0:
                damaged[at] = random.randrange(256)
            case 1 if to - at < len(damaged):
                del damaged[at:to]
            case 2:
                damaged[at:at] = damaged[at:to] * random.randint(1, 50)
            case _:
                other = random.randrange(len(damaged))
                damaged[at], damaged[other] = damaged[other], damaged[at]
    return bytes(damaged)
