"""The manager: owns devices, tasks and timers; entities only look at it and ask it."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .announcer import Announcer, TaskChange, TaskListener
from .availability import async_subscribe_availability
from .catch_up import CatchUp
from .const import DOMAIN, PackageKind
from .depot import DepotClient, DepotError, DepotInfo, Package
from .depot_follower import DepotCallbacks, DepotFollower
from .depot_mirror import DepotMirror
from .depot_status import DepotStatus
from .device_entries import DeviceEntries
from .device_sync import DeviceSync
from .devices import MAX_DEVICES, Device
from .follow_ups import FollowUps
from .installations import InstallationFeed
from .intake import Intake, IntakeCallbacks
from .known_devices import KnownDevices
from .listeners import DeviceListener, Listeners
from .messenger import Messenger
from .options import Options
from .pacing import PacedLine
from .performer import Performer
from .presence import Presence
from .runner import Step, Surroundings, TaskRunner
from .store import UpgradeStore
from .task_factory import TaskFactory, TaskOverrides
from .task_list import TaskList
from .upgrade import CancelRequested, State, Task

type MqttOtaConfigEntry = ConfigEntry[UpgradeManager]

# Entities that begin with what the depot has need not correct themselves; a depot that is
# slow does not hold them up for longer.
_SNAPSHOT_PATIENCE: Final = 10.0


class UpgradeManager:
    """Turns what devices, the depot and users do into steps of tasks."""

    def __init__(self, hass: HomeAssistant, entry: MqttOtaConfigEntry, client: DepotClient) -> None:
        """Put the parts together; nothing is read or sent yet."""
        self._hass = hass
        self._entry = entry
        self.options = Options.from_entry(entry)
        self._store = UpgradeStore(hass)
        self.messenger = Messenger(hass, self.options.topic_prefix)
        self._known = KnownDevices(self.options, report_fault=self.messenger.report_fault)
        self.presence = Presence(self._known.gateway_of)
        self._tasks = TaskList(gateway_of=self._known.gateway_of)
        self._listeners = Listeners(self._tasks, self._background)
        self._device_entries = DeviceEntries(hass, entry)
        self._installations = InstallationFeed(
            client, self.devices, self._device_entries.name_of, self._background
        )
        self._device_sync = DeviceSync(
            self._known,
            self._device_entries,
            self._listeners,
            self._store,
            self._installations.on_changed,
        )
        self._announcer = Announcer(hass, self.registry_id)
        self._depot_status = DepotStatus(client, self._background)
        self._runner = self._make_runner()
        self._depot = self._make_depot_follower(client)
        self._task_factory = TaskFactory(
            self.devices, self._tasks, self._depot, self.options.policy
        )
        self._follow_ups = FollowUps(
            hass, self._tasks, add=self._add, package_for=self._depot.package_for
        )
        self._catch_up = CatchUp(
            self.devices, self._tasks, self._runner, self.messenger, self._background
        )
        self._intake = self._make_intake()
        self._performer = self._make_performer(client)
        self._unsubscribe: list[CALLBACK_TYPE] = []

    def _make_depot_follower(self, client: DepotClient) -> DepotFollower:
        """Return what follows the depot."""
        callbacks = DepotCallbacks(
            apply=self._runner.apply,
            on_models=self._on_models,
            on_found=self._on_depot_found,
            on_unauthorized=self._on_unauthorized,
        )
        return DepotFollower(client, self._depot_status, self.devices, self._tasks, callbacks)

    def _make_runner(self) -> TaskRunner:
        """Return what takes the steps of all tasks."""
        around = Surroundings(
            is_broker_there=lambda: self.messenger.is_connected,
            is_depot_there=lambda: self.mirror.is_connected,
            is_online=self.presence.is_online,
            limits=(self.options.parallel_transfers, self.options.cell_limit),
        )
        return TaskRunner(self._hass, self._tasks, around, self._on_step)

    def _make_intake(self) -> Intake:
        """Return what takes the messages of devices."""
        callbacks = IntakeCallbacks(
            on_news=self._listeners.tell,
            on_learnt=self._device_sync.on_learnt,
            on_moved=self._device_sync.on_moved,
            on_candidate=self._listeners.tell_of_candidates,
            apply=self._runner.apply,
            run=partial(self._background, name="speak with devices"),
        )
        return Intake(self._known, self.presence, self._tasks, self.messenger, callbacks)

    def _make_performer(self, client: DepotClient) -> Performer:
        """Return what does what tasks want done."""
        return Performer(
            client,
            self.messenger,
            self.devices,
            PacedLine(partial(self._background, name="ask devices"), 2 * MAX_DEVICES),
            save=self._async_save_tasks,
            apply=self._runner.apply,
            tasks=lambda: self.tasks,
            on_unauthorized=self._on_unauthorized,
        )

    @property
    def devices(self) -> Mapping[str, Device]:
        """Return the known devices by id."""
        return self._known.all

    @property
    def candidates(self) -> Mapping[str, Device]:
        """Return the devices that wait for a user to confirm them, by id."""
        return self._known.candidates

    @property
    def rejected(self) -> frozenset[str]:
        """Return the ids of the devices that a user does not want."""
        return frozenset(self._known.rejected)

    @property
    def tasks(self) -> Mapping[str, Task]:
        """Return the live tasks and the last ended one of each device and kind, by id."""
        return self._tasks.all

    @property
    def mirror(self) -> DepotMirror:
        """Return what the depot holds."""
        return self._depot.mirror

    @property
    def depot_info(self) -> DepotInfo | None:
        """Return what the depot last told of itself."""
        return self._depot_status.info

    @property
    def depot_error(self) -> DepotError | None:
        """Return why the depot can't be followed, or why it does not tell its state."""
        return self.mirror.last_error or self._depot_status.error

    @property
    def queue_length(self) -> int:
        """Return how many tasks wait for a transfer slot."""
        return self._tasks.queue_length

    async def async_start(self) -> None:
        """Load what was saved and begin to listen; raises HomeAssistantError without MQTT."""
        await self._device_sync.async_open()
        tasks = await self._store.async_load_tasks()
        self._tasks.load(task for task in tasks if task.device_id in self.devices)
        await self.messenger.async_start(self._intake.take, self._catch_up.begin)
        self._unsubscribe.append(
            mqtt.async_subscribe_connection_status(self._hass, self._on_broker_changed)
        )
        if availability := await async_subscribe_availability(
            self._hass, self.options, self._intake.take_availability
        ):
            self._unsubscribe.append(availability)
        self._unsubscribe.append(
            self._device_entries.listen_for_names(self._installations.on_changed)
        )
        self._background(self.mirror.async_follow(), "follow the depot")
        with suppress(TimeoutError):
            async with asyncio.timeout(_SNAPSHOT_PATIENCE):
                await self.mirror.async_wait_complete()
        for task in list(self.tasks.values()):
            if task.retry_at is not None:
                self._follow_ups.follow(task)

    async def async_stop(self) -> None:
        """Stop listening and all timers; the background jobs end with the config entry."""
        self.messenger.stop()
        while self._unsubscribe:
            self._unsubscribe.pop()()
        self._runner.stop()
        self._follow_ups.stop()
        await self._device_sync.async_save()
        # A job that was about to save may have been ended before it could.
        await self._async_save_tasks()

    @callback
    def listen(self, device_id: str, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener whenever something of a device changes."""
        return self._listeners.add(device_id, listener)

    @callback
    def listen_for_devices(self, listener: DeviceListener) -> CALLBACK_TYPE:
        """Call the listener with every device that is new or has a kind more, and with which."""
        return self._listeners.add_for_devices(listener)

    @callback
    def listen_for_candidates(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener whenever other devices wait to be confirmed."""
        return self._listeners.add_for_candidates(listener)

    @callback
    def listen_for_tasks(self, listener: TaskListener) -> CALLBACK_TYPE:
        """Call the listener with every task that is new or in another state."""
        return self._announcer.listen(listener)

    @callback
    def listen_depot(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener whenever the depot is found, lost or has told something new."""
        return self._depot_status.listen(listener)

    @callback
    def registry_id(self, device_id: str) -> str | None:
        """Return the id of a device in Home Assistant's registry, None where it has none."""
        return self._device_entries.id_of(device_id)

    def offer(self, device_id: str, kind: PackageKind) -> Package | None:
        """Return the package that a device should be upgraded to."""
        return self._depot.offer(self.devices[device_id], kind)

    def package(self, device_id: str, kind: PackageKind, version: str) -> Package | None:
        """Return the package of a version for a device."""
        return self._depot.exactly(self.devices[device_id], kind, version)

    def packages_for(self, device_id: str, kind: PackageKind) -> list[Package]:
        """Return every package for a device, the one that was added last first."""
        return self._depot.packages_for(self.devices[device_id], kind)

    def last_task(self, device_id: str, kind: PackageKind) -> Task | None:
        """Return the newest task of a device and kind, live or ended."""
        return self._tasks.last(device_id, kind)

    def live_task(self, device_id: str) -> Task | None:
        """Return the task that speaks with a device now, else the one that waits for its turn."""
        return self._tasks.active(device_id) or self._tasks.next_turn(device_id)

    def place(self, task_id: str) -> int | None:
        """Return the place (from 1) of a task that waits for a transfer slot, else None."""
        return self._tasks.place(task_id)

    async def async_install(
        self,
        device_id: str,
        kind: PackageKind,
        version: str | None = None,
        *,
        context: Context | None = None,
        wait_online: bool | None = None,
        retry_count: int | None = None,
        retry_interval: timedelta | None = None,
        pinned: bool | None = None,
    ) -> Task:
        """Create the task that upgrades a device, and return it as it begins.

        Without a version it is the one that is offered. A pinned version is not superseded
        by a newer one; None pins every version but the offer. What else is None is as in
        the options. Raises ServiceValidationError when there is no such package or the
        device is already being upgraded with another one.
        """
        overrides = TaskOverrides(
            wait_online=wait_online,
            retry_count=retry_count,
            retry_interval=retry_interval,
            pinned=pinned,
        )
        return await self._async_add(
            self._task_factory.for_install(device_id, kind, version, overrides, context)
        )

    @callback
    def cancel(self, task_id: str) -> None:
        """Give a task up, and its further attempts; one that has ended for good stays so."""
        task = self.tasks.get(task_id)
        if task is not None and task.retry_at is not None:
            self._follow_ups.give_up(task)
            self._listeners.tell(task.device_id)
            self._background(self._async_save_tasks(), "save tasks")
        self._runner.apply(task_id, CancelRequested())

    async def async_retry(
        self, device_id: str, kind: PackageKind, *, context: Context | None = None
    ) -> Task:
        """Begin the last upgrade of a device and kind again, with the same package.

        Raises ServiceValidationError when that did not fail, or its package is gone.
        """
        return await self._async_add(self._task_factory.for_retry(device_id, kind, context))

    async def async_wait_ended(self, task_id: str) -> Task:
        """Return how a task ended; one that was tried again or superseded: how the last did.

        Raises KeyError for an unknown task, HomeAssistantError when the integration stops.
        """
        return await self._follow_ups.async_wait_ended(task_id)

    async def async_check_version(self, device_id: str) -> None:
        """Ask a device what it runs; raises HomeAssistantError without a broker."""
        if not self.messenger.is_connected:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="broker_away")
        await self.messenger.async_query_version(device_id, self._known.gateway_of(device_id))

    async def async_forget(self, device_id: str) -> None:
        """Forget a device and give its tasks up; it is learnt anew when it reports again."""
        for task in self._tasks.of_device(device_id):
            self.cancel(task.id)
        self._tasks.forget(device_id)
        self.presence.forget(device_id)
        await self._device_sync.async_forget(device_id)
        await self._async_save_tasks()

    async def async_confirm(self, device_id: str) -> None:
        """Take up a device that waited for a user's word."""
        await self._device_sync.async_confirm(device_id)

    async def async_reject(self, device_id: str) -> None:
        """Hear no more of a device that waited for a user's word."""
        await self._device_sync.async_reject(device_id)

    async def async_readmit(self, device_id: str) -> None:
        """Take a rejection back; the device waits for a user's word when it reports again."""
        await self._device_sync.async_readmit(device_id)

    @callback
    def _on_step(self, step: Step) -> None:
        """Tell what a step has changed, and do what it wants done."""
        task, before = step.task, step.before
        has_ended = task.is_ended and not before.is_ended
        if task.state is State.SUCCEEDED and has_ended:
            self._device_sync.on_result(task)
        self._listeners.tell(task.device_id)
        if task.state is not before.state:
            self._announcer.announce(TaskChange(task=task, before=before.state))
        if task.wants_slot != before.wants_slot:
            self._listeners.tell_places()
        if has_ended:
            # Before anything is saved, so that a power cut never parts an end from what follows.
            self._follow_ups.follow(task)
        if step.effects or task.is_worth_saving(before):
            self._background(
                self._performer.async_perform(task, step.effects, urgent=step.urgent),
                f"upgrade of {task.device_id}",
            )

    async def _async_add(self, task: Task) -> Task:
        """Save a task before it begins, so that what it sends is never a surprise."""
        before = self._tasks.last(task.device_id, task.kind)
        self._tasks.put(task, task.created_at)
        if before is not None:
            self._follow_ups.pass_on(before, task)
        await self._device_sync.async_save()
        await self._async_save_tasks()
        self._begin(task)
        return self.tasks.get(task.id, task)

    @callback
    def _add(self, task: Task) -> None:
        """Take up a task that follows from another one."""
        self._tasks.put(task, task.created_at)
        self._begin(task)
        self._background(self._async_save_tasks(), "save tasks")

    @callback
    def _begin(self, task: Task) -> None:
        """Tell of a new task, and let it begin if it is its turn."""
        self._announcer.announce(TaskChange(task=task, before=None))
        self._runner.begin(task.device_id)
        self._listeners.tell(task.device_id)

    @callback
    def _on_models(self, models: set[str]) -> None:
        """Show what is offered to the devices of models whose packages have changed."""
        self._listeners.tell_models(self.devices.values(), models)

    @callback
    def _on_depot_found(self) -> None:
        """Take up what had to wait for the depot."""
        self._background(self._performer.async_revoke_leftovers(), "revoke grants")
        self._installations.on_found()
        self._runner.use_slots()

    @callback
    def _on_unauthorized(self) -> None:
        """Ask the user for the depot's new API key."""
        self._entry.async_start_reauth(self._hass)

    @callback
    def _on_broker_changed(self, connected: bool) -> None:
        """Show whether devices can be heard; what was told before is no evidence any more."""
        if not connected:
            self.presence.doubt_all()
        self._listeners.tell_all()

    async def _async_save_tasks(self) -> None:
        """Save all tasks as they are now."""
        await self._store.async_save_tasks(self.tasks)

    def _background(self, job: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        """Run a job that ends with the config entry."""
        return self._entry.async_create_background_task(
            self._hass, job, f"{DOMAIN}: {name}", eager_start=True
        )
