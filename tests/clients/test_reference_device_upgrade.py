"""The reference device in conversation with a platform over a real broker."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
import itertools
import logging
from pathlib import Path
import ssl
import threading
import time

import pytest

from reference_device.device import Device
from reference_device.download import DownloadOptions, Patience
from reference_device.faults import Faults
from reference_device.flash import Flash
from reference_device.link import Broker
from reference_device.messages import Kind
from reference_device.results import Report, ResultCode

from .misbehaving_depot import (
    CONTENT,
    HALF,
    SIZE,
    MisbehavingDepot,
    Request,
    cut,
    down,
    honest,
    reply,
)
from .platform_double import Platform

pytestmark = pytest.mark.long

PATIENCE = Patience(tries=5, bad_answers=3, first_wait=0.001, longest_wait=0.002, timeout=2)
VERSIONS = ("version_report", {"fw_version": "1", "sw_version": "1"})
NEW_VERSIONS = ("version_report", {"fw_version": "2", "sw_version": "1"})
SUCCESS = (
    "upgrade_progress_report",
    {"result_code": 0, "version": "2", "progress": 100, "description": "upgrade success"},
)


StartDevice = Callable[..., Flash]


@pytest.fixture
def platform(broker_port: int, request: pytest.FixtureRequest) -> Iterator[Platform]:
    """Return a platform that talks to a device named after the test."""
    device_id = "".join(char for char in request.node.name if char.isalnum() or char == "_")
    platform = Platform(broker_port, device_id)
    yield platform
    platform.close()


@pytest.fixture
def start_device(broker_port: int, platform: Platform, tmp_path: Path) -> Iterator[StartDevice]:
    """Return a function that runs a device in a thread until the end of the test."""
    with ExitStack() as running:

        def start(*, throttle: int | None = None, software: bool = True, **faults: object) -> Flash:
            factory = {Kind.FIRMWARE: "1"} | ({Kind.SOFTWARE: "1"} if software else {})
            flash = Flash(tmp_path / "device", factory)
            device = Device(
                platform.device_id,
                broker=Broker(host="127.0.0.1", port=broker_port),
                flash=flash,
                downloads=DownloadOptions(
                    tls=ssl.create_default_context(), patience=PATIENCE, throttle=throttle
                ),
                faults=Faults(**faults),  # type: ignore[arg-type]
                reboot_seconds=0.05,
            )
            thread = threading.Thread(target=device.run)
            thread.start()
            running.callback(thread.join, 10)
            running.callback(device.stop)
            return flash

        yield start


@pytest.fixture
def depot() -> Iterator[MisbehavingDepot]:
    """Return a depot that behaves until told otherwise."""
    with MisbehavingDepot([honest]) as depot:
        yield depot


def test_reports_unasked_and_answers_queries(platform: Platform, start_device: StartDevice) -> None:
    """A connected device tells its versions at once, and again whenever asked."""
    start_device()
    assert platform.next() == VERSIONS
    platform.send("version_query")
    assert platform.next() == VERSIONS


def test_whole_upgrade(
    platform: Platform, start_device: StartDevice, depot: MisbehavingDepot
) -> None:
    """Progress with the old version, a restart, the new version, then the result."""
    depot.answers.insert(0, cut)
    flash = start_device()
    assert platform.next() == VERSIONS
    platform.upgrade(depot.url)
    *progress, versions, result = platform.result()
    assert (versions, result) == (NEW_VERSIONS, SUCCESS)
    assert {event for event, _ in progress} == {"upgrade_progress_report"}
    percents = [paras["progress"] for _, paras in progress]
    assert percents == sorted(set(percents))
    assert (percents[0], percents[-1]) == (1, 100)
    assert all(paras["version"] == "1" and paras["result_code"] == 0 for _, paras in progress)
    assert depot.starts == [None, HALF]
    assert flash.image_path(Kind.FIRMWARE, "a").read_bytes() == CONTENT
    assert flash.versions == {Kind.FIRMWARE: "2", Kind.SOFTWARE: "1"}


def test_progress_comes_in_steps(
    platform: Platform, start_device: StartDevice, depot: MisbehavingDepot
) -> None:
    """A slow download reports about every ten percent, not every chunk."""
    start_device(throttle=SIZE)
    platform.next()
    platform.upgrade(depot.url)
    percents = [
        paras["progress"] for event, paras in platform.result() if event != "version_report"
    ]
    assert 9 <= len(percents) <= 13
    assert all(later - sooner >= 5 for sooner, later in itertools.pairwise(percents[:-1]))


def test_software_upgrade(
    platform: Platform, start_device: StartDevice, depot: MisbehavingDepot
) -> None:
    """Software goes the same way and leaves the firmware alone."""
    start_device()
    platform.next()
    platform.upgrade(depot.url, event_type="software_upgrade")
    *_, versions, result = platform.result()
    assert versions == ("version_report", {"fw_version": "1", "sw_version": "2"})
    assert result == SUCCESS


def hold(released: threading.Event) -> Callable[[Request], bytes]:
    """Return an answer that waits before it is honest."""

    def answer(request: Request) -> bytes:
        released.wait(10)
        return honest(request)

    return answer


def test_told_twice_downloads_once(
    platform: Platform, start_device: StartDevice, depot: MisbehavingDepot
) -> None:
    """A repeated command changes nothing but the grant."""
    released = threading.Event()
    depot.answers = [lambda request: hold(released)(request)[:-HALF], honest]
    start_device()
    platform.next()
    platform.upgrade(depot.url)
    platform.until(lambda _, paras: paras.get("progress") == 1)
    platform.upgrade(depot.url, access_token="renewed")
    platform.send("version_query")
    assert platform.next() == VERSIONS
    released.set()
    assert platform.result()[-1] == SUCCESS
    tokens = [request.headers["authorization"] for request in depot.requests]
    assert tokens == ["Bearer secret", "Bearer renewed"]


def test_other_command_while_busy(
    platform: Platform, start_device: StartDevice, depot: MisbehavingDepot
) -> None:
    """A second upgrade is refused and the first one goes on."""
    released = threading.Event()
    depot.answers = [hold(released)]
    start_device()
    platform.next()
    platform.upgrade(depot.url)
    platform.until(lambda _, paras: paras.get("progress") == 1)
    platform.upgrade(depot.url, event_type="software_upgrade")
    _, refusal = platform.next()
    assert refusal == {"result_code": 1, "version": "1", "description": "busy with firmware 2"}
    released.set()
    assert platform.result()[-1] == SUCCESS


@pytest.mark.parametrize(
    ("answer", "changes", "faults", "code", "reason"),
    [
        (honest, {"version": "1"}, {}, 3, "1 runs already"),
        (honest, {"sign": None}, {}, 7, "'sign' must be"),
        (honest, {"sign": "0" * 64}, {}, 7, "SHA-256 of the download differs"),
        (honest, {"file_size": 1 << 39}, {}, 5, "bytes free"),
        (honest, {"url": "ftp://host/"}, {}, 255, "Invalid URI"),
        (down, {}, {}, 6, "Connection lost"),
        (lambda _: reply("404 Not Found", []), {}, {}, 255, "Invalid URI"),
        (lambda _: reply("401 Unauthorized", []), {}, {}, 255, "token"),
        (honest, {}, {"wrong_hash": True}, 7, "on purpose"),
        (honest, {}, {"fail_code": ResultCode.LOW_BATTERY}, 4, "low_battery"),
        (honest, {}, {"fail_code": ResultCode.INSTALLATION_FAILED}, 10, "installation_failed"),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else None,
)
def test_failures(
    answer: Callable[[Request], bytes],
    changes: dict[str, object],
    faults: dict[str, object],
    code: int,
    reason: str,
    platform: Platform,
    start_device: StartDevice,
    depot: MisbehavingDepot,
) -> None:
    """A failure is told with its code and cause, and the old version stays in service."""
    depot.answers = [answer]
    flash = start_device(**faults)
    platform.next()
    platform.upgrade(**({"url": depot.url} | changes))
    _, result = platform.result()[-1]
    assert (result["result_code"], result["version"]) == (code, "1")
    assert reason in result["description"]
    platform.send("version_query")
    assert platform.next() == VERSIONS
    assert flash.upgrade is None


def test_package_of_a_kind_it_does_not_have(
    platform: Platform, start_device: StartDevice, depot: MisbehavingDepot
) -> None:
    """A device without software of its own cannot take any."""
    start_device(software=False)
    assert platform.next() == ("version_report", {"fw_version": "1"})
    platform.upgrade(depot.url, event_type="software_upgrade")
    assert platform.result()[-1][1]["result_code"] == 8


def test_next_attempt_after_a_failure(
    platform: Platform, start_device: StartDevice, depot: MisbehavingDepot
) -> None:
    """A failed device is free for the next command and resumes what it has."""
    depot.answers = [cut, *[down] * 5, honest]
    start_device()
    platform.next()
    platform.upgrade(depot.url)
    assert platform.result()[-1][1]["result_code"] == 6
    platform.upgrade(depot.url)
    assert platform.result()[-1] == SUCCESS
    assert depot.starts[-1] == HALF


def test_result_is_kept_until_the_broker_has_it(
    platform: Platform, start_device: StartDevice, tmp_path: Path
) -> None:
    """A result from before a power cut is told at the next start, and once only."""
    kept = Report(result_code=ResultCode.INTERNAL_ERROR, version="1", description="why")
    Flash(tmp_path / "device", {Kind.FIRMWARE: "1"}).fail(kept)
    flash = start_device()
    assert platform.next() == VERSIONS
    assert platform.next() == (
        "upgrade_progress_report",
        {"result_code": 255, "version": "1", "description": "why"},
    )
    end = time.monotonic() + 5
    while flash.result is not None and time.monotonic() < end:
        time.sleep(0.01)
    assert flash.result is None


def test_no_report_still_answers_queries(
    platform: Platform, start_device: StartDevice, depot: MisbehavingDepot
) -> None:
    """The device that never tells its result is found out by asking."""
    start_device(no_report=True)
    platform.next()
    platform.upgrade(depot.url)
    platform.until(lambda _, paras: paras.get("progress") == 100)
    assert platform.silent_for(0.5)
    platform.send("version_query")
    assert platform.next() == NEW_VERSIONS
    assert platform.silent_for(0.2)


def test_report_old_version_rolls_back(
    platform: Platform, start_device: StartDevice, depot: MisbehavingDepot
) -> None:
    """A rolled-back device comes back with its old version and no result."""
    start_device(report_old_version=True)
    platform.next()
    platform.upgrade(depot.url)
    *_, last = platform.until(lambda event, _: event == "version_report")
    assert last == VERSIONS
    assert platform.silent_for(0.2)


def test_ignore_queries(platform: Platform, start_device: StartDevice) -> None:
    """The device that does not answer is there nevertheless."""
    start_device(ignore_queries=True)
    assert platform.next() == VERSIONS
    platform.send("version_query")
    assert platform.silent_for(0.3)


@pytest.mark.parametrize("fault", ["start_offline", "stay_offline"])
def test_offline_for_a_while(
    fault: str, platform: Platform, start_device: StartDevice, depot: MisbehavingDepot
) -> None:
    """The device is away for the time that was asked for, then comes by itself."""
    begun = time.monotonic()
    start_device(**{fault: 0.5})
    platform.next()
    platform.upgrade(depot.url)
    assert platform.result()[-1] == SUCCESS
    assert time.monotonic() - begun > 0.5


def test_garbage_and_retained_commands_change_nothing(
    platform: Platform,
    start_device: StartDevice,
    depot: MisbehavingDepot,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither garbage nor an old retained command reaches the flash; the log tells why."""
    platform.send_raw(
        b'{"services": [{"service_id": "$ota", "event_type": "version_query"}]}', retain=True
    )
    start_device()
    assert platform.next() == VERSIONS
    for payload in (b"\x00", b"[]", b"{", b"x" * 70_000):
        platform.send_raw(payload)
    assert platform.silent_for(0.2)
    platform.send_raw(b"", retain=True)
    platform.send("version_query")
    assert platform.next() == VERSIONS
    assert "retained message ignored" in caplog.text
    assert caplog.text.count("message ignored: ") == 5
    assert depot.requests == []


def test_token_stays_out_of_the_log(
    platform: Platform,
    start_device: StartDevice,
    depot: MisbehavingDepot,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not even the most talkative log tells a token, wherever the token came in."""
    caplog.set_level(logging.DEBUG)
    depot.answers = [cut, down, honest]
    start_device()
    platform.next()
    platform.upgrade(f"{depot.url}?token=hidden")
    assert platform.result()[-1] == SUCCESS
    assert "firmware 2" in caplog.text
    assert "secret" not in caplog.text
    assert "hidden" not in caplog.text
