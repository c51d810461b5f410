"""The device on the bench: what cases can do with it, and what they can see."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from dataclasses import dataclass, field
from enum import StrEnum
import time
from typing import Final

from mqtt_ota_tools.protocol import Kind

from . import wire
from .answers import Step, honest
from .offer import Exchange, Offer
from .package import Package, Packages
from .server import PackageServer
from .wire import Report, Unreadable, UpgradeReport, VersionReport

type Restart = Callable[[], Awaitable[None]]

DONE: Final = 100
MAX_REFUSALS: Final = 30
MAX_HISTORY: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long to wait, in seconds: an answer, silence that is an end, silence that is wanted."""

    answer: float = 180.0
    idle: float = 120.0
    quiet: float = 10.0
    case: float = 1800.0


class End(StrEnum):
    """How an upgrade ended."""

    NEW_VERSION = "new version"
    REFUSED = "failure reported"
    LIED = "success reported without the new version"
    ROLLED_BACK = "old version after the restart"
    SILENT = "silence"
    RESTLESS = "asks without end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an upgrade ended, with the report that said so."""

    end: End
    report: UpgradeReport | None = None
    version: str | None = None
    was_asked: bool = False


@dataclass(slots=True)
class _Watch:
    """What has been seen of one upgrade so far."""

    claimed: UpgradeReport | None = None
    old_version: str | None = None
    until: float = field(default=0.0)


