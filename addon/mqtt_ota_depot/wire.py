"""Wires: the two transports of a connection, and sockets that tell the truth."""

import asyncio
from asyncio.trsock import TransportSocket
import fcntl
import os
import socket
import struct
import termios
from typing import Final

# Devices lose power or radio without a word; their connections end after this.
_DEAD_AFTER_MS: Final = 90_000
_TCP_CLOSE: Final = 7
# Bytes that the system takes for a slow device beyond what is under way to it.
_UNSENT: Final = 64 * 1024


class Wire:
    """What a response is written to: `transport`, over `carrier` where TLS is between.

    On `plain` ones bytes leave as they are. `paused` is True while the transport
    wants no more, `is_cut` once this side has ended the connection in the middle.
    """

    __slots__ = ("_socket", "_wide", "carrier", "is_cut", "paused", "plain", "transport")

    def __init__(self, carrier: asyncio.Transport, transport: asyncio.Transport) -> None:
        """Create the wire; without TLS both are the same."""
        self.carrier = carrier
        self.transport = transport
        self.plain = carrier is transport
        self.paused = False
        self.is_cut = False
        self._socket: TransportSocket = carrier.get_extra_info("socket")
        self._wide = True
        self.widen(False)

    def bound(self) -> None:
        """Keep as little as possible in this process: it costs memory for each device."""
        self.carrier.set_write_buffer_limits(high=0)

    def unbound(self) -> None:
        """Keep as much as transports do by default."""
        self.carrier.set_write_buffer_limits()

    def widen(self, wide: bool) -> None:
        """Let the system take as much as it likes, which suits quick devices, or little.

        It would take megabytes even for the slowest one.
        """
        option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
        if wide is self._wide or option is None:
            return
        self._wide = wide
        if self._socket.fileno() >= 0:
            self._socket.setsockopt(socket.IPPROTO_TCP, option, 0 if wide else _UNSENT)

    def unsent(self) -> int:
        """Return the number of bytes that wait in this process."""
        return self.carrier.get_write_buffer_size()

    def send(self, head: bytes, body: memoryview) -> None:
        """Send the whole of a small answer in one go; the body's memory may change after that."""
        if not self.plain:
            # Each becomes a record of its own either way.
            self.transport.writelines((head, body))
            return
        try:
            sent = 0 if self.paused else os.writev(self._socket.fileno(), (head, body))
        except OSError:
            # Full or broken, which the transport meets, too, and knows how to take.
            sent = 0
        if sent < len(head) + len(body):
            self.transport.write(b"".join((head, body))[sent:])

    def unacknowledged(self) -> int | None:
        """Return the number of bytes that the other side's system does not have yet.

        What TLS adds counts too. Of a closed socket nothing is known.
        """
        if self._socket.fileno() < 0:
            return None
        # TIOCOUTQ of a TCP socket: bytes not sent or not acknowledged (Linux tcp(7)).
        answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        return self.unsent() + int(struct.unpack("i", answer)[0])

    def broken(self) -> bool:
        """Return whether the system has given the connection up.

        Of a device that has ended its side first nothing else tells that.
        """
        if self._socket.fileno() < 0:
            return True
        # The first byte of struct tcp_info is the state (Linux tcp(7)).
        return bool(
            self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_CLOSE
        )

    def send_file(self, descriptor: int, offset: int, size: int) -> int | None:
        """Let the system send a part of a file; return how much it took.

        Returns None where it takes nothing now, 0 at the end of the file. Only
        for plain wires with nothing unsent. Raises OSError.
        """
        try:
            return os.sendfile(self._socket.fileno(), descriptor, offset, size)
        except BlockingIOError:
            return None

    def cut(self) -> None:
        """End the connection now; what the device does not have yet it does not get."""
        self.is_cut = True
        if self._socket.fileno() >= 0:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


def tune(transport: asyncio.BaseTransport) -> None:
    """Set up a device's socket, as far as the system has the option."""
    sock = transport.get_extra_info("socket")
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if sock is not None and option is not None:
        sock.setsockopt(socket.IPPROTO_TCP, option, _DEAD_AFTER_MS)
