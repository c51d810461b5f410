"""One device: what it does with every fault, and in the words of every personality."""

import asyncio
from dataclasses import dataclass, field
import hashlib
import json
from typing import Any

import pytest

from mqtt_ota_simulate.device import SLOW_RATE, STRANGE_VERSION, Device, World
from mqtt_ota_simulate.download import CutError, Download, DownloadError, OnProgress
from mqtt_ota_simulate.fault import REFUSALS, Fault
from mqtt_ota_simulate.personality import PERSONALITIES, PLAIN
from mqtt_ota_tools.protocol import Kind
from tests.json_schema import mistakes_of

DEVICE = "weather_sim1"
CONTENT = b"firmware" * 100
SIGN = hashlib.sha256(CONTENT).hexdigest()
OLD, NEW = "1.0.0", "1.1.0"


@dataclass
class Stage:
    """Where a device plays, without a network: what it says, and the downloads it makes."""

    said: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    downloads: list[Download] = field(default_factory=list)
    error: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    restart_seconds: float = 0

    def __post_init__(self) -> None:
        """Let downloads pass."""
        self.gate.set()

    async def fetch(self, download: Download, on_progress: OnProgress) -> str:
        """Fetch nothing but the right hash, or fail as the test or the fault wants it."""
        self.downloads.append(download)
        on_progress(download.upgrade.size // 2)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        if not download.with_token:
            raise DownloadError(255, "HTTP status 401")
        if download.cut_at is not None and not download.goes_on:
            raise CutError
        return SIGN

    def world(self) -> World:
        """Return the device's world."""
        return World(
            send=lambda _id, message, _qos: self.said.append(message),
            tell=lambda news: self.seen.append(news.text),
            downloader=self,  # type: ignore[arg-type]
            restart_seconds=self.restart_seconds,
        )

    def device(
        self, fault: Fault | None = None, personality: str = PLAIN, **changes: Any
    ) -> Device:
        """Return a device that is online; what it said so far is forgotten."""
        versions = {Kind.FIRMWARE: OLD}
        device = Device(
            DEVICE, versions, PERSONALITIES[personality], fault, self.world(), **changes
        )
        device.connected()
        self.said.clear()
        return device

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what was said, as event types with their paras."""
        services = [json.loads(message)["services"][0] for message in self.said]
        return [(service["event_type"], service["paras"]) for service in services]

    def reports(self) -> list[tuple[int, str]]:
        """Return the codes and versions that were reported."""
        return [
            (paras["result_code"], paras["version"])
            for event_type, paras in self.events()
            if event_type == "upgrade_progress_report"
        ]


def asked(event_type: str, **paras: object) -> bytes:
    """Return a message of the platform."""
    service = {"service_id": "$ota", "event_type": event_type, "paras": paras}
    return json.dumps({"object_device_id": DEVICE, "services": [service]}).encode()


def upgrade(version: str = NEW, *, kind: str = "firmware", **changes: object) -> bytes:
    """Return an upgrade message."""
    paras = {
        "version": version,
        "url": "http://127.0.0.1/p/1",
        "file_size": len(CONTENT),
        "access_token": "secret",
        "sign": SIGN,
        **changes,
    }
    return asked(f"{kind}_upgrade", **paras)


async def settle(device: Device) -> None:
    """Let the upgrade of a device come to its end."""
    if device._task is not None:
        await device._task


async def test_it_tells_its_version_when_it_comes_and_when_it_is_asked() -> None:
    """Both ways say the same, in the form that is documented."""
    stage = Stage()
    device = Device(DEVICE, {Kind.SOFTWARE: "7"}, PERSONALITIES[PLAIN], None, stage.world())
    device.receive(asked("version_query"))
    assert stage.said == []
    device.connected()
    device.receive(asked("version_query"))
    assert stage.events() == 2 * [("version_report", {"sw_version": "7"})]
    assert not mistakes_of(stage.said[0].encode())


async def test_a_broker_that_comes_back_finds_nobody_who_restarts() -> None:
    """The old version, told in the midst of a restart, would mean that it was rolled back."""
    stage = Stage(restart_seconds=0.01)
    device = stage.device()
    device.receive(upgrade())
    await asyncio.sleep(0)
    assert not device.is_online
    device.disconnected()
    device.connected()
    await settle(device)
    versions = [paras for event, paras in stage.events() if event == "version_report"]
    assert versions == [{"fw_version": NEW}]
    assert device.is_online


async def test_a_good_upgrade() -> None:
    """It reports the download with the old version, restarts, and reports the new one."""
    stage = Stage()
    device = stage.device()
    device.receive(upgrade())
    await settle(device)
    assert device.versions == {Kind.FIRMWARE: NEW}
    assert stage.reports() == [(0, OLD), (0, NEW)]
    assert [event_type for event_type, _ in stage.events()] == [
        "upgrade_progress_report",
        "version_report",
        "upgrade_progress_report",
    ]
    assert not any(mistakes_of(message.encode()) for message in stage.said)


@pytest.mark.parametrize(
    ("fault", "reports", "runs"),
    [
        *((fault, [(code, OLD)], OLD) for fault, code in REFUSALS.items()),
        (Fault.OFFLINE, [], OLD),
        (Fault.DEAF, [], OLD),
        (Fault.FALSE_SUCCESS, [(0, NEW)], OLD),
        (Fault.NO_TOKEN, [(255, OLD)], OLD),
        (Fault.CUT, [(0, OLD), (0, NEW)], NEW),
        (Fault.GIVES_UP, [(6, OLD)], OLD),
        (Fault.HANGS, [], OLD),
        (Fault.DAMAGED, [(0, OLD), (7, OLD)], OLD),
        (Fault.NOT_INSTALLED, [(0, OLD), (10, OLD)], OLD),
        (Fault.SILENT, [(0, OLD)], OLD),
        (Fault.ROLLS_BACK, [(0, OLD)], OLD),
        (Fault.OTHER_VERSION, [(0, OLD)], STRANGE_VERSION),
    ],
)
async def test_every_fault_shows(fault: Fault, reports: list[tuple[int, str]], runs: str) -> None:
    """What is reported, and what runs in the end."""
    stage = Stage()
    device = stage.device(fault)
    device.receive(upgrade())
    await settle(device)
    assert stage.reports() == reports
    assert device.versions[Kind.FIRMWARE] == runs
    assert stage.seen or fault is Fault.OFFLINE


@pytest.mark.parametrize("fault", [Fault.ROLLS_BACK, Fault.OTHER_VERSION])
@pytest.mark.parametrize("personality", [PLAIN, "go"])
async def test_a_device_that_comes_back_otherwise_says_so_unasked(
    fault: Fault, personality: str
) -> None:
    """Silence would be another fault."""
    stage = Stage()
    device = stage.device(fault, personality)
    device.receive(upgrade())
    await settle(device)
    event_type, paras = stage.events()[-1]
    assert (event_type, paras["fw_version"]) == ("version_report", device.versions[Kind.FIRMWARE])


async def test_a_slow_device_comes_to_its_end_like_any_other() -> None:
    """It only fetches at a pace of its own."""
    stage = Stage()
    device = stage.device(Fault.SLOW)
    device.receive(upgrade())
    await settle(device)
    assert stage.downloads[0].rate == SLOW_RATE
    assert device.versions == {Kind.FIRMWARE: NEW}


@pytest.mark.parametrize("fault", [Fault.OFFLINE, Fault.HANGS])
async def test_who_is_gone_answers_nothing(fault: Fault) -> None:
    """Not even a query, and not when the broker comes back."""
    stage = Stage()
    device = stage.device(fault)
    device.receive(upgrade())
    await settle(device)
    device.disconnected()
    device.connected()
    device.receive(asked("version_query"))
    assert stage.said == []


@pytest.mark.parametrize(
    ("personality", "reports"),
    [
        ("python", []),
        ("java", [(6, OLD)]),
        ("c", [(1, NEW)]),
        ("go", [(10, "")]),
        ("c_sharp", [(6, NEW)]),
    ],
)
async def test_each_sdk_has_its_words_for_a_failure(
    personality: str, reports: list[tuple[int, str]]
) -> None:
    """One has none."""
    stage = Stage(error=DownloadError(6, "Connection lost: reset"))
    device = stage.device(personality=personality)
    device.receive(upgrade())
    await settle(device)
    assert stage.reports() == reports


@pytest.mark.parametrize(
    ("personality", "reports", "runs"),
    [
        ("python", [], OLD),
        ("java", [(0, OLD), (7, OLD)], OLD),
        ("c", [(1, NEW)], OLD),
        ("go", [(0, NEW)], NEW),
        ("c_sharp", [(3, NEW)], OLD),
    ],
)
async def test_each_sdk_has_its_own_idea_of_a_wrong_hash(
    personality: str, reports: list[tuple[int, str]], runs: str
) -> None:
    """One does not look at it."""
    stage = Stage()
    device = stage.device(personality=personality)
    device.receive(upgrade(sign="00" * 32))
    await settle(device)
    assert stage.reports() == reports
    assert device.versions[Kind.FIRMWARE] == runs


async def test_what_runs_already_is_not_installed_again() -> None:
    """It says so."""
    stage = Stage()
    device = stage.device()
    device.receive(upgrade(OLD))
    await settle(device)
    assert stage.reports() == [(3, OLD)]
    assert stage.downloads == []


async def test_an_upgrade_that_cannot_be_done_is_refused() -> None:
    """The field that is wrong is in the report."""
    stage = Stage()
    stage.device().receive(upgrade(sign=None))
    assert stage.reports() == [(7, OLD)]
    assert "sign" in stage.said[0]


async def test_what_the_device_does_not_have_is_not_upgraded() -> None:
    """It has no software: nothing of it is known to the device."""
    stage = Stage()
    device = stage.device()
    device.receive(upgrade(kind="software"))
    await settle(device)
    assert stage.said == []


async def test_one_upgrade_at_a_time() -> None:
    """The same one again brings a new grant; another one is refused."""
    stage = Stage()
    stage.gate.clear()
    device = stage.device()
    device.receive(upgrade())
    await asyncio.sleep(0)
    device.receive(upgrade(access_token="renewed"))
    device.receive(upgrade("2.0.0", sign="00" * 32))
    assert stage.reports() == [(1, OLD)]
    assert stage.downloads[0].upgrade.token == "renewed"
    stage.gate.set()
    await settle(device)
    assert stage.reports()[1:] == [(0, OLD), (0, NEW)]


async def test_a_stopped_device_does_nothing_more() -> None:
    """Its upgrade ends with it."""
    stage = Stage()
    stage.gate.clear()
    device = stage.device()
    device.stop()
    device.receive(upgrade())
    await asyncio.sleep(0)
    device.stop()
    with pytest.raises(asyncio.CancelledError):
        await settle(device)
    assert stage.said == []


async def test_the_cell_is_told_by_devices_that_have_one() -> None:
    """Others are silent, as real ones are."""
    stage = Stage()
    stage.device().receive(asked("cell_query"))
    assert stage.said == []
    stage.device(cell="cell-1").receive(asked("cell_query"))
    assert stage.events() == [("cell_report", {"cell_id": "cell-1"})]
    assert not mistakes_of(stage.said[0].encode())


async def test_devices_that_lose_the_broker_hear_nothing() -> None:
    """Until they are back, and then they say so."""
    stage = Stage()
    device = stage.device()
    device.disconnected()
    device.receive(asked("version_query"))
    assert stage.said == []
    device.connected()
    assert stage.events() == [("version_report", {"fw_version": OLD})]