class Bench:
    """One device, the platform that talks to it and the server that it downloads from."""

    def __init__(
        self,
        device_id: str,
        kind: Kind,
        *,
        packages: Packages,
        server: PackageServer,
        limits: Limits,
        restart_device: Restart | None = None,
        restart_broker: Restart | None = None,
    ) -> None:
        """Put the bench together; `send` is set when the platform is connected."""
        self.device_id = device_id
        self.kind = kind
        self.packages = packages
        self.limits = limits
        self.restart_device = restart_device
        self.restart_broker = restart_broker
        self.send: Callable[[bytes, int], None] = lambda _payload, _qos: None
        self.on_step: Callable[[str], None] = lambda _: None
        self.unreadable: list[str] = []
        self._server = server
        self._reports: asyncio.Queue[Report] = asyncio.Queue()
        self._moved = time.monotonic()
        self._news = asyncio.Event()
        self._history: list[str] = []
        self._started = time.monotonic()
        self._offers: list[Offer] = []
        self._unsettled = False

    def receive(self, payload: bytes) -> None:
        """Take a message of the device."""
        self._move()
        for report in wire.read(payload, self.device_id):
            self._note(f"device: {_told(report)}")
            if isinstance(report, Unreadable):
                self.unreadable.append(report.reason)
            else:
                self._reports.put_nowait(report)

    def on_download(self, exchange: Exchange | None) -> None:
        """Take notice of a request, or of bytes on their way."""
        self._move()
        if exchange is not None:
            self._note(f"device asks: {exchange.asked}; answer: {exchange.told}")

    def begin_case(self) -> None:
        """Start a new record."""
        self._history = []
        self.unreadable = []
        self._started = time.monotonic()

    @property
    def history(self) -> tuple[str, ...]:
        """Return what happened in this case, in order, with seconds since its start."""
        return tuple(self._history)

    def command(self, payload: bytes, what: str, *, qos: int = 1) -> None:
        """Send bytes to the device."""
        self._note(f"platform: {what} ({len(payload)} bytes)")
        self.send(payload, qos)

    async def ask_version(self, *, once: bool = False) -> str | None:
        """Ask for the version; return it, or None when no answer with it comes in time.

        A device that has just reported may not have subscribed yet: it is asked again.
        """
        self._clear()
        deadline = time.monotonic() + self.limits.answer
        while (left := deadline - time.monotonic()) > 0:
            self.command(wire.write(self.device_id, "version_query", {}), "version_query")
            version = await self._version_within(left if once else min(left, self.limits.quiet))
            if version is not None:
                return version
        return None

    def offer(self, package: Package, *steps: Step, last: Step = honest) -> Offer:
        """Put a package on the server; `last` answers all requests after the steps."""
        offer = Offer(package=package, steps=[*steps, last])
        self._server.publish(offer)
        self._offers.append(offer)
        return offer

    async def upgrade(
        self, offer: Offer, payload: bytes | None = None, *, qos: int = 1, what: str = ""
    ) -> None:
        """Command an upgrade; a device still busy with the last case is asked again."""
        if payload is None:
            payload = wire.write(self.device_id, self.event_type, offer.paras())
        self._clear()
        deadline = time.monotonic() + self.limits.idle
        while True:
            told = f"{self.event_type} to {offer.package.version}{what and f', {what}'}"
            self.command(payload, told, qos=qos)
            if not self._unsettled or time.monotonic() > deadline:
                return
            if await self._was_taken(offer):
                return
            await asyncio.sleep(self.limits.quiet)

    @property
    def event_type(self) -> str:
        """Return the event that commands an upgrade of the checked kind."""
        return f"{self.kind}_upgrade"

    async def watch(self, offer: Offer) -> Ending:
        """Follow an upgrade to its end."""
        seen = _Watch(until=time.monotonic() + self.limits.case)
        while time.monotonic() < seen.until:
            if offer.refusals > MAX_REFUSALS:
                return Ending(end=End.RESTLESS)
            has_come_back = seen.old_version is not None or seen.claimed is not None
            report = await self.next_report(
                self.limits.quiet if has_come_back else self.limits.idle,
                stop=lambda: offer.refusals > MAX_REFUSALS,
            )
            ending = await self._weigh(report, offer, seen)
            if ending is not None:
                self._unsettled = ending.end not in {End.NEW_VERSION, End.REFUSED, End.ROLLED_BACK}
                return ending
        self._unsettled = True
        return Ending(end=End.RESTLESS)

    async def reached(self, condition: Callable[[], bool]) -> bool:
        """Wait until something is true; give up when the device has done nothing for long."""
        since = time.monotonic()
        while not condition():
            left = max(since, self._moved) + self.limits.idle - time.monotonic()
            if left <= 0:
                return False
            await self._news_within(left)
        return True

    async def next_report(
        self, idle: float, *, stop: Callable[[], bool] = lambda: False
    ) -> Report | None:
        """Return the next report; None after so many seconds without any sign of the device."""
        since = time.monotonic()
        while not stop():
            left = max(since, self._moved) + idle - time.monotonic()
            if left <= 0:
                return None
            report = await self._report_within(min(left, 1.0))
            if report is not None:
                return report
        return None

    async def failure_within(self, seconds: float) -> UpgradeReport | None:
        """Return the failure that the device reports within a time."""
        self._unsettled = True
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            report = await self._report_within(left)
            if isinstance(report, UpgradeReport) and report.result_code:
                self._unsettled = False
                return report
        return None

    async def stays_quiet(self, offer: Offer) -> bool:
        """Tell whether the device leaves an offer alone for the quiet time."""
        end = time.monotonic() + self.limits.quiet
        while not offer.exchanges and (left := end - time.monotonic()) > 0:
            await self._news_within(left)
        return not offer.exchanges

    def drop_connections(self) -> None:
        """Cut every download that is held."""
        self._server.drop_connections()

    async def settle(self) -> None:
        """End what the case left behind, so that the next one starts with an idle device."""
        for offer in self._offers:
            offer.withdraw()
        self._offers = []
        if self._unsettled:
            self.on_step("waiting until the device is idle again")
            await self._until_idle()

    async def _until_idle(self) -> None:
        """Wait for the end of an upgrade that no case waits for any more."""
        end = time.monotonic() + self.limits.idle
        while time.monotonic() < end:
            match await self.next_report(self.limits.quiet):
                case None:
                    return
                case UpgradeReport(result_code=code) if code != 0:
                    self._unsettled = False
                    return

    async def _weigh(self, report: Report | None, offer: Offer, seen: _Watch) -> Ending | None:
        """Return the ending when a report, or silence, is one."""
        target = offer.package.version
        match report:
            case UpgradeReport(result_code=code) if code != 0:
                return Ending(end=End.REFUSED, report=report)
            case UpgradeReport(version=version, progress=progress):
                if version == target and progress in {None, DONE}:
                    seen.claimed = report
                    if await self.ask_version() == target:
                        return Ending(end=End.NEW_VERSION, report=report, version=target)
            case VersionReport():
                version = report.version(self.kind)
                if version == target:
                    return Ending(end=End.NEW_VERSION, version=version)
                if offer.is_complete:
                    seen.old_version = version
            case None:
                return await self._end_of_silence(offer, seen)
        return None

    async def _end_of_silence(self, offer: Offer, seen: _Watch) -> Ending:
        """Return what silence means, after asking once more."""
        if offer.refusals > MAX_REFUSALS:
            return Ending(end=End.RESTLESS)
        version = await self.ask_version()
        if version == offer.package.version:
            return Ending(end=End.NEW_VERSION, version=version, was_asked=True)
        if seen.claimed is not None:
            return Ending(end=End.LIED, report=seen.claimed, version=version)
        if seen.old_version is not None:
            return Ending(end=End.ROLLED_BACK, version=version or seen.old_version)
        return Ending(end=End.SILENT, version=version)

    async def _was_taken(self, offer: Offer) -> bool:
        """Tell whether the device takes a command, rather than being busy still."""
        while not offer.exchanges:
            report = await self.next_report(self.limits.quiet)
            if report is None:
                break
            if isinstance(report, UpgradeReport) and report.result_code == 1:
                return False
            if isinstance(report, UpgradeReport) and report.result_code:
                self._reports.put_nowait(report)
                break
        self._unsettled = False
        return True

    async def _version_within(self, seconds: float) -> str | None:
        """Return the version that the device reports within a time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            report = await self._report_within(left)
            if isinstance(report, VersionReport) and (version := report.version(self.kind)):
                return version
        return None

    async def _report_within(self, seconds: float) -> Report | None:
        """Return the next report; None when none comes in time."""
        try:
            async with asyncio.timeout(seconds):
                return await self._reports.get()
        except TimeoutError:
            return None

    async def _news_within(self, seconds: float) -> None:
        """Wait for anything from the device, at most so long."""
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def _clear(self) -> None:
        """Forget reports that nobody has waited for."""
        while not self._reports.empty():
            self._reports.get_nowait()

    def _move(self) -> None:
        """Remember that the device does something, and tell whoever waits."""
        self._moved = time.monotonic()
        self._news.set()

    def _note(self, line: str) -> None:
        """Add a line to the record and show it as the current step."""
        self.on_step(line)
        if len(self._history) < MAX_HISTORY:
            self._history.append(f"{time.monotonic() - self._started:7.2f} s  {line}")


def _told(report: Report) -> str:
    """Return a report in one line."""
    match report:
        case VersionReport(firmware=firmware, software=software):
            return f"version_report, firmware {firmware}, software {software}"
        case UpgradeReport(result_code=code, progress=progress, version=version):
            text = f"result {code}, progress {progress}, version {version}"
            return f"{text}, {report.description!r}" if report.description else text
        case Unreadable(reason=reason):
            return reason
