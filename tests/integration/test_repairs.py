"""Tests of the repairs that a click makes, through Home Assistant's own page."""

from collections.abc import AsyncGenerator
from http import HTTPStatus
import json
from pathlib import Path
from typing import Any

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mqtt_ota.const import DOMAIN
from custom_components.mqtt_ota.depot import DepotCertificateError
from custom_components.mqtt_ota.issues import report_depot
from tests.integration.authority import Authority, make_authority, make_server, server_context
from tests.integration.fake_depot import FakeDepot, make_info
from tests.integration.home import Home

FLOWS = "/api/repairs/issues/fix"


class Page:
    """The page that shows repairs."""

    def __init__(self, client: Any) -> None:
        """Remember the browser."""
        self._client = client

    async def open(self, issue_id: str) -> dict[str, Any]:
        """Click on an issue."""
        return self._checked(
            issue_id, await self._post(FLOWS, {"handler": DOMAIN, "issue_id": issue_id})
        )

    async def submit(self, form: dict[str, Any], **typed: Any) -> dict[str, Any]:
        """Send the form."""
        result = await self._post(f"{FLOWS}/{form['flow_id']}", typed)
        return self._checked(form["issue_id"], result)

    async def _post(self, path: str, data: dict[str, Any]) -> dict[str, Any]:
        """Return the decoded answer."""
        answer = await self._client.post(path, json=data)
        assert answer.status == HTTPStatus.OK, await answer.text()
        decoded: dict[str, Any] = await answer.json()
        return decoded

    @staticmethod
    def _checked(issue_id: str, result: dict[str, Any]) -> dict[str, Any]:
        """Check that the texts of what is shown exist and are complete."""
        path = Path(__file__).parents[2] / "custom_components/mqtt_ota/translations/en.json"
        issues = json.loads(path.read_text(encoding="utf-8"))["issues"]
        flow = next(text for key, text in issues.items() if issue_id.startswith(key))["fix_flow"]
        told = result.get("description_placeholders") or {}
        if result["type"] == "abort":
            flow["abort"][result["reason"]].format(**told)
        elif result["type"] == "form":
            step = flow["step"][result["step_id"]]
            step["description"].format(**told)
            fields = {field["name"] for field in result["data_schema"]}
            assert step.get("data", {}).keys() == fields
            assert set((result["errors"] or {}).values()) <= flow.get("error", {}).keys()
        return {**result, "issue_id": issue_id}


@pytest.fixture
async def page(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, socket_enabled: None
) -> Page:
    """Open Home Assistant's page."""
    assert await async_setup_component(hass, REPAIRS, {})
    return Page(await hass_client())


# Made while the clock runs: the cryptography library remembers the datetime it meets first.
@pytest.fixture(scope="module")
def old() -> Authority:
    """Return the authority that was trusted before."""
    return make_authority()


@pytest.fixture(scope="module")
def root() -> Authority:
    """Return the authority that the depot has now."""
    return make_authority()


@pytest.fixture(scope="module")
def server(root: Authority) -> Authority:
    """Return the depot's own certificate."""
    return make_server(root)


@pytest.fixture
async def renewed(
    home: Home,
    tmp_path: Path,
    old: Authority,
    root: Authority,
    server: Authority,
    refused_handshakes: list[object],
) -> AsyncGenerator[FakeDepot]:
    """Set the depot up anew with another authority than the trusted one."""
    depot = FakeDepot()
    await depot.async_start(server_context(tmp_path, server, root))
    home.hass.config_entries.async_update_entry(
        home.entry,
        data={
            **home.entry.data,
            "url": depot.url,
            "certificate": old.pem,
            "fingerprint": old.fingerprint,
        },
    )
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    yield depot
    await depot.async_stop()


def issue_ids(home: Home) -> set[str]:
    """Return the ids of the issues that the user sees."""
    return {
        issue_id
        for (domain, issue_id), entry in ir.async_get(home.hass).issues.items()
        if domain == DOMAIN and entry.active
    }


async def test_new_certificate_is_trusted(
    home: Home, renewed: FakeDepot, root: Authority, page: Page
) -> None:
    """The user compares the fingerprint; before that nothing is sent."""
    assert issue_ids(home) == {"certificate_changed"}
    form = await page.open("certificate_changed")
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == {
        "url": renewed.url,
        "fingerprint": root.fingerprint,
        "trusted": home.entry.data["fingerprint"],
        "command": "mqtt-ota fingerprint",
    }
    form = await page.submit(form, confirm=False)
    assert form["errors"] == {"confirm": "certificate_not_trusted"}
    assert renewed.requests == []

    done = await page.submit(form, confirm=True)
    assert done["type"] == "create_entry"
    assert home.entry.data["certificate"] == root.pem
    assert home.entry.data["fingerprint"] == root.fingerprint
    await home.until(lambda: issue_ids(home) == set() and renewed.sockets, "connection")


