"""What a user hands to a maintainer."""

import json
from typing import Any

from homeassistant.core import Context
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.mqtt_ota.diagnostics import _replaced
from custom_components.mqtt_ota.entity import is_depot
from tests.integration.actions import act, registry_id
from tests.integration.fake_depot import API_KEY, make_package
from tests.integration.home import TASKS_FILE, Home


class Reports:
    """What Home Assistant's own page downloads, of one home."""

    def __init__(self, home: Home, client: ClientSessionGenerator) -> None:
        """Remember whose."""
        self._home = home
        self._client = client

    async def entry(self) -> dict[str, Any]:
        """Return what is told of the whole installation."""
        return self._repeatable(
            await get_diagnostics_for_config_entry(self._home.hass, self._client, self._home.entry)
        )

    async def device(self, registry_id: str) -> dict[str, Any]:
        """Return what is told of one device."""
        device = dr.async_get(self._home.hass).async_get(registry_id)
        assert device is not None
        return self._repeatable(
            await get_diagnostics_for_device(
                self._home.hass, self._client, self._home.entry, device
            )
        )

    def _repeatable(self, report: object) -> dict[str, Any]:
        """Name what differs in each run."""
        text = json.dumps(report).replace(self._home.depot.url, "http://depot")
        for number, task in enumerate(self._home.manager.tasks.values(), 1):
            text = text.replace(task.id, f"task {number}")
        named: dict[str, Any] = json.loads(text)
        return named


@pytest.fixture
async def reports(home: Home, hass_client: ClientSessionGenerator) -> Reports:
    """Set diagnostics up in a home that runs."""
    home.depot.packages.append(make_package(custom_info="wifi=hunter2hunter2"))
    assert await async_setup_component(home.hass, "diagnostics", {})
    await home.start()
    return Reports(home, hass_client)


async def running_upgrade(home: Home) -> str:
    """Let a user's upgrade come to its download; return the token of that."""
    await home.report()
    user = MockUser(id="somebodys-user-id", is_owner=True).add_to_hass(home.hass)
    await act(home, "upgrade", context=Context(user_id=user.id), entity_id=home.entity_id())
    await home.report()
    await home.until(home.sent_upgrades, "upgrade message")
    grant = home.task().grant
    assert grant is not None
    return grant.token


async def failed_upgrade(home: Home) -> None:
    """Let a user's upgrade fail."""
    await running_upgrade(home)
    await home.report_progress(result_code=7, version="1.3.0", description="wrong sum")
    await home.until(lambda: home.stage() == "failed", "failure")


async def test_installation_tells_the_whole_of_the_last_upgrade(
    home: Home, reports: Reports, snapshot: SnapshotAssertion
) -> None:
    """The whole history of the last upgrade is there, and all that surrounds it."""
    await home.publish("weather_1", b"\xff")
    await failed_upgrade(home)
    await home.until(lambda: home.manager.depot_info, "description of the depot")
    assert await reports.entry() == snapshot


async def test_device_tells_nothing_of_others(
    home: Home, reports: Reports, snapshot: SnapshotAssertion
) -> None:
    """Of a device everything is told, and of the others nothing."""
    await failed_upgrade(home)
    await home.report("weather_other")
    report = await reports.device(registry_id(home))
    assert report == snapshot
    assert "weather_other" not in json.dumps(report)


async def test_depot_tells_neither_devices_nor_tasks(home: Home, reports: Reports) -> None:
    """The depot stands among the devices; its report has neither devices nor tasks."""
    await failed_upgrade(home)
    devices = dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id)
    (depot,) = [device for device in devices if is_depot(device)]
    report = await reports.device(depot.id)
    assert report.keys() == {"depot"}
    assert report["depot"]["connected"] is True


async def test_no_secret_is_told(
    home: Home, reports: Reports, hass_storage: dict[str, Any]
) -> None:
    """Neither where it belongs nor where a device has repeated it."""
    token = await running_upgrade(home)
    await home.publish(token, b"{}")
    await home.say("weather_1", "version_report", {"fw_version": "1.3.0", "sw_version": token})
    texts = [
        json.dumps(await reports.entry()),
        json.dumps(await reports.device(registry_id(home))),
    ]
    secrets = (API_KEY, token, "hunter2hunter2", "somebodys-user-id")
    stored = json.dumps([hass_storage[TASKS_FILE], dict(home.entry.data)])
    for secret in secrets:
        # What is looked for is really kept, so that it could have been told.
        assert secret in stored
        for text in texts:
            assert secret not in text


async def test_report_of_many_devices_is_bounded(home: Home, reports: Reports) -> None:
    """A big home's report can still be opened; it says how many there are."""
    for number in range(205):
        await home.report(f"weather_{number}")
    await home.report("weather_busy")
    await home.install("weather_busy")
    report = await reports.entry()
    assert report["devices"]["count"] == 206
    assert len(report["devices"]["listed"]) == 200
    assert report["devices"]["listed"][0]["device"]["id"] == "weather_busy"
    assert report["devices"]["models"] == {"weather": 206}


async def test_without_the_depot(home: Home, reports: Reports) -> None:
    """Also what did not start can be told about."""
    await home.report()
    device = dr.async_get(home.hass).async_get(registry_id(home))
    assert device is not None
    await home.stop()
    report = await get_diagnostics_for_config_entry(home.hass, reports._client, home.entry)
    assert set(report) == {"entry"}
    assert API_KEY not in json.dumps(report)
    told = await get_diagnostics_for_device(home.hass, reports._client, home.entry, device)
    assert told == {}


_JSON = st.recursive(
    st.text() | st.integers() | st.none() | st.booleans(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


@given(st.data(), st.lists(st.text("abc", min_size=8), min_size=1, max_size=3), _JSON, st.text())
def test_secrets_are_found_wherever_they_are(
    data: st.DataObject, secrets: list[str], around: Any, before: str
) -> None:
    """No nesting, no key and no text around it hides a secret."""
    secret = data.draw(st.sampled_from(secrets))
    hidden = data.draw(
        st.sampled_from(
            [
                {secret: around},
                [around, f"{before}{secret}"],
                {before: {"deep": [[f"{secret}{before}{secret}"]]}},
            ]
        )
    )
    text = json.dumps(_replaced(hidden, secrets), ensure_ascii=False)
    assert secret not in text
