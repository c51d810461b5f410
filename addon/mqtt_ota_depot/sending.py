"""Sending: the body of one response, as fast as the device takes it and no faster."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
import logging
from typing import Final

from .blobs import BlobDamagedError, BlobReader
from .transfers import Response
from .wire import Wire

# What a slow device costs in memory: one TLS record.
PIECE: Final = 16 * 1024
# Quick devices take more at once, which costs less work for each byte. The system
# alone sends more than any network takes in the moment that it needs for that.
LARGE_PIECE: Final = 64 * 1024
FILE_PIECE: Final = 8 * 1024 * 1024
# After so many bytes the other connections have their turn.
TURN: Final = 512 * 1024
# A device that takes nothing for so long is gone or hostile; the slowest
# honest ones (100 bytes per second) take a piece in less.
STALL_TIMEOUT: Final = 600.0

_QUICK: Final = 0.05
# The system holds much for a slow device; it is asked how far that is so often.
_WATCH: Final = 1.0
_FIRST_LOOK: Final = 0.002
_LAST_LOOK: Final = 0.1

_LOGGER: Final = logging.getLogger(__name__)

type Pace = Callable[[int], float]


class Sending:
    """Sends bytes up to `end` and tells the transfer how far the device is.

    A byte counts when it has arrived, as far as the system can tell: what
    follows a complete download must not begin while the device still reads.
    """

    __slots__ = (
        "_done", "_end", "_ended", "_handed", "_handle", "_look",
        "_loop", "_offset", "_pace", "_paid", "_paused_at", "_piece", "_quick_from", "_reader", "_reading",
        "_resources", "_response", "_seen", "_seen_at", "_watch", "_wire",
    )  # fmt: skip

    def __init__(
        self,
        wire: Wire,
        reader: BlobReader,
        response: Response,
        *,
        start: int,
        offset: int,
        end: int,
        resources: ExitStack,
        pace: Pace | None,
        ended: Callable[[], None],
    ) -> None:
        """Create what sends from `offset` on; from `start` to there all was sent.

        `pace` returns the seconds to wait before so many bytes, `resources` are
        given back at the end, and then `ended` is called.
        """
        self._loop = asyncio.get_running_loop()
        self._wire = wire
        self._reader = reader
        self._response = response
        self._offset = offset
        self._end = end
        self._resources = resources
        self._pace = pace
        self._paid = False
        self._ended = ended
        self._piece = PIECE
        self._handed = start
        # A slow device takes its first bytes quickly, too: into its buffers.
        self._quick_from = offset
        self._reading: asyncio.Task[None] | None = None
        self._handle: asyncio.TimerHandle | asyncio.Handle | None = None
        self._look = _FIRST_LOOK
        self._paused_at = 0.0
        self._done = False
        self._seen: tuple[int, int | None] = (offset, 0)
        self._seen_at = self._loop.time()
        self._watch = self._loop.call_later(_WATCH, self._check_progress)

    def go(self) -> None:
        """Send until the device takes no more, others have their turn, or all is sent."""
        if self._done or self._reading is not None or self._handle is not None:
            return
        limit = self._offset + TURN
        try:
            while self._offset < self._end and not self._wire.paused:
                if self._offset >= limit:
                    self._piece = LARGE_PIECE if self._pace is None else PIECE
                    self._again(0.0)
                    break
                if not self._send_some():
                    break
        except (BlobDamagedError, OSError) as err:
            self._fail(err)
            return
        if self._wire.paused or self._offset == self._end:
            self._note()
        else:
            # Asking the system after each turn would cost a quick device a tenth of its speed.
            self._handed = self._offset
        if self._offset == self._end:
            self.look()

    def paused(self) -> None:
        """Note that the device takes no more."""
        self._paused_at = self._loop.time()

    def resumed(self) -> None:
        """Go on, with larger pieces when the device is quick."""
        if self._loop.time() - self._paused_at >= _QUICK:
            self._quick_from = self._offset
        quick = self._offset - self._quick_from >= TURN
        self._wire.widen(quick)
        self._piece = LARGE_PIECE if quick and self._pace is None else PIECE
        self.go()

    def look(self) -> None:
        """End when everything was sent and has arrived."""
        if self._done or self._offset < self._end:
            return
        self._cancel()
        if self._wire.unacknowledged():
            self._note()
            self._handle = self._loop.call_later(self._look, self._look_again)
            self._look = min(2 * self._look, _LAST_LOOK)
        else:
            self._response.reached(self._end)
            self._finish()

    def lost(self, exc: BaseException | None) -> None:
        """End because the connection has ended; a device closes in good order for None."""
        missing = self._wire.unacknowledged()
        if exc is None and not self._wire.is_cut and self._handed == self._end:
            self._response.reached(self._end)
        elif missing is not None:
            self._response.reached(self._handed - missing)
        self._response.cut(self._offset)
        self._finish()

    def _send_some(self) -> bool:
        """Send a piece; return whether the next one may follow at once."""
        size = min(self._piece, self._end - self._offset)
        if self._pace is not None and not self._paid:
            self._paid = True
            if delay := self._pace(size):
                self._again(delay)
                return False
        elif self._pace is None and self._send_file():
            return True
        piece = self._reader.read_at_hand(self._offset, size)
        if piece is None:
            self._reading = self._loop.create_task(self._read(size))
            return False
        self._write(piece)
        return True

    def _send_file(self) -> bool:
        """Let the system send a part when it can; return whether it did.

        Where the socket takes nothing, a piece through the transport follows:
        the transport tells when there is room again.
        """
        descriptor = self._reader.descriptor
        size = min(FILE_PIECE, self._end - self._offset)
        if descriptor is None or not self._wire.plain:
            return False
        if not self._reader.is_at_hand(self._offset, size):
            return False
        sent = self._wire.send_file(descriptor, self._offset, size)
        if sent is None:
            return False
        if not sent:
            raise BlobDamagedError
        self._offset += sent
        return True

    async def _read(self, size: int) -> None:
        """Send a piece that a slow disk has."""
        try:
            piece = await self._reader.read(self._offset, size)
        except (BlobDamagedError, OSError) as err:
            self._reading = None
            self._fail(err)
            return
        finally:
            if self._done:
                self._resources.close()
        self._reading = None
        if not self._done:
            self._write(piece)
            self.go()

    def _write(self, piece: memoryview) -> None:
        """Hand a piece to the connection."""
        self._paid = False
        self._offset += len(piece)
        self._wire.transport.write(piece)

    def _note(self) -> None:
        """Tell the transfer how far the device is by now."""
        self._handed = self._offset - self._wire.unsent()
        missing = self._wire.unacknowledged()
        if missing is not None:
            self._response.reached(self._offset - missing)

    def _again(self, delay: float) -> None:
        """Go on after so many seconds, or when the others have had their turn."""
        if delay:
            self._handle = self._loop.call_later(delay, self._go_again)
        else:
            self._handle = self._loop.call_soon(self._go_again)

    def _go_again(self) -> None:
        """Go on now."""
        self._handle = None
        self.go()

    def _look_again(self) -> None:
        """Look again whether all has arrived."""
        self._handle = None
        if self._wire.broken():
            self._wire.cut()
        else:
            self.look()

    def _check_progress(self) -> None:
        """Tell how far the device is; cut a connection on which nothing moves."""
        now = self._loop.time()
        seen = (self._offset, self._wire.unacknowledged())
        if self._wire.broken():
            self._wire.cut()
            return
        if seen != self._seen:
            self._seen, self._seen_at = seen, now
            self._note()
        elif now - self._seen_at >= STALL_TIMEOUT:
            _LOGGER.info("A device took no byte for too long; its connection is cut")
            self._wire.cut()
            return
        self._watch = self._loop.call_later(_WATCH, self._check_progress)

    def _fail(self, err: Exception) -> None:
        """End the connection: bytes that cannot be read are never made up."""
        if not isinstance(err, ConnectionError):
            _LOGGER.error("A package cannot be read; its file is damaged", exc_info=err)
        self._wire.transport.abort()

    def _cancel(self) -> None:
        """Forget what was to be done later."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _finish(self) -> None:
        """Give everything back and tell that it is over, once."""
        if self._done:
            return
        self._done = True
        self._cancel()
        self._watch.cancel()
        self._response.close()
        # A thread that still reads needs the open file.
        if self._reading is None:
            self._resources.close()
        self._ended()
