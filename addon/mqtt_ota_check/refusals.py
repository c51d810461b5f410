"""Cases about downloads that must not end with a new version."""

from collections.abc import Awaitable, Callable
from typing import Final

from . import wire
from .answers import Step, always
from .bench import Bench, End
from .case import Case, Group, Verdict, failed, passed
from .conversation import target
from .judge import Advice, describe, judge_refusal
from .misbehaviour import cut_at, down
from .offer import EXPIRED, GONE

VERIFICATION_FAILED: Final = 7
HAMMERING: Final = 10


async def _wrong_hash(bench: Bench) -> Verdict:
    """Send a good package, but announce another hash: nothing can break."""
    package = await target(bench)
    if isinstance(package, Verdict):
        return package
    offer = bench.offer(package)
    paras = offer.paras() | {"sign": _other_hash(package.sha256)}
    payload = wire.write(bench.device_id, bench.event_type, paras)
    await bench.upgrade(offer, payload, what="with a wrong 'sign'")
    ending = await bench.watch(offer)
    if ending.end in {End.NEW_VERSION, End.LIED}:
        return failed(
            describe(offer, ending),
            reason="the device does not compare the SHA-256 of what it stored with 'sign', so a "
            "damaged download would be installed as well",
            remedy="hash the bytes that you wrote, compare all 64 hexadecimal digits, and switch to"
            " the new image only when they are equal; else report result code 7",
        )
    return judge_refusal(
        offer,
        ending,
        codes=(VERIFICATION_FAILED,),
        advice=Advice(
            reason="the device refuses the package, but tells nobody",
            remedy="report result code 7 with the running version",
        ),
    )


def _refused(
    step: Step, *before: Step, codes: tuple[int, ...], advice: Advice
) -> Callable[[Bench], Awaitable[Verdict]]:
    """Return a case in which the server refuses the download."""

    async def run(bench: Bench) -> Verdict:
        """Command an upgrade whose package can't be had."""
        package = await target(bench)
        if isinstance(package, Verdict):
            return package
        offer = bench.offer(package, *before, last=step)
        await bench.upgrade(offer)
        ending = await bench.watch(offer)
        if ending.end is End.NEW_VERSION:
            return failed(
                describe(offer, ending),
                reason="the device reports the new version though it never got the package: it "
                "does not look at the status of the answer",
                remedy="take a body only with status 200 or 206, and report the version that is "
                "compiled into the running image",
            )
        return judge_refusal(offer, ending, codes=codes, advice=advice)

    return run


async def _renewed_grant(bench: Bench) -> Verdict:
    """Let the token die in mid-download and hand out another."""
    package = await target(bench)
    if isinstance(package, Verdict):
        return package
    first = bench.offer(package, cut_at(0.5), last=always(EXPIRED))
    await bench.upgrade(first)
    await bench.watch(first)
    second = bench.offer(package)
    second.earlier = first.exchanges
    await bench.upgrade(second, what="with a new token")
    ending = await bench.watch(second)
    if ending.end is not End.NEW_VERSION:
        return failed(
            describe(second, ending),
            reason="the device does not take a second command for a package that it has begun",
            remedy="take a command for the same version with another url and token as a renewal, "
            "and go on with the download",
        )
    saw = describe(second, ending)
    return passed(saw) if second.resumed else passed(saw, "it started over with the new token")


async def _server_down(bench: Bench) -> Verdict:
    """Let the server stay away and see how the device asks."""
    package = await target(bench)
    if isinstance(package, Verdict):
        return package
    offer = bench.offer(package, cut_at(0.5), last=down)
    await bench.upgrade(offer)
    await bench.reached(lambda: len(offer.exchanges) > 1)
    before = len(offer.exchanges)
    report = await bench.failure_within(bench.limits.quiet)
    count = len(offer.exchanges) - before
    most = max(HAMMERING, int(HAMMERING * bench.limits.quiet))
    saw = f"{count} requests in {bench.limits.quiet:g} s to a server that is away"
    if not offer.was_asked or count > most:
        return failed(
            saw,
            reason="the device asks again at once, without a pause"
            if offer.was_asked
            else "the device never asked for the package",
            remedy="wait 1 s before the second try, twice as long before each further one, up to "
            "some minutes, and add a random share",
        )
    return passed(saw, "it gave up with a report" if report else "it goes on asking with pauses")


def _other_hash(sha256: str) -> str:
    """Return a hash that differs in every digit."""
    return "".join(f"{15 - int(digit, 16):x}" for digit in sha256)


CASES: Final = (
    Case(
        name="wrong-hash",
        title="refuses a package whose SHA-256 is not the announced one",
        group=Group.REFUSALS,
        expected="the old version stays; result code 7",
        run=_wrong_hash,
        needs=("good-package",),
    ),
    Case(
        name="expired-token",
        title="reports a token that the depot refuses",
        group=Group.REFUSALS,
        expected="the old version stays; a result code other than 0 after a few requests",
        run=_refused(
            always(EXPIRED),
            codes=(),
            advice=Advice(
                reason="the device does not look at the status of the answer, or ends the download "
                "without a report when it is 401",
                remedy="take 401 and 403 for the end of the download and report a result code other"
                " than 0 with a description",
            ),
        ),
        needs=("good-package",),
    ),
    Case(
        name="withdrawn-package",
        title="reports a package that is gone",
        group=Group.REFUSALS,
        expected="the old version stays; a result code other than 0 after a few requests",
        run=_refused(
            always(GONE),
            codes=(),
            advice=Advice(
                reason="the device does not look at the status of the answer, or ends the download "
                "without a report when it is 404",
                remedy="take 404 and 410 for the end of the download and report a result code other"
                " than 0 with a description",
            ),
        ),
        needs=("good-package",),
    ),
    Case(
        name="withdrawn-midway",
        title="reports a package that goes in mid-download",
        group=Group.REFUSALS,
        expected="the old version stays; a result code other than 0 after a few requests",
        run=_refused(
            always(GONE),
            cut_at(0.5),
            codes=(),
            advice=Advice(
                reason="the device does not look at the status when it asks for the rest",
                remedy="treat the answer to a request for the rest like the first one: only 200 "
                "and 206 bring bytes, 401, 403, 404 and 410 end the download with a report",
            ),
        ),
        needs=("withdrawn-package", "cut-50"),
    ),
    Case(
        name="renewed-grant",
        title="goes on with a new token when the old one has died in mid-download",
        group=Group.REFUSALS,
        expected="the new version after a second command with another url and token",
        run=_renewed_grant,
        needs=("expired-token", "cut-50"),
    ),
    Case(
        name="server-down",
        title="waits between its tries while the server is away",
        group=Group.REFUSALS,
        expected="tries with pauses, or a report after some of them",
        run=_server_down,
        needs=("cut-50",),
    ),
)
