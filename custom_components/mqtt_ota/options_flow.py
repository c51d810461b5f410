"""Options flow: topics, how devices are added, time limits, transfers and models."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_DEVICE_ID, CONF_MODEL
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.selector import (
    DeviceFilterSelectorConfig,
    DeviceSelector,
    DeviceSelectorConfig,
    DurationSelector,
    DurationSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)
import probatio as vol

from .const import DOMAIN
from .entity import is_depot
from .manager import UpgradeManager
from .new_devices import (
    async_settle_new_devices,
    new_devices_placeholders,
    new_devices_schema,
)
from .options import (
    CONF_ADD_DEVICES,
    CONF_AVAILABILITY_TOPIC,
    CONF_CELL_LIMIT,
    CONF_MODEL_SOURCE,
    CONF_MODELS,
    CONF_PARALLEL_TRANSFERS,
    CONF_PAYLOAD_AVAILABLE,
    CONF_PAYLOAD_NOT_AVAILABLE,
    CONF_TOPIC_PREFIX,
    DEVICE_ID_PLACEHOLDER,
    MAX_DURATION,
    MAX_GRANT_LIFETIME,
    MAX_PARALLEL_TRANSFERS,
    MAX_RETRIES,
    MAX_RETRY_INTERVAL,
    MIN_DURATION,
    MIN_GRANT_LIFETIME,
    MIN_RETRY_INTERVAL,
    AddDevices,
    ModelSource,
    Options,
    parse_availability_topic,
    parse_model,
    parse_payload,
    parse_topic_prefix,
)

_DURATION_SELECTOR: Final = DurationSelector(DurationSelectorConfig(enable_day=True))
_DEVICE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_DEVICE_ID): DeviceSelector(
            DeviceSelectorConfig(filter=DeviceFilterSelectorConfig(integration=DOMAIN))
        )
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One field of a form: `read` turns what was typed into what is saved.

    `error` is shown for a ValueError of `read`; it is empty where the selector itself
    refuses all that can't be used.
    """

    key: str
    selector: Any
    read: Callable[[Any], Any]
    error: str = ""
    required: bool = True

    @property
    def marker(self) -> vol.Marker:
        """Return the field's key in the form."""
        return vol.Required(self.key) if self.required else vol.Optional(self.key)


def _choice(key: str, values: type[StrEnum]) -> Setting:
    """Return a field that lets choose between words."""
    selector = SelectSelector(
        SelectSelectorConfig(options=[value.value for value in values], translation_key=key)
    )
    return Setting(key=key, selector=selector, read=str)


def _text(key: str, read: Callable[[str], str], error: str, *, required: bool = True) -> Setting:
    """Return a field for a line of text."""
    return Setting(key=key, selector=TextSelector(), read=read, error=error, required=required)


def _number(key: str, low: int, high: int, *, required: bool = True) -> Setting:
    """Return a field for a whole number within bounds, which the selector watches."""
    selector = NumberSelector(
        NumberSelectorConfig(min=low, max=high, step=1, mode=NumberSelectorMode.BOX)
    )
    return Setting(key=key, selector=selector, read=_whole, error="not_whole", required=required)


def _duration(
    key: str,
    low: timedelta = MIN_DURATION,
    high: timedelta = MAX_DURATION,
    *,
    error: str = "invalid_duration",
    required: bool = True,
) -> Setting:
    """Return a field for a duration within bounds."""

    def read(typed: Mapping[str, float]) -> float:
        """Return the seconds."""
        duration: timedelta = cv.positive_time_period_dict(typed)
        if not low <= duration <= high:
            raise ValueError("out of bounds")
        return duration.total_seconds()

    return Setting(key=key, selector=_DURATION_SELECTOR, read=read, error=error, required=required)


def _whole(typed: float) -> int:
    """Return a number that must have no fraction."""
    if typed != int(typed):
        raise ValueError("not a whole number")
    return int(typed)


_STEPS: Final[Mapping[str, tuple[Setting, ...]]] = {
    "devices": (
        _choice(CONF_ADD_DEVICES, AddDevices),
        _choice(CONF_MODEL_SOURCE, ModelSource),
        _text(CONF_TOPIC_PREFIX, parse_topic_prefix, "invalid_topic_prefix"),
        _text(
            CONF_AVAILABILITY_TOPIC,
            parse_availability_topic,
            "invalid_availability_topic",
            required=False,
        ),
        _text(CONF_PAYLOAD_AVAILABLE, parse_payload, "invalid_payload"),
        _text(CONF_PAYLOAD_NOT_AVAILABLE, parse_payload, "invalid_payload"),
    ),
    "time_limits": (
        _duration("online_timeout"),
        _duration("version_timeout"),
        _duration("cell_timeout"),
        _duration("depot_timeout"),
        _duration("report_timeout"),
        _duration("download_start_timeout", required=False),
        _duration("download_timeout", required=False),
        _duration("update_start_timeout", required=False),
        _duration("check_timeout"),
        _duration(
            "grant_lifetime",
            MIN_GRANT_LIFETIME,
            MAX_GRANT_LIFETIME,
            error="invalid_grant_lifetime",
        ),
    ),
    "transfers": (
        _number(CONF_PARALLEL_TRANSFERS, 1, MAX_PARALLEL_TRANSFERS),
        _number(CONF_CELL_LIMIT, 1, MAX_PARALLEL_TRANSFERS, required=False),
        _number("retry_count", 0, MAX_RETRIES),
        _duration(
            "retry_interval",
            MIN_RETRY_INTERVAL,
            MAX_RETRY_INTERVAL,
            error="invalid_retry_interval",
        ),
    ),
}


