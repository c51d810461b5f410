"""Plays a device of one personality against a home."""

from datetime import timedelta
from typing import Final

from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_mqtt_message

from custom_components.mqtt_ota.const import PackageKind
from tests.integration.fake_depot import make_package, make_transfer
from tests.integration.home import Home, Sent
from tests.integration.personalities.habits import (
    Circumstance,
    Habit,
    Report,
    Seen,
    Version,
    transfer_of,
)
from tests.integration.personalities.wire import Sdk

MODEL: Final = "66aa"
# Longer than the keep-alive of every SDK
_LONG: Final = timedelta(minutes=4)
# A task that is played to its end passes through so many deadlines at most.
_MOST_DEADLINES: Final = 6


class Player:
    """One device: it answers queries while it is there, and follows its habit once upgraded."""

    def __init__(self, home: Home, sdk: Sdk, kind: PackageKind) -> None:
        """Run the old version and stay away for now."""
        self._home = home
        self._sdk = sdk
        self._kind = kind
        self._answered = 0
        self.runs = sdk.old
        self.is_there = False

    async def connect(self) -> None:
        """Connect and greet, as the SDK does."""
        self.is_there = True
        if (greeting := self._sdk.greeting()) is not None:
            await self.send(greeting)

    async def send(self, payload: str) -> None:
        """Publish on the device's own topic with its SDK's QoS."""
        topic = f"$oc/devices/{self._sdk.device_id}/sys/events/up"
        async_fire_mqtt_message(self._home.hass, topic, payload, self._sdk.habits.qos)
        await self._home.settle()

    async def tell_version(self) -> None:
        """Report what it runs, asked or not."""
        await self.send(self._sdk.version_report(self.runs))

    async def answer(self) -> None:
        """Answer the queries that have come since the last time, while it is there."""
        queries = self._home.sent_types(self._sdk.device_id).count("version_query")
        if self.is_there and queries > self._answered:
            self._answered = queries
            await self.tell_version()

    async def upgrade(self, habit: Habit, what: Seen) -> None:
        """Fetch the package and do what the habit is."""
        self.is_there = not habit.away
        if what.requests or what.refusals:
            await self._fetch(what, takes=_LONG if habit.away else None)
        if habit.installs:
            self.runs = self._sdk.new
        for report in habit.reports:
            await self._report(report)
        if habit.away:
            await self._home.pass_time(_LONG)
            await self.connect()

    async def live_on(self) -> None:
        """Answer what is asked, and let the time pass, until the task has ended."""
        for _ in range(_MOST_DEADLINES):
            await self.answer()
            task = self._home.task(self._sdk.device_id, self._kind)
            if task.is_ended:
                return
            assert task.deadline is not None, task.state
            await self._home.pass_time(task.deadline - dt_util.utcnow())
        raise AssertionError(f"still {task.state} after {_MOST_DEADLINES} deadlines")

    def upgrades(self) -> list[Sent]:
        """Return the upgrade messages that it was sent."""
        return self._home.sent_upgrades(self._sdk.device_id)

    async def _fetch(self, what: Seen, *, takes: timedelta | None) -> None:
        """Let the depot see the download, which may take its time."""
        if takes is not None and what.part:
            await self._tell_transfer(what, active=True)
            await self._home.pass_time(takes)
        await self._tell_transfer(what, active=False)

    async def _tell_transfer(self, what: Seen, *, active: bool) -> None:
        """Let the depot tell what it has seen, and wait until that was heard."""
        task = self._home.task(self._sdk.device_id, self._kind)
        assert task.grant is not None
        transfer = make_transfer(
            grant_id=task.grant.id,
            task_id=task.id,
            device_id=task.device_id,
            package_id=task.package.id,
            size=task.package.size,
            **transfer_of(task.package.size, what, active=active),
        )
        await self._home.depot.async_send_event({"type": "transfer_changed", "transfer": transfer})
        # The depot tells one thing after the other: once this is known, so is the transfer.
        marker = f"marker{len(self._home.depot.packages)}"
        await self._home.add_package(id=marker, model="nobody", version=marker)

    async def _report(self, report: Report) -> None:
        """Send one progress report."""
        named = {Version.OLD: self._sdk.old, Version.TARGET: self._sdk.new, Version.EMPTY: ""}
        await self.send(
            self._sdk.progress_report(
                report.code, report.progress, named[report.version], report.description
            )
        )


async def play(
    home: Home, sdk: Sdk, circumstance: Circumstance, habit: Habit, what: Seen, kind: PackageKind
) -> Player:
    """Upgrade a device in a circumstance, from Install to the end of its task."""
    home.depot.packages.append(
        make_package(model=MODEL, kind=kind, version=sdk.new, source_versions=[])
    )
    await home.start()
    player = Player(home, sdk, kind)
    await player.connect()
    await player.tell_version()
    await home.install(sdk.device_id, kind)
    if circumstance is Circumstance.ALREADY_THERE:
        player.runs = sdk.new
        await player.answer()
        return player
    await player.answer()
    await home.until(player.upgrades, "upgrade message")
    await player.upgrade(habit, what)
    await player.live_on()
    return player
