"""Cases about servers and proxies that answer wrongly once and rightly afterwards."""

from collections.abc import Awaitable, Callable
from typing import Final

from .answers import Step, always, refused
from .bench import Bench
from .case import Case, Group, Outcome, Verdict
from .conversation import target
from .judge import Advice, judge_upgrade
from .misbehaviour import (
    Change,
    content_length,
    content_range,
    cut_at,
    down,
    early_end,
    garbled_middle,
    garbled_start,
    ignore_range,
    on_resume,
    shifted,
    without_length,
)
from .refusals import VERIFICATION_FAILED

MANY: Final = 20
SHIFT: Final = 1000
NOT_MET: Final = "it never asks for a rest, so this could not happen to it"

_UNAVAILABLE: Final = always(refused("503 Service Unavailable", "try again later"))
_BUSY: Final = always(refused("429 Too Many Requests", "try again later"))

_APPENDED: Final = Advice(
    reason="the device writes the bytes behind those it has, wherever they belong",
    remedy="look at the status of the answer to a request for the rest: 206 brings it (and only "
    "when Content-Range begins where you asked), 200 brings all bytes from the first on",
)
_TRUSTED: Final = Advice(
    reason="the device takes bytes whose place the answer does not tell rightly, and ends the "
    "upgrade when the hash does not fit",
    remedy="accept a 206 only with one Content-Range 'bytes <have>-<last>/<file_size>'; else throw "
    "away what you have and ask for all bytes",
)
_ENDED: Final = Advice(
    reason="the device ends the upgrade at the first answer that is not as usual",
    remedy="after an answer that you cannot use wait a moment and ask again; after five in a row "
    "report result code 6",
)
_DAMAGED: Final = Advice(
    reason="the device ends the upgrade when pieces from several answers do not fit together",
    remedy="when the SHA-256 is wrong after a resumed download, throw the bytes away and fetch all "
    "of them once more before you report result code 7",
)


def _survives(*steps: Step, advice: Advice, damages: bool) -> Callable[[Bench], Awaitable[Verdict]]:
    """Return a case whose server goes wrong in these steps and then serves rightly."""

    async def run(bench: Bench) -> Verdict:
        """Command an upgrade from such a server."""
        package = await target(bench)
        if isinstance(package, Verdict):
            return package
        offer = bench.offer(package, *steps)
        await bench.upgrade(offer)
        ending = await bench.watch(offer)
        # A wrong hash after right bytes is no giving up: the device has mixed them up.
        mixed_up = ending.report is not None and ending.report.result_code == VERIFICATION_FAILED
        verdict = judge_upgrade(offer, ending, advice=advice, may_give_up=damages or not mixed_up)
        is_unmet = len(offer.steps) > 1 and not offer.resumed
        is_passed = verdict.outcome is Outcome.PASSED
        return verdict.remarked(NOT_MET) if is_passed and is_unmet else verdict

    return run


def _resumed(name: str, title: str, change: Change, note: str, advice: Advice) -> Case:
    """Return a case that spoils the answer to the first request for the rest."""
    damages = change in {garbled_start, garbled_middle}
    return _case(name, title, cut_at(0.5), on_resume(change, note), advice=advice, damages=damages)


def _case(name: str, title: str, *steps: Step, advice: Advice, damages: bool = False) -> Case:
    """Return a case of this group."""
    return Case(
        name=name,
        title=title,
        group=Group.SERVERS,
        expected="the device asks again and ends with the new version, or reports that it gives up",
        run=_survives(*steps, advice=advice, damages=damages),
        # A device that installs unchecked bytes could be damaged for good.
        needs=("wrong-hash", "cut-50"),
    )


def _told(name: str, title: str, *values: str) -> Case:
    """Return a case with other Content-Range headers."""
    return _resumed(name, title, content_range(*values), f"Content-Range {values}", _TRUSTED)


CASES: Final = (
    _case(
        "range-ignored",
        "is not confused by a proxy that ignores Range",
        cut_at(0.5),
        ignore_range,
        advice=_APPENDED,
    ),
    _resumed(
        "early-range-start",
        "notices a part that begins too early",
        shifted(-SHIFT),
        f"a part that begins {SHIFT} bytes too early",
        _APPENDED,
    ),
    _resumed(
        "late-range-start",
        "notices a part that begins too late",
        shifted(SHIFT),
        f"a part that begins {SHIFT} bytes too late",
        _APPENDED,
    ),
    _resumed("early-range-end", "asks on after a part that ends early", early_end, "half", _ENDED),
    _told("missing-content-range", "refuses a part that does not tell its place"),
    _told("empty-content-range", "refuses a part with an empty Content-Range", ""),
    _told("no-unit", "refuses a Content-Range without unit", "{first}-{last}/{size}"),
    _told("no-positions", "refuses a Content-Range without positions", "bytes"),
    _told("words-in-range", "refuses a Content-Range of words", "bytes some-more/all"),
    _told(
        "two-content-ranges",
        "refuses a part with two places",
        "bytes {first}-{last}/{size}",
        "bytes {before}-{last}/{size}",
    ),
    _told("reversed-range", "refuses a range that ends first", "bytes {last}-{first}/{size}"),
    _told("negative-range", "refuses a negative range", "bytes -{first}-{last}/{size}"),
    _told("range-past-end", "refuses a range past the end", "bytes {first}-{more}/{size}"),
    _told("changed-size", "notices a package of another size", "bytes {first}-{last}/{more}"),
    _resumed(
        "broken-content-length",
        "survives a Content-Length that is no number",
        content_length("many"),
        "Content-Length: many",
        _ENDED,
    ),
    _resumed(
        "changed-content-length",
        "survives a Content-Length that promises too much",
        content_length("{more}"),
        "Content-Length too large",
        _ENDED,
    ),
    _resumed(
        "missing-content-length",
        "survives a part without Content-Length",
        content_length(),
        "no Content-Length",
        _ENDED,
    ),
    _case(
        "unknown-length",
        "survives a download without Content-Length",
        without_length,
        advice=Advice(
            reason="the device needs Content-Length",
            remedy="file_size of the command tells the length as well",
        ),
    ),
    _resumed(
        "garbled-start",
        "recovers from a rest whose first bytes are wrong",
        garbled_start,
        "first bytes spoilt",
        _DAMAGED,
    ),
    _resumed(
        "garbled-bytes",
        "recovers from a rest with wrong bytes inside",
        garbled_middle,
        "bytes in the midst spoilt",
        _DAMAGED,
    ),
    _case("server-error", "asks again after 503 and 429", _UNAVAILABLE, _BUSY, advice=_ENDED),
    _case("down-and-up", "asks again when the server was away", cut_at(0.5), down, advice=_ENDED),
    _case(
        "down-3-times",
        "asks again when the server was away three times",
        *(step for share in (0.2, 0.5, 0.8) for step in (cut_at(share), down)),
        advice=_ENDED,
    ),
    _case(
        "down-20-times",
        "is patient with a server that is away for twenty tries",
        cut_at(0.5),
        *([down] * MANY),
        advice=_ENDED,
    ),
)
