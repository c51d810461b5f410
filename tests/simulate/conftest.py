"""A real broker and real sockets on 127.0.0.1 for the devices."""

from tests.check.conftest import _real_sockets, broker

__all__ = ["_real_sockets", "broker"]
