"""Cases about messages: what the device understands and answers."""

from collections.abc import Awaitable, Callable, Mapping
import json
import time
from typing import Final

from mqtt_ota_tools.protocol import SERVICE, VERSION_FIELDS, compact

from . import wire
from .answers import always
from .bench import Bench
from .case import Case, Group, Verdict, failed, passed, skipped
from .judge import Advice, describe, judge_upgrade
from .misbehaviour import keep_open
from .offer import GONE, Offer
from .package import Package

NO_PACKAGE: Final = "there is no package of another version; give a second one with --package"
BIG_MESSAGE: Final = 1024
NO_ANSWER: Final = "no version_report with a version of this kind came"


async def target(bench: Bench) -> Package | Verdict:
    """Return the package to upgrade to, or why the case can't be tried."""
    running = await bench.ask_version()
    if running is None:
        return failed(
            NO_ANSWER,
            reason="the device has stopped answering since an earlier case",
            remedy="see its log; it must answer version queries after every upgrade, failed or not",
        )
    return bench.packages.other_than(running) or skipped(NO_PACKAGE)


async def _version_query(bench: Bench) -> Verdict:
    """Ask for the version."""
    began = time.monotonic()
    version = await bench.ask_version(once=True)
    if version is not None:
        return passed(f"version {version} after {time.monotonic() - began:.1f} s")
    saw = f"{NO_ANSWER} within {bench.limits.answer:g} s"
    if bench.unreadable:
        saw += f"; instead came {bench.unreadable[-1]}"
    field = VERSION_FIELDS[bench.kind]
    return failed(
        saw,
        reason="the device is not connected, has not subscribed to its events/down topic, or "
        f"does not answer with {field}",
        remedy="subscribe to <prefix>/<device id>/sys/events/down after each connection and answer "
        f"version_query with version_report and {field} on …/sys/events/up; check --device-id and "
        "--topic-prefix",
    )


async def _same_version(bench: Bench) -> Verdict:
    """Command the version that runs already."""
    running = await bench.ask_version()
    if running is None:
        return skipped(NO_ANSWER)
    package = bench.packages.other_than()
    if package is None:
        return skipped(NO_PACKAGE)
    # Nobody will send these bytes: the address answers 404.
    offer = bench.offer(Package(version=running, content=package.content), last=always(GONE))
    await bench.upgrade(offer, what="which runs already")
    if await bench.stays_quiet(offer):
        return passed(f"no request in {bench.limits.quiet:g} s")
    await bench.watch(offer)
    return failed(
        f"it asked for the package: {offer.exchanges[0].asked}",
        reason="the device does not compare the command's version with the running one: a message "
        "delivered twice would install the same image again and again",
        remedy="when 'version' equals the running version, report result code 3 and do nothing",
    )


async def _good_package(bench: Bench) -> Verdict:
    """Upgrade as usual."""
    package = await target(bench)
    if isinstance(package, Verdict):
        return package
    offer = bench.offer(package)
    await bench.upgrade(offer)
    return judge_upgrade(offer, await bench.watch(offer))


async def _kept_open(bench: Bench) -> Verdict:
    """Leave the connection open after the last byte."""
    package = await target(bench)
    if isinstance(package, Verdict):
        return package
    offer = bench.offer(package, keep_open)
    await bench.upgrade(offer)
    ending = await bench.watch(offer)
    return judge_upgrade(
        offer,
        ending,
        advice=Advice(
            reason="the device reads until the server closes the connection",
            remedy="count the bytes up to Content-Length (or file_size) and stop there",
        ),
    )


async def _malformed(bench: Bench) -> Verdict:
    """Send what is no command, then ask for the version."""
    for payload, what in (
        (b"", "an empty message"),
        (b"{", "broken JSON"),
        (b"[]", "a list"),
        (b'{"services":1}', "services that is no list"),
        (b'{"services":[{"service_id":"$ota","event_type":"version_query"}]', "cut-off JSON"),
        (wire.write(bench.device_id, f"{bench.kind}_upgrade", {}), "an upgrade without content"),
        (wire.write(bench.device_id, "unheard_of", {"a": 1}), "an unknown event"),
    ):
        bench.command(payload, what)
    version = await bench.ask_version()
    if version is not None:
        return passed(f"version {version} still answered")
    return failed(
        "no answer to version_query after messages that are no commands",
        reason="one of them ended the code that reads messages",
        remedy="check every message for JSON and for each field that you use, and log and ignore "
        "what does not fit; never let an exception end the MQTT loop",
    )


def _understands(
    form: Callable[[Bench, Offer], bytes], what: str, advice: Advice, *, qos: int = 1
) -> Callable[[Bench], Awaitable[Verdict]]:
    """Return a case that sends the upgrade command in another form and then withdraws it."""

    async def run(bench: Bench) -> Verdict:
        """Command an upgrade and see whether the package is asked for."""
        package = await target(bench)
        if isinstance(package, Verdict):
            return package
        # Asking for the package shows that the message was understood; nothing is installed.
        offer = bench.offer(package, last=always(GONE))
        payload = form(bench, offer)
        await bench.upgrade(offer, payload, qos=qos, what=what)
        ending = await bench.watch(offer)
        if offer.was_asked:
            return passed(f"it asked for the package after a message of {len(payload)} bytes")
        saw = f"{describe(offer, ending)}; the message had {len(payload)} bytes"
        return failed(saw, reason=advice.reason, remedy=advice.remedy)

    return run


