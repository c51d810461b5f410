"""What Home Assistant's Supervisor knows of the machine around the app.

Inside its container the app sees neither the machine's address nor the port
that the user mapped, and devices need both.
"""

import logging
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout

BASE: Final = "http://supervisor"
_TIMEOUT: Final = ClientTimeout(total=10)

_LOGGER: Final = logging.getLogger(__name__)


async def machine_address(token: str, port: int) -> tuple[str, int] | None:
    """Return the machine's IPv4 address and the port mapped to `port`.

    Returns None, with a warning, when the Supervisor does not tell.
    """
    try:
        async with ClientSession(
            headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT
        ) as session:
            network = await _data(session, "/network/info")
            app = await _data(session, "/addons/self/info")
        return _primary_address(network), _mapped_port(app, port)
    except (ClientError, TimeoutError, LookupError, TypeError, ValueError) as err:
        _LOGGER.warning(
            "The Supervisor does not tell this machine's address (%s); set device_url",
            type(err).__name__,
        )
        return None


async def _data(session: ClientSession, path: str) -> dict[str, Any]:
    """Return the data of one of the Supervisor's answers."""
    async with session.get(BASE + path, raise_for_status=True) as response:
        data: dict[str, Any] = (await response.json())["data"]
        return data


def _primary_address(network: dict[str, Any]) -> str:
    """Return the address of the primary interface; raises LookupError."""
    interfaces = sorted(
        (each for each in network["interfaces"] if each.get("connected", True)),
        key=lambda each: not each.get("primary"),
    )
    for interface in interfaces:
        for address in (interface.get("ipv4") or {}).get("address") or ():
            return str(address).partition("/")[0]
    raise LookupError


def _mapped_port(app: dict[str, Any], port: int) -> int:
    """Return the machine's port; the user may have mapped none."""
    mapped = (app.get("network") or {}).get(f"{port}/tcp")
    if mapped is None:
        _LOGGER.warning("Port %d is mapped to none; devices cannot reach the depot", port)
        return port
    return int(mapped)
