"""Messages of somebody else: nothing starts, nothing ends, and what is kept has a bound."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from functools import partial
import gc
import json
import sys
from time import monotonic
from types import MethodType
from typing import Any, Final
from unittest.mock import AsyncMock, patch

from homeassistant.components import mqtt
import pytest

from custom_components import mqtt_ota
from custom_components.mqtt_ota.const import LOGGER
from custom_components.mqtt_ota.upgrade import State, Task
from tests.integration.fake_depot import make_package
from tests.integration.home import Home
from tests.integration.stages import DEVICE, ENDED, NEW, OLD, STATES, bring

pytestmark = pytest.mark.long

FLOOD: Final = 100_000
# Fewer than a home may have: entities take their time to add.
BOUND: Final = 200

_CONTAINERS: Final = (dict, list, tuple, set, frozenset, str, datetime, MethodType, partial)

# Everything that a device can say of itself
SPOOFS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "new version": ("version_report", {"fw_version": NEW}),
    "old version": ("version_report", {"fw_version": OLD}),
    "third version": ("version_report", {"fw_version": "0.0.1", "model": "other"}),
    "success": ("upgrade_progress_report", {"result_code": 0, "progress": 100, "version": NEW}),
    "downloaded": ("upgrade_progress_report", {"result_code": 0, "progress": 100, "version": OLD}),
    "progress": ("upgrade_progress_report", {"result_code": 0, "progress": 99}),
    "failure": ("upgrade_progress_report", {"result_code": 10, "version": NEW}),
    "already latest": ("upgrade_progress_report", {"result_code": 3, "version": NEW}),
    "cell": ("cell_report", {"cell_id": "elsewhere"}),
    "sign of life": ("hello", {}),
}


@pytest.fixture(autouse=True)
async def started(home: Home) -> None:
    """Offer a package to a model; the home has started."""
    home.depot.packages.append(make_package())
    await home.start()


@pytest.mark.parametrize("state", STATES)
async def test_messages_of_another_device(home: Home, state: State) -> None:
    """Whatever is claimed of it through another one's topic, its task does not move."""
    await bring(home, state)
    async with untouched(home):
        for event_type, paras in SPOOFS.values():
            await home.say(DEVICE, event_type, paras, gateway="evil_1")


@pytest.mark.parametrize("state", STATES)
async def test_retained_messages(home: Home, state: State) -> None:
    """What the broker has kept is never news, not even on the device's own topic."""
    await bring(home, state)
    async with untouched(home):
        for event_type, paras in SPOOFS.values():
            # Home Assistant passes on one for each topic and connection.
            home.hass.data[mqtt.DATA_MQTT].client._retained_topics.clear()
            await home.say(DEVICE, event_type, paras, retain=True)
    assert home.manager.messenger.faults == {"retained message": len(SPOOFS)}


@pytest.mark.parametrize("state", ENDED)
async def test_messages_for_a_finished_task(home: Home, state: State) -> None:
    """Late, sent twice or recorded and replayed: what has ended stays as it was."""
    await bring(home, state)
    ended = home.task()
    for event_type, paras in SPOOFS.values():
        await home.say(DEVICE, event_type, paras)
    assert home.task() == ended
    assert home.depot.grants == {}
    assert len(home.sent_upgrades()) == 1


async def test_results_without_a_task(home: Home) -> None:
    """Nobody asked for an upgrade: no message of a device makes one."""
    await home.report(DEVICE, OLD)
    grants = home.depot.requests.count(("POST", "/api/v1/grants"))
    for event_type, paras in SPOOFS.values():
        await home.say(DEVICE, event_type, paras)
        await home.say("never_heard_of", event_type, paras)
    assert dict(home.manager.tasks) == {}
    assert home.depot.requests.count(("POST", "/api/v1/grants")) == grants
    assert not [sent for sent in home.sent if sent.event_type.endswith("_upgrade")]


@pytest.mark.parametrize("state", [State.AWAITING_DOWNLOAD, State.DOWNLOADING])
async def test_success_that_is_claimed_in_its_name(home: Home, state: State) -> None:
    """Without rules at the broker anybody can speak for it: a claim is no proof, it is asked."""
    await bring(home, state)
    home.forget_sent()
    event_type, paras = SPOOFS["success"]
    for _ in range(3):
        await home.say(DEVICE, event_type, paras)
    assert home.stage() == "verifying"
    assert home.sent_types() == ["version_query"]
    await home.report(DEVICE, OLD)
    await home.pass_time(timedelta(minutes=3))
    assert home.task().state is State.FAILED
    assert home.state().attributes["installed_version"] == OLD


async def test_replayed_success_of_the_task_before(home: Home) -> None:
    """What a device once said of the same package does not count for its next task."""
    await bring(home, State.SUCCEEDED)
    await home.report(DEVICE, OLD)
    await bring(home, State.WAITING_ONLINE)
    event_type, paras = SPOOFS["success"]
    await home.say(DEVICE, event_type, paras)
    assert home.stage() == "querying_version"
    await home.report(DEVICE, OLD)
    await home.until(lambda: home.stage() == "awaiting_download", "notification")


async def test_foreign_transfer(home: Home) -> None:
    """A download under another grant moves no task, even with its device's name."""
    await bring(home, State.AWAITING_DOWNLOAD)
    async with untouched(home):
        for changes in ({"grant_id": "other"}, {"task_id": "other"}):
            transfer = {
                "grant_id": "grant1",
                "task_id": home.task().id,
                "device_id": DEVICE,
                "package_id": "pkg1",
                "size": 1024,
                "bytes_served": 1024,
                "requests": 1,
                "refusals": 0,
                "active": False,
                "complete": True,
                "started_at": None,
                "updated_at": None,
                **changes,
            }
            await home.depot.async_send_event({"type": "transfer_changed", "transfer": transfer})
        await home.add_package(id="marker", model="nobody")


