"""Tests of the config flow against real servers; each ends in an entry or an abort."""

from collections.abc import AsyncGenerator
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp import web
from homeassistant.components import mqtt
from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mqtt_ota import config_flow, depot_form
from custom_components.mqtt_ota.const import DOMAIN
from custom_components.mqtt_ota.depot import (
    DepotCertificateNameError,
    DepotError,
    errors as depot_errors,
)
from tests.integration.authority import Authority, make_authority, make_server, server_context
from tests.integration.fake_depot import API_KEY, DEPOT_ID, FakeDepot, make_info, problem

INFO = "GET /api/v1/info"


@pytest.fixture(autouse=True)
async def no_setup(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[None]:
    """Test the flow alone; the entry's set-up has tests of its own."""
    with (
        patch("custom_components.mqtt_ota.async_setup_entry", return_value=True),
        patch("custom_components.mqtt_ota.async_unload_entry", return_value=True),
    ):
        yield
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def root() -> Authority:
    """Return the depot's own authority."""
    return make_authority()


@pytest.fixture
async def tls_depot(
    tmp_path: Path, root: Authority, refused_handshakes: list[object]
) -> AsyncGenerator[FakeDepot]:
    """Run a depot with a certificate of its own authority."""
    depot = FakeDepot()
    await depot.async_start(server_context(tmp_path, make_server(root), root))
    yield depot
    await depot.async_stop()


def typed(depot: FakeDepot, api_key: str = API_KEY) -> dict[str, str]:
    """Return what a user types who knows the depot."""
    return {"url": depot.url, "api_key": api_key}


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    """Begin to set the integration up."""
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


async def submit(
    hass: HomeAssistant, result: ConfigFlowResult, user_input: dict[str, Any]
) -> ConfigFlowResult:
    """Send the form that the flow shows; check that its texts exist."""
    result = await hass.config_entries.flow.async_configure(result["flow_id"], user_input)
    texts = _texts()
    if result["type"] is FlowResultType.ABORT:
        assert result["reason"] in texts["abort"]
    elif result["type"] is FlowResultType.FORM:
        step = texts["step"][result["step_id"]]
        step["description"].format(**(result["description_placeholders"] or {}))
        for error in (result["errors"] or {}).values():
            # Fails when the text needs something that the flow does not tell
            texts["error"][error].format(**(result["description_placeholders"] or {}))
    return result


async def finish(hass: HomeAssistant, result: ConfigFlowResult, depot: FakeDepot) -> None:
    """Recover from what went wrong before: the entry is made."""
    result = await submit(hass, result, typed(depot))
    if result["type"] is FlowResultType.FORM and result["step_id"] == "certificate":
        result = await submit(hass, result, {"confirm": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY, result


def _texts() -> dict[str, Any]:
    """Return the config flow's English texts."""
    path = Path(__file__).parents[2] / "custom_components/mqtt_ota/translations/en.json"
    texts: dict[str, Any] = json.loads(path.read_text())["config"]
    return texts


@pytest.mark.usefixtures("mqtt_ready")
async def test_depot_without_tls(hass: HomeAssistant, depot: FakeDepot) -> None:
    """A depot that was told to work without encryption is set up at once."""
    result = await start(hass)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert not result["errors"]

    result = await submit(hass, result, {"url": f" {depot.url}/ ", "api_key": f"{API_KEY}\n"})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Depot 127.0.0.1"
    assert result["data"] == {
        "url": depot.url,
        "api_key": API_KEY,
        "certificate": None,
        "fingerprint": None,
    }
    assert result["result"].unique_id == DEPOT_ID


@pytest.mark.usefixtures("mqtt_ready")
async def test_certificate_is_confirmed_before_the_key_is_sent(
    hass: HomeAssistant, tls_depot: FakeDepot, root: Authority
) -> None:
    """The user compares the fingerprint; until then the depot hears nothing."""
    result = await submit(hass, await start(hass), typed(tls_depot))
    assert result["step_id"] == "certificate"
    assert result["description_placeholders"] == {
        "url": tls_depot.url,
        "fingerprint": root.fingerprint,
        "command": "mqtt-ota fingerprint",
    }

    result = await submit(hass, result, {"confirm": False})
    assert result["step_id"] == "certificate"
    assert result["errors"] == {"confirm": "certificate_not_trusted"}
    assert tls_depot.requests == []

    result = await submit(hass, result, {"confirm": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {
        "url": tls_depot.url,
        "api_key": API_KEY,
        "certificate": root.pem,
        "fingerprint": root.fingerprint,
    }
    assert tls_depot.authorizations == [f"Bearer {API_KEY}"]


@pytest.mark.usefixtures("mqtt_ready")
async def test_accepted_certificate_is_not_asked_again(
    hass: HomeAssistant, tls_depot: FakeDepot
) -> None:
    """A wrong key after the certificate leads back to the first form only."""
    result = await submit(hass, await start(hass), typed(tls_depot, "wrong"))
    result = await submit(hass, result, {"confirm": True})
    assert result["step_id"] == "user"
    assert result["errors"] == {"api_key": "invalid_auth"}

    result = await submit(hass, result, typed(tls_depot))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("mqtt_ready")
async def test_server_changes_while_the_user_compares(
    hass: HomeAssistant, tls_depot: FakeDepot, tmp_path: Path
) -> None:
    """Another certificate at the moment of the confirmation is asked about anew."""
    result = await submit(hass, await start(hass), typed(tls_depot))
    await tls_depot.async_stop()
    other = make_authority()
    await tls_depot.async_start(server_context(tmp_path, make_server(other), other))

    result = await submit(hass, result, {"confirm": True})
    assert result["step_id"] == "certificate"
    assert not result["errors"]
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    assert placeholders["fingerprint"] == other.fingerprint
    assert tls_depot.requests == []

    result = await submit(hass, result, {"confirm": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("mqtt_ready")
async def test_system_trusts_the_certificate(hass: HomeAssistant, tls_depot: FakeDepot) -> None:
    """Nothing is pinned where the system vouches; the connection checks it once more."""
    with patch.object(depot_form, "async_find_anchor", return_value=None):
        result = await submit(hass, await start(hass), typed(tls_depot))
    assert result["step_id"] == "user"
    assert result["errors"] == {"url": "certificate_invalid"}
    assert tls_depot.requests == []
    await finish(hass, result, tls_depot)


@pytest.mark.usefixtures("mqtt_ready")
async def test_certificate_of_another_name(hass: HomeAssistant, tls_depot: FakeDepot) -> None:
    """A genuine certificate under another name has its own error."""
    error = DepotCertificateNameError(url=tls_depot.url, reason="name mismatch")
    with patch.object(depot_form, "async_find_anchor", side_effect=error):
        result = await submit(hass, await start(hass), typed(tls_depot))
    assert result["errors"] == {"url": "certificate_name"}
    await finish(hass, result, tls_depot)


@pytest.mark.usefixtures("mqtt_ready")
@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"url": "ftp://127.0.0.1"}, {"url": "invalid_url"}),
        ({"url": "http://127.0.0.1:8443/api/v1"}, {"url": "invalid_url"}),
        ({"url": "http://user:secret@127.0.0.1"}, {"url": "invalid_url"}),
        ({"url": "http://127.0.0.1:99999"}, {"url": "invalid_url"}),
        ({"url": "https://"}, {"url": "invalid_url"}),
        ({"url": "http://127.0.0.1/?a=b"}, {"url": "invalid_url"}),
        ({"url": "two words"}, {"url": "invalid_url"}),
        ({"url": "x" * 1000}, {"url": "invalid_url"}),
        ({"url": ""}, {"url": "invalid_url"}),
        ({"api_key": " "}, {"api_key": "invalid_api_key"}),
        ({"api_key": "a b"}, {"api_key": "invalid_api_key"}),
        ({"api_key": "a\r\nX-Forged: 1"}, {"api_key": "invalid_api_key"}),
        ({"api_key": "schlüssel"}, {"api_key": "invalid_api_key"}),
        ({"api_key": "k" * 1000}, {"api_key": "invalid_api_key"}),
        ({"api_key": "wrong"}, {"api_key": "invalid_auth"}),
    ],
)
async def test_wrong_input(
    hass: HomeAssistant,
    depot: FakeDepot,
    changes: dict[str, str],
    errors: dict[str, str],
) -> None:
    """What is typed wrong is shown at its field and can be typed again."""
    result = await submit(hass, await start(hass), typed(depot) | changes)
    assert result["step_id"] == "user"
    assert result["errors"] == errors
    await finish(hass, result, depot)


@pytest.mark.usefixtures("mqtt_ready")
@pytest.mark.parametrize(
    ("answer", "errors"),
    [
        (
            lambda: web.json_response(make_info(api_version=0, min_api_version=0)),
            {"base": "depot_too_old"},
        ),
        (
            lambda: web.json_response(make_info(api_version=9, min_api_version=9)),
            {"base": "depot_too_new"},
        ),
        (lambda: web.Response(text="<html>Router</html>"), {"url": "not_a_depot"}),
        (lambda: web.Response(status=404), {"url": "not_a_depot"}),
        (lambda: problem(429, "too-many-requests"), {"base": "depot_refused"}),
        (lambda: web.Response(status=502), {"url": "cannot_connect"}),
    ],
)
async def test_depot_does_not_serve_us(
    hass: HomeAssistant, depot: FakeDepot, answer: Any, errors: dict[str, str]
) -> None:
    """Each way in which a server is not our depot has its own error."""

    async def handler(_: web.Request) -> web.Response:
        response: web.Response = answer()
        return response

    depot.answers[INFO] = handler
    result = await submit(hass, await start(hass), typed(depot))
    assert result["errors"] == errors
    depot.answers.clear()
    await finish(hass, result, depot)


@pytest.mark.usefixtures("mqtt_ready")
async def test_depot_is_down(hass: HomeAssistant, tls_depot: FakeDepot, tmp_path: Path) -> None:
    """A depot that does not answer can be tried again."""
    await tls_depot.async_stop()
    result = await submit(hass, await start(hass), typed(tls_depot))
    assert result["errors"] == {"url": "cannot_connect"}
    root = make_authority()
    await tls_depot.async_start(server_context(tmp_path, make_server(root), root))
    await finish(hass, result, tls_depot)


async def test_mqtt_is_not_set_up(hass: HomeAssistant) -> None:
    """Without the MQTT integration there is nothing to ask yet."""
    result = await start(hass)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "mqtt_not_configured"
    assert result["reason"] in _texts()["abort"]


async def test_mqtt_is_not_loaded(hass: HomeAssistant, depot: FakeDepot) -> None:
    """An MQTT integration that did not start is an error of the whole form."""
    entry = MockConfigEntry(domain=mqtt.DOMAIN, data={})
    entry.add_to_hass(hass)
    with patch("homeassistant.setup.async_process_deps_reqs"):
        result = await start(hass)
    result = await submit(hass, result, typed(depot))
    assert result["errors"] == {"base": "mqtt_not_connected"}
    assert depot.requests == []
    with patch.object(config_flow.MqttOtaConfigFlow, "_broker_connected", return_value=True):
        await finish(hass, result, depot)


@pytest.mark.usefixtures("mqtt_ready")
async def test_broker_is_away(hass: HomeAssistant, depot: FakeDepot) -> None:
    """A lost connection to the broker is named, and the flow goes on after it is back."""
    result = await start(hass)
    with patch("homeassistant.components.mqtt.is_connected", return_value=False):
        result = await submit(hass, result, typed(depot))
    assert result["errors"] == {"base": "mqtt_not_connected"}
    await finish(hass, result, depot)


def add_entry(hass: HomeAssistant, depot: FakeDepot, **data: Any) -> MockConfigEntry:
    """Return the entry of a depot that was set up before."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Depot 127.0.0.1",
        unique_id=DEPOT_ID,
        data={**typed(depot), "certificate": None, "fingerprint": None, **data},
    )
    entry.add_to_hass(hass)
    return entry


@pytest.mark.usefixtures("mqtt_ready")
async def test_only_once(hass: HomeAssistant, depot: FakeDepot) -> None:
    """A second set-up ends at its beginning."""
    add_entry(hass, depot)
    result = await start(hass)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "single_instance_allowed"
    assert result["reason"] in _texts()["abort"]


@pytest.mark.usefixtures("mqtt_ready")
async def test_set_up_twice_at_the_same_time(hass: HomeAssistant, depot: FakeDepot) -> None:
    """Of two flows for one depot the later one ends."""
    result = await start(hass)
    add_entry(hass, depot)
    result = await submit(hass, result, typed(depot))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_reauth(hass: HomeAssistant, depot: FakeDepot) -> None:
    """A new key is tested, then used; wrong ones can be typed again."""
    entry = add_entry(hass, depot, api_key="old")
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    assert result["description_placeholders"] is not None
    assert result["description_placeholders"]["url"] == depot.url

    result = await submit(hass, result, {"api_key": "wrong"})
    assert result["errors"] == {"api_key": "invalid_auth"}
    result = await submit(hass, result, {"api_key": "a b"})
    assert result["errors"] == {"api_key": "invalid_api_key"}
    await depot.async_stop()
    result = await submit(hass, result, {"api_key": API_KEY})
    assert result["errors"] == {"base": "cannot_connect"}
    await depot.async_start()

    result = await submit(hass, result, {"api_key": API_KEY})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    assert entry.data["api_key"] == API_KEY


async def test_reauth_of_another_depot(hass: HomeAssistant, depot: FakeDepot) -> None:
    """A key of another depot does not change the entry."""
    entry = add_entry(hass, depot, api_key="old")
    depot.info = make_info(depot_id="another")
    result = await entry.start_reauth_flow(hass)
    result = await submit(hass, result, {"api_key": API_KEY})
    assert result["reason"] == "wrong_depot"
    assert entry.data["api_key"] == "old"


@pytest.mark.parametrize("left_out", [{}, {"api_key": ""}, {"api_key": " "}])
async def test_reconfigure_keeps_the_key(
    hass: HomeAssistant, depot: FakeDepot, left_out: dict[str, str]
) -> None:
    """The address changes; the key stays, and is not shown to the browser."""
    entry = add_entry(hass, depot, url="http://192.0.2.1:8443")
    hass.config_entries.async_update_entry(entry, title="Depot 192.0.2.1")
    result = await entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    assert API_KEY not in str(result["data_schema"])
    assert result["data_schema"] is not None
    suggested = {
        str(key): (key.description or {}).get("suggested_value")
        for key in result["data_schema"].schema
    }
    assert suggested == {"url": "http://192.0.2.1:8443", "api_key": None}

    result = await submit(hass, result, {"url": depot.url, **left_out})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["url"] == depot.url
    assert entry.data["api_key"] == API_KEY
    assert entry.title == "Depot 127.0.0.1"


async def test_reconfigure_recovers(hass: HomeAssistant, depot: FakeDepot) -> None:
    """A wrong key leads back to the form, a new one is stored; the user's title stays."""
    entry = add_entry(hass, depot, api_key="old")
    hass.config_entries.async_update_entry(entry, title="My depot")
    result = await entry.start_reconfigure_flow(hass)
    result = await submit(hass, result, typed(depot, "wrong"))
    assert result["step_id"] == "reconfigure"
    assert result["errors"] == {"api_key": "invalid_auth"}

    result = await submit(hass, result, typed(depot))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["api_key"] == API_KEY
    assert entry.title == "My depot"


async def test_reconfigure_with_the_known_certificate(
    hass: HomeAssistant, tls_depot: FakeDepot, root: Authority
) -> None:
    """The certificate that was trusted before is not asked about again."""
    entry = add_entry(hass, tls_depot, certificate=root.pem, fingerprint=root.fingerprint)
    result = await entry.start_reconfigure_flow(hass)
    result = await submit(hass, result, typed(tls_depot))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["certificate"] == root.pem


async def test_reconfigure_with_a_changed_certificate(
    hass: HomeAssistant, tls_depot: FakeDepot, root: Authority
) -> None:
    """A new certificate is confirmed before the kept key is sent."""
    old = make_authority()
    entry = add_entry(hass, tls_depot, certificate=old.pem, fingerprint=old.fingerprint)
    result = await entry.start_reconfigure_flow(hass)
    result = await submit(hass, result, {"url": tls_depot.url})
    assert result["step_id"] == "certificate"
    assert tls_depot.requests == []

    result = await submit(hass, result, {"confirm": True})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["fingerprint"] == root.fingerprint


async def test_reconfigure_to_another_depot(hass: HomeAssistant, depot: FakeDepot) -> None:
    """Tasks and packages belong to one depot, so another one is refused."""
    entry = add_entry(hass, depot, url="http://192.0.2.1:8443")
    depot.info = make_info(depot_id="another")
    result = await entry.start_reconfigure_flow(hass)
    result = await submit(hass, result, {"url": depot.url})
    assert result["reason"] == "wrong_depot"
    assert entry.data["url"] == "http://192.0.2.1:8443"


def test_every_depot_error_has_a_place_in_the_form() -> None:
    """No failure of the depot can end the flow with an unknown error."""
    kinds = {kind for kind, _, _ in depot_form._FORM_ERRORS}
    leaves = [
        value
        for value in vars(depot_errors).values()
        if isinstance(value, type) and issubclass(value, DepotError) and value is not DepotError
    ]
    assert leaves
    for kind in leaves:
        assert kinds & set(kind.__mro__), kind
    assert {error for _, _, error in depot_form._FORM_ERRORS} <= set(_texts()["error"])
