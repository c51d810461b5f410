"""Calling the actions as automations and users do."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr

from custom_components.mqtt_ota.const import DOMAIN
from tests.integration.home import Home


async def act(
    home: Home,
    action: str,
    *,
    context: Context | None = None,
    response: bool = True,
    **data: Any,
) -> dict[str, Any]:
    """Call an action and return its answer."""
    answer: Any = await home.hass.services.async_call(
        DOMAIN, action, data, blocking=True, context=context, return_response=response
    )
    await home.settle()
    return answer or {}


@contextmanager
def long_actions(hass: HomeAssistant) -> Iterator[None]:
    """Let tests go on while an automation waits: that is a job which is not done for hours."""

    async def take_turns() -> None:
        """Let everything happen that waits for nothing."""
        for _ in range(100):
            await asyncio.sleep(0)

    with patch.object(hass, "async_block_till_done", take_turns):
        yield


async def begin(home: Home, action: str, **data: Any) -> asyncio.Task[dict[str, Any]]:
    """Call an action that takes its time."""
    begun = asyncio.create_task(act(home, action, **data))
    await home.settle()
    return begun


def registry_id(home: Home, device_id: str = "weather_1") -> str:
    """Return the id that Home Assistant gave to a device."""
    entry = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, device_id), home.entry.entry_id
    )
    assert entry is not None
    return entry.id
