"""A home for tests: Home Assistant, a broker's client, a real depot, and devices that talk."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, timedelta
import json
from typing import Any
from unittest.mock import MagicMock

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import mqtt
from homeassistant.components.mqtt.const import (
    MQTT_CONNECTION_STATE,
    MQTT_PROCESSED_SUBSCRIPTIONS,
)
from homeassistant.components.update import DOMAIN as UPDATE, SERVICE_INSTALL
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect, async_dispatcher_send
from homeassistant.helpers.event import _TrackPointUTCTime
from homeassistant.util.async_ import get_scheduled_timer_handles
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockMqttReasonCode,
    async_fire_mqtt_message,
)

from custom_components.mqtt_ota.const import DOMAIN, PackageKind
from custom_components.mqtt_ota.manager import UpgradeManager
from custom_components.mqtt_ota.protocol import uplink_filter
from custom_components.mqtt_ota.upgrade import Task
from tests.integration.fake_depot import API_KEY, FakeDepot, make_package, make_transfer

STARTED_AT = "2026-11-01T10:00:00+00:00"
TASKS_FILE = f"{DOMAIN}.tasks"
DEVICES_FILE = f"{DOMAIN}.devices"

_UPLINK = "$oc/devices/+/sys/events/up"
_PATIENCE = 5.0
_LOOK_AGAIN = 0.005


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One message that left for the broker."""

    topic: str
    message: dict[str, Any]
    qos: int
    retain: bool

    @property
    def event_type(self) -> str:
        """Return what kind of message it is."""
        return str(self.message["services"][0]["event_type"])

    @property
    def paras(self) -> dict[str, Any]:
        """Return what it says."""
        paras: dict[str, Any] = self.message["services"][0]["paras"]
        return paras


