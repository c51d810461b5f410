"""Tests of the options flow in a running home; each ends in saved options or an abort."""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.mqtt_ota import options_flow
from custom_components.mqtt_ota.const import DOMAIN
from custom_components.mqtt_ota.options import AddDevices, ModelSource, Options
from custom_components.mqtt_ota.upgrade import State
from tests.integration.home import Home

DEVICES = {
    "add_devices": "automatic",
    "model_source": "reported",
    "topic_prefix": "$oc/devices",
    "payload_available": "online",
    "payload_not_available": "offline",
}
TIME_LIMITS = {
    "online_timeout": {"days": 1, "hours": 1},
    "version_timeout": {"minutes": 3},
    "cell_timeout": {"minutes": 3},
    "depot_timeout": {"days": 1},
    "report_timeout": {"days": 1},
    "check_timeout": {"minutes": 3},
    "grant_lifetime": {"days": 1},
}
TRANSFERS = {
    "parallel_transfers": 4,
    "retry_count": 0,
    "retry_interval": {"minutes": 5},
}
TYPED: dict[str, dict[str, Any]] = {
    "devices": DEVICES,
    "time_limits": TIME_LIMITS,
    "transfers": TRANSFERS,
}


def texts() -> dict[str, Any]:
    """Return all English texts."""
    path = Path(__file__).parents[2] / "custom_components/mqtt_ota/translations/en.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


