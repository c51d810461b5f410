"""One real Home Assistant in this process, with a broker on a socket: started and measured.

`python -m benchmarks.home FOLDER DEVICES JOB` prints what it measured as JSON on its last line.
"""

import asyncio
from collections.abc import Callable
import ctypes
from dataclasses import asdict
import gc
import json
import os
from pathlib import Path
import shutil
import sys
import time
from types import MappingProxyType
from typing import Any, Final

from homeassistant import bootstrap
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import ATTR_RESTORED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_platform, entity_registry as er
from homeassistant.runner import RuntimeConfig, create_event_loop
from stack.errors import StackError
from stack.hass_config import Owner, write_config
from stack.places import CHECKOUT
from stack.ports import LOOPBACK, free_port

from tests.integration.fake_depot import API_KEY, FakeDepot, make_package

from . import trivial
from .pauses import watching_pauses
from .wire_broker import Message, WireBroker, wire_broker

DOMAIN: Final = "mqtt_ota"
MODEL: Final = "weather"
_UPLINK: Final = "$oc/devices/{}/sys/events/up"
_CONFIGURATION: Final = "homeassistant:\nlogger:\n  default: warning\n"
_PATIENCE: Final = 600.0
_LOOK_AGAIN: Final = 0.005
_CALM_SECONDS: Final = 0.5

_PLATFORM: Final = """\
from . import async_add_platform


async def async_setup_entry(hass, entry, async_add_entities):
    await async_add_platform({!r}, entry, async_add_entities)
"""

type Measured = dict[str, Any]
type Shapes = dict[str, tuple[int, int]]


class BenchedHome:
    """A configuration folder with its ports, and the Home Assistant that runs in it."""

    def __init__(self, folder: Path, devices: int, broker: WireBroker, depot: FakeDepot) -> None:
        """Remember the surroundings; nothing runs yet."""
        self.folder = folder
        self.devices = devices
        self.broker = broker
        self.depot = depot
        self.hass: HomeAssistant

    async def start(self) -> float:
        """Start Home Assistant and wait until it has nothing left to do; return the seconds."""
        began = time.perf_counter()
        config = RuntimeConfig(config_dir=str(self.folder), skip_pip=True)
        hass = await bootstrap.async_setup_hass(config)
        if hass is None:
            raise StackError("Home Assistant did not start")
        self.hass = hass
        await hass.async_start()
        await self.calm()
        return time.perf_counter() - began - _CALM_SECONDS

    async def calm(self) -> None:
        """Wait until every registered entity is there, and no more are added."""
        counts = [-1]

        def is_calm() -> bool:
            """Return whether nothing was added since the last look, or is only remembered."""
            states = self.hass.states.async_all()
            counts.append(len(states))
            is_whole = not any(ATTR_RESTORED in state.attributes for state in states)
            return is_whole and counts[-1] == counts[-2]

        await self.until(is_calm, "end of new states", every=_CALM_SECONDS)

    async def until(
        self, happened: Callable[[], bool], what: str, *, every: float = _LOOK_AGAIN
    ) -> None:
        """Wait until something is true."""
        for _ in range(int(_PATIENCE / every)):
            if happened():
                return
            await asyncio.sleep(every)
        raise StackError(f"Still no {what}")

    async def add(self, domain: str, version: tuple[int, int], data: dict[str, Any]) -> None:
        """Set an integration up."""
        major, minor = version
        entry: ConfigEntry[Any] = ConfigEntry(
            data=data,
            discovery_keys=MappingProxyType({}),
            domain=domain,
            minor_version=minor,
            options={},
            source="user",
            subentries_data=None,
            title=domain,
            unique_id=domain,
            version=major,
        )
        await self.hass.config_entries.async_add(entry)
        if entry.state is not ConfigEntryState.LOADED:
            raise StackError(f"{domain} is {entry.state}: {entry.reason}")

    @property
    def manager(self) -> Any:
        """Return the integration's manager."""
        (entry,) = self.hass.config_entries.async_entries(DOMAIN)
        return entry.runtime_data

    async def hear(self, messages: list[Message]) -> Measured:
        """Publish messages and wait until the integration has taken all of them."""
        heard = self.manager.messenger.heard + len(messages)
        self.broker.publish(messages)
        with watching_pauses() as pauses:
            await self.until(lambda: self.manager.messenger.heard >= heard, "last message")
        return asdict(pauses)

    def shapes(self) -> Shapes:
        """Return how many entities devices have on each platform, and how many are enabled."""
        counts: dict[str, list[int]] = {}
        for entry in er.async_get(self.hass).entities.values():
            if entry.platform == DOMAIN and entry.unique_id.startswith(f"{MODEL}_"):
                count = counts.setdefault(entry.domain, [0, 0])
                count[0] += 1
                count[1] += not entry.disabled
        return {platform: (every, enabled) for platform, (every, enabled) in counts.items()}


def reports(devices: int, firmware: str, software: str = "2.0") -> list[Message]:
    """Return one version report of each device."""
    paras = {"fw_version": firmware, "sw_version": software}
    service = {"service_id": "$ota", "event_type": "version_report", "paras": paras}
    payload = json.dumps({"services": [service]}).encode()
    return [(_UPLINK.format(f"{MODEL}_{number:05}"), payload) for number in range(devices)]


