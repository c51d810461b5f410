"""The actions of the integration."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from homeassistant.const import CONF_MODEL
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolSchemaType
import probatio as vol

from .actions import (
    ATTR_KIND,
    ATTR_RETRIES,
    ATTR_RETRY_INTERVAL,
    ATTR_STATE,
    ATTR_VERSION,
    ATTR_WAIT,
    ATTR_WAIT_ONLINE,
    ATTR_WITHDRAWN,
    async_cancel,
    async_check_version,
    async_list_packages,
    async_list_tasks,
    async_retry,
    async_upgrade,
)
from .const import DOMAIN, PackageKind
from .options import MAX_RETRIES, MAX_RETRY_INTERVAL, MIN_RETRY_INTERVAL
from .upgrade import State

SERVICE_UPGRADE: Final = "upgrade"
SERVICE_CANCEL: Final = "cancel"
SERVICE_RETRY: Final = "retry"
SERVICE_CHECK_VERSION: Final = "check_version"
SERVICE_LIST_TASKS: Final = "list_tasks"
SERVICE_LIST_PACKAGES: Final = "list_packages"

_MAX_VERSION_LENGTH: Final = 256

_KIND: Final = {vol.Optional(ATTR_KIND): vol.Coerce(PackageKind)}
_WAIT: Final = {vol.Optional(ATTR_WAIT, default=False): cv.boolean}
_VERSION: Final = vol.All(cv.string, vol.Length(min=1, max=_MAX_VERSION_LENGTH))

_UPGRADE_SCHEMA: Final = cv.make_entity_service_schema(
    {
        **_KIND,
        **_WAIT,
        vol.Optional(ATTR_VERSION): _VERSION,
        vol.Optional(ATTR_WAIT_ONLINE): cv.boolean,
        vol.Optional(ATTR_RETRIES): vol.All(vol.Coerce(int), vol.Range(min=0, max=MAX_RETRIES)),
        vol.Optional(ATTR_RETRY_INTERVAL): vol.All(
            cv.positive_time_period, vol.Range(min=MIN_RETRY_INTERVAL, max=MAX_RETRY_INTERVAL)
        ),
    }
)
_CANCEL_SCHEMA: Final = cv.make_entity_service_schema(_KIND)
_RETRY_SCHEMA: Final = cv.make_entity_service_schema({**_KIND, **_WAIT})
_CHECK_VERSION_SCHEMA: Final = cv.make_entity_service_schema(None)
_LIST_TASKS_SCHEMA: Final = vol.Schema(
    {
        **cv.TARGET_SERVICE_FIELDS,
        **_KIND,
        vol.Optional(ATTR_STATE): vol.All(cv.ensure_list, [vol.Coerce(State)]),
    }
)
_LIST_PACKAGES_SCHEMA: Final = vol.Schema(
    {
        **cv.TARGET_SERVICE_FIELDS,
        **_KIND,
        vol.Optional(CONF_MODEL): cv.string,
        vol.Optional(ATTR_VERSION): _VERSION,
        vol.Optional(ATTR_WITHDRAWN, default=False): cv.boolean,
    }
)

type _Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]

_ACTIONS: Final[dict[str, tuple[_Handler, VolSchemaType, SupportsResponse]]] = {
    SERVICE_UPGRADE: (async_upgrade, _UPGRADE_SCHEMA, SupportsResponse.OPTIONAL),
    SERVICE_CANCEL: (async_cancel, _CANCEL_SCHEMA, SupportsResponse.OPTIONAL),
    SERVICE_RETRY: (async_retry, _RETRY_SCHEMA, SupportsResponse.OPTIONAL),
    SERVICE_CHECK_VERSION: (
        async_check_version,
        _CHECK_VERSION_SCHEMA,
        SupportsResponse.OPTIONAL,
    ),
    SERVICE_LIST_TASKS: (async_list_tasks, _LIST_TASKS_SCHEMA, SupportsResponse.ONLY),
    SERVICE_LIST_PACKAGES: (async_list_packages, _LIST_PACKAGES_SCHEMA, SupportsResponse.ONLY),
}


@callback
def async_register_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, (handler, schema, response) in _ACTIONS.items():
        hass.services.async_register(DOMAIN, name, handler, schema, response)
