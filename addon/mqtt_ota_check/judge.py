"""From what was seen of an upgrade to a verdict, with the likely reason in words."""

from dataclasses import dataclass
from typing import Final

from .bench import End, Ending
from .case import Verdict, failed, passed
from .offer import Offer

SMALL_BUFFER: Final = 256
GAVE_UP: Final = "it gave up with a report instead of trying again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Why it likely went wrong, and what to do."""

    reason: str
    remedy: str


def judge_upgrade(
    offer: Offer, ending: Ending, *, advice: Advice | None = None, may_give_up: bool = False
) -> Verdict:
    """Return the verdict on an upgrade that must end with the new version.

    `advice` is what a case knows of the usual fault behind a failure after a download has begun.
    """
    saw = describe(offer, ending)
    if ending.end is End.NEW_VERSION and offer.is_complete:
        remark = "it told the new version only when asked" if ending.was_asked else ""
        return passed(saw, remark)
    if ending.end is End.NEW_VERSION:
        return failed(
            saw,
            reason="the device takes over the version from the command without having every byte: "
            f"only {offer.reached} of {offer.package.size} bytes were ever sent to it",
            remedy="report the version that is compiled into the running image; count the bytes and"
            " compare the SHA-256 of what you stored with 'sign' before you switch to it",
        )
    if may_give_up and ending.end is End.REFUSED:
        return passed(saw, GAVE_UP)
    found = _without_download(offer, ending) or advice or _after_download(ending)
    return failed(saw, reason=found.reason, remedy=found.remedy)


def judge_refusal(
    offer: Offer, ending: Ending, *, codes: tuple[int, ...], advice: Advice
) -> Verdict:
    """Return the verdict on an upgrade that must end with a reported failure.

    `codes` are the result codes that say best what happened; empty when any does.
    """
    saw = describe(offer, ending)
    if not offer.was_asked and not offer.exchanges:
        found = _without_download(offer, ending) or advice
        return failed(saw, reason=found.reason, remedy=found.remedy)
    if ending.end is End.REFUSED and ending.report is not None:
        best = " or ".join(map(str, codes))
        fits = not codes or ending.report.result_code in codes
        return passed(saw, "" if fits else f"result code {best} would say better what happened")
    if ending.end is End.RESTLESS:
        return failed(
            saw,
            reason="the device repeats a refused request again and again",
            remedy="take 401, 403, 404 and 410 for the end of the download: report a result code "
            "other than 0 and wait for the next command",
        )
    return failed(saw, reason=advice.reason, remedy=advice.remedy)


def describe(offer: Offer, ending: Ending) -> str:
    """Return in words what was seen."""
    count = len(offer.exchanges)
    requests = f"{count} {'request' if count == 1 else 'requests'}"
    if count:
        requests += f", the last one {offer.exchanges[-1].asked} → {offer.exchanges[-1].told}"
    return f"{_ending(ending)}; {requests}; {offer.reached} of {offer.package.size} bytes sent"


def _ending(ending: Ending) -> str:
    """Return the end in words."""
    report = ending.report
    match ending.end:
        case End.NEW_VERSION:
            return f"version {ending.version} runs"
        case End.REFUSED if report is not None:
            told = f" ({report.description})" if report.description else ""
            return f"the device reported result code {report.result_code}{told}"
        case End.LIED:
            return (
                f"the device reported success, but runs {ending.version or 'no version it tells'}"
            )
        case End.ROLLED_BACK:
            return f"the device came back with the old version {ending.version}"
        case End.RESTLESS:
            return "the device went on asking without end"
        case _:
            running = f"; it still runs {ending.version}" if ending.version else ""
            return f"the device fell silent{running}"


def _without_download(offer: Offer, ending: Ending) -> Advice | None:
    """Return why a device never got into the download."""
    if not offer.exchanges:
        if ending.end is End.REFUSED:
            return Advice(
                reason="the device refuses the command itself",
                remedy="read its result code and description above; fields that the device does not"
                " know must be ignored, and those it needs are version, url, file_size,"
                " access_token and sign",
            )
        return Advice(
            reason="the upgrade message never reached the device's code: its MQTT library most "
            f"likely drops messages over {SMALL_BUFFER} bytes without a word, or it could not "
            "read the JSON, or the address in 'url' cannot be reached from its network",
            remedy="give the MQTT client a buffer of 1 KiB (PubSubClient: setBufferSize(1024)), "
            "log every message that comes in, and see that the device reaches the host in 'url'",
        )
    if not offer.was_asked:
        return Advice(
            reason="every request came without the right token and was answered 401",
            remedy="send the header 'Authorization: Bearer <access_token>', or append "
            "?token=<access_token> to the url where the HTTP library sets no headers",
        )
    return None


def _after_download(ending: Ending) -> Advice:
    """Return the usual reasons by the end that was seen."""
    match ending.end:
        case End.LIED:
            return Advice(
                reason="the device reports success before the new image has proved itself",
                remedy="report result code 0 with progress 100 and the new version only after the "
                "restart, from the new image; before it, tell the old version",
            )
        case End.ROLLED_BACK:
            return Advice(
                reason="the device restarted into the old version: the boot partition was not "
                "switched, the image did not start, or the version inside it is another one",
                remedy="see the boot log; check that the version compiled into the image is the "
                "one that you named with --package",
            )
        case End.REFUSED:
            return Advice(
                reason="the device gave up an upgrade that could be finished",
                remedy="read its result code and description above; after a broken connection ask "
                "again for what is missing, with growing pauses, for some minutes",
            )
        case _:
            return Advice(
                reason="the device hangs or has ended the upgrade without telling anybody",
                remedy="give every read and connect a time-out, end each upgrade with an "
                "upgrade_progress_report, and report the version after each connection",
            )
