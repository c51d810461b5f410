"""The whole product on this machine, to look at or to prove that it works."""

import argparse
from pathlib import Path
import signal
import sys
import tempfile
import time
from types import FrameType

from .broker import BrokerKind
from .device import Device
from .errors import StackError, tail
from .package import MEBIBYTE, NewPackage, image_bytes
from .progress import ProgressDisplay
from .upgrade_watch import ENDED, POLL_SECONDS, UpgradeWatch, prove_resumed, prove_upgraded
from .world import World, running_world

DEVICE_ID = "weather_kitchen"
OLD_VERSION = "1.0.0"
IMAGE_SIZE = 2 * MEBIBYTE
# Slow enough to be seen, fast enough not to bore.
BYTES_PER_SECOND = 160 * 1024
CUT_AFTER = 3 * MEBIBYTE // 4
UPGRADE_SECONDS = 90.0
END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

RELEASE_NOTES = """\
## Weather station 1.1.0

- **Rain gauge**: counts single drops now
- Wakes up *twice as fast*, which saves a third of the battery
- Fixes the wind direction that was turned by 180 degrees

| sensor | before | now |
|---|---|---|
| rain | 0.5 mm | 0.1 mm |
| wind | 8 directions | 16 directions |
"""

INSTRUCTIONS = """
Everything runs, and can be reached from this machine only.

    Open       {page}
    User       {username}
    Password   {password}

What to do there:

    1. Log in. The page of the device {device} opens.
    2. Click on Firmware: version {new} is offered, with its release notes.
    3. Press Update and watch. The device's connection is cut in the middle of
       the download; it goes on from where it was.
    4. When the device has restarted and has reported it, version {new} is shown
       as installed.

Press Ctrl-C here to stop everything and to leave nothing behind.
"""


def main() -> int:
    """Run the demo; return the exit code."""
    options = _options()
    for number in END_SIGNALS:
        signal.signal(number, _interrupt)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mqtt-ota-demo-") as name:
        folder = Path(name)
        try:
            with running_world(folder, broker_kind=options.broker, on_step=_say) as world:
                device, package = _prepare(world)
                (_press_install if options.once else _wait_for_person)(world, device, package)
                _say("stopping everything")
        except KeyboardInterrupt:
            _say("stopped; nothing is left behind")
            return 0 if not options.once else 130
        except StackError as err:
            _tell_failure(folder, err)
            return 1
    if options.once:
        _say(f"done in {time.monotonic() - begun:.0f} seconds; nothing is left behind")
    return 0


def _options() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument(
        "--once",
        action="store_true",
        help="press Install, check every step of the upgrade, stop and exit with 0",
    )
    parser.add_argument(
        "--broker",
        type=BrokerKind,
        choices=list(BrokerKind),
        help="use this broker instead of Mosquitto where it is installed",
    )
    return parser.parse_args()


def _prepare(world: World) -> tuple[Device, NewPackage]:
    """Switch the device on and upload the package that it can be upgraded to."""
    device = world.add_device(
        DEVICE_ID,
        firmware=OLD_VERSION,
        throttle=BYTES_PER_SECOND,
        options=["--cut-after", str(CUT_AFTER)],
    )
    device.start()
    world.wait_for_device(device)
    _say(f"device {device.id} is online with firmware {OLD_VERSION}")
    package = NewPackage(content=image_bytes(IMAGE_SIZE, DEVICE_ID), release_notes=RELEASE_NOTES)
    world.offer(device, package)
    _say(f"firmware {package.version} is uploaded and offered")
    return device, package


def _press_install(world: World, device: Device, package: NewPackage) -> None:
    """Install the package and prove every step of it."""
    world.home_assistant.api.install(device.entity_id)
    _say("pressed Install")
    display = ProgressDisplay()
    try:
        seen = UpgradeWatch(world, device).until_end(UPGRADE_SECONDS, display.show)
    finally:
        display.end()
    offset = prove_resumed(world, device, seen)
    _say(f"the download was cut and resumed at byte {offset} of {len(package.content)}")
    prove_upgraded(world, device, package)
    _say(f"the device reported {package.version}, and its flash holds the package's bytes")


def _wait_for_person(world: World, device: Device, package: NewPackage) -> None:
    """Tell what to press, then show what happens until Ctrl-C."""
    owner = world.home_assistant.owner
    sys.stdout.write(
        INSTRUCTIONS.format(
            page=world.home_assistant.api.device_page(device.entity_id),
            username=owner.username,
            password=owner.password,
            device=device.id,
            new=package.version,
        )
    )
    sys.stdout.flush()
    watch, display = UpgradeWatch(world, device), ProgressDisplay()
    while True:
        for process in world.processes():
            process.check_running()
        progress = watch.look()
        if progress:
            display.show(progress)
        time.sleep(POLL_SECONDS if progress and progress.stage not in ENDED else 1)


def _tell_failure(folder: Path, error: StackError) -> None:
    """Write the cause and the end of every log, which is about to be removed."""
    sys.stdout.flush()
    for log in sorted(folder.glob("*/*.log")):
        sys.stderr.write(f"--- {log.relative_to(folder)} ---\n{tail(log)}\n")
    sys.stderr.write(f"\nThe demo failed: {error}\n")


def _say(text: str) -> None:
    """Tell what happens."""
    sys.stdout.write(f"==> {text}\n")
    sys.stdout.flush()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Begin to stop everything."""
    # A second Ctrl-C of the impatient must not cut the tidying up short.
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    _say("stopping everything")
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