@dataclass
class Home:
    """Everything around the integration; `entry` is its config entry."""

    hass: HomeAssistant
    broker: MagicMock
    paho: MagicMock
    depot: FakeDepot
    clock: FrozenDateTimeFactory
    entry: MockConfigEntry = field(init=False)

    def __post_init__(self) -> None:
        """Configure the integration for the depot, without setting it up."""
        self.entry = MockConfigEntry(
            domain=DOMAIN,
            title="Depot",
            unique_id=self.depot.info["depot_id"],
            data={
                "url": self.depot.url,
                "api_key": API_KEY,
                "certificate": None,
                "fingerprint": None,
            },
        )
        self.entry.add_to_hass(self.hass)

    @property
    def manager(self) -> UpgradeManager:
        """Return the running manager."""
        manager: UpgradeManager = self.entry.runtime_data
        return manager

    def set_options(self, **options: Any) -> None:
        """Set the entry's options, before the integration is set up."""
        self.hass.config_entries.async_update_entry(self.entry, options=options)

    async def start(self) -> None:
        """Set the integration up and wait until it hears devices and the depot."""
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        assert self.entry.state is ConfigEntryState.LOADED
        heard = asyncio.Event()
        topic = uplink_filter(self.manager.options.topic_prefix)
        stop_waiting = mqtt.async_on_subscribe_done(self.hass, topic, 1, heard.set)
        await self.until(heard.is_set, "confirmed subscription")
        stop_waiting()

    async def stop(self) -> None:
        """Unload the integration."""
        assert await self.hass.config_entries.async_unload(self.entry.entry_id)

    async def restart(self) -> None:
        """Unload the integration and set it up again."""
        await self.stop()
        await self.start()

    async def settle(self) -> None:
        """Let everything happen that waits for nothing outside."""
        for _ in range(3):
            await self.hass.async_block_till_done()
            # Home Assistant does not wait for the jobs that end with the config entry
            for _ in range(10):
                await asyncio.sleep(0)

    async def until(self, happened: Callable[[], object], what: str) -> None:
        """Wait for something that comes through a socket."""
        for _ in range(int(_PATIENCE / _LOOK_AGAIN)):
            if happened():
                await self.settle()
                return
            await asyncio.sleep(_LOOK_AGAIN)
        raise AssertionError(f"no {what} after {_PATIENCE} s")

    async def pass_time(self, duration: timedelta) -> None:
        """Let the frozen clock go on and its timers ring."""
        self.clock.tick(duration)
        for handle in get_scheduled_timer_handles(self.hass.loop):
            timer = handle._callback
            # Only Home Assistant's own: the sockets' time-outs go by the real clock.
            if (
                isinstance(timer, _TrackPointUTCTime)
                and timer.expected_fire_timestamp <= self.clock().replace(tzinfo=UTC).timestamp()
                and not handle.cancelled()
            ):
                handle.cancel()
                timer()
        await self.settle()

    async def say(
        self,
        device_id: str,
        event_type: str,
        paras: dict[str, Any] | None = None,
        *,
        gateway: str | None = None,
        retain: bool = False,
    ) -> None:
        """Send one event from a device, perhaps through a gateway."""
        message: dict[str, Any] = {
            "services": [{"service_id": "$ota", "event_type": event_type, "paras": paras or {}}]
        }
        if gateway is not None:
            message["object_device_id"] = device_id
        await self.publish(gateway or device_id, json.dumps(message), retain=retain)

    async def publish(self, sender: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Send raw bytes on a device's own topic."""
        self.receive(f"$oc/devices/{sender}/sys/events/up", payload, retain=retain)
        await self.settle()

    def receive(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Let the broker's client receive a message."""
        async_fire_mqtt_message(self.hass, topic, payload, 1, retain)

    async def tell_statuses(self, gateway: str, **statuses: str) -> None:
        """Let a gateway tell the status of devices behind it."""
        entries = [{"device_id": name, "status": status} for name, status in statuses.items()]
        service = {
            "service_id": "$sub_device_manager",
            "event_type": "sub_device_update_status",
            "event_id": "e1",
            "paras": {"device_statuses": entries},
        }
        await self.publish(gateway, json.dumps({"services": [service]}))

    async def report(
        self,
        device_id: str = "weather_1",
        firmware: str | None = "1.3.0",
        software: str | None = None,
        *,
        gateway: str | None = None,
        **more: Any,
    ) -> None:
        """Send a device's version report."""
        paras = {"fw_version": firmware, "sw_version": software, **more}
        await self.say(device_id, "version_report", paras, gateway=gateway)

    async def report_progress(
        self, device_id: str = "weather_1", result_code: int = 0, **paras: Any
    ) -> None:
        """Send a device's word about its upgrade."""
        paras = {"result_code": result_code, **paras}
        await self.say(device_id, "upgrade_progress_report", paras)

    @property
    def sent(self) -> list[Sent]:
        """Return every message that left for a device, oldest first."""
        calls = [call.args[:4] for call in self.paho.publish.mock_calls if call.args]
        return [
            Sent(topic=topic, message=json.loads(payload), qos=qos, retain=retain)
            for topic, payload, qos, retain in calls
            if topic.endswith("/sys/events/down")
        ]

    def sent_types(self, device_id: str = "weather_1") -> list[str]:
        """Return the types of the messages that left for a device."""
        topic = f"$oc/devices/{device_id}/sys/events/down"
        return [message.event_type for message in self.sent if message.topic == topic]

    def sent_upgrades(self, device_id: str = "weather_1") -> list[Sent]:
        """Return the upgrade messages that left for a device."""
        topic = f"$oc/devices/{device_id}/sys/events/down"
        return [
            message
            for message in self.sent
            if message.topic == topic and message.event_type.endswith("_upgrade")
        ]

    def forget_sent(self) -> None:
        """Look only at what is sent from now on."""
        self.paho.publish.reset_mock()

    def entity_id(
        self, device_id: str = "weather_1", kind: PackageKind = PackageKind.FIRMWARE
    ) -> str | None:
        """Return a device's update entity."""
        registry = er.async_get(self.hass)
        return registry.async_get_entity_id(UPDATE, DOMAIN, f"{device_id}_{kind}")

    def state(
        self, device_id: str = "weather_1", kind: PackageKind = PackageKind.FIRMWARE
    ) -> State:
        """Return the state of a device's update entity."""
        entity_id = self.entity_id(device_id, kind)
        assert entity_id is not None
        state = self.hass.states.get(entity_id)
        assert state is not None
        return state

    def stage(
        self, device_id: str = "weather_1", kind: PackageKind = PackageKind.FIRMWARE
    ) -> str | None:
        """Return where a device's last upgrade stands."""
        task = self.manager.last_task(device_id, kind)
        return None if task is None else task.state

    def task(self, device_id: str = "weather_1", kind: PackageKind = PackageKind.FIRMWARE) -> Task:
        """Return a device's last task."""
        task = self.manager.last_task(device_id, kind)
        assert task is not None
        return task

    async def install(
        self,
        device_id: str = "weather_1",
        kind: PackageKind = PackageKind.FIRMWARE,
        **data: Any,
    ) -> None:
        """Press Install, as the page does."""
        await self.hass.services.async_call(
            UPDATE,
            SERVICE_INSTALL,
            {ATTR_ENTITY_ID: self.entity_id(device_id, kind), **data},
            blocking=True,
        )
        await self.settle()

    async def install_and_notify(
        self, device_id: str = "weather_1", firmware: str = "1.3.0"
    ) -> None:
        """Press Install and let the device answer, until it has its upgrade message."""
        await self.install(device_id)
        await self.report(device_id, firmware)
        await self.until(lambda: self.sent_upgrades(device_id), "upgrade message")

    async def transfer(self, device_id: str = "weather_1", **changes: Any) -> None:
        """Let the depot tell of a device's download."""
        task = self.task(device_id)
        assert task.grant is not None
        before = task
        transfer = make_transfer(
            grant_id=task.grant.id,
            task_id=task.id,
            device_id=device_id,
            package_id=task.package.id,
            size=task.package.size,
            **changes,
        )
        await self.depot.async_send_event({"type": "transfer_changed", "transfer": transfer})
        await self.until(lambda: self.task(device_id) is not before, "step after a transfer")

    async def add_package(self, **changes: Any) -> None:
        """Upload a package."""
        package = make_package(**changes)
        self.depot.packages.append(package)
        await self.depot.async_send_event({"type": "package_added", "package": package})
        packages = self.manager.mirror.packages
        await self.until(lambda: package["id"] in packages, "package in the mirror")

    async def depot_goes_away(self) -> None:
        """Stop the depot and wait until that is noticed."""
        await self.depot.async_stop()
        await self.until(lambda: not self.manager.mirror.is_connected, "lost depot")

    async def depot_returns(self) -> None:
        """Start the depot and wait until it is followed again."""
        await self.depot.async_start()
        await self.until(lambda: self.manager.mirror.is_connected, "depot again")

    def broker_goes_away(self) -> None:
        """Cut the connection with the broker."""
        self.broker.connected = False
        async_dispatcher_send(self.hass, MQTT_CONNECTION_STATE, False)

    async def broker_returns(self) -> None:
        """Connect with the broker and subscribe anew, as Home Assistant does."""
        self.broker.connected = True
        heard = False

        @callback
        def on_subscribed(topics: list[tuple[str, int]]) -> None:
            """Wait for our own topic: the broker confirms one after the other."""
            nonlocal heard
            heard = heard or (_UPLINK, 1) in topics

        stop = async_dispatcher_connect(self.hass, MQTT_PROCESSED_SUBSCRIPTIONS, on_subscribed)
        self.paho.on_connect(self.paho, None, 0, MockMqttReasonCode())
        await self.until(lambda: heard, "subscription")
        stop()
