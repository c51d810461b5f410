"""Config flow: which depot to use, and why to trust it."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components import mqtt
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
import probatio as vol
from yarl import URL

from .app_offer import AppOffer, async_accept, async_accept_patiently, may_follow, read_offer
from .const import CONF_FINGERPRINT, DOMAIN, LOGGER
from .depot.certificate import Anchor
from .depot_form import (
    BASE,
    CERTIFICATE_SCHEMA,
    CONF_CONFIRM,
    FINGERPRINT_COMMAND,
    FormError,
    async_anchor,
    async_identify,
    read_address,
    read_api_key,
    trusting,
)
from .manager import MqttOtaConfigEntry
from .options_flow import MqttOtaOptionsFlow

_URL_SELECTOR: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url")
)
_KEY_SELECTOR: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
_USER_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_URL): _URL_SELECTOR,
        vol.Required(CONF_API_KEY): _KEY_SELECTOR,
    }
)
# The key is optional: it stays as it is, and is never sent back to a browser
_RECONFIGURE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_URL): _URL_SELECTOR,
        vol.Optional(CONF_API_KEY): _KEY_SELECTOR,
    }
)
_REAUTH_SCHEMA: Final = vol.Schema({vol.Required(CONF_API_KEY): _KEY_SELECTOR})


class MqttOtaConfigFlow(ConfigFlow, domain=DOMAIN):
    """Connect to one depot; its API key is sent only to a server that is trusted."""

    VERSION = 1
    MINOR_VERSION = 1

    # Set by the step before the one that shows it
    _asked: Anchor
    _offer: AppOffer

    def __init__(self) -> None:
        """Begin without anything typed or trusted."""
        self._typed: dict[str, str] = {}
        self._trusted_fingerprint: str | None = None

    @staticmethod
    @callback
    def async_get_options_flow(
        config_entry: MqttOtaConfigEntry,  # noqa: ARG004
    ) -> MqttOtaOptionsFlow:
        """Return the flow that changes the settings."""
        return MqttOtaOptionsFlow()

    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """Offer the set-up because something on the broker asked for upgrades.

        The message's content is not looked at: whoever may publish could name a depot of
        his own, and the user would send it the API key.
        """
        if not discovery_info.payload:
            return self.async_abort(reason="no_announcement")
        if self._async_current_entries(include_ignore=False):
            return self.async_abort(reason="single_instance_allowed")
        # One offer at a time, and one that can be ignored for good
        await self.async_set_unique_id(DOMAIN)
        self._abort_if_unique_id_configured()
        return await self.async_step_user()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the depot is."""
        if user_input is None and self._async_current_entries(include_ignore=False):
            return self.async_abort(reason="single_instance_allowed")
        if not self.hass.config_entries.async_entries(
            mqtt.DOMAIN, include_ignore=False, include_disabled=False
        ):
            return self.async_abort(reason="mqtt_not_configured")
        if user_input is None:
            return self._show_connection_form()
        self._typed = user_input
        if not self._broker_connected():
            return self._show_connection_form(FormError(BASE, "mqtt_not_connected"))
        return await self._async_try_connection()

    async def async_step_hassio(self, discovery_info: HassioServiceInfo) -> ConfigFlowResult:
        """Offer the depot of an app, or follow what has changed of it.

        The Supervisor vouches for which app the message is of.
        """
        try:
            offer = read_offer(discovery_info)
            depot_id, data = await async_accept_patiently(self.hass, offer)
        except (FormError, ValueError) as err:
            LOGGER.warning("What the app %s offers cannot be used: %s", discovery_info.slug, err)
            return self.async_abort(reason="app_not_usable")
        entry = await self.async_set_unique_id(depot_id)
        if entry is not None:
            return self._follow(entry, data)
        if self._async_current_entries(include_ignore=False):
            return self.async_abort(reason="single_instance_allowed")
        self._offer = offer
        return await self.async_step_hassio_confirm()

    async def async_step_hassio_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the user take the depot with one click."""
        errors: dict[str, str] = {}
        placeholders = {"app": self._offer.name, "url": self._offer.address.url}
        if user_input is not None and not self._broker_connected():
            errors = {BASE: "mqtt_not_connected"}
        elif user_input is not None:
            try:
                depot_id, data = await async_accept(self.hass, self._offer)
            except FormError as err:
                errors = {BASE: err.error}
                placeholders.update(err.placeholders)
            else:
                await self.async_set_unique_id(depot_id)
                return self._finish(data, title=self._offer.name)
        return self.async_show_form(
            step_id="hassio_confirm", errors=errors, description_placeholders=placeholders
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where the depot is now."""
        if user_input is None:
            data = self._get_reconfigure_entry().data
            self._typed = {CONF_URL: data[CONF_URL]}
            self._trusted_fingerprint = data[CONF_FINGERPRINT]
            return self._show_connection_form()
        self._typed = user_input
        return await self._async_try_connection()

    async def async_step_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Let the user vouch for a certificate that no authority vouches for."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_CONFIRM]:
                self._trusted_fingerprint = self._asked.fingerprint
                # From the beginning, for the server may be another one meanwhile
                return await self._async_try_connection()
            errors = {CONF_CONFIRM: "certificate_not_trusted"}
        return self.async_show_form(
            step_id="certificate",
            data_schema=CERTIFICATE_SCHEMA,
            errors=errors,
            description_placeholders={
                "url": self._typed[CONF_URL],
                "fingerprint": self._asked.fingerprint,
                "command": FINGERPRINT_COMMAND,
            },
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin to replace an API key that the depot no longer accepts."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the new API key of the same depot."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        placeholders = {"url": entry.data[CONF_URL]}
        if user_input is not None:
            try:
                data = {**entry.data, CONF_API_KEY: read_api_key(user_input[CONF_API_KEY])}
                await self._async_identify(data)
            except FormError as err:
                # The address is not a field of this form
                errors = {
                    field if field == CONF_API_KEY else BASE: error
                    for field, error in err.errors.items()
                }
                placeholders.update(err.placeholders)
            else:
                self._abort_if_unique_id_mismatch(reason="wrong_depot")
                return self.async_update_reload_and_abort(entry, data=data)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=_REAUTH_SCHEMA,
            errors=errors,
            description_placeholders=placeholders,
        )

    def _show_connection_form(self, err: FormError | None = None) -> ConfigFlowResult:
        """Show the form of the user or reconfigure step, with what was typed so far."""
        reconfigure = self.source == SOURCE_RECONFIGURE
        schema = _RECONFIGURE_SCHEMA if reconfigure else _USER_SCHEMA
        return self.async_show_form(
            step_id="reconfigure" if reconfigure else "user",
            data_schema=self.add_suggested_values_to_schema(schema, self._typed),
            errors=err.errors if err else {},
            description_placeholders=err.placeholders if err else {},
        )

    async def _async_try_connection(self) -> ConfigFlowResult:
        """Check what was typed; ask about the certificate before the key is sent."""
        try:
            address = read_address(self._typed[CONF_URL])
            data: dict[str, Any] = {CONF_URL: address.url, CONF_API_KEY: self._wanted_api_key()}
            anchor = await async_anchor(address)
            if anchor and anchor.fingerprint != self._trusted_fingerprint:
                self._asked = anchor
                return await self.async_step_certificate()
            data = trusting(data, anchor)
            await self._async_identify(data)
        except FormError as err:
            return self._show_connection_form(err)
        return self._finish(data)

    def _follow(self, entry: ConfigEntry, data: dict[str, Any]) -> ConfigFlowResult:
        """Take over a new key, address or certificate of the same depot without a question."""
        if entry.source == SOURCE_IGNORE or not may_follow(entry.data, data):
            return self.async_abort(reason="already_configured")
        for flow in list(entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])
        changed = self.hass.config_entries.async_update_entry(entry, data=data)
        failed = entry.state in {ConfigEntryState.SETUP_ERROR, ConfigEntryState.SETUP_RETRY}
        if changed or failed:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_abort(reason="already_configured")

    def _finish(self, data: dict[str, Any], title: str | None = None) -> ConfigFlowResult:
        """Create the entry, or change the one that is reconfigured."""
        if self.source != SOURCE_RECONFIGURE:
            self._abort_if_unique_id_configured()
            if self._async_current_entries(include_ignore=False):
                return self.async_abort(reason="single_instance_allowed")
            self._end_other_offers()
            return self.async_create_entry(title=title or _title(data), data=data)
        self._abort_if_unique_id_mismatch(reason="wrong_depot")
        entry = self._get_reconfigure_entry()
        renamed = entry.title != _title(entry.data)
        return self.async_update_reload_and_abort(
            entry, title=entry.title if renamed else _title(data), data=data
        )

    def _end_other_offers(self) -> None:
        """Take back what else is offered: there is one depot."""
        for flow in self._async_in_progress(include_uninitialized=True):
            if flow["context"].get("source") != SOURCE_REAUTH:
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _broker_connected(self) -> bool:
        """Return whether Home Assistant is connected to the MQTT broker now."""
        # Without a loaded entry there is no client that could be asked
        loaded = self.hass.config_entries.async_loaded_entries(mqtt.DOMAIN)
        return bool(loaded) and mqtt.is_connected(self.hass)

    def _wanted_api_key(self) -> str:
        """Return the API key that was typed; left out, it stays as it is."""
        if self.source == SOURCE_RECONFIGURE and not self._typed.get(CONF_API_KEY, "").strip():
            key: str = self._get_reconfigure_entry().data[CONF_API_KEY]
            return key
        return read_api_key(self._typed[CONF_API_KEY])

    async def _async_identify(self, data: Mapping[str, Any]) -> None:
        """Ask the depot who it is, with the key, and take that as the flow's unique id."""
        await self.async_set_unique_id(await async_identify(self.hass, data))


def _title(data: Mapping[str, Any]) -> str:
    """Return the name that an entry has unless the user renames it."""
    return f"Depot {URL(data[CONF_URL]).host}"
