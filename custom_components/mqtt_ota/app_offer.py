"""What the depot's app tells through the Supervisor: where it is, its key, its certificate."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.const import CONF_API_KEY, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
import probatio as vol

from .const import CONF_APP, CONF_FINGERPRINT
from .depot.address import DepotAddress, parse_address, parse_api_key
from .depot_form import FormError, async_identify, async_told_anchor, trusting

# The message may come before the depot listens, and comes only once
_ATTEMPTS: Final = 4
_PAUSE: Final = 5.0

_MESSAGE: Final = vol.Schema(
    {
        vol.Required("host"): cv.string,
        vol.Required("port"): cv.port,
        vol.Required(CONF_API_KEY): cv.string,
        vol.Required(CONF_FINGERPRINT): vol.Maybe(cv.string),
    },
    # Home Assistant adds the app's name, and later depots may tell more
    extra=vol.ALLOW_EXTRA,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AppOffer:
    """A depot that an app offers; `app` is the app's slug, as the Supervisor knows it."""

    app: str
    name: str
    address: DepotAddress
    api_key: str
    fingerprint: str | None

    def __repr__(self) -> str:
        """Return a text without the key."""
        return f"AppOffer(app={self.app!r}, url={self.address.url!r})"


def read_offer(info: HassioServiceInfo) -> AppOffer:
    """Return the offer of a message; ValueError when it is none."""
    try:
        config = _MESSAGE(info.config)
    except vol.Invalid as err:
        raise ValueError(str(err)) from err
    host, fingerprint = config["host"], config["fingerprint"]
    bracketed = f"[{host}]" if ":" in host else host
    scheme = "http" if fingerprint is None else "https"
    return AppOffer(
        app=info.slug,
        name=info.name,
        address=parse_address(f"{scheme}://{bracketed}:{config['port']}"),
        api_key=parse_api_key(config["api_key"]),
        fingerprint=fingerprint,
    )


async def async_accept(hass: HomeAssistant, offer: AppOffer) -> tuple[str, dict[str, Any]]:
    """Return the depot's id and the entry's data; raises FormError.

    The key is sent only to a server that has the certificate of the offer.
    """
    anchor = await async_told_anchor(offer.address, offer.fingerprint)
    data = {
        CONF_URL: offer.address.url,
        CONF_API_KEY: offer.api_key,
        CONF_APP: offer.app,
    }
    data = trusting(data, anchor)
    return await async_identify(hass, data), data


async def async_accept_patiently(
    hass: HomeAssistant, offer: AppOffer
) -> tuple[str, dict[str, Any]]:
    """As async_accept, but wait for a depot that does not answer yet."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return await async_accept(hass, offer)
        except FormError as err:
            if err.error != "cannot_connect":
                raise
        await asyncio.sleep(_PAUSE)
    return await async_accept(hass, offer)


def may_follow(present: Mapping[str, Any], offered: Mapping[str, Any]) -> bool:
    """Return whether an entry may take over what an app offers for the same depot, unasked.

    The app that was confirmed once may change everything. Any other app might
    pretend to be the depot, unless it has the key of the certificate that is trusted.
    """
    pinned = present.get(CONF_FINGERPRINT)
    return present.get(CONF_APP) == offered[CONF_APP] or (
        pinned is not None and pinned == offered[CONF_FINGERPRINT]
    )