class MqttOtaOptionsFlow(OptionsFlowWithReload):
    """Change one group of settings at a time; the entry reloads, its tasks go on."""

    def __init__(self) -> None:
        """Begin without a device whose model is to be set."""
        self._device_id = ""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let choose what to change."""
        steps = [*_STEPS, "device"]
        if (manager := self._manager) and (manager.candidates or manager.rejected):
            steps.append("new_devices")
        return self.async_show_menu(step_id="init", menu_options=steps)

    async def async_step_devices(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how devices are heard, added and told apart."""
        return self._settings_step("devices", user_input)

    async def async_step_time_limits(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how long each stage of an upgrade may take."""
        return self._settings_step("time_limits", user_input)

    async def async_step_transfers(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how many download at a time, and what follows a failure."""
        return self._settings_step("transfers", user_input)

    async def async_step_device(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which device's model is to be set by hand."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if device_id := self._known_device(user_input[CONF_DEVICE_ID]):
                self._device_id = device_id
                return await self.async_step_model()
            errors = {CONF_DEVICE_ID: "not_a_device"}
        return self.async_show_form(
            step_id="device",
            data_schema=self.add_suggested_values_to_schema(_DEVICE_SCHEMA, user_input),
            errors=errors,
        )

    async def async_step_model(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the device's model; an empty one leaves it to the device again."""
        models: dict[str, str] = dict(self.config_entry.options.get(CONF_MODELS, {}))
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                models[self._device_id] = parse_model(user_input.get(CONF_MODEL, ""))
            except ValueError:
                errors = {CONF_MODEL: "invalid_model"}
            else:
                models = {device_id: model for device_id, model in models.items() if model}
                return self._save({CONF_MODELS: models})
        return self.async_show_form(
            step_id="model",
            data_schema=self.add_suggested_values_to_schema(
                self._model_schema(), user_input or {CONF_MODEL: models.get(self._device_id, "")}
            ),
            errors=errors,
            description_placeholders={"device": self._device_id},
        )

    async def async_step_new_devices(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which devices that wait to be added are wanted."""
        if (manager := self._manager) is None:
            return self.async_abort(reason="not_loaded")
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await async_settle_new_devices(manager, user_input)
            if not errors:
                return self._save({})
        return self.async_show_form(
            step_id="new_devices",
            data_schema=new_devices_schema(manager.candidates, manager.rejected),
            errors=errors,
            description_placeholders=new_devices_placeholders(manager.candidates),
        )

    @property
    def _manager(self) -> UpgradeManager | None:
        """Return the running manager, None while the depot or the broker keeps it away."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return None
        manager: UpgradeManager = self.config_entry.runtime_data
        return manager

    def _settings_step(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show a group of settings, or save it when all of it can be used."""
        settings = _STEPS[step_id]
        errors: dict[str, str] = {}
        shown: Mapping[str, Any] = user_input or _shown(
            settings, Options.from_entry(self.config_entry)
        )
        if user_input is not None:
            values, errors = _read(settings, user_input)
            errors = errors or _contradictions(values)
            if not errors:
                return self._save(values)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema({setting.marker: setting.selector for setting in settings}), shown
            ),
            errors=errors,
            description_placeholders={"placeholder": DEVICE_ID_PLACEHOLDER},
        )

    def _save(self, values: Mapping[str, Any]) -> ConfigFlowResult:
        """End the flow with some settings changed; None takes a setting back."""
        options = {**self.config_entry.options, **values}
        return self.async_create_entry(
            data={key: value for key, value in options.items() if value is not None}
        )

    def _known_device(self, registry_id: str) -> str | None:
        """Return our own id of a device in Home Assistant's registry, None for the depot's."""
        device = dr.async_get(self.hass).async_get(registry_id)
        # The registry holds parts of devices too; ours have none
        if not isinstance(device, dr.DeviceEntry) or is_depot(device):
            return None
        return next((own for domain, own in device.identifiers if domain == DOMAIN), None)

    def _model_schema(self) -> vol.Schema:
        """Return the form for a model, which offers those of the depot's packages."""
        packages = self._manager.mirror.packages.values() if self._manager else ()
        return vol.Schema(
            {
                vol.Optional(CONF_MODEL): SelectSelector(
                    SelectSelectorConfig(
                        options=sorted({package.model for package in packages}),
                        custom_value=True,
                    )
                )
            }
        )


def _read(
    settings: Iterable[Setting], typed: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what is to be saved, None for a field left empty, and the form's errors."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for setting in settings:
        raw = typed.get(setting.key)
        try:
            values[setting.key] = setting.read(raw) if raw not in (None, "") else None
        except ValueError:
            errors[setting.key] = setting.error
    return values, errors


def _contradictions(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the errors of settings that can be used alone, but not together."""
    available = values.get(CONF_PAYLOAD_AVAILABLE)
    if available is not None and available == values[CONF_PAYLOAD_NOT_AVAILABLE]:
        return {CONF_PAYLOAD_NOT_AVAILABLE: "same_payload"}
    return {}


def _shown(settings: Iterable[Setting], options: Options) -> dict[str, Any]:
    """Return the present settings as their fields show them."""
    values = {
        setting.key: getattr(
            options if hasattr(options, setting.key) else options.policy, setting.key
        )
        for setting in settings
    }
    return {key: _plain(value) for key, value in values.items() if value is not None}


def _plain(value: object) -> object:
    """Return a setting as a selector takes it."""
    if not isinstance(value, timedelta):
        return value
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return {"days": value.days, "hours": hours, "minutes": minutes, "seconds": seconds}