async def test_certificate_of_another_depot(home: Home, renewed: FakeDepot, page: Page) -> None:
    """The packages and tasks are those of one depot, whatever its certificate."""
    renewed.info = make_info(depot_id="another")
    form = await page.open("certificate_changed")
    end = await page.submit(form, confirm=True)
    assert end["reason"] == "wrong_depot"
    assert issue_ids(home) == {"certificate_changed"}


async def test_certificate_with_another_key(home: Home, renewed: FakeDepot, page: Page) -> None:
    """A depot that was set up anew has a new key as well."""
    trusted = home.entry.data["fingerprint"]
    renewed.api_key = "another-key-of-the-depot"
    form = await page.open("certificate_changed")
    end = await page.submit(form, confirm=True)
    assert end["reason"] == "invalid_auth"
    assert home.entry.data["fingerprint"] == trusted


async def test_depot_is_away_when_the_certificate_is_looked_at(
    home: Home, renewed: FakeDepot, page: Page
) -> None:
    """Without an answer there is nothing to compare."""
    await renewed.async_stop()
    end = await page.open("certificate_changed")
    assert end["reason"] == "cannot_connect"
    assert end["description_placeholders"]["reason"]


async def test_certificate_is_the_trusted_one_again(
    home: Home, renewed: FakeDepot, root: Authority, page: Page
) -> None:
    """Nothing is asked when the old certificate is back."""
    home.hass.config_entries.async_update_entry(
        home.entry,
        data={**home.entry.data, "certificate": root.pem, "fingerprint": root.fingerprint},
    )
    done = await page.open("certificate_changed")
    assert done["type"] == "create_entry"
    await home.until(lambda: issue_ids(home) == set() and renewed.sockets, "connection")


async def test_certificate_after_removal(home: Home, page: Page) -> None:
    """An open page may be older than the removal of the integration."""
    await home.start()
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    report_depot(home.hass, DepotCertificateError(url="u", reason="r"))
    end = await page.open("certificate_changed")
    assert end["reason"] == "not_configured"


async def test_form_adds_and_ignores_new_devices(home: Home, page: Page) -> None:
    """The form adds and ignores; what is left out waits."""
    home.hass.config_entries.async_update_entry(home.entry, options={"add_devices": "confirmed"})
    await home.start()
    for device_id in ("weather_1", "weather_2", "weather_3"):
        await home.report(device_id)
    form = await page.open("new_devices")
    form = await page.submit(form, add=["weather_1"], reject=["weather_1"])
    assert form["errors"] == {"reject": "added_and_rejected"}
    done = await page.submit(form, add=["weather_1"], reject=["weather_2"])
    assert done["type"] == "create_entry"
    await home.settle()
    assert home.entity_id("weather_1") is not None
    assert home.entity_id("weather_2") is None
    assert home.manager.candidates.keys() == {"weather_3"}


async def test_new_devices_without_the_integration(home: Home, page: Page) -> None:
    """Nothing can be added while the integration is unloaded."""
    home.hass.config_entries.async_update_entry(home.entry, options={"add_devices": "confirmed"})
    await home.start()
    await home.report()
    await home.stop()
    end = await page.open("new_devices")
    assert end["reason"] == "not_loaded"


async def fail_thrice(home: Home) -> None:
    """Let three upgrades of a device fail."""
    await home.start()
    await home.report()
    for _ in range(3):
        await home.install_and_notify()
        await home.report_progress(result_code=4)
        home.forget_sent()


@pytest.mark.usefixtures("two_packages")
async def test_a_click_tries_again(home: Home, page: Page) -> None:
    """After the user did what the cause asks for, a click tries again."""
    await fail_thrice(home)
    failed = home.task()
    form = await page.open("repeated_failure_firmware_weather_1")
    assert form["description_placeholders"]["device"] == "weather_1"
    done = await page.submit(form)
    assert done["type"] == "create_entry"
    assert home.task().id != failed.id
    assert not home.task().is_ended
    assert issue_ids(home) == set()


@pytest.mark.usefixtures("two_packages")
async def test_nothing_to_try_again(home: Home, page: Page) -> None:
    """What cannot be tried again is said."""
    await fail_thrice(home)
    form = await page.open("repeated_failure_firmware_weather_1")
    await home.install()
    end = await page.submit(form)
    assert end["reason"] == "cannot_retry"
    assert end["description_placeholders"]["reason"]


@pytest.mark.usefixtures("two_packages")
async def test_try_again_without_the_integration(home: Home, page: Page) -> None:
    """Nothing can be tried while the integration is unloaded."""
    await fail_thrice(home)
    await home.stop()
    end = await page.open("repeated_failure_firmware_weather_1")
    assert end["reason"] == "not_loaded"
