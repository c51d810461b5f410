"""Config flow: which depot to use, and why to trust it."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components import mqtt
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio as vol
from yarl import URL

from .const import CONF_CERTIFICATE, CONF_FINGERPRINT, DOMAIN
from .depot import (
    DepotAuthenticationError,
    DepotCertificateError,
    DepotCertificateNameError,
    DepotConnectionError,
    DepotError,
    DepotProtocolError,
    DepotRefusedError,
    DepotTooNewError,
    DepotTooOldError,
    create_depot_client,
)
from .depot.address import DepotAddress, parse_address, parse_api_key
from .depot.certificate import Anchor, async_find_anchor

CONF_CONFIRM: Final = "confirm"
_BASE: Final = "base"
# The depot's own command that prints the fingerprint; not for translators to change
_FINGERPRINT_COMMAND: Final = "mqtt-ota fingerprint"

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
_CERTIFICATE_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_CONFIRM, default=False): BooleanSelector()}
)

# Where a failure is shown and as which error; the first class that matches counts
_FORM_ERRORS: Final[tuple[tuple[type[DepotError], str, str], ...]] = (
    (DepotAuthenticationError, CONF_API_KEY, "invalid_auth"),
    (DepotConnectionError, CONF_URL, "cannot_connect"),
    (DepotCertificateNameError, CONF_URL, "certificate_name"),
    (DepotCertificateError, CONF_URL, "certificate_invalid"),
    (DepotTooOldError, _BASE, "depot_too_old"),
    (DepotTooNewError, _BASE, "depot_too_new"),
    (DepotProtocolError, CONF_URL, "not_a_depot"),
    (DepotRefusedError, _BASE, "depot_refused"),
)


class FormError(Exception):
    """Something that the user can mend: the form's field, the error and its details."""

    def __init__(
        self, field: str, error: str, placeholders: Mapping[str, str] | None = None
    ) -> None:
        """Keep what the form is to show."""
        super().__init__(error)
        self.errors = {field: error}
        self.placeholders = placeholders or {}


class MqttOtaConfigFlow(ConfigFlow, domain=DOMAIN):
    """Connect to one depot; its API key is sent only to a server that is trusted."""

    VERSION = 1
    MINOR_VERSION = 1

    # Set by the step before the one that shows it
    _asked: Anchor

    def __init__(self) -> None:
        """Begin without anything typed or trusted."""
        self._typed: dict[str, str] = {}
        self._trusted_fingerprint: str | None = None

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the depot is."""
        if not self.hass.config_entries.async_entries(
            mqtt.DOMAIN, include_ignore=False, include_disabled=False
        ):
            return self.async_abort(reason="mqtt_not_configured")
        if user_input is None:
            return self._show_connection_form()
        self._typed = user_input
        if not self._broker_connected():
            return self._show_connection_form(FormError(_BASE, "mqtt_not_connected"))
        return await self._async_try_connection()

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
            data_schema=_CERTIFICATE_SCHEMA,
            errors=errors,
            description_placeholders={
                "url": self._typed[CONF_URL],
                "fingerprint": self._asked.fingerprint,
                "command": _FINGERPRINT_COMMAND,
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
                data = {**entry.data, CONF_API_KEY: _api_key(user_input[CONF_API_KEY])}
                await self._async_identify(data)
            except FormError as err:
                # The address is not a field of this form
                errors = {
                    field if field == CONF_API_KEY else _BASE: error
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
            address = _address(self._typed[CONF_URL])
            data: dict[str, Any] = {CONF_URL: address.url, CONF_API_KEY: self._wanted_api_key()}
            anchor = await _async_anchor(address)
            if anchor and anchor.fingerprint != self._trusted_fingerprint:
                self._asked = anchor
                return await self.async_step_certificate()
            data[CONF_CERTIFICATE] = anchor.pem if anchor else None
            data[CONF_FINGERPRINT] = anchor.fingerprint if anchor else None
            await self._async_identify(data)
        except FormError as err:
            return self._show_connection_form(err)
        return self._finish(data)

    def _finish(self, data: dict[str, Any]) -> ConfigFlowResult:
        """Create the entry, or change the one that is reconfigured."""
        if self.source != SOURCE_RECONFIGURE:
            self._abort_if_unique_id_configured()
            return self.async_create_entry(title=_title(data), data=data)
        self._abort_if_unique_id_mismatch(reason="wrong_depot")
        entry = self._get_reconfigure_entry()
        renamed = entry.title != _title(entry.data)
        return self.async_update_reload_and_abort(
            entry, title=entry.title if renamed else _title(data), data=data
        )

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
        return _api_key(self._typed[CONF_API_KEY])

    async def _async_identify(self, data: Mapping[str, Any]) -> None:
        """Ask the depot who it is, with the key, and take that as the flow's unique id."""
        try:
            info = await create_depot_client(self.hass, data).async_get_info()
        except DepotError as err:
            raise _form_error(err) from err
        await self.async_set_unique_id(info.depot_id)


async def _async_anchor(address: DepotAddress) -> Anchor | None:
    """Return the certificate that the user must vouch for, None where there is none."""
    if not address.tls:
        return None
    try:
        return await async_find_anchor(address.host, address.port)
    except DepotError as err:
        raise _form_error(err) from err


def _form_error(err: DepotError) -> FormError:
    """Return how the form shows a failure of the depot."""
    field, error = next(
        (field, error) for kind, field, error in _FORM_ERRORS if isinstance(err, kind)
    )
    return FormError(field, error, err.translation_placeholders)


def _address(typed: str) -> DepotAddress:
    """Return the address as typed, completed."""
    try:
        return parse_address(typed)
    except ValueError as err:
        raise FormError(CONF_URL, "invalid_url") from err


def _api_key(typed: str) -> str:
    """Return the API key as typed, without blanks around it."""
    try:
        return parse_api_key(typed)
    except ValueError as err:
        raise FormError(CONF_API_KEY, "invalid_api_key") from err


def _title(data: Mapping[str, Any]) -> str:
    """Return the name that an entry has unless the user renames it."""
    return f"Depot {URL(data[CONF_URL]).host}"
