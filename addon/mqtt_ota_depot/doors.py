"""The sockets that the depot listens on."""

from contextlib import ExitStack
from dataclasses import dataclass
import socket
from typing import Self

from .errors import StartError
from .settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Doors:
    """The main listener, the one of plain downloads and the one of the page; bound already."""

    main: socket.socket
    http: socket.socket | None
    ingress: socket.socket | None

    @classmethod
    def open(cls, settings: Settings, stack: ExitStack) -> Self:
        """Bind what the settings ask for, until the stack ends; raises StartError."""

        def bound(port: int | None) -> socket.socket | None:
            """Return a bound socket where a port is set."""
            if port is None:
                return None
            return stack.enter_context(_listen(settings.host, port))

        return cls(
            main=stack.enter_context(_listen(settings.host, settings.port)),
            http=bound(settings.http_port),
            ingress=bound(settings.ingress_port),
        )

    @property
    def port(self) -> int:
        """Return the port of the main listener."""
        return port_of(self.main)


def port_of(sock: socket.socket) -> int:
    """Return the port that a socket is bound to."""
    port: int = sock.getsockname()[1]
    return port


def _listen(host: str, port: int) -> socket.socket:
    """Return a bound socket; raises StartError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, dualstack_ipv6=host == "::")
    except OSError as err:
        msg = f"cannot listen on {host} port {port}: {err.strerror}; choose another"
        raise StartError(msg) from err
