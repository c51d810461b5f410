"""What the forms about the depot share: checks before trust, and failures as a form shows them."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import BooleanSelector
import probatio as vol

from .const import CONF_CERTIFICATE, CONF_FINGERPRINT
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
from .depot.certificate import Anchor, async_find_anchor, async_find_told_anchor

CONF_CONFIRM: Final = "confirm"
BASE: Final = "base"

CERTIFICATE_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_CONFIRM, default=False): BooleanSelector()}
)

# The depot's own command that prints the fingerprint; not for translators to change
FINGERPRINT_COMMAND: Final = "mqtt-ota fingerprint"

# Where a failure is shown and as which error; the first class that matches counts
_FORM_ERRORS: Final[tuple[tuple[type[DepotError], str, str], ...]] = (
    (DepotAuthenticationError, CONF_API_KEY, "invalid_auth"),
    (DepotConnectionError, CONF_URL, "cannot_connect"),
    (DepotCertificateNameError, CONF_URL, "certificate_name"),
    (DepotCertificateError, CONF_URL, "certificate_invalid"),
    (DepotTooOldError, BASE, "depot_too_old"),
    (DepotTooNewError, BASE, "depot_too_new"),
    (DepotProtocolError, CONF_URL, "not_a_depot"),
    (DepotRefusedError, BASE, "depot_refused"),
)


class FormError(Exception):
    """Something that the user can mend: the form's field, the error and its details."""

    def __init__(
        self, field: str, error: str, placeholders: Mapping[str, str] | None = None
    ) -> None:
        """Keep what the form is to show."""
        super().__init__(error)
        self.error = error
        self.errors = {field: error}
        self.placeholders = placeholders or {}


def read_address(typed: str) -> DepotAddress:
    """Return the address as typed, completed; raises FormError."""
    try:
        return parse_address(typed)
    except ValueError as err:
        raise FormError(CONF_URL, "invalid_url") from err


def read_api_key(typed: str) -> str:
    """Return the API key as typed, without blanks around it; raises FormError."""
    try:
        return parse_api_key(typed)
    except ValueError as err:
        raise FormError(CONF_API_KEY, "invalid_api_key") from err


async def async_anchor(address: DepotAddress) -> Anchor | None:
    """Return the certificate that the user must vouch for, None where there is none.

    Raises FormError when no server answers or when no confirmation could help.
    """
    if not address.tls:
        return None
    try:
        return await async_find_anchor(address.host, address.port)
    except DepotError as err:
        raise _form_error(err) from err


async def async_told_anchor(address: DepotAddress, fingerprint: str | None) -> Anchor | None:
    """Return the certificate of the told fingerprint, None without TLS; raises FormError."""
    if fingerprint is None:
        return None
    try:
        return await async_find_told_anchor(address.host, address.port, fingerprint)
    except DepotError as err:
        raise _form_error(err) from err


async def async_identify(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    """Return the id of the depot of an entry's data; this sends the key. Raises FormError."""
    try:
        info = await create_depot_client(hass, data).async_get_info()
    except DepotError as err:
        raise _form_error(err) from err
    return info.depot_id


def trusting(data: Mapping[str, Any], anchor: Anchor | None) -> dict[str, Any]:
    """Return an entry's data with the certificate that is trusted from now on."""
    return {
        **data,
        CONF_CERTIFICATE: anchor.pem if anchor else None,
        CONF_FINGERPRINT: anchor.fingerprint if anchor else None,
    }


def _form_error(err: DepotError) -> FormError:
    """Return how the form shows a failure of the depot."""
    field, error = next(
        (field, error) for kind, field, error in _FORM_ERRORS if isinstance(err, kind)
    )
    return FormError(field, error, err.translation_placeholders)
