"""Cases about cuts, restarts and commands in mid-download."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from . import wire
from .answers import Then
from .bench import Bench, End, Restart
from .case import Case, Group, Verdict, failed, passed, skipped
from .conversation import target
from .judge import Advice, describe, judge_upgrade
from .misbehaviour import cut_at
from .offer import Offer
from .wire import UpgradeReport

HALF: Final = 0.5
CUTS: Final = (10, 50, 99)
WRITTEN_SECONDS: Final = 0.5


def _cut(*shares: float, then: Then = Then.CLOSE) -> Callable[[Bench], Awaitable[Verdict]]:
    """Return a case that loses the connection at shares of the package, one after the other."""

    async def run(bench: Bench) -> Verdict:
        """Command an upgrade and cut its download."""
        package = await target(bench)
        if isinstance(package, Verdict):
            return package
        offer = bench.offer(package, *(cut_at(share, then=then) for share in shares))
        await bench.upgrade(offer)
        verdict = judge_upgrade(
            offer,
            await bench.watch(offer),
            advice=Advice(
                reason="the device ends the upgrade when the connection breaks, or takes the end of"
                " the connection for the end of the package",
                remedy="compare the bytes that came with file_size; when some are missing, ask for "
                "the rest with 'Range: bytes=<have>-' after a pause, and go on at that byte",
            ),
        )
        return verdict if offer.resumed else verdict.remarked("it starts over instead of resuming")

    return run


async def _device_restart(bench: Bench) -> Verdict:
    """Restart the device in mid-download."""
    package = await _half_way_or_verdict(bench, bench.restart_device, "device")
    if isinstance(package, Verdict):
        return package
    verdict = judge_upgrade(
        package,
        await bench.watch(package),
        advice=Advice(
            reason="the device forgets the command when it restarts, and the platform does not send"
            " it twice: the upgrade waits for its time-out of 24 hours",
            remedy="keep url, access_token, file_size, sign and version in flash until the upgrade "
            "has ended, and go on with the download after each start",
        ),
    )
    return verdict if package.resumed else verdict.remarked("it starts over after a restart")


async def _broker_restart(bench: Bench) -> Verdict:
    """Restart the broker in mid-download."""
    offer = await _half_way_or_verdict(bench, bench.restart_broker, "broker")
    if isinstance(offer, Verdict):
        return offer
    return judge_upgrade(
        offer,
        await bench.watch(offer),
        advice=Advice(
            reason="the device loses the download, or never comes back to the broker, when the "
            "MQTT connection breaks meanwhile",
            remedy="keep download and MQTT apart, reconnect with pauses, subscribe again after each"
            " connection, and report the version then",
        ),
    )


async def _half_way_or_verdict(bench: Bench, restart: Restart | None, what: str) -> Offer | Verdict:
    """Bring a download to its half and restart something then."""
    if restart is None:
        return skipped(
            f"nobody can restart the {what}: give --{'' if what == 'device' else 'broker-'}"
            "restart-command"
        )
    package = await target(bench)
    if isinstance(package, Verdict):
        return package
    offer = bench.offer(package, cut_at(HALF, then=Then.HOLD))
    await bench.upgrade(offer)
    half = int(package.size * HALF)
    if not await bench.reached(lambda: offer.reached >= half):
        return judge_upgrade(offer, await bench.watch(offer))
    # What has left here is not on the device's flash yet.
    await asyncio.sleep(WRITTEN_SECONDS)
    bench.on_step(f"restarting the {what}")
    await restart()
    # The held half would keep a patient device waiting for as long as its time-out lasts.
    bench.drop_connections()
    return offer


async def _two_upgrades(bench: Bench) -> Verdict:
    """Send a second command in mid-download."""
    package = await target(bench)
    if isinstance(package, Verdict):
        return package
    running = await bench.ask_version()
    other = bench.packages.other_than(package.version)
    if other is None or running is None:
        return skipped("there is no second package; give one with --package")
    # Held until the second command has arrived, then cut, so that both are under way.
    first = bench.offer(package, cut_at(HALF, then=Then.HOLD))
    second = bench.offer(other)
    await bench.upgrade(first)
    if not await bench.reached(lambda: first.reached >= int(package.size * HALF)):
        return judge_upgrade(first, await bench.watch(first))
    payload = wire.write(bench.device_id, bench.event_type, second.paras())
    bench.command(payload, f"{bench.event_type} to {other.version} at the same time")
    refusal = await bench.failure_within(bench.limits.quiet)
    bench.drop_connections()
    return await _judge_two(bench, first, second, refusal)


async def _judge_two(
    bench: Bench, first: Offer, second: Offer, refusal: UpgradeReport | None
) -> Verdict:
    """Return the verdict once one of two upgrades has ended."""
    ending = await bench.watch(first)
    chosen = first
    if ending.end is not End.NEW_VERSION and second.is_complete:
        chosen, ending = second, await bench.watch(second)
    saw = describe(chosen, ending)
    if ending.end is End.NEW_VERSION and chosen.is_complete:
        if refusal is not None:
            return passed(f"{saw}; the other command was refused with {refusal.result_code}")
        return passed(saw, "report result code 1 for the command that is not carried out")
    return failed(
        saw,
        reason="two commands at once share one download: bytes of both met, or both were lost",
        remedy="while an upgrade runs, refuse a command for another version with result code 1 and "
        "leave the running one alone",
    )


CASES: Final = (
    *(
        Case(
            name=f"cut-{percent}",
            title=f"goes on after a cut at {percent} %",
            group=Group.INTERRUPTIONS,
            expected="the rest is asked for and the new version runs",
            run=_cut(percent / 100),
            needs=("good-package",),
        )
        for percent in CUTS
    ),
    Case(
        name="reset",
        title="goes on after a reset connection",
        group=Group.INTERRUPTIONS,
        expected="the rest is asked for and the new version runs",
        run=_cut(HALF, then=Then.RESET),
        needs=("cut-50",),
    ),
    Case(
        name="cut-3-times",
        title="goes on after three cuts in one download",
        group=Group.INTERRUPTIONS,
        expected="the rest is asked for each time and the new version runs",
        run=_cut(0.25, 0.5, 0.75),
        needs=("cut-50",),
    ),
    Case(
        name="two-upgrades",
        title="keeps to one upgrade when two are commanded at once",
        group=Group.INTERRUPTIONS,
        expected="the second command is refused with result code 1, and the first one ends well",
        run=_two_upgrades,
        needs=("cut-50",),
    ),
    Case(
        name="device-restart",
        title="goes on after a restart in mid-download",
        group=Group.INTERRUPTIONS,
        expected="the download goes on without another command and the new version runs",
        run=_device_restart,
        needs=("cut-50",),
    ),
    Case(
        name="broker-restart",
        title="goes on while the broker restarts in mid-download",
        group=Group.INTERRUPTIONS,
        expected="the device comes back to the broker and the new version runs",
        run=_broker_restart,
        needs=("good-package",),
    ),
)
