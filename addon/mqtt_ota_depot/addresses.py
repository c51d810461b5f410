"""The address under which devices reach the depot."""

import fcntl
import socket
import struct
from typing import Final

from yarl import URL

_WILDCARDS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104
# A documentation address (RFC 5737): asking for the way there sends nothing.
_ELSEWHERE: Final = ("192.0.2.1", 9)
_SIOCGIFADDR: Final = 0x8915


def device_url(
    configured: URL | None,
    host: str,
    port: int,
    *,
    tls: bool,
    machine: tuple[str, int] | None = None,
) -> str:
    """Return the base of download URLs, its port always written out.

    Without a configured one it has the address that is listened on. When that
    is every address, it has the given address and port of the machine around
    a container, else the first IPv4 address that is not a loopback one.
    """
    if configured is not None:
        return f"{configured.scheme}://{bracketed(configured.host or '')}:{configured.port}"
    if host in _WILDCARDS:
        address, port = machine or (first_address() or "127.0.0.1", port)
    else:
        address = host
    return f"{'https' if tls else 'http'}://{bracketed(address)}:{port}"


def bracketed(host: str) -> str:
    """Return the host as URLs have it; IPv6 addresses stand in brackets."""
    return f"[{host}]" if ":" in host else host


def first_address() -> str | None:
    """Return the machine's own IPv4 address on its network, None without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return _first_interface_address(probe)
        return str(probe.getsockname()[0])


def _first_interface_address(probe: socket.socket) -> str | None:
    """Return the first address of an interface, for machines without a gateway."""
    for _, name in socket.if_nameindex():
        request = struct.pack("256s", name.encode()[:15])
        try:
            reply = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
        except OSError:
            # The interface has no IPv4 address.
            continue
        address = socket.inet_ntoa(reply[20:24])
        if not address.startswith("127."):
            return address
    return None