async def open_step(home: Home, step_id: str) -> ConfigFlowResult:
    """Open the settings and choose from the menu."""
    flows = home.hass.config_entries.options
    result = await flows.async_init(home.entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    assert set(result["menu_options"]) <= texts()["options"]["step"]["init"]["menu_options"].keys()
    result = await flows.async_configure(result["flow_id"], {"next_step_id": step_id})
    if result["type"] is FlowResultType.FORM:
        assert result["step_id"] == step_id
    return result


async def submit(home: Home, result: ConfigFlowResult, typed: dict[str, Any]) -> ConfigFlowResult:
    """Send the form that the flow shows; check that its texts exist."""
    result = await home.hass.config_entries.options.async_configure(result["flow_id"], typed)
    told = texts()["options"]
    placeholders = result.get("description_placeholders") or {}
    if result["type"] is FlowResultType.ABORT:
        assert result["reason"] in told["abort"]
    elif result["type"] is FlowResultType.FORM:
        told["step"][result["step_id"]].get("description", "").format(**placeholders)
        for error in (result["errors"] or {}).values():
            told["error"][error].format(**placeholders)
    await home.settle()
    return result


async def change(home: Home, step_id: str, **changes: Any) -> ConfigFlowResult:
    """Change some fields of a form and send it."""
    return await submit(home, await open_step(home, step_id), {**TYPED[step_id], **changes})


def suggested(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what a form shows in its fields."""
    schema = result["data_schema"]
    assert schema is not None
    return {
        str(key.schema): key.description["suggested_value"]
        for key in schema.schema
        if key.description and key.description.get("suggested_value") is not None
    }


def saved(home: Home) -> Options:
    """Return the entry's options as the manager reads them."""
    return Options.from_entry(home.entry)


@pytest.mark.parametrize("step_id", TYPED)
async def test_defaults_are_shown_and_kept(home: Home, step_id: str) -> None:
    """A form that is sent as it opens changes nothing."""
    await home.start()
    result = await open_step(home, step_id)
    shown = suggested(result)
    assert shown.keys() == TYPED[step_id].keys()

    result = await submit(home, result, shown)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert saved(home) == Options()


@pytest.mark.parametrize("step_id", TYPED)
async def test_every_field_has_its_texts(home: Home, step_id: str) -> None:
    """No field is shown as its key."""
    await home.start()
    result = await open_step(home, step_id)
    schema = result["data_schema"]
    assert schema is not None
    step = texts()["options"]["step"][step_id]
    fields = {str(key.schema) for key in schema.schema}
    assert step["data"].keys() == step["data_description"].keys() == fields


@pytest.mark.parametrize(
    ("key", "values"), [("add_devices", AddDevices), ("model_source", ModelSource)]
)
def test_every_choice_has_its_text(key: str, values: list[str]) -> None:
    """No choice is shown as its value."""
    assert texts()["selector"][key]["options"].keys() == set(values)


def test_every_error_has_its_text() -> None:
    """No error is shown as its key."""
    errors = {setting.error for step in options_flow._STEPS.values() for setting in step} - {""}
    assert errors
    assert errors <= texts()["options"]["error"].keys()


async def test_devices(home: Home) -> None:
    """Topics are taken without the blanks of copying, and shown again."""
    await home.start()
    changes = {
        "add_devices": "confirmed",
        "model_source": "id_prefix",
        "topic_prefix": " home/devices ",
        "availability_topic": "tele/{device_id}/LWT",
        "payload_available": "Online",
        "payload_not_available": "Offline",
    }
    result = await change(home, "devices", **changes)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert saved(home).topic_prefix == "home/devices"
    assert saved(home).availability_topic == "tele/{device_id}/LWT"
    assert saved(home).add_devices is AddDevices.CONFIRMED

    result = await open_step(home, "devices")
    assert suggested(result) == {**changes, "topic_prefix": "home/devices"}


async def test_optional_field_is_cleared(home: Home) -> None:
    """What is left empty is no longer set."""
    await home.start()
    await change(home, "devices", availability_topic="tele/{device_id}/LWT")
    await change(home, "transfers", cell_limit=2)
    assert saved(home).policy.query_cell
    await change(home, "devices")
    await change(home, "transfers")
    assert saved(home) == Options()
    assert "cell_limit" not in home.entry.options


@pytest.mark.parametrize(
    ("step_id", "field", "typed", "error"),
    [
        ("devices", "topic_prefix", "home/#", "invalid_topic_prefix"),
        ("devices", "availability_topic", "tele/LWT", "invalid_availability_topic"),
        ("devices", "payload_available", "   ", "invalid_payload"),
        ("devices", "payload_not_available", "online", "same_payload"),
        ("time_limits", "online_timeout", {"seconds": 9}, "invalid_duration"),
        ("time_limits", "report_timeout", {"days": 30, "seconds": 1}, "invalid_duration"),
        ("time_limits", "grant_lifetime", {"seconds": 59}, "invalid_grant_lifetime"),
        ("time_limits", "grant_lifetime", {"days": 8}, "invalid_grant_lifetime"),
        ("transfers", "retry_interval", {"seconds": 59}, "invalid_retry_interval"),
        ("transfers", "retry_interval", {"days": 1, "seconds": 1}, "invalid_retry_interval"),
        ("transfers", "parallel_transfers", 2.5, "not_whole"),
    ],
)
async def test_refused_value(home: Home, step_id: str, field: str, typed: Any, error: str) -> None:
    """The error stands at its field, what was typed stays, and a better value is taken."""
    await home.start()
    result = await change(home, step_id, **{field: typed})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {field: error}
    assert suggested(result)[field] == typed
    assert not home.entry.options

    result = await submit(home, result, TYPED[step_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_several_refused_values(home: Home) -> None:
    """All errors of a form are told at once."""
    await home.start()
    result = await change(home, "devices", topic_prefix="+", payload_available=" ")
    assert result["errors"] == {
        "topic_prefix": "invalid_topic_prefix",
        "payload_available": "invalid_payload",
    }


async def test_time_limits(home: Home) -> None:
    """Each stage has a limit of its own; three of them only when it is set."""
    await home.start()
    stages = ("download_start_timeout", "download_timeout", "update_start_timeout")
    await change(
        home,
        "time_limits",
        online_timeout={"days": 2, "hours": 3, "minutes": 4, "seconds": 5},
        **{stage: {"minutes": 30} for stage in stages},
    )
    policy = saved(home).policy
    online = timedelta(days=2, hours=3, minutes=4, seconds=5)
    assert policy.online_timeout == online
    assert {getattr(policy, stage) for stage in stages} == {timedelta(minutes=30)}
    shown = suggested(await open_step(home, "time_limits"))
    assert timedelta(**shown["online_timeout"]) == online


async def test_transfers(home: Home) -> None:
    """Whole numbers are saved as such: the page sends them with a point."""
    await home.start()
    await change(home, "transfers", parallel_transfers=8.0, cell_limit=1.0, retry_count=3.0)
    assert home.entry.options["parallel_transfers"] == 8
    assert isinstance(home.entry.options["parallel_transfers"], int)
    assert saved(home).cell_limit == 1
    assert saved(home).policy.retry_count == 3


@pytest.mark.usefixtures("two_packages")
async def test_change_takes_effect_and_loses_no_task(home: Home) -> None:
    """The integration reloads; an upgrade that waits goes on under the limits it began with."""
    await home.start()
    await home.report()
    await home.install()
    task = home.task()
    assert task.state is State.WAITING_ONLINE or not task.is_ended
    before = home.manager

    await change(home, "time_limits", version_timeout={"minutes": 30})
    await home.until(lambda: home.entry.state is ConfigEntryState.LOADED, "reload")
    assert home.manager is not before
    assert home.manager.options.policy.version_timeout == timedelta(minutes=30)
    assert home.task().id == task.id
    assert not home.task().is_ended
    assert home.task().policy == task.policy

    await home.report()
    await home.until(home.sent_upgrades, "upgrade message")


async def test_settings_while_the_depot_is_away(home: Home) -> None:
    """A topic can be mended although the integration could not start."""
    await home.depot.async_stop()
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    result = await change(home, "devices", topic_prefix="home/devices")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert saved(home).topic_prefix == "home/devices"


def registry_id(home: Home, own_id: str) -> str:
    """Return Home Assistant's id of a device."""
    device = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, own_id), home.entry.entry_id
    )
    assert device is not None
    return device.id


@pytest.mark.usefixtures("two_packages")
async def test_model_by_hand(home: Home) -> None:
    """A device gets the packages of the model that the user chose, until that is taken back."""
    await home.start()
    await home.report("attic_7", "1.3.0")
    assert home.state("attic_7").attributes["latest_version"] == "1.3.0"

    result = await open_step(home, "device")
    result = await submit(home, result, {"device_id": registry_id(home, "attic_7")})
    assert result["step_id"] == "model"
    assert result["description_placeholders"] == {"device": "attic_7"}
    schema = result["data_schema"]
    assert schema is not None
    assert schema.schema["model"].config["options"] == ["weather"]
    result = await submit(home, result, {"model": " weather "})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.until(lambda: home.entry.state is ConfigEntryState.LOADED, "reload")
    await home.until(lambda: home.state("attic_7").attributes["latest_version"] == "1.4.0", "offer")

    result = await open_step(home, "device")
    result = await submit(home, result, {"device_id": registry_id(home, "attic_7")})
    assert suggested(result) == {"model": "weather"}
    await submit(home, result, {})
    assert saved(home).models == {}
    await home.until(
        lambda: home.state("attic_7").attributes["latest_version"] == "1.3.0", "no offer"
    )


async def test_broken_model(home: Home) -> None:
    """A model that no package can have is refused."""
    await home.start()
    await home.report("attic_7")
    result = await open_step(home, "device")
    result = await submit(home, result, {"device_id": registry_id(home, "attic_7")})
    result = await submit(home, result, {"model": "x" * 129})
    assert result["errors"] == {"model": "invalid_model"}
    result = await submit(home, result, {"model": "weather"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert saved(home).models == {"attic_7": "weather"}


async def test_model_of_what_is_no_device(home: Home) -> None:
    """The depot itself, and a device deleted a moment ago, have no model to set."""
    await home.start()
    await home.report("attic_7")
    depot = dr.async_get(home.hass).async_get_or_create(
        config_entry_id=home.entry.entry_id, identifiers={(DOMAIN, "depot/x")}
    )
    for device_id in (depot.id, "0" * 32):
        result = await open_step(home, "device")
        result = await submit(home, result, {"device_id": device_id})
        assert result["errors"] == {"device_id": "not_a_device"}
    result = await submit(home, result, {"device_id": registry_id(home, "attic_7")})
    result = await submit(home, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_new_devices(home: Home) -> None:
    """The user adds some, ignores others, and may change his mind about those."""
    home.hass.config_entries.async_update_entry(home.entry, options={"add_devices": "confirmed"})
    await home.start()
    for device_id in ("weather_1", "weather_2", "weather_3"):
        await home.report(device_id)
    assert home.entity_id("weather_1") is None

    result = await open_step(home, "new_devices")
    assert result["description_placeholders"] == {"count": "3"}
    both = {"add": ["weather_1"], "reject": ["weather_1"]}
    result = await submit(home, result, both)
    assert result["errors"] == {"reject": "added_and_rejected"}
    assert home.manager.candidates.keys() == {"weather_1", "weather_2", "weather_3"}
    result = await submit(home, result, {"add": ["weather_1"], "reject": ["weather_2"]})
    assert result["type"] is FlowResultType.CREATE_ENTRY

    assert home.entity_id("weather_1") is not None
    assert home.manager.candidates.keys() == {"weather_3"}
    assert home.manager.rejected == {"weather_2"}

    result = await open_step(home, "new_devices")
    await submit(home, result, {"readmit": ["weather_2"]})
    assert home.manager.rejected == frozenset()
    await home.report("weather_2")
    assert home.manager.candidates.keys() == {"weather_2", "weather_3"}


async def test_no_new_devices(home: Home) -> None:
    """The menu does not offer what there is nothing of."""
    await home.start()
    result = await home.hass.config_entries.options.async_init(home.entry.entry_id)
    assert "new_devices" not in result["menu_options"]


async def test_new_devices_after_unloading(home: Home) -> None:
    """Without a running integration nothing can be added."""
    home.hass.config_entries.async_update_entry(home.entry, options={"add_devices": "confirmed"})
    await home.start()
    await home.report()
    result = await open_step(home, "new_devices")
    await home.stop()
    result = await submit(home, result, {"add": ["weather_1"]})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "not_loaded"
