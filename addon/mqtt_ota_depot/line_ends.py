"""Line ends: devices' dialects of HTTP made strict."""

from typing import Final

_LENIENT_METHODS: Final = (b"GET ", b"HEAD ")
_METHOD_LENGTH: Final = 5


class LineEndNormaliser:
    """Turns bare LF of request heads into CRLF, for one connection.

    Some device SDKs end their lines with LF alone, which RFC 9112 section 2.2
    lets a server accept. A connection whose first line ends with CRLF, or
    whose method may have a body, passes untouched for the rest of its life.
    """

    __slots__ = ("_begin", "_in_head", "_last", "strict")

    def __init__(self) -> None:
        """Create the normaliser of a new connection."""
        self.strict = False
        self._in_head = False
        self._begin = b""
        self._last = b""

    def feed(self, data: bytes) -> bytes:
        """Return the bytes for the strict parser."""
        if self.strict:
            return data
        out = bytearray()
        position = 0
        while (end := data.find(b"\n", position)) >= 0:
            self._extend(data[position:end])
            bare = self._last != b"\r"
            if self._begin in {b"", b"\r"}:
                self._in_head = False
            elif not self._in_head:
                if not bare or not self._begin.startswith(_LENIENT_METHODS):
                    self.strict = True
                    return bytes(out) + data[position:]
                self._in_head = True
            out += data[position:end] + (b"\r\n" if bare else b"\n")
            self._begin = self._last = b""
            position = end + 1
        self._extend(data[position:])
        return bytes(out) + data[position:]

    def _extend(self, part: bytes) -> None:
        """Remember how the current line begins and what it ends with so far."""
        self._begin = (self._begin + part[:_METHOD_LENGTH])[:_METHOD_LENGTH]
        self._last = part[-1:] or self._last
