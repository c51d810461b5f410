"""The interface of MicroPython's umqtt.simple, which boards install with mip; MQTT 3.1.1.

Run by MicroPython on Linux only, for tests of the example.
"""

import socket
import struct


class MQTTException(Exception):
    """The broker refuses; holds its code."""


class MQTTClient:
    """A client that blocks, but for `check_msg`."""

    def __init__(self, client_id, server, port=0, user=None, password=None, keepalive=0, ssl=None):
        self._id = client_id
        self._address = (server, port or 1883)
        self._login = (user, password)
        self._keepalive = keepalive
        self._pid = 0

    def set_callback(self, callback):
        """Choose who gets the messages."""
        self._callback = callback

    def connect(self, clean_session=True):
        """Connect and log in."""
        self.sock = socket.socket()
        self.sock.connect(socket.getaddrinfo(*self._address)[0][-1])
        user, password = self._login
        flags = (2 if clean_session else 0) | (0xC0 if user else 0)
        head = _text("MQTT") + bytes((4, flags)) + struct.pack("!H", self._keepalive)
        login = _text(user) + _text(password) if user else b""
        self._send(0x10, head + _text(self._id) + login)
        answer = self._read(4)
        if answer[3]:
            raise MQTTException(answer[3])

    def subscribe(self, topic, qos=0):
        """Subscribe, and wait for the broker's word."""
        self._pid += 1
        self._send(0x82, struct.pack("!H", self._pid) + _text(topic) + bytes((qos,)))
        while self.wait_msg() != 0x90:
            pass

    def publish(self, topic, msg, retain=False, qos=0):
        """Publish; with QoS 1 wait for the broker's word."""
        self._pid += 1
        pid = struct.pack("!H", self._pid) if qos else b""
        self._send(0x30 | qos << 1 | retain, _text(topic) + pid + msg)
        while qos and self.wait_msg() != 0x40:
            pass

    def ping(self):
        """Show the broker that we live."""
        self._send(0xC0, b"")

    def check_msg(self):
        """Take a packet if there is one."""
        self.sock.setblocking(False)
        first = self.sock.read(1)
        self.sock.setblocking(True)
        return None if first is None else self._take(first)

    def wait_msg(self):
        """Take the next packet, whatever it is, and return its type."""
        return self._take(self.sock.read(1))

    def _take(self, first):
        """Read the rest of a packet and do what it wants."""
        if not first:
            raise OSError(-1)
        length = shift = 0
        while True:
            byte = self._read(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        body = self._read(length)
        kind = first[0] & 0xF0
        if kind == 0x30:
            end = 2 + struct.unpack("!H", body[:2])[0]
            qos = first[0] & 6
            self._callback(body[2:end], body[end + 2 if qos else end :])
            if qos:
                self._send(0x40, body[end : end + 2])
        return kind

    def _read(self, count):
        """Read so many bytes."""
        data = self.sock.read(count) if count else b""
        if len(data) < count:
            raise OSError(-1)
        return data

    def _send(self, kind, body):
        """Send one packet."""
        head = bytearray((kind,))
        length = len(body)
        while length > 0x7F:
            head.append(length & 0x7F | 0x80)
            length >>= 7
        head.append(length)
        self.sock.write(bytes(head) + body)


def _text(value):
    """Return a text with its length before it."""
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("!H", len(data)) + data
