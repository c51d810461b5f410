"""Command line of the reference device."""

import argparse
from collections.abc import Sequence
import logging
import os
from pathlib import Path
import signal
import ssl
import sys

from .device import Device
from .download import DownloadOptions
from .faults import Faults
from .flash import Flash, FlashError
from .link import Broker
from .messages import MAX_VERSION, Kind
from .results import ResultCode

_LOGGER = logging.getLogger(__name__)

MAX_DEVICE_ID = 256
PLAIN_PORT = 1883
TLS_PORT = 8883
MAX_PORT = 65_535
MAX_DIGITS = 15
MAX_SECONDS = 604_800


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a device until it is told to stop; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    factory = _factory_versions(options)
    if not factory:
        parser.error("give the version that runs now: --firmware, --software or both")
    _log_to_terminal(options)
    try:
        device = _device(options, factory)
        # No handler before there is something to stop.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: device.stop())
        device.run()
    except (FlashError, OSError, ValueError) as err:
        _LOGGER.error("%s", err)  # noqa: TRY400 - people need the cause, not a traceback
        return 1
    _LOGGER.info("stopped")
    return 0


def _device(options: argparse.Namespace, factory: dict[Kind, str]) -> Device:
    """Put a device together as the options say."""
    tls = _tls_context(options)
    folder = options.state_dir or Path(f"state-of-{options.device_id}")
    return Device(
        options.device_id,
        broker=Broker(
            host=options.host,
            port=options.port or (TLS_PORT if options.tls else PLAIN_PORT),
            username=options.username,
            password=options.password,
            tls=tls if options.tls else None,
            topic_prefix=options.topic_prefix.rstrip("/"),
        ),
        flash=Flash(folder, factory),
        downloads=DownloadOptions(tls=tls, throttle=options.throttle),
        faults=_faults(options),
        reboot_seconds=options.reboot_seconds,
    )


def _faults(options: argparse.Namespace) -> Faults:
    """Return the faults that the options ask for."""
    return Faults(
        cut_after=options.cut_after,
        cut_times=options.cut_times,
        wrong_hash=options.wrong_hash,
        no_report=options.no_report,
        start_offline=options.start_offline,
        stay_offline=options.stay_offline,
        report_old_version=options.report_old_version,
        ignore_queries=options.ignore_queries,
        fail_code=options.fail_code,
    )


def _factory_versions(options: argparse.Namespace) -> dict[Kind, str]:
    """Return the versions a new device starts with."""
    given = {Kind.FIRMWARE: options.firmware, Kind.SOFTWARE: options.software}
    return {kind: version for kind, version in given.items() if version is not None}


def _tls_context(options: argparse.Namespace) -> ssl.SSLContext:
    """Return how servers are verified: by the given authority alone, or by the system's."""
    try:
        context = ssl.create_default_context(cafile=options.ca_file)
    except OSError as err:
        msg = f"--ca-file {options.ca_file} holds no usable certificate: {err}"
        raise ValueError(msg) from err
    if options.insecure:
        _LOGGER.warning("--insecure: nobody checks who the broker and the depot really are")
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _log_to_terminal(options: argparse.Namespace) -> None:
    """Write readable lines to standard error."""
    level = logging.INFO
    if options.verbose:
        level = logging.DEBUG
    elif options.quiet:
        level = logging.WARNING
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(asctime)s %(message)s", datefmt="%H:%M:%S"
    )


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="reference_device", description="A device that upgrades itself over MQTT and HTTPS."
    )
    _add_device_options(parser.add_argument_group("device"))
    _add_connection_options(parser.add_argument_group("connection"))
    _add_fault_options(parser.add_argument_group("faults on request"))
    words = parser.add_mutually_exclusive_group()
    words.add_argument("--verbose", action="store_true", help="tell every message")
    words.add_argument("--quiet", action="store_true", help="tell only what goes wrong")
    return parser


def _add_device_options(group: argparse._ArgumentGroup) -> None:
    """Add what the device is."""
    group.add_argument("--device-id", required=True, type=_device_id)
    group.add_argument(
        "--firmware", type=_version, metavar="VERSION", help="firmware a new device starts with"
    )
    group.add_argument(
        "--software", type=_version, metavar="VERSION", help="software a new device starts with"
    )
    group.add_argument(
        "--state-dir", type=Path, help="folder that plays the flash (./state-of-DEVICE_ID)"
    )
    group.add_argument("--reboot-seconds", type=_seconds, default=2.0, metavar="SECONDS")
    group.add_argument(
        "--throttle", type=_positive, metavar="BYTES_PER_SECOND", help="download no faster"
    )


