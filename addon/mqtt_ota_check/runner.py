"""Runs cases one after the other against one device."""

from collections.abc import AsyncIterator, Sequence
import time

from .bench import Bench
from .case import Case, Outcome, Result, Verdict, failed, skipped


async def run(cases: Sequence[Case], bench: Bench) -> AsyncIterator[Result]:
    """Yield the result of each case as it ends."""
    missed: set[str] = set()
    for case in cases:
        bench.begin_case()
        began = time.monotonic()
        verdict = await _verdict(case, bench, missed)
        if verdict.outcome is not Outcome.PASSED:
            missed.add(case.name)
        yield Result(
            case=case,
            verdict=verdict,
            seconds=time.monotonic() - began,
            history=bench.history,
        )


async def _verdict(case: Case, bench: Bench, missed: set[str]) -> Verdict:
    """Run a case unless one that it needs did not pass."""
    unmet = [name for name in case.needs if name in missed]
    if unmet:
        return skipped(f"it needs {' and '.join(unmet)}, which did not pass")
    verdict = await case.run(bench)
    await bench.settle()
    if verdict.outcome is Outcome.PASSED and bench.unreadable:
        return failed(
            f"{verdict.saw}; but the device sent {bench.unreadable[0]}",
            reason="the device sends something that is no event of the protocol",
            remedy="send JSON with services, service_id, event_type and the object paras, as the "
            "protocol's examples show",
        )
    return verdict
