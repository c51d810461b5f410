"""Takes what devices, gateways and availability topics tell, and lets tasks weigh it."""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Final

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .const import PackageKind
from .devices import MAX_DEVICES, Device
from .known_devices import KnownDevices, Learnt
from .messenger import Messenger
from .pacing import Job, PacedLine
from .presence import Presence
from .protocol import (
    CellReport,
    OtherEvent,
    SubDeviceStatuses,
    UpgradeProgressReport,
    Uplink,
    UplinkEvent,
    VersionReport,
)
from .task_list import TaskList
from .upgrade import (
    CellReported,
    Event,
    ProgressReported,
    SignOfLife,
    VersionReported,
    WentOffline,
)

# An unknown device is asked for its versions, but not with each of its messages; one that
# never answers is asked ever more seldom.
_FIRST_PAUSE: Final = 60.0
_LONGEST_PAUSE: Final = 3600.0
_MAX_IN_LINE: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class IntakeCallbacks:
    """Whom the intake tells: of news of a device, of what was learnt, of a new gateway."""

    on_news: Callable[[str], None]
    on_learnt: Callable[[Learnt], None]
    on_moved: Callable[[Device], None]
    on_candidate: Callable[[], None]
    apply: Callable[[str, Event], object]
    run: Callable[[Coroutine[None, None, None]], object]


class Intake:
    """Decides who may speak for whom, and what a message means."""

    def __init__(
        self,
        known: KnownDevices,
        presence: Presence,
        tasks: TaskList,
        messenger: Messenger,
        callbacks: IntakeCallbacks,
    ) -> None:
        """Remember what is known and whom to tell."""
        self._known = known
        self._presence = presence
        self._tasks = tasks
        self._messenger = messenger
        self._callbacks = callbacks
        self._line = PacedLine(callbacks.run, _MAX_IN_LINE)
        self._asked: dict[str, tuple[float, float]] = {}

    @callback
    def take(self, uplink: Uplink) -> None:
        """Take a message: learn from it, then let the device's task weigh it."""
        now = dt_util.utcnow()
        if not self._known.may_speak(uplink, self._presence, now):
            return
        if (moved := self._known.move(uplink)) is not None:
            self._callbacks.on_moved(moved)
        self._see(uplink, now)
        for event in uplink.events:
            self._learn(uplink, event)
        device = self._known.all.get(uplink.device_id)
        if device is None or not device.kinds:
            self._ask_unknown(uplink.device_id, uplink.gateway_id)
        elif (task := self._tasks.active(device.id)) is not None:
            for event in uplink.events or (OtherEvent(),):
                self._callbacks.apply(task.id, _task_event(event, task.kind))

    @callback
    def take_availability(self, device_id: str, online: bool) -> None:
        """Take what an availability topic, or a gateway, tells of a device."""
        if not self._presence.tell(device_id, online=online) or device_id not in self._known.all:
            return
        children = self._known.children(device_id)
        if online:
            self._wake(device_id, SignOfLife())
            self._ask_children(device_id, children)
        else:
            self._wake(device_id, WentOffline())
            for child_id in children:
                # What the gateway told of them holds only as long as it is there to tell
                self._presence.doubt(child_id)
                self._wake(child_id, WentOffline())
        self._tell(device_id)

    def _see(self, uplink: Uplink, now: datetime) -> None:
        """Take a message for a sign of life, of the gateway that it came through, too."""
        for device_id in filter(None, (uplink.gateway_id, uplink.device_id)):
            if device_id in self._known.all and self._presence.see(device_id, now):
                self._tell(device_id)

    def _learn(self, uplink: Uplink, event: UplinkEvent) -> None:
        """Take over what an event tells of devices."""
        if isinstance(event, SubDeviceStatuses):
            self._take_statuses(uplink, event)
        if not isinstance(event, VersionReport):
            return
        candidates = len(self._known.candidates)
        learnt = self._known.learn(uplink, event)
        if learnt is not None:
            self._asked.pop(uplink.device_id, None)
            self._callbacks.on_learnt(learnt)
        elif len(self._known.candidates) != candidates:
            self._callbacks.on_candidate()

    def _take_statuses(self, uplink: Uplink, statuses: SubDeviceStatuses) -> None:
        """Believe a gateway about the devices behind it, and answer."""
        if uplink.gateway_id is not None:
            return
        gateway_id = uplink.device_id
        accepted: set[str] = set()
        for device_id, online in statuses.online.items():
            if device_id not in self._known.all:
                # It answers under its own name, if the gateway tells the truth.
                if online:
                    self._ask_unknown(device_id, gateway_id)
                accepted.add(device_id)
            elif self._known.gateway_of(device_id) == gateway_id:
                self.take_availability(device_id, online)
                accepted.add(device_id)
        self._callbacks.run(self._messenger.async_answer_statuses(gateway_id, statuses, accepted))

    def _tell(self, device_id: str) -> None:
        """Tell that a device came or went, and with it those behind it."""
        for changed_id in (device_id, *self._known.children(device_id)):
            self._callbacks.on_news(changed_id)

    def _wake(self, device_id: str, event: Event) -> None:
        """Tell a device's task of its coming or going."""
        if (task := self._tasks.active(device_id)) is not None:
            self._callbacks.apply(task.id, event)

    def _ask_children(self, gateway_id: str, children: Iterable[str]) -> None:
        """Look for the devices whose upgrade waits for their gateway's return."""
        for device_id in children:
            if self._tasks.active(device_id) is not None:
                self._line.add(device_id, self._question(device_id, gateway_id))

    def _ask_unknown(self, device_id: str, gateway_id: str | None) -> None:
        """Ask a device whose versions nobody knows for them, ever more seldom."""
        if not self._known.wants(device_id):
            return
        now = monotonic()
        asked, pause = self._asked.get(device_id, (now, 0.0))
        if now - asked < pause:
            return
        if len(self._asked) >= MAX_DEVICES:
            self._asked.clear()
        pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)
        self._asked[device_id] = (now, pause)
        self._line.add(device_id, self._question(device_id, gateway_id))

    def _question(self, device_id: str, gateway_id: str | None) -> Job:
        """Return what asks a device for its versions, perhaps through its gateway."""
        return partial(self._messenger.async_query_version, device_id, gateway_id)


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