def _add_connection_options(group: argparse._ArgumentGroup) -> None:
    """Add where the device connects to."""
    group.add_argument("--host", default="127.0.0.1", help="the broker's host (127.0.0.1)")
    group.add_argument("--port", type=_port, help="the broker's port (1883, with --tls 8883)")
    group.add_argument("--username")
    group.add_argument(
        "--password",
        default=os.environ.get("MQTT_PASSWORD"),
        help="better in MQTT_PASSWORD: others on this machine see the command line",
    )
    group.add_argument("--tls", action="store_true", help="connect to the broker over TLS")
    trust = group.add_mutually_exclusive_group()
    trust.add_argument(
        "--ca-file", type=Path, help="trust this certificate authority (PEM) and no other"
    )
    trust.add_argument(
        "--insecure", action="store_true", help="verify no certificate, neither broker nor depot"
    )
    group.add_argument("--topic-prefix", default="$oc/devices", type=_topic_prefix)


def _add_fault_options(group: argparse._ArgumentGroup) -> None:
    """Add what shall go wrong."""
    group.add_argument(
        "--cut-after", type=_positive, metavar="BYTES", help="cut the download after these bytes"
    )
    group.add_argument("--cut-times", type=_positive, default=1, help="cut so many times (1)")
    group.add_argument("--wrong-hash", action="store_true", help="take downloads for damaged")
    group.add_argument(
        "--no-report", action="store_true", help="after an upgrade only answer queries"
    )
    group.add_argument("--start-offline", type=_seconds, default=0.0, metavar="SECONDS")
    group.add_argument(
        "--stay-offline", type=_seconds, default=0.0, metavar="SECONDS", help="after the reboot"
    )
    group.add_argument(
        "--report-old-version", action="store_true", help="roll every upgrade back at boot"
    )
    group.add_argument("--ignore-queries", action="store_true", help="answer no version query")
    group.add_argument(
        "--fail-code", type=_fail_code, metavar="CODE", help="end upgrades with this result code"
    )


def _device_id(text: str) -> str:
    """Return a device id that fits into a topic."""
    if 0 < len(text) <= MAX_DEVICE_ID and text.isprintable() and not set(text) & set("/+#"):
        return text
    msg = f"1 to {MAX_DEVICE_ID} printable characters without / + #"
    raise argparse.ArgumentTypeError(msg)


def _topic_prefix(text: str) -> str:
    """Return a prefix that can be published to."""
    if text.strip("/") and text.isprintable() and not set(text) & set("+#"):
        return text
    msg = "a topic without + #"
    raise argparse.ArgumentTypeError(msg)


def _version(text: str) -> str:
    """Return a version of printable ASCII."""
    if 0 < len(text) <= MAX_VERSION and text.isascii() and text.isprintable():
        return text
    msg = f"1 to {MAX_VERSION} printable ASCII characters"
    raise argparse.ArgumentTypeError(msg)


def _positive(text: str) -> int:
    """Return a whole number above 0."""
    if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS and int(text):
        return int(text)
    msg = "a whole number above 0"
    raise argparse.ArgumentTypeError(msg)


def _port(text: str) -> int:
    """Return a TCP port."""
    if (port := _positive(text)) <= MAX_PORT:
        return port
    msg = f"a port from 1 to {MAX_PORT}"
    raise argparse.ArgumentTypeError(msg)


def _seconds(text: str) -> float:
    """Return a time of at most a week."""
    seconds = float(text)
    if 0 <= seconds <= MAX_SECONDS:
        return seconds
    msg = f"seconds from 0 to {MAX_SECONDS}"
    raise argparse.ArgumentTypeError(msg)


def _fail_code(text: str) -> ResultCode:
    """Return a result code that means failure."""
    failures = {str(int(code)): code for code in ResultCode if code}
    if text in failures:
        return failures[text]
    msg = f"one of {', '.join(failures)}"
    raise argparse.ArgumentTypeError(msg)