async def async_learn(home: BenchedHome) -> Measured:
    """Start an empty home, and let it meet all devices."""
    empty = await home.start()
    mqtt = {"broker": LOOPBACK, "port": home.broker.port}
    await home.add("mqtt", (2, 1), mqtt)
    data = {"url": home.depot.url, "api_key": API_KEY, "certificate": None, "fingerprint": None}
    await home.add(DOMAIN, (1, 1), data)
    await home.until(lambda: home.broker.is_subscribed(_UPLINK.format("+")), "subscription")
    met = await home.hear(reports(home.devices, "1.3.0"))
    await home.calm()
    return {"start_empty": empty, "met": met, "shapes": home.shapes()}


async def async_live(home: BenchedHome) -> Measured:
    """Start a home that knows its devices, and let happen what happens to all of them."""
    with watching_pauses() as pauses:
        start = await home.start()
    await home.until(lambda: home.broker.is_subscribed(_UPLINK.format("+")), "subscription")
    idle = _idle_memory()
    phases = {
        "reports": await home.hear(reports(home.devices, "1.3.0")),
        "upgraded": await home.hear(reports(home.devices, "1.3.1")),
        "offered": await _async_offer(home),
        "broker": await _async_lose_broker(home),
    }
    return {
        "start": start,
        "start_pauses": asdict(pauses),
        "memory": idle,
        "phases": phases,
    }


async def async_trivial(home: BenchedHome) -> Measured:
    """Start a home with as many entities that do nothing."""
    shapes = json.loads((home.folder / "shapes.json").read_text(encoding="utf-8"))
    start = await home.start()
    if not home.hass.config_entries.async_entries(trivial.DOMAIN):
        await home.add(trivial.DOMAIN, (1, 1), {"devices": home.devices, "shapes": shapes})
        await home.calm()
    return {"start": start, "memory": _idle_memory()}


JOBS: Final = {"learn": async_learn, "live": async_live, "trivial": async_trivial}


async def _async_offer(home: BenchedHome) -> Measured:
    """Upload one package for all devices and wait until every one of them offers it."""
    package = make_package(model=MODEL, source_versions=[])
    event = {"type": "package_added", "package": package}
    with watching_pauses() as pauses:
        await home.depot.async_send_event(event)
        await home.until(lambda: _offers(home) >= home.devices, "offer on all devices")
    return asdict(pauses)


def _offers(home: BenchedHome) -> int:
    """Return how many updates are offered, without looking at each too often."""
    states = home.hass.states
    last = states.get(f"update.{MODEL}_{home.devices - 1:05}_firmware")
    if last is None or last.state != "on":
        return 0
    return sum(state.state == "on" for state in states.async_all("update"))


async def _async_lose_broker(home: BenchedHome) -> Measured:
    """Cut the connection with the broker and wait until it is back and subscribed to."""
    home.broker.forget_subscriptions()
    with watching_pauses() as pauses:
        home.broker.hang_up()
        await home.until(lambda: home.broker.is_subscribed(_UPLINK.format("+")), "subscription")
        await asyncio.sleep(2 * _CALM_SECONDS)
    return asdict(pauses)


def _idle_memory() -> int:
    """Return the resident memory in bytes, after garbage and free pages are gone."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def prepare(folder: Path, shapes: Shapes | None = None) -> None:
    """Write a configuration folder; with shapes it can hold the trivial integration."""
    write_config(folder, port=free_port(), owner=Owner())
    (folder / "configuration.yaml").write_text(_CONFIGURATION, encoding="utf-8")
    ports = {"broker": free_port(), "depot": free_port()}
    (folder / "ports.json").write_text(json.dumps(ports), encoding="utf-8")
    if shapes is None:
        return
    (folder / "shapes.json").write_text(json.dumps(shapes), encoding="utf-8")
    package = folder / "custom_components" / trivial.DOMAIN
    package.mkdir()
    shutil.copy(trivial.__file__, package / "__init__.py")
    about = {"domain": trivial.DOMAIN, "name": "Trivial", "version": "1.0.0"}
    (package / "manifest.json").write_text(json.dumps(about), encoding="utf-8")
    (package / "config_flow.py").write_text("from . import TrivialFlow\n", encoding="utf-8")
    for platform in shapes:
        (package / f"{platform}.py").write_text(_PLATFORM.format(platform), encoding="utf-8")


async def _async_main(folder: Path, devices: int, job: str) -> Measured:
    """Run one job from start to stop."""
    ports = json.loads((folder / "ports.json").read_text(encoding="utf-8"))
    depot = FakeDepot(port=ports["depot"])
    await depot.async_start()
    with wire_broker(ports["broker"]) as broker:
        home = BenchedHome(folder, devices, broker, depot)
        measured = await JOBS[job](home)
        await home.hass.async_stop(force=True)
    await depot.async_stop()
    return measured


def main() -> None:
    """Run the job that the arguments name."""
    folder, devices, job = sys.argv[1:]
    # Home Assistant looks for integrations in one folder only, and finds the checkout's first.
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != CHECKOUT]
    # Home Assistant registers no more than this for one configuration entry, which is less
    # than two updates for each of ten thousand devices.
    entity_platform.MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY = sys.maxsize
    with asyncio.Runner(loop_factory=create_event_loop) as runner:
        measured = runner.run(_async_main(Path(folder), int(devices), job))
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