async def test_sub_device_of_another_gateway(home: Home) -> None:
    """One gateway can neither end nor speed up what is on its way through another one."""
    await home.report("weather_9", OLD, gateway="gate_1")
    await home.install("weather_9")
    await home.report("weather_9", OLD, gateway="gate_1")
    await home.until(lambda: home.sent_upgrades("gate_1"), "upgrade message")
    before = home.task("weather_9")
    for event_type, paras in SPOOFS.values():
        await home.say("weather_9", event_type, paras, gateway="gate_2")
    assert home.task("weather_9") == before
    assert home.manager.devices["weather_9"].gateway_id == "gate_1"
    assert home.sent_upgrades("gate_2") == []


@pytest.mark.parametrize("status", ["OFFLINE", "ONLINE"])
async def test_presence_told_by_another_device(home: Home, status: str) -> None:
    """Only its own gateway is believed about a device: nobody else can stop or start its task."""
    await bring(home, State.QUERYING_VERSION)
    before, presence = home.task(), home.manager.presence
    event = {
        "service_id": "$sub_device_manager",
        "event_type": "sub_device_update_status",
        "paras": {"device_statuses": [{"device_id": DEVICE, "status": status}]},
    }
    await home.publish("evil_1", json.dumps({"services": [event]}))
    assert home.task() == before
    assert presence.is_online(DEVICE) is None


# Floods


@pytest.mark.timeout(180)
async def test_flood_of_invented_devices(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """100,000 names are worth no more memory than the bound, and the home goes on."""
    await home.report(DEVICE, OLD)
    # Without notes of where each callback comes from
    home.hass.loop.set_debug(False)
    with _bounded(BOUND), patch.object(mqtt, "async_publish", AsyncMock()) as publish:
        await _flood(home, publish, range(FLOOD // 10))
        early = _held(home)
        await _flood(home, publish, range(FLOOD // 10, FLOOD))
        late = _held(home)
    assert late < 1.2 * early < 200 * BOUND
    assert len(home.manager.devices) == BOUND
    # The gateway that named so many is one of them, and has no version itself.
    assert len(home.hass.states.async_entity_ids("update")) == BOUND - 1
    told = [record for record in caplog.records if record.name == LOGGER.name]
    assert len(told) <= 2 * BOUND
    assert all(len(record.getMessage()) < 400 for record in told)
    assert dict(home.manager.tasks) == {}
    await bring(home, State.SUCCEEDED)


@asynccontextmanager
async def untouched(home: Home) -> AsyncGenerator[None]:
    """Check that no task, device or grant changes and that nothing is sent to anybody."""
    before: Task = home.task()
    devices, grants = dict(home.manager.devices), dict(home.depot.grants)
    home.forget_sent()
    yield
    assert home.task() == before
    assert dict(home.manager.devices) == devices
    assert home.depot.grants == grants
    assert home.sent == []


async def _flood(home: Home, publish: AsyncMock, numbers: range) -> None:
    """Send one message for each of many names that nobody has heard of."""
    report = {"service_id": "$ota", "event_type": "version_report"}
    hear = _subscriber(home)
    for number in numbers:
        name, services = f"weather_x{number}", [{**report, "paras": {"fw_version": f"{number}"}}]
        match number % 4:
            case 0:
                hear(name, json.dumps({"services": services}))
            case 1:
                hear("evil_1", json.dumps({"object_device_id": name, "services": services}))
            case 2:
                hear(name, '{"services": [{"service_id": "$log"}]}')
            case _:
                hear(name, "rubbish")
        if number % 1_000 == 0:
            await home.settle()
    await home.settle()
    publish.reset_mock()


def _subscriber(home: Home) -> Callable[[str, str], None]:
    """Return what hands a message to our subscription, without Home Assistant's search for it."""
    # The fixture's double wraps the real client.
    client = home.broker._mock_wraps
    (subscription,) = (
        item for item in client.subscriptions if item.topic == "$oc/devices/+/sys/events/up"
    )

    def hear(sender: str, payload: str) -> None:
        """Receive a message of a device."""
        topic = f"$oc/devices/{sender}/sys/events/up"
        subscription.job.target(
            mqtt.ReceiveMessage(topic, payload.encode(), 1, False, subscription.topic, monotonic())
        )

    return hear


def _held(home: Home) -> int:
    """Return how many objects the manager holds: all that can be reached through our own."""
    found: dict[int, object] = {}
    tasks = [*home.entry._background_tasks]
    ahead: list[object] = [home.manager, tasks]
    while ahead:
        item = ahead.pop()
        is_own = type(item).__module__.startswith(mqtt_ota.__name__)
        if id(item) not in found and (is_own or isinstance(item, _CONTAINERS)):
            found[id(item)] = item
            ahead.extend(gc.get_referents(item))
    return len(found) + len(tasks)


@contextmanager
def _bounded(devices: int) -> Iterator[None]:
    """Let fewer devices be known, wherever that number is asked for."""
    name = "MAX_DEVICES"
    with ExitStack() as stack:
        for module in [*sys.modules.values()]:
            if module.__name__.startswith(mqtt_ota.__name__) and hasattr(module, name):
                stack.enter_context(patch.object(module, name, devices))
        yield
