"""The actions of the integration."""

from typing import Final

from homeassistant.components.update import DOMAIN as UPDATE_DOMAIN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.service import async_register_platform_entity_service

from .const import DOMAIN

SERVICE_CANCEL: Final = "cancel"


@callback
def async_register_services(hass: HomeAssistant) -> None:
    """Register the actions; like Install, they are for administrators and automations."""
    async_register_platform_entity_service(
        hass,
        DOMAIN,
        SERVICE_CANCEL,
        entity_domain=UPDATE_DOMAIN,
        admin_only=True,
        schema=None,
        func="async_cancel",
    )
