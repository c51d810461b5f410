"""From the start of the app to the configured integration, and on from there, without a question."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp import ClientSession
from homeassistant.config_entries import (
    SOURCE_HASSIO,
    SOURCE_IGNORE,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mqtt_ota import app_offer
from custom_components.mqtt_ota.const import DOMAIN
from custom_components.mqtt_ota.depot import create_depot_client
from mqtt_ota_depot import discovery, supervisor
from mqtt_ota_depot.server import running
from tests.depot.rig import PREFIX, settings
from tests.integration.fake_depot import API_KEY, DEPOT_ID, FakeDepot, make_info
from tests.integration.supervisor import APP_NAME, SLUG, TOKEN, FakeSupervisor

pytestmark = pytest.mark.usefixtures("mqtt_ready", "quick_broker", "socket_enabled")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon."""
    monkeypatch.setattr(app_offer, "_PAUSE", 0.01)
    monkeypatch.setattr(discovery, "_FIRST_PAUSE", 0.01)


@pytest.fixture
async def host(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[FakeSupervisor]:
    """Return a Supervisor that the depot of this process finds as an app would."""
    fake = FakeSupervisor(hass)
    async with fake.running():
        monkeypatch.setattr(supervisor, "BASE", fake.url)
        monkeypatch.setenv("SUPERVISOR_TOKEN", TOKEN)
        yield fake
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            await hass.config_entries.async_unload(entry.entry_id)


def app(data: Path, **changes: Any) -> AbstractAsyncContextManager[str]:
    """Start the depot with the settings of the app: HTTPS, and a key that it made."""
    return running(settings(data, **{"tls": True, "api_key": None, **changes}))


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait for a condition, not for ever."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - what is waited for has no events
            await asyncio.sleep(0.02)


async def offered(hass: HomeAssistant) -> ConfigFlowResult:
    """Wait for the offer on the integrations page."""
    found: list[ConfigFlowResult] = []

    async def looks() -> bool:
        """Look at the page."""
        found[:] = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        return bool(found)

    await until(looks)
    return found[0]


async def accept(hass: HomeAssistant, flow: ConfigFlowResult) -> ConfigFlowResult:
    """Press the one button."""
    return await hass.config_entries.flow.async_configure(flow["flow_id"], {})


async def test_from_start_to_configured(
    hass: HomeAssistant, host: FakeSupervisor, tmp_path: Path
) -> None:
    """Install, start, one click: nothing is typed and nothing compared."""
    host.refusals = 2
    async with app(tmp_path):
        flow = await offered(hass)
        assert flow["step_id"] == "hassio_confirm"
        assert flow["context"]["source"] == SOURCE_HASSIO
        (message,) = host.messages.values()
        assert message["service"] == "mqtt_ota"
        assert message["config"].keys() == {"host", "port", "api_key", "fingerprint"}
        result = await accept(hass, flow)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        entry = result["result"]
        assert entry.title == APP_NAME
        assert entry.state is ConfigEntryState.LOADED
        assert entry.data["app"] == SLUG
        assert entry.data["url"] == f"https://127.0.0.1:{message['config']['port']}"
        assert entry.data["fingerprint"] == message["config"]["fingerprint"]
        assert entry.data["certificate"] == (tmp_path / "certificates" / "ca.pem").read_text()
        assert hass.config_entries.flow.async_progress() == []
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_new_key_is_followed_without_a_question(
    hass: HomeAssistant, host: FakeSupervisor, tmp_path: Path
) -> None:
    """The key is renewed on the depot's page; the integration goes on with the new one."""
    async with app(tmp_path) as base:
        entry = (await accept(hass, await offered(hass)))["result"]
        await hass.async_block_till_done()
        old = entry.data["api_key"]
        port = base.rpartition(":")[2]
        # What the integration would have asked had it noticed before it was told
        entry.async_start_reauth(hass)
        async with (
            ClientSession(headers={"Authorization": f"Bearer {old}"}) as session,
            session.post(f"https://127.0.0.1:{port}{PREFIX}/key", ssl=False) as response,
        ):
            new = (await response.json())["api_key"]

        async def follows() -> bool:
            """Return whether the integration works with the new key."""
            return entry.data["api_key"] == new and entry.state is ConfigEntryState.LOADED

        await until(follows)
        await hass.async_block_till_done()
        assert hass.config_entries.flow.async_progress() == []
        assert await create_depot_client(hass, entry.data).async_get_info()
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_new_certificate_is_followed_without_a_question(
    hass: HomeAssistant, host: FakeSupervisor, tmp_path: Path
) -> None:
    """The app lost its authority and made another; its word is enough."""
    async with app(tmp_path):
        entry = (await accept(hass, await offered(hass)))["result"]
        await hass.async_block_till_done()
    before = dict(entry.data)
    for file in (tmp_path / "certificates").iterdir():
        file.unlink()
    async with app(tmp_path):

        async def follows() -> bool:
            """Return whether the integration trusts the new certificate."""
            loaded = entry.state is ConfigEntryState.LOADED
            return loaded and entry.data["fingerprint"] != before["fingerprint"]

        await until(follows)
        assert hass.config_entries.flow.async_progress() == []
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_stopped_app_is_an_issue_until_it_is_back(
    hass: HomeAssistant, host: FakeSupervisor, tmp_path: Path
) -> None:
    """Stopped or removed, the entry waits; started again, it goes on by itself."""
    async with app(tmp_path):
        entry = (await accept(hass, await offered(hass)))["result"]
        await hass.async_block_till_done()
    with patch("custom_components.mqtt_ota.issues.depot._PATIENCE", new=timedelta(0)):
        await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert ir.async_get(hass).async_get_issue(DOMAIN, "depot_unreachable")
    async with app(tmp_path):

        async def is_back() -> bool:
            """Return whether the entry works again."""
            return entry.state is ConfigEntryState.LOADED

        await until(is_back)
        assert not ir.async_get(hass).async_get_issue(DOMAIN, "depot_unreachable")
        await hass.config_entries.async_unload(entry.entry_id)


def message(depot: FakeDepot, *, slug: str = SLUG, **changes: Any) -> HassioServiceInfo:
    """Return the message of an app that serves the fake depot over plain HTTP."""
    config = {
        "addon": APP_NAME,
        "host": "127.0.0.1",
        "port": int(depot.url.rpartition(":")[2]),
        "api_key": API_KEY,
        "fingerprint": None,
    }
    return HassioServiceInfo(config=config | changes, name=APP_NAME, slug=slug, uuid="0" * 32)


async def tell(hass: HomeAssistant, info: HassioServiceInfo) -> ConfigFlowResult:
    """Hand the flow a message."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_HASSIO}, data=info
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"host": None},
        {"host": "a b"},
        {"host": "name/path"},
        {"port": 0},
        {"port": "x"},
        {"api_key": ""},
        {"api_key": None},
        {"fingerprint": 5},
        {"fingerprint": "AB:CD"},
        {"api_key": "wrong"},
        {"port": 9},
    ],
)
async def test_messages_that_cannot_be_used(
    hass: HomeAssistant, depot: FakeDepot, caplog: pytest.LogCaptureFixture, changes: dict[str, Any]
) -> None:
    """Nothing is offered, and the log says why without the key."""
    result = await tell(hass, message(depot, **changes))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "app_not_usable"
    assert f"What the app {SLUG} offers cannot be used" in caplog.text
    assert API_KEY not in caplog.text


@pytest.mark.parametrize(
    ("info", "error"),
    [
        ({"api_version": 0, "min_api_version": 0}, "depot_too_old"),
        ({"api_version": 9, "min_api_version": 9}, "depot_too_new"),
    ],
)
async def test_an_app_of_another_age(
    hass: HomeAssistant, depot: FakeDepot, info: dict[str, Any], error: str
) -> None:
    """An app that was updated between offer and click is told in the form."""
    result = await tell(hass, message(depot))
    assert result["step_id"] == "hassio_confirm"
    depot.info = make_info(**info)
    result = await accept(hass, result)
    assert result["errors"] == {"base": error}


async def test_an_entry_made_by_hand_is_not_taken_over(
    hass: HomeAssistant, depot: FakeDepot
) -> None:
    """Another app that knows the depot's id could otherwise lead the integration astray."""
    data = {"url": "http://192.0.2.1:1", "api_key": "own", "certificate": None, "fingerprint": None}
    entry = MockConfigEntry(domain=DOMAIN, unique_id=DEPOT_ID, data=data)
    entry.add_to_hass(hass)
    for slug in (SLUG, "local_other"):
        result = await tell(hass, message(depot, slug=slug))
        assert result["reason"] == "already_configured"
        assert dict(entry.data) == data


async def test_another_depot_is_not_offered_beside_the_first(
    hass: HomeAssistant, depot: FakeDepot
) -> None:
    """There is one depot."""
    MockConfigEntry(domain=DOMAIN, unique_id="another").add_to_hass(hass)
    result = await tell(hass, message(depot))
    assert result["reason"] == "single_instance_allowed"


async def test_an_ignored_offer_stays_ignored(hass: HomeAssistant, depot: FakeDepot) -> None:
    """Also when the app is started again."""
    result = await tell(hass, message(depot))
    await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_IGNORE}, data={"unique_id": DEPOT_ID, "title": "x"}
    )
    assert result["type"] is FlowResultType.FORM
    assert (await tell(hass, message(depot)))["reason"] == "already_configured"
