"""Start on a board, or on Linux: micropython main.py, in a folder with settings.json."""

import gc
import json
import sys

from ota_device import KEEPALIVE, Device
from ota_store import Store
from umqtt.simple import MQTTClient, MQTTException

GARBAGE = 2048


def main() -> None:
    """Run the device that settings.json describes, then restart into the new image."""
    # TLS wants 16 KiB in one piece. Objects never move, so one that stays must not come to lie in
    # the middle of the free heap: collect often, and new ones fill the gaps at its beginning.
    gc.threshold(GARBAGE)  # type: ignore[attr-defined]  # only MicroPython has it
    gc.collect()
    with open("settings.json") as file:
        settings = json.load(file)
    client = MQTTClient(
        settings["device_id"],
        settings["broker"],
        port=settings.get("port", 1883),
        user=settings.get("username"),
        password=settings.get("password"),
        keepalive=KEEPALIVE,
    )
    device = Device(
        client,
        Store(settings.get("folder", "."), settings["version"]),
        settings["device_id"],
        kind=settings.get("kind", "firmware"),
        prefix=settings.get("prefix", "$oc/devices"),
        ca=settings.get("ca"),
        patience=(settings.get("tries", 20), settings.get("first_wait", 1)),
        client_errors=(OSError, MQTTException),
    )
    device.run()
    try:
        from machine import reset
    except ImportError:
        # Linux: whoever started the program starts it again.
        sys.exit(0)
    reset()


main()
