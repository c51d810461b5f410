"""One client that fetches whole packages and throws the bytes away as fast as they come."""

import socket
import ssl
import time
from urllib.parse import urlsplit

from stack.errors import StackError

_PIECE = 1024 * 1024


def bytes_per_second(
    url: str, token: str, size: int, seconds: float, context: ssl.SSLContext | None
) -> float:
    """Fetch a package again and again over one connection; return the bytes of its body."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 0)
    head = (
        f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
    buffer = bytearray(_PIECE)
    plain = socket.create_connection(address, timeout=30)
    with plain if context is None else context.wrap_socket(plain) as connection:
        begin, received = time.monotonic(), 0
        while time.monotonic() - begin < seconds:
            connection.sendall(head)
            rest = size - _body_of_first_piece(connection, buffer)
            while rest > 0:
                # Thrown away by the kernel where it can: the client must not be the slower side.
                count = connection.recv_into(buffer, _PIECE, socket.MSG_TRUNC if not context else 0)
                if not count:
                    raise StackError(f"{url} ended {rest} bytes early")
                rest -= count
            received += size
        return received / (time.monotonic() - begin)


def _body_of_first_piece(connection: socket.socket, buffer: bytearray) -> int:
    """Read the head of an answer; return how many bytes of the body came with it."""
    received = 0
    while True:
        count = connection.recv_into(memoryview(buffer)[received : received + 1024])
        if not count:
            raise StackError("the connection ended before the head of the answer")
        received += count
        end = buffer.find(b"\r\n\r\n", 0, received)
        if end >= 0:
            status = bytes(buffer[:12])
            if status != b"HTTP/1.1 200":
                raise StackError(f"expected the whole package, got {status!r}")
            return received - end - 4
