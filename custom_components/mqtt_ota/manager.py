"""The manager: owns devices, tasks and timers; entities only look at it and ask it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from .const import DOMAIN, EVENT_TASK_CHANGED, LOGGER, PackageKind
from .depot import DepotClient, Package, Transfer
from .devices import MAX_DEVICES, Device, new_device
from .messenger import Messenger
from .mirror import DepotMirror
from .offers import Offers
from .performer import Performer
from .protocol import (
    DEFAULT_TOPIC_PREFIX,
    CellReport,
    UpgradeProgressReport,
    Uplink,
    UplinkEvent,
    VersionReport,
)
from .store import UpgradeStore
from .task_list import TaskList
from .upgrade import (
    CAUSES,
    CancelRequested,
    CellReported,
    Event,
    PackageGone,
    PackageRef,
    ProgressReported,
    Resumed,
    SignOfLife,
    SlotFreed,
    Started,
    State,
    Task,
    TimePassed,
    TransferSeen,
    VersionReported,
    step,
)

type MqttOtaConfigEntry = ConfigEntry[UpgradeManager]
type DeviceListener = Callable[[Device, Iterable[PackageKind]], None]

PARALLEL_TRANSFERS: Final = 4
_SNAPSHOT_PATIENCE: Final = 10.0
# Asking all devices at once would make all of them answer at once.
_REFRESH_PAUSE: Final = 0.05
# Slots also become free with time alone, see SLOT_PATIENCE.
_SLOT_PAUSE: Final = timedelta(minutes=1)
# An unknown device is asked for its versions, but not with each of its messages.
_UNKNOWN_PAUSE: Final = 60.0


class UpgradeManager:
    """Turns what devices, the depot and users do into steps of tasks."""

    def __init__(self, hass: HomeAssistant, entry: MqttOtaConfigEntry, client: DepotClient) -> None:
        """Put the parts together; nothing is read or sent yet."""
        self._hass = hass
        self._entry = entry
        self._store = UpgradeStore(hass)
        self._devices: dict[str, Device] = {}
        self._tasks = TaskList()
        self._offers = Offers()
        self._timers: dict[str, CALLBACK_TYPE] = {}
        self._slot_timer: CALLBACK_TYPE | None = None
        self._refresh: asyncio.Task[None] | None = None
        self._listeners: defaultdict[str, list[CALLBACK_TYPE]] = defaultdict(list)
        self._device_listeners: list[DeviceListener] = []
        self._asked_unknown: dict[str, float] = {}
        self._using_slots = False
        self.messenger = Messenger(
            hass,
            DEFAULT_TOPIC_PREFIX,
            on_uplink=self._on_uplink,
            on_ready=self._on_devices_heard,
        )
        self.mirror = DepotMirror(
            client,
            on_packages=self._on_packages,
            on_transfer=self._on_transfer,
            on_connected=self._on_depot_connected,
            on_unauthorized=self._on_unauthorized,
        )
        self._performer = Performer(
            client,
            self.messenger,
            self._devices,
            save=lambda: self._store.async_save_tasks(self._tasks.all),
            apply=self._apply,
            tasks=lambda: self._tasks.all,
            on_unauthorized=self._on_unauthorized,
        )

    @property
    def devices(self) -> Mapping[str, Device]:
        """Return the known devices by id."""
        return MappingProxyType(self._devices)

    async def async_start(self) -> None:
        """Load what was saved and begin to listen; raises HomeAssistantError without MQTT."""
        for device in await self._store.async_load_devices():
            self._devices[device.id] = device
        self._tasks = TaskList(
            task for task in await self._store.async_load_tasks() if task.device_id in self._devices
        )
        await self.messenger.async_start()
        self._background(self.mirror.async_follow(), "follow the depot")
        with suppress(TimeoutError):
            async with asyncio.timeout(_SNAPSHOT_PATIENCE):
                await self.mirror.async_wait_complete()

    async def async_stop(self) -> None:
        """Stop listening and all timers; the background jobs end with the config entry."""
        self.messenger.stop()
        while self._timers:
            self._timers.popitem()[1]()
        if self._slot_timer is not None:
            self._slot_timer()
        await self._store.async_save_devices(self._devices)
        # A job that was about to save may have been ended before it could.
        await self._store.async_save_tasks(self._tasks.all)

    @callback
    def listen(self, device_id: str, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener whenever something of a device changes."""
        self._listeners[device_id].append(listener)
        return lambda: self._listeners[device_id].remove(listener)

    @callback
    def listen_for_devices(self, listener: DeviceListener) -> CALLBACK_TYPE:
        """Call the listener with every device that is new or has a kind more, and with which."""
        self._device_listeners.append(listener)
        return lambda: self._device_listeners.remove(listener)

    def offer(self, device_id: str, kind: PackageKind) -> Package | None:
        """Return the package that a device should be upgraded to."""
        return self._offers.newest(self._devices[device_id], kind)

    def package(self, device_id: str, kind: PackageKind, version: str) -> Package | None:
        """Return the package of a version for a device."""
        return self._offers.exactly(self._devices[device_id], kind, version)

    def last_task(self, device_id: str, kind: PackageKind) -> Task | None:
        """Return the newest task of a device and kind, live or ended."""
        return self._tasks.last(device_id, kind)

    async def async_install(self, device_id: str, kind: PackageKind, version: str) -> Task:
        """Create the task that upgrades a device, and return it as it begins.

        Raises ServiceValidationError when there is no such package or the device is
        already being upgraded with another one.
        """
        device = self._devices[device_id]
        if (package := self.package(device_id, kind, version)) is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="no_package",
                translation_placeholders={
                    "device": device_id,
                    "model": device.model,
                    "version": version,
                },
            )
        last = self.last_task(device_id, kind)
        if last is not None and not last.is_ended:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="task_conflict",
                translation_placeholders={
                    "device": device_id,
                    "version": last.package.version,
                },
            )
        now = dt_util.utcnow()
        task = _new_task(device_id, kind, package, now)
        self._tasks.put(task, now)
        await self._store.async_save_devices(self._devices)
        await self._store.async_save_tasks(self._tasks.all)
        self._begin(device_id)
        self._tell(device_id)
        return self._tasks.all.get(task.id, task)

    @callback
    def cancel(self, task_id: str) -> None:
        """Give a task up; one that has ended stays as it is."""
        self._apply(task_id, CancelRequested())

    async def async_forget(self, device_id: str) -> None:
        """Forget a device and give its tasks up; it is learnt anew when it reports again."""
        for task in self._tasks.of_device(device_id):
            self.cancel(task.id)
        self._tasks.forget(device_id)
        self._devices.pop(device_id, None)
        await self._store.async_save_devices(self._devices)
        await self._store.async_save_tasks(self._tasks.all)

    async def async_check_version(self, device_id: str) -> None:
        """Ask a device what it runs; raises HomeAssistantError without a broker."""
        if not self.messenger.is_connected:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="broker_away")
        await self.messenger.async_query_version(device_id, self._devices[device_id])

    @callback
    def _apply(self, task_id: str, event: Event) -> bool:
        """Take one step of a task and all that follows; return whether we know the task."""
        if (before := self._tasks.all.get(task_id)) is None:
            return False
        now = dt_util.utcnow()
        task, effects = step(before, event, now)
        if task == before and not effects:
            return True
        self._tasks.put(task, now)
        self._arm(task)
        self._tell(task.device_id)
        if task.state is not before.state:
            self._on_state_changed(task, before.state)
        # Bytes served are not worth a write: after a restart the depot tells them again.
        if effects or task != replace(before, progress=task.progress):
            self._background(
                self._performer.async_perform(task, effects),
                f"upgrade of {task.device_id}",
            )
        if task.is_ended:
            self._begin(task.device_id)
        self._use_slots()
        return True

    @callback
    def _begin(self, device_id: str) -> None:
        """Let a device's next task begin when no other one is active."""
        if (task := self._tasks.next_turn(device_id)) is not None:
            self._apply(task.id, Started())

    @callback
    def _use_slots(self) -> None:
        """Let tasks transfer while there are free slots and everybody is there."""
        if self._using_slots:
            return
        self._using_slots = True
        try:
            while (
                self.mirror.is_connected
                and self.messenger.is_connected
                and (task := self._tasks.next_slot(PARALLEL_TRANSFERS, dt_util.utcnow()))
            ):
                self._apply(task.id, SlotFreed())
        finally:
            self._using_slots = False
        if self._tasks.waits_for_slot and self._slot_timer is None:
            self._slot_timer = async_track_point_in_utc_time(
                self._hass,
                HassJob(self._on_slot_time, cancel_on_shutdown=True),
                dt_util.utcnow() + _SLOT_PAUSE,
            )

    @callback
    def _on_slot_time(self, _now: datetime) -> None:
        """Look for slots that nothing but time has freed."""
        self._slot_timer = None
        self._use_slots()

    @callback
    def _arm(self, task: Task) -> None:
        """Set the task's one timer to its next deadline or probe."""
        if cancel := self._timers.pop(task.id, None):
            cancel()
        if task.wake_at is None:
            return

        @callback
        def wake(_now: datetime) -> None:
            """Tell the task that its time has come."""
            del self._timers[task.id]
            # Nobody fails for what we can't hear: the broker's return sets the timer anew.
            if not self.messenger.is_connected:
                return
            self._apply(task.id, TimePassed())
            if task.id not in self._timers:
                self._arm(self._tasks.all[task.id])

        self._timers[task.id] = async_track_point_in_utc_time(
            self._hass, HassJob(wake, cancel_on_shutdown=True), task.wake_at
        )

    @callback
    def _on_state_changed(self, task: Task, before: State) -> None:
        """Tell the log and the event bus what a task has come to."""
        if task.state is State.SUCCEEDED:
            # A result may name the new version before any version report does.
            self._learn(
                self._devices[task.device_id],
                VersionReport(**{task.kind: task.package.version}),
            )
        if task.cause is not None:
            text = CAUSES[task.cause]
            LOGGER.warning(
                "Upgrade of %s to %s %s failed: %s. %s",
                task.device_id,
                task.kind,
                task.package.version,
                text.message,
                text.solution,
            )
        else:
            LOGGER.debug("Upgrade of %s: %s -> %s", task.device_id, before, task.state)
        self._hass.bus.async_fire(
            EVENT_TASK_CHANGED,
            {
                "task_id": task.id,
                "device_id": task.device_id,
                "kind": task.kind,
                "version": task.package.version,
                "from_state": before,
                "state": task.state,
                "cause": task.cause,
            },
        )

    @callback
    def _tell(self, device_id: str) -> None:
        """Tell the listeners of a device."""
        for listener in list(self._listeners.get(device_id, ())):
            listener()

    @callback
    def _on_uplink(self, uplink: Uplink) -> None:
        """Take a device's message: learn from it, then let its task weigh it."""
        device = self._devices.get(uplink.device_id)
        if device is not None and uplink.gateway_id is None:
            # A device's own topic speaks for it, whatever gateway has named it before.
            device = replace(device, gateway_id=None)
            self._devices[device.id] = device
        if device is not None and device.gateway_id != uplink.gateway_id:
            # Whoever may publish can name any device; only one gateway speaks for it.
            self.messenger.report_fault(
                uplink.gateway_id or uplink.device_id, "it names a foreign device"
            )
            return
        for event in uplink.events:
            if isinstance(event, VersionReport):
                device = self._learn(device or new_device(uplink), event)
        if device is None:
            self._ask_unknown(uplink)
            return
        if (task := self._tasks.active(device.id)) is not None:
            for event in uplink.events:
                self._apply(task.id, _task_event(event, task.kind))

    @callback
    def _learn(self, device: Device, report: VersionReport) -> Device | None:
        """Remember what a device runs; None when it says nothing or we know too many."""
        known = self._devices.get(device.id)
        updated = device.updated(report)
        if updated == known:
            return updated
        if known is None and (not updated.kinds or len(self._devices) >= MAX_DEVICES):
            return None
        self._devices[device.id] = updated
        self._store.delay_save_devices(self._devices)
        kinds = [kind for kind in updated.kinds if known is None or kind not in known.kinds]
        for listener in list(self._device_listeners) if kinds else ():
            listener(updated, kinds)
        self._tell(device.id)
        return updated

    @callback
    def _ask_unknown(self, uplink: Uplink) -> None:
        """Ask a device that we do not know for its versions, now and then."""
        if len(self._devices) >= MAX_DEVICES:
            self.messenger.report_fault(uplink.device_id, "too many devices are known already")
            return
        now = self._hass.loop.time()
        asked = self._asked_unknown.get(uplink.device_id)
        if asked is not None and now - asked < _UNKNOWN_PAUSE:
            return
        if len(self._asked_unknown) >= MAX_DEVICES:
            self._asked_unknown.clear()
        self._asked_unknown[uplink.device_id] = now
        self._background(
            self.messenger.async_query_version(uplink.device_id, new_device(uplink)),
            "ask a new device",
        )

    @callback
    def _on_devices_heard(self) -> None:
        """Catch up with what devices did while they could not be heard."""
        for task in self._tasks.live():
            self._apply(task.id, Resumed())
            if task.id not in self._timers:
                self._arm(self._tasks.all[task.id])
            self._begin(task.device_id)
        self._use_slots()
        if self._refresh is not None:
            self._refresh.cancel()
        self._refresh = self._background(self._async_refresh(), "ask all devices")

    async def _async_refresh(self) -> None:
        """Ask every device that has no task for its versions, one after the other."""
        for device in list(self._devices.values()):
            if self._tasks.active(device.id) is None:
                await self.messenger.async_query_version(device.id, device)
                await asyncio.sleep(_REFRESH_PAUSE)

    @callback
    def _on_packages(self) -> None:
        """Look which tasks lost their package, and refresh what is offered."""
        before, self._offers = self._offers, Offers(self.mirror.packages.values())
        for task in self._tasks.live():
            package = self.mirror.packages.get(task.package.id)
            if package is None or package.withdrawn:
                self._apply(task.id, PackageGone(deleted=package is None))
        models = self._offers.changed_models(before)
        for device in self._devices.values():
            if device.model in models:
                self._tell(device.id)

    @callback
    def _on_transfer(self, transfer: Transfer) -> None:
        """Let a task weigh what the depot saw of its download."""
        task = self._tasks.all.get(transfer.task_id)
        if task is None or task.grant is None or task.grant.id != transfer.grant_id:
            return
        self._apply(
            task.id,
            TransferSeen(
                bytes_served=transfer.bytes_served,
                requests=transfer.requests,
                complete=transfer.complete,
            ),
        )

    @callback
    def _on_depot_connected(self) -> None:
        """Take up what had to wait for the depot."""
        self._background(self._performer.async_revoke_leftovers(), "revoke grants")
        self._use_slots()

    @callback
    def _on_unauthorized(self) -> None:
        """Ask the user for the depot's new API key."""
        self._entry.async_start_reauth(self._hass)

    def _background(self, job: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        """Run a job that ends with the config entry."""
        return self._entry.async_create_background_task(
            self._hass, job, f"{DOMAIN}: {name}", eager_start=True
        )


def _new_task(device_id: str, kind: PackageKind, package: Package, now: datetime) -> Task:
    """Return a task that waits for its turn."""
    return Task(
        id=ulid_now(),
        device_id=device_id,
        kind=kind,
        package=PackageRef(
            id=package.id,
            version=package.version,
            size=package.size,
            sha256=package.sha256,
            file_name=package.file_name,
            source_versions=package.source_versions,
            custom_info=package.custom_info,
        ),
        created_at=now,
        state_since=now,
    )


def _task_event(event: UplinkEvent, kind: PackageKind) -> Event:
    """Return what a device's event means to a task of a kind."""
    match event:
        case VersionReport():
            return VersionReported(version=event.version(kind))
        case UpgradeProgressReport():
            return ProgressReported(
                result_code=event.result_code,
                progress=event.progress,
                version=event.version,
                description=event.description,
            )
        case CellReport():
            return CellReported(cell_id=event.cell_id)
    return SignOfLife()
