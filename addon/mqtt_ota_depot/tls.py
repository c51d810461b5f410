"""TLS between a connection and its socket, with few copies and little memory."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
import logging
import ssl
from typing import Any, Final, cast, override

# Clients that read to the end of the connection would hang for longer: many
# never answer the TLS close_notify.
_SHUTDOWN_TIMEOUT: Final = 1.0
# The largest TLS record; what comes from the socket is taken in as many of them.
BUFFER_SIZE: Final = 64 * 1024

_LOGGER: Final = logging.getLogger(__name__)


class TlsTransport(asyncio.Transport, asyncio.BufferedProtocol):
    """The server's side of TLS: a transport for a protocol, over the carrier's bytes.

    asyncio's own keeps a buffer of 256 KiB for each connection, and its queues
    cost more than the encryption of a small part. Here all connections share
    one buffer, and whatever is written is encrypted and handed on at once: the
    carrier's limits are the only ones.
    """

    __slots__ = (
        "_buffer", "_carrier", "_context", "_error", "_incoming", "_is_closing", "_is_reading", "_is_secured",
        "_loop", "_object", "_outgoing", "_protocol", "_secured", "_timer",
    )  # fmt: skip

    def __init__(
        self,
        carrier: asyncio.Transport,
        context: ssl.SSLContext,
        protocol: asyncio.Protocol,
        buffer: memoryview,
        *,
        handshake_timeout: float,
        secured: Callable[[asyncio.Transport], None],
    ) -> None:
        """Take the carrier over and wait for the client's first words.

        `buffer` may be shared by all connections of a loop, `handshake_timeout`
        is in seconds. `secured` is called with this transport after the
        handshake; if that fails the protocol hears only that the connection is
        lost.
        """
        super().__init__()
        self._carrier = carrier
        self._context = context
        self._protocol: asyncio.Protocol | None = protocol
        self._buffer = buffer
        self._secured = secured
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._is_secured = False
        self._is_reading = True
        self._is_closing = False
        self._error: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(handshake_timeout, carrier.abort)
        carrier.set_protocol(self)

    @override
    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the carrier puts what has come; it is taken before anything else runs."""
        return self._buffer

    @override
    def buffer_updated(self, nbytes: int) -> None:
        """Take what has come; after the own end nobody wants it."""
        if self._is_closing:
            return
        self._incoming.write(self._buffer[:nbytes])
        if self._is_secured:
            self._read()
        else:
            self._shake_hands()

    @override
    def eof_received(self) -> bool:
        """End in good order: nobody can speak TLS in one direction."""
        self._end()
        return False

    @override
    def pause_writing(self) -> None:
        """Tell that the client takes no more."""
        if self._is_secured and self._protocol is not None:
            self._protocol.pause_writing()

    @override
    def resume_writing(self) -> None:
        """Tell that the client takes more."""
        if self._is_secured and self._protocol is not None:
            self._protocol.resume_writing()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that it is over, and how."""
        self._timer.cancel()
        self._is_closing = True
        # The protocol holds this transport: without the way back both go at once.
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connection_lost(self._error or exc)

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of TLS or of the carrier."""
        if name == "sslcontext":
            return self._context
        if name == "ssl_object":
            return self._object
        return self._carrier.get_extra_info(name, default)

    @override
    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who is told."""
        if self._protocol is None:
            msg = "the connection is lost"
            raise RuntimeError(msg)
        return self._protocol

    @override
    def is_reading(self) -> bool:
        """Return whether the protocol wants what comes."""
        return self._is_reading and not self._is_closing

    @override
    def pause_reading(self) -> None:
        """Read no further."""
        self._is_reading = False
        self._carrier.pause_reading()

    @override
    def resume_reading(self) -> None:
        """Read on, what was decrypted before first."""
        if not self._is_reading and not self._is_closing:
            self._is_reading = True
            self._carrier.resume_reading()
            self._loop.call_soon(self._read)

    @override
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Limit what waits for the client, encrypted."""
        self._carrier.set_write_buffer_limits(high, low)

    @override
    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the limits of what waits."""
        return self._carrier.get_write_buffer_limits()

    @override
    def get_write_buffer_size(self) -> int:
        """Return the number of encrypted bytes that wait."""
        return self._carrier.get_write_buffer_size()

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send some bytes."""
        self.writelines((data,))

    @override
    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send several bytes at once."""
        if self._is_closing:
            return
        try:
            for data in list_of_data:
                # No more than one record is taken at a time.
                taken = self._object.write(data) if data else 0
                while taken < len(data):
                    taken += self._object.write(memoryview(data)[taken:])
        except ssl.SSLError as err:
            self._fail(err)
            return
        self._flush()

    @override
    def can_write_eof(self) -> bool:
        """Return False: what ends is the connection."""
        return False

    @override
    def is_closing(self) -> bool:
        """Return whether the end has begun."""
        return self._is_closing or self._carrier.is_closing()

    @override
    def close(self) -> None:
        """Send what waits, say goodbye, and end."""
        if self._is_closing:
            return
        if not self._is_secured:
            self.abort()
            return
        self._is_closing = True
        # The client's own goodbye, which it wants now, is waited for a moment only.
        with suppress(ssl.SSLError):
            self._object.unwrap()
        self._flush()
        # With bytes still to go asyncio would end this side by itself later, and
        # raise into its loop when the client has left by then.
        if not self._carrier.is_closing() and not self._carrier.get_write_buffer_size():
            with suppress(OSError):
                self._carrier.write_eof()
        self._carrier.resume_reading()
        self._timer = self._loop.call_later(_SHUTDOWN_TIMEOUT, self._carrier.close)

    @override
    def abort(self) -> None:
        """End at once."""
        self._is_closing = True
        self._carrier.abort()

    def _shake_hands(self) -> None:
        """Go on with the handshake."""
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLError as err:
            self._fail(err)
            return
        self._timer.cancel()
        self._is_secured = True
        self._flush()
        self._secured(self)
        self._read()

    def _read(self) -> None:
        """Hand over what can be decrypted."""
        buffer = self._buffer
        while self._is_reading and not self._is_closing:
            try:
                count = cast("int", self._object.read(len(buffer), buffer))
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError as err:
                self._fail(err)
                return
            if not count:
                self._end()
                return
            if self._protocol is not None:
                self._protocol.data_received(bytes(buffer[:count]))
            if not self._incoming.pending and not self._object.pending():
                break
        # A client may ask for new keys.
        self._flush()

    def _flush(self) -> None:
        """Hand over what was encrypted."""
        if self._outgoing.pending:
            self._carrier.write(self._outgoing.read())

    def _end(self) -> None:
        """Close because the client has."""
        if self._is_secured and not self._is_closing and self._protocol is not None:
            self._protocol.eof_received()
            self.close()
        if self._is_closing:
            self._carrier.close()

    def _fail(self, err: ssl.SSLError) -> None:
        """End because of a client that does not speak TLS as it should."""
        peer = self._carrier.get_extra_info("peername") or ("a client",)
        _LOGGER.debug("No TLS with %s: %s", peer[0], err.reason)
        self._error = err
        self._flush()
        self.abort()
