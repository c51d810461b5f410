"""The gate: who may connect and download, how often and how fast."""

import logging
from typing import Final

from .guessing import Guesses
from .limits import Connections, Limits, Rates
from .problems import Problem, ProblemKind, too_many_requests
from .transfer import Transfer

_LOGGER: Final = logging.getLogger(__name__)


class Gate:
    """Applies the limits; every call takes the same time whatever their number."""

    def __init__(self, limits: Limits) -> None:
        """Create the gate of one depot."""
        self._limits = limits
        self._connections = Connections(
            per_address=limits.connections_per_address, in_all=limits.connections
        )
        self._rates = Rates(device_rate=limits.device_rate, total_rate=limits.total_rate)
        self._guesses = Guesses()

    @property
    def paced(self) -> bool:
        """Return whether `delay` can ever ask for a pause."""
        return self._rates.limited

    def connected(self, address: str) -> bool:
        """Note a new connection; False means that it must be closed at once."""
        return self._connections.opened(plain(address))

    def disconnected(self, address: str) -> None:
        """Note the end of a connection that was let in."""
        self._connections.closed(plain(address))

    def unauthorized(self, address: str, *, given: bool) -> Problem:
        """Return what a request without a live token is told.

        `given` tells a wrong token from none at all, which is no guess. It is
        the same for every path, so that nobody learns which packages exist.
        """
        if not given:
            return Problem(
                ProblemKind.UNAUTHORIZED,
                "Send the token that came with the URL.",
                # Some programs send a password only when Basic is offered.
                headers={"WWW-Authenticate": 'Basic realm="mqtt-ota", Bearer'},
            )
        if wait := self._guesses.note(plain(address)):
            return too_many_requests("Too many wrong tokens came from this address", wait)
        return Problem(
            ProblemKind.UNAUTHORIZED,
            "The token is unknown, expired or revoked; wait for a new one.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )

    def admit(self, transfer: Transfer, address: str) -> None:
        """Let a request with the right token and path through, or raise a Problem.

        It is of kind unauthorized where grants belong to the first address that
        uses them and this is another one, and of kind download-limit when the
        package was downloaded too often.
        """
        address = plain(address)
        if transfer.address is None:
            transfer.address = address
        elif self._limits.bind_grants and transfer.address != address:
            _LOGGER.warning(
                "A token of task %s came from %s but belongs to %s; refused",
                transfer.task_id,
                address,
                transfer.address,
            )
            raise self.unauthorized(address, given=True)
        if self._limits.repeats is None or (
            transfer.bytes_sent < self._limits.repeats * transfer.size
        ):
            return
        if transfer.exhaust():
            _LOGGER.warning(
                "Device %s downloaded its package %d times; task %s gets no more of it",
                transfer.device_id,
                self._limits.repeats,
                transfer.task_id,
            )
        raise Problem(
            ProblemKind.DOWNLOAD_LIMIT,
            f"The package was sent {self._limits.repeats} times; start the upgrade again.",
        )

    def delay(self, device_id: str, size: int) -> float:
        """Return the seconds to wait before `size` more bytes go to the device."""
        return self._rates.delay(device_id, size)

    def counts(self) -> dict[str, int]:
        """Return what was let in and kept out since the start."""
        return {
            "connections": self._connections.total,
            "refused_connections": self._connections.refused,
            "wrong_tokens": self._guesses.wrong,
        }


def plain(address: str) -> str:
    """Return an address in one form: IPv4 addresses may come in their IPv6 form."""
    return address.removeprefix("::ffff:")