def _big(bench: Bench, offer: Offer) -> bytes:
    """Return a command of exactly 1 KiB."""
    paras = offer.paras() | {"custom_info": ""}
    missing = BIG_MESSAGE - len(wire.write(bench.device_id, bench.event_type, paras))
    return wire.write(
        bench.device_id, bench.event_type, paras | {"custom_info": "x" * max(0, missing)}
    )


def _with_unknown(bench: Bench, offer: Offer) -> bytes:
    """Return a command among fields, events and services that nobody knows yet."""
    paras = offer.paras() | {"task_ext_info": {"a": [1, None]}, "new_field": True}
    wanted = {"service_id": SERVICE, "event_type": bench.event_type, "paras": paras}
    other = {"service_id": "$other", "event_type": "other", "paras": {"version": "0"}}
    newer = {"service_id": SERVICE, "event_type": "newer_event", "paras": {"x": 1}}
    return compact(
        {"object_device_id": bench.device_id, "schema": 2, "services": [other, newer, wanted]}
    )


def _reordered(bench: Bench, offer: Offer) -> bytes:
    """Return a command whose keys stand in the opposite order, with spaces between."""
    paras = dict(reversed(offer.paras().items()))
    service: Mapping[str, object] = {
        "paras": paras,
        "event_time": "20260101T000000Z",
        "event_type": bench.event_type,
        "service_id": SERVICE,
    }
    return json.dumps(
        {"services": [service], "object_device_id": bench.device_id}, indent=1
    ).encode()


def _as_ever(bench: Bench, offer: Offer) -> bytes:
    """Return the usual command."""
    return wire.write(bench.device_id, bench.event_type, offer.paras())


CASES: Final = (
    Case(
        name="version-query",
        title="answers a version query in time",
        group=Group.CONVERSATION,
        expected="a version_report with the running version within 3 minutes",
        run=_version_query,
    ),
    Case(
        name="same-version",
        title="does nothing when told to install what runs already",
        group=Group.CONVERSATION,
        expected="no request for the package; result code 3 or nothing",
        run=_same_version,
        needs=("version-query",),
    ),
    Case(
        name="malformed-messages",
        title="survives messages that are no commands",
        group=Group.CONVERSATION,
        expected="broken messages are ignored and the next version query is answered",
        run=_malformed,
        needs=("version-query",),
    ),
    Case(
        name="good-package",
        title="installs a good package and reports the new version",
        group=Group.CONVERSATION,
        expected="the package is downloaded, the device restarts and reports the new version",
        run=_good_package,
        needs=("version-query",),
    ),
    Case(
        name="kept-open",
        title="sees the end of a download by counting bytes",
        group=Group.CONVERSATION,
        expected="the new version, though the server leaves the connection open",
        run=_kept_open,
        needs=("good-package",),
    ),
    Case(
        name="message-1k",
        title="takes an upgrade message of 1 KiB",
        group=Group.CONVERSATION,
        expected="the package is asked for",
        run=_understands(
            _big,
            "in a message of 1 KiB",
            Advice(
                reason="the MQTT client's buffer is smaller than 1 KiB and drops the message",
                remedy="give it a buffer of 1 KiB for the content, and 256 bytes more for topic and"
                " header (PubSubClient: setBufferSize(1280))",
            ),
        ),
        needs=("good-package",),
    ),
    Case(
        name="unknown-fields",
        title="ignores fields, events and services that it does not know",
        group=Group.CONVERSATION,
        expected="the package is asked for",
        run=_understands(
            _with_unknown,
            "among unknown fields",
            Advice(
                reason="the device refuses what it does not know, or looks at the first entry of "
                "'services' only",
                remedy="go through all entries of 'services', take those with service_id $ota and "
                "an event_type that you know, and ignore every other key",
            ),
        ),
        needs=("good-package",),
    ),
    Case(
        name="reordered-fields",
        title="takes fields in any order and with spaces between",
        group=Group.CONVERSATION,
        expected="the package is asked for",
        run=_understands(
            _reordered,
            "with reordered fields",
            Advice(
                reason="the device searches the text for fixed positions or for exact pieces",
                remedy="use a JSON parser (ArduinoJson, cJSON, json) instead of searching the text",
            ),
        ),
        needs=("good-package",),
    ),
    Case(
        name="qos-0",
        title="takes a command that comes with QoS 0",
        group=Group.CONVERSATION,
        expected="the package is asked for",
        run=_understands(
            _as_ever,
            "with QoS 0",
            Advice(
                reason="the device handles only messages that come with QoS 1",
                remedy="do not look at the QoS of a message that has arrived",
            ),
            qos=0,
        ),
        needs=("good-package",),
    ),
)
