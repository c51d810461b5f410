"""The source document's procedures as a home lives them; `upgrade/` has them rule by rule."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.mqtt_ota.const import EVENT_TASK_CHANGED, PackageKind
from custom_components.mqtt_ota.upgrade import CAUSES, State
from tests.integration.fake_depot import make_transfer
from tests.integration.home import Home

pytestmark = pytest.mark.long

HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)
SIZE: Final = 1024

both_kinds = pytest.mark.parametrize("kind", PackageKind)


async def prepare(home: Home, kind: PackageKind) -> None:
    """Have a package for one kind, and a device that runs the version before it."""
    await home.start()
    await home.add_package(id="package-1", kind=kind, source_versions=[])
    await report(home, kind, "1.3.0")
    home.forget_sent()


async def report(home: Home, kind: PackageKind, version: str) -> None:
    """Let the device report the version of one kind."""
    is_firmware = kind is PackageKind.FIRMWARE
    firmware, software = (version, None) if is_firmware else (None, version)
    await home.report(firmware=firmware, software=software)


async def install_and_notify(home: Home, kind: PackageKind) -> None:
    """Bring an upgrade to the point where the device has its message."""
    await home.install(kind=kind)
    await report(home, kind, "1.3.0")
    await home.until(home.sent_upgrades, "upgrade message")


async def download(home: Home, kind: PackageKind, served: int) -> None:
    """Let the depot tell how much of the package the device has fetched."""
    task = home.task(kind=kind)
    assert task.grant is not None
    transfer = make_transfer(
        grant_id=task.grant.id, task_id=task.id, bytes_served=served, complete=served == SIZE
    )
    await home.depot.async_send_event({"type": "transfer_changed", "transfer": transfer})
    await home.until(lambda: home.task(kind=kind) is not task, "step after a transfer")


@both_kinds
async def test_steps_1_2_upload_and_task(home: Home, kind: PackageKind) -> None:
    """An uploaded package is offered, and pressing Install creates the task for it."""
    await prepare(home, kind)
    assert home.state(kind=kind).state == "on"
    assert home.state(kind=kind).attributes["latest_version"] == "1.4.0"
    await home.install(kind=kind)
    task = home.task(kind=kind)
    assert (task.kind, task.package.id, task.is_ended) == (kind, "package-1", False)


@both_kinds
async def test_steps_3_to_5_negotiation(home: Home, kind: PackageKind) -> None:
    """The device is asked for its version; the target version ends the task at once."""
    await prepare(home, kind)
    await home.install(kind=kind)
    assert "version_query" in home.sent_types()
    await report(home, kind, "1.4.0")
    assert home.stage(kind=kind) == State.SUCCEEDED
    assert home.sent_upgrades() == []


@both_kinds
async def test_steps_6_7_delivery(home: Home, kind: PackageKind) -> None:
    """The message of the kind carries URL, package information and a token for 24 hours."""
    await prepare(home, kind)
    await install_and_notify(home, kind)
    (message,) = home.sent_upgrades()
    grant = home.task(kind=kind).grant
    assert grant is not None
    assert message.event_type == f"{kind}_upgrade"
    assert message.paras == {
        "version": "1.4.0",
        "url": grant.url,
        "file_size": SIZE,
        "file_name": "weather-1.4.0.bin",
        "access_token": grant.token,
        "expires": 86_400,
        "sign": "ab" * 32,
    }
    assert not message.retain


@both_kinds
async def test_steps_8_9_result_and_notification(home: Home, kind: PackageKind) -> None:
    """The new version is the success; the page and every automation are told."""
    await prepare(home, kind)
    events = async_capture_events(home.hass, EVENT_TASK_CHANGED)
    await install_and_notify(home, kind)
    await download(home, kind, SIZE)
    await report(home, kind, "1.4.0")
    assert home.stage(kind=kind) == State.SUCCEEDED
    state = home.state(kind=kind)
    assert (state.state, state.attributes["installed_version"]) == ("off", "1.4.0")
    assert (events[-1].data["state"], events[-1].data["kind"]) == (State.SUCCEEDED, kind)


async def wait_for_device(home: Home, kind: PackageKind) -> None:
    """Leave a device offline."""
    await home.install(kind=kind)
    assert home.stage(kind=kind) == State.WAITING_ONLINE


async def ask_for_version(home: Home, kind: PackageKind) -> None:
    """Have a device that shows up and answers nothing."""
    await home.install(kind=kind)
    await home.say("weather_1", "hello")
    assert home.stage(kind=kind) == State.QUERYING_VERSION


async def finish_download(home: Home, kind: PackageKind) -> None:
    """Have a device that downloads everything and shows nothing more."""
    await install_and_notify(home, kind)
    await download(home, kind, SIZE)


async def begin_download(home: Home, kind: PackageKind) -> None:
    """Have a device that stops in mid-download."""
    await install_and_notify(home, kind)
    await download(home, kind, SIZE // 2)


@both_kinds
@pytest.mark.parametrize(
    ("happens", "limit", "message"),
    [
        (wait_for_device, 25 * HOUR, "Waiting for the device online timeout"),
        (ask_for_version, 3 * MINUTE, "Waiting for report device firmware version timeout"),
        (install_and_notify, 24 * HOUR, "Waiting for device start download package timeout"),
        (begin_download, 24 * HOUR, "Waiting for device downloaded package timeout"),
        (finish_download, 24 * HOUR, "Waiting for device start to update timeout"),
    ],
)
async def test_each_time_out_ends_with_its_exact_message(
    home: Home,
    kind: PackageKind,
    happens: Callable[[Home, PackageKind], Awaitable[None]],
    limit: timedelta,
    message: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each interval ends when the document says, with its exact message."""
    await prepare(home, kind)
    await happens(home, kind)
    stage = home.stage(kind=kind)
    await home.pass_time(limit - timedelta(seconds=1))
    assert home.stage(kind=kind) == stage
    await home.pass_time(timedelta(seconds=2))
    task = home.task(kind=kind)
    assert task.cause is not None
    assert CAUSES[task.cause].message == message
    assert f"failed: {message}. Check the device." in caplog.text
