"""A broker that speaks just enough MQTT, 3.1.1 and 5, on a real socket, in a process of its own.

A real broker drops what its subscriber can't take fast enough; this one waits.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from multiprocessing import Pipe
from multiprocessing.connection import Connection
import selectors
import socket
import struct
import subprocess
import sys
from typing import Final

from stack.errors import wait_until
from stack.ports import LOOPBACK

from .machine import SERVER_CORE, on_core

type Message = tuple[str, bytes]
type Order = list[Message] | None


class _Packet(IntEnum):
    """The packets that a subscriber sends; the value is the upper half of the first byte."""

    CONNECT = 1
    PUBLISH = 3
    SUBSCRIBE = 8
    UNSUBSCRIBE = 10
    PING = 12
    DISCONNECT = 14


_VERSION_5: Final = 5
_READ_AT_ONCE: Final = 1 << 16
_MESSAGE_IDS: Final = 65_535
_SECONDS: Final = 60.0


class WireBroker:
    """The bench's end of the broker: tells it what to publish."""

    def __init__(self, port: int, orders: Connection) -> None:
        """Remember where the broker is."""
        self.port = port
        self._orders = orders
        self._topics: set[str] = set()

    def publish(self, messages: Iterable[Message]) -> None:
        """Publish with QoS 1 as fast as the subscriber reads; returns before that is done."""
        self._orders.send(list(messages))

    def hang_up(self) -> None:
        """Cut the connection with the subscriber, who may come back."""
        self._orders.send(None)

    def is_subscribed(self, topic: str) -> bool:
        """Return whether somebody has subscribed to a topic filter."""
        while self._orders.poll():
            self._topics.add(self._orders.recv())
        return topic in self._topics

    def forget_subscriptions(self) -> None:
        """Wait for subscriptions anew."""
        while self._orders.poll():
            self._orders.recv()
        self._topics.clear()


@contextmanager
def wire_broker(port: int) -> Iterator[WireBroker]:
    """Run a broker on a port."""
    ours, theirs = Pipe()
    command = [*on_core(SERVER_CORE), sys.executable, "-m", __name__]
    arguments = [str(port), str(theirs.fileno())]
    with subprocess.Popen([*command, *arguments], pass_fds=[theirs.fileno()]) as process:
        try:
            wait_until(ours.poll, "the broker's first word", _SECONDS)
            ours.recv()
            yield WireBroker(port, ours)
        finally:
            process.terminate()


def _serve(port: int, orders: Connection) -> None:
    """Accept one subscriber after the other."""
    with socket.create_server((LOOPBACK, port)) as listener:
        orders.send("ready")
        while True:
            subscriber, _ = listener.accept()
            with subscriber:
                _Session(subscriber, orders).run()


class _Session:
    """One connection with its subscriber."""

    def __init__(self, subscriber: socket.socket, orders: Connection) -> None:
        """Begin with nothing to say."""
        subscriber.setblocking(False)
        subscriber.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._subscriber = subscriber
        self._orders = orders
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._published = 0
        self._is_open = True
        # What stands for "no properties"; only the newer protocol has them.
        self._none = b""

    def run(self) -> None:
        """Carry messages until either side hangs up."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._orders, selectors.EVENT_READ)
            selector.register(self._subscriber, selectors.EVENT_READ)
            while self._is_open:
                wants = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outgoing else 0)
                selector.modify(self._subscriber, wants)
                for key, events in selector.select():
                    if key.fileobj is self._orders:
                        self._obey(self._orders.recv())
                    elif events & selectors.EVENT_WRITE:
                        self._write()
                    else:
                        self._read()

    def _obey(self, order: Order) -> None:
        """Publish what is ordered; None means to hang up."""
        if order is None:
            self._is_open = False
            return
        for topic, payload in order:
            self._published = self._published % _MESSAGE_IDS + 1
            name = topic.encode()
            body = struct.pack("!H", len(name)) + name + struct.pack("!H", self._published)
            self._outgoing += _packet(0x32, body + self._none + payload)

    def _write(self) -> None:
        """Send as much as the subscriber takes."""
        sent = self._subscriber.send(memoryview(self._outgoing)[:_READ_AT_ONCE])
        del self._outgoing[:sent]

    def _read(self) -> None:
        """Answer the packets that are whole."""
        data = self._subscriber.recv(_READ_AT_ONCE)
        self._is_open = self._is_open and bool(data)
        self._incoming += data
        while (packet := _take_packet(self._incoming)) is not None:
            self._answer(*packet)

    def _answer(self, head: int, body: bytes) -> None:
        """Answer one packet."""
        match head >> 4:
            case _Packet.CONNECT:
                # The name of the protocol, then its version
                self._none = b"\x00" if body[6] == _VERSION_5 else b""
                self._outgoing += _packet(0x20, b"\x00\x00" + self._none)
            case _Packet.PUBLISH if head & 0x06:
                (length,) = struct.unpack_from("!H", body)
                self._outgoing += _packet(0x40, body[2 + length : 4 + length])
            case _Packet.SUBSCRIBE:
                topics = list(_topics(body[2:], has_qos=True, has_properties=bool(self._none)))
                self._outgoing += _packet(0x90, body[:2] + self._none + b"\x01" * len(topics))
                for topic in topics:
                    self._orders.send(topic)
            case _Packet.UNSUBSCRIBE:
                topics = list(_topics(body[2:], has_qos=False, has_properties=bool(self._none)))
                codes = b"\x00" * len(topics) if self._none else b""
                self._outgoing += _packet(0xB0, body[:2] + self._none + codes)
            case _Packet.PING:
                self._outgoing += _packet(0xD0, b"")
            case _Packet.DISCONNECT:
                self._is_open = False


def _packet(head: int, body: bytes) -> bytes:
    """Return a packet with its length before it."""
    length, rest = bytearray(), len(body)
    while True:
        rest, digit = rest >> 7, rest & 0x7F
        length.append(digit | (0x80 if rest else 0))
        if not rest:
            return bytes([head]) + length + body


def _take_packet(data: bytearray) -> tuple[int, bytes] | None:
    """Take the first packet out of what has come; None while it is not whole."""
    length, shift, at = 0, 0, 1
    while at < len(data):
        digit = data[at]
        length |= (digit & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not digit & 0x80:
            if len(data) < at + length:
                return None
            head, body = data[0], bytes(data[at : at + length])
            del data[: at + length]
            return head, body
    return None


def _topics(body: bytes, *, has_qos: bool, has_properties: bool) -> Iterator[str]:
    """Yield the topic filters of a subscription, or of its end."""
    # Few properties: their length takes one byte.
    at = 1 + body[0] if has_properties else 0
    while at < len(body):
        (length,) = struct.unpack_from("!H", body, at)
        yield body[at + 2 : at + 2 + length].decode()
        at += 2 + length + has_qos


if __name__ == "__main__":
    _serve(int(sys.argv[1]), Connection(int(sys.argv[2])))
