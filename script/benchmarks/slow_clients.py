"""Many devices that fetch slowly over TLS, each through a small window, and one that is quick.

Runs as a process of its own, so that its memory and its work are not the benchmark's.
"""

from dataclasses import dataclass
import heapq
import json
import multiprocessing
import socket
import ssl
import sys
import time
from urllib.parse import urlsplit

from .machine import pin_client

# What lwIP, the network stack of most small devices, offers.
_RECEIVE_BUFFER = 8 * 1024
_SEGMENT = 1440
_PAUSE = 0.25
_PROBE_PAUSE = 0.02
_PROBE_RANGE = 4096


@dataclass(slots=True)
class _Client:
    """One slow device."""

    connection: ssl.SSLSocket
    received: int = 0
    failed: bool = False

    def take(self, allowed: int) -> None:
        """Read what may have been read by now."""
        while not self.failed and self.received < allowed:
            try:
                piece = self.connection.recv(min(allowed - self.received, 16 * 1024))
            except ssl.SSLWantReadError:
                return
            except OSError:
                self.failed = True
                return
            self.failed = not piece
            self.received += len(piece)


def main() -> None:
    """Load the server of the first argument, a JSON object; print what came of it as JSON."""
    pin_client()
    wanted = json.loads(sys.argv[1])
    context = ssl.create_default_context(cafile=wanted["ca_file"])
    clients = [_open(wanted, context) for _ in range(wanted["clients"])]
    receiving, sending = multiprocessing.Pipe(duplex=False)
    probe = multiprocessing.Process(target=_probe, args=(wanted, sending))
    probe.start()
    # Whoever measures the server's memory does it while everybody is connected.
    print(json.dumps({"connected": len(clients)}), flush=True)
    elapsed = _read_slowly(clients, wanted["rate"], wanted["seconds"])
    latencies = receiving.recv()
    probe.join()
    rates = sorted(client.received / elapsed for client in clients)
    result = {
        "failed": sum(client.failed for client in clients),
        "slowest_rate": rates[0],
        "median_rate": rates[len(rates) // 2],
        "probe_p50_ms": _percentile(latencies, 0.5),
        "probe_p99_ms": _percentile(latencies, 0.99),
        "probe_requests": len(latencies),
    }
    print(json.dumps(result), flush=True)


def _open(wanted: dict[str, str], context: ssl.SSLContext) -> _Client:
    """Connect a slow device and ask for the whole package."""
    parts = urlsplit(wanted["url"])
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
    plain.settimeout(30)
    plain.connect((parts.hostname, parts.port))
    connection = context.wrap_socket(plain, server_hostname=parts.hostname)
    connection.sendall(_request(wanted["url"], wanted["token"]))
    connection.setblocking(False)
    return _Client(connection=connection)


def _read_slowly(clients: list[_Client], rate: float, seconds: float) -> float:
    """Read from all of them at their rate; return for how long."""
    begin = time.monotonic()
    spread = _PAUSE / len(clients)
    turns = [(begin + number * spread, number) for number in range(len(clients))]
    while (now := time.monotonic()) < begin + seconds:
        due, number = turns[0]
        if due > now:
            time.sleep(min(due - now, 0.005))
            continue
        clients[number].take(int((now - begin) * rate))
        heapq.heapreplace(turns, (max(due + _PAUSE, now), number))
    elapsed = time.monotonic() - begin
    for client in clients:
        client.take(int(elapsed * rate))
    return elapsed


def _probe(wanted: dict[str, float], sending: multiprocessing.connection.Connection) -> None:
    """Ask for a small range now and then; send how long each answer took, in milliseconds."""
    url = str(wanted["url"])
    parts = urlsplit(url)
    context = ssl.create_default_context(cafile=str(wanted["ca_file"]))
    request = _request(url, str(wanted["token"]), f"bytes=0-{_PROBE_RANGE - 1}")
    latencies = []
    with (
        socket.create_connection((parts.hostname, parts.port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname=parts.hostname) as connection,
    ):
        end = time.monotonic() + wanted["seconds"]
        while (begin := time.monotonic()) < end:
            connection.sendall(request)
            _read_answer(connection)
            latencies.append((time.monotonic() - begin) * 1e3)
            time.sleep(_PROBE_PAUSE)
    sending.send(latencies)


def _read_answer(connection: ssl.SSLSocket) -> None:
    """Read one small range to its end."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    rest = _PROBE_RANGE - len(received.partition(b"\r\n\r\n")[2])
    while rest > 0:
        rest -= len(_some(connection))


def _some(connection: ssl.SSLSocket) -> bytes:
    """Return what has come; raises ConnectionError at the end."""
    piece = connection.recv(16 * 1024)
    if not piece:
        raise ConnectionError("the server closed the connection")
    return piece


def _request(url: str, token: str, range_: str | None = None) -> bytes:
    """Return a request for the package, or for a range of it."""
    parts = urlsplit(url)
    wanted = "" if range_ is None else f"Range: {range_}\r\n"
    return (
        f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {token}\r\n{wanted}\r\n"
    ).encode()


def _percentile(values: list[float], share: float) -> float:
    """Return the value that a share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


if __name__ == "__main__":
    main()
