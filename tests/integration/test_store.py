"""What survives a restart, and how it is written."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path
import stat
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.storage import Store
import pytest

from custom_components.mqtt_ota.const import LOGGER
from custom_components.mqtt_ota.devices import Device
from custom_components.mqtt_ota.store import UpgradeStore
from custom_components.mqtt_ota.upgrade import State, Task
from tests.integration.home import DEVICES_FILE, TASKS_FILE
from tests.integration.test_task_list import a_task
from tests.integration.upgrade.builders import NOW, TOKEN, a_grant

DEVICE = Device(id="weather_1", model="weather", firmware="1.3.0")


def a_transfer(task_id: str = "a") -> Task:
    """Return a task with everything that is saved."""
    return a_task(
        task_id,
        state=State.DOWNLOADING,
        deadline=NOW + timedelta(days=1),
        grant=a_grant(),
        notified_at=NOW,
        progress=42.0,
        previous_version="1.3.0",
    )


async def test_devices_and_tasks_come_back_as_they_were(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """Devices and tasks come back as they were, grant and deadline included."""
    store = UpgradeStore(hass)
    task = a_transfer()
    await store.async_save_tasks({"a": task})
    store.delay_save_devices({"weather_1": DEVICE}, ["lamp_7"])
    await store.async_save_devices({"weather_1": DEVICE}, ["lamp_7"])
    again = UpgradeStore(hass)
    assert await again.async_load_tasks() == [task]
    assert await again.async_load_devices() == ([DEVICE], ["lamp_7"])


async def test_nothing_saved_yet(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    """The first start finds nothing."""
    store = UpgradeStore(hass)
    assert await store.async_load_tasks() == []
    assert await store.async_load_devices() == ([], [])


async def test_files_are_private(hass: HomeAssistant, tmp_path: Path) -> None:
    """The file holds download tokens: nobody but Home Assistant's user may read it."""
    hass.config.config_dir = str(tmp_path)
    store = UpgradeStore(hass)
    for file in (store._tasks, store._devices):
        # What Home Assistant does last, and what its test plugin does not let happen
        await hass.async_add_executor_job(file._write_data, {"data": {}})
    for name in (TASKS_FILE, DEVICES_FILE):
        mode = stat.S_IMODE((tmp_path / ".storage" / name).stat().st_mode)
        assert mode == stat.S_IRUSR | stat.S_IWUSR


@pytest.mark.parametrize(
    "broken",
    [{}, None, "text", {"id": "b"}, {"state": "unknown"}, {"deadline": "soon"}, {"package": None}],
)
async def test_a_broken_record_costs_only_itself(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    broken: Any,
) -> None:
    """One bad record neither stops the start nor takes the others along, nor tells a token."""
    good = a_transfer("good")
    if isinstance(broken, dict) and "id" not in broken and broken:
        broken = a_transfer("bad").as_dict() | broken
    hass_storage[TASKS_FILE] = {"version": 1, "data": {"tasks": [broken, good.as_dict()]}}
    assert await UpgradeStore(hass).async_load_tasks() == [good]
    told = [record.getMessage() for record in caplog.records if record.name == LOGGER.name]
    assert len(told) == 1
    assert told[0].startswith("Skipped a broken record of tasks")
    assert TOKEN not in told[0]


async def test_many_changes_share_a_write(hass: HomeAssistant) -> None:
    """500 devices that return at once do not write the file 500 times, and nothing is lost."""
    store = UpgradeStore(hass)
    tasks: dict[str, Task] = {}
    written: list[int] = []

    async def write(_store: Store[Any], data: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        written.append(len(data["tasks"]))

    async def change(number: int) -> None:
        tasks[str(number)] = a_task(str(number))
        await store.async_save_tasks(tasks)
        assert written[-1] >= number

    with patch.object(Store, "async_save", write):
        await asyncio.gather(*(change(number) for number in range(1, 501)))
    assert len(written) <= 3
    assert written[-1] == 500


async def test_devices_that_did_not_change_are_not_written(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """A thousand installs do not write a thousand devices a thousand times."""
    store = UpgradeStore(hass)
    await store.async_save_devices({"weather_1": DEVICE}, ["lamp_7"])
    assert DEVICES_FILE not in hass_storage
    store.delay_save_devices({"weather_1": DEVICE}, ["lamp_7"])
    await store.async_save_devices({"weather_1": DEVICE}, ["lamp_7"])
    with patch.object(Store, "async_save") as save:
        await store.async_save_devices({"weather_1": DEVICE}, ["lamp_7"])
    assert save.call_count == 0
    assert (await UpgradeStore(hass).async_load_devices())[0] == [DEVICE]


async def test_devices_are_made_ready_for_the_file_when_they_change(hass: HomeAssistant) -> None:
    """Ten thousand that changed within a second must not all be encoded at its end."""
    store = UpgradeStore(hass)
    store.delay_save_devices({DEVICE.id: DEVICE}, [], DEVICE)
    with patch.object(Device, "as_dict", side_effect=AssertionError):
        await store.async_save_devices({DEVICE.id: DEVICE}, [])
    assert (await UpgradeStore(hass).async_load_devices())[0] == [DEVICE]


async def test_a_failed_write_is_told_and_made_up_for(hass: HomeAssistant) -> None:
    """Who waits for a write hears that it failed; the next one writes everything."""
    store = UpgradeStore(hass)
    with (
        patch.object(Store, "async_save", side_effect=OSError("disk full")),
        pytest.raises(OSError, match="disk full"),
    ):
        await store.async_save_tasks({"a": a_task("a")})
    with patch.object(Store, "async_save") as save:
        await store.async_save_tasks({"a": replace(a_task("a"), state=State.SUCCEEDED)})
    (saved,) = json.loads(json_bytes(save.mock_calls[0].args[0]))["tasks"]
    assert saved["state"] == "succeeded"
