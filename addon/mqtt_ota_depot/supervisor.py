"""What Home Assistant's Supervisor knows of the machine around the app.

Inside its container the app sees neither the machine's address nor the port
that the user mapped, and devices need both.
"""

from dataclasses import dataclass
from ipaddress import ip_interface, ip_network
import logging
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout

BASE: Final = "http://supervisor"
# Where the Supervisor puts its containers unless it says otherwise.
_CONTAINERS: Final = "172.30.32.0/23"
_TIMEOUT: Final = ClientTimeout(total=10)

_LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """The machine around the app, and the app's own name in the network of the containers."""

    address: str
    hostname: str
    # The container's ports with the machine's; None where the user mapped none.
    ports: dict[str, int | None]

    def port(self, port: int) -> int:
        """Return the machine's port for a TCP port of the container."""
        mapped = self.ports.get(f"{port}/tcp")
        if mapped is None:
            _LOGGER.warning("Port %d is mapped to none; devices cannot reach the depot", port)
            return port
        return mapped


async def ask_machine(token: str) -> Machine | None:
    """Return what the Supervisor tells of the machine.

    Returns None, with a warning, when it does not tell.
    """
    try:
        async with _session(token) as session:
            network = await _data(session, "/network/info")
            app = await _data(session, "/addons/self/info")
        return Machine(
            address=_device_address(network), hostname=str(app["hostname"]), ports=_ports(app)
        )
    except (ClientError, TimeoutError, AttributeError, LookupError, TypeError, ValueError) as err:
        _LOGGER.warning(
            "The Supervisor does not tell this machine's address (%s); set device_url",
            type(err).__name__,
        )
        return None


async def announce(token: str, service: str, config: dict[str, Any]) -> None:
    """Offer a service to Home Assistant, in place of what the app offered before.

    Raises ClientError or TimeoutError.
    """
    async with (
        _session(token) as session,
        session.post(
            BASE + "/discovery", json={"service": service, "config": config}, raise_for_status=True
        ),
    ):
        pass


def _session(token: str) -> ClientSession:
    """Return a session with the app's rights."""
    return ClientSession(headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT)


async def _data(session: ClientSession, path: str) -> dict[str, Any]:
    """Return the data of one of the Supervisor's answers."""
    async with session.get(BASE + path, raise_for_status=True) as response:
        data: dict[str, Any] = (await response.json())["data"]
        return data


def _device_address(network: dict[str, Any]) -> str:
    """Return the IPv4 address that devices can reach; raises LookupError without one.

    The primary interface goes first. Addresses of containers, of the machine
    itself and those that a machine without DHCP gives itself are none.
    """
    containers = ip_network((network.get("docker") or {}).get("address", _CONTAINERS), strict=False)
    interfaces = sorted(
        (each for each in network["interfaces"] if each.get("connected", True)),
        key=lambda each: not each.get("primary"),
    )
    for interface in interfaces:
        for text in (interface.get("ipv4") or {}).get("address") or ():
            address = ip_interface(text).ip
            if not (address.is_loopback or address.is_link_local or address in containers):
                return str(address)
    raise LookupError


def _ports(app: dict[str, Any]) -> dict[str, int | None]:
    """Return the container's ports with the machine's."""
    ports = app.get("network") or {}
    return {str(port): None if to is None else int(to) for port, to in ports.items()}
