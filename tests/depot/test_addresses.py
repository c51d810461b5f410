"""The address under which devices reach the depot."""

import socket
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest
from yarl import URL

from mqtt_ota_depot import addresses, supervisor
from mqtt_ota_depot.addresses import device_url, first_address

ANYWHERE = "0.0.0.0"  # noqa: S104  (nothing is bound to it here)


@pytest.mark.parametrize(
    ("configured", "host", "tls", "expected"),
    [
        ("https://depot.example", ANYWHERE, True, "https://depot.example:443"),
        ("http://10.0.0.1:8000/", ANYWHERE, True, "http://10.0.0.1:8000"),
        ("https://[fd00::1]:8443", "::", True, "https://[fd00::1]:8443"),
        (None, "127.0.0.1", True, "https://127.0.0.1:9000"),
        (None, "127.0.0.1", False, "http://127.0.0.1:9000"),
        (None, "fd00::1", True, "https://[fd00::1]:9000"),
        (None, ANYWHERE, True, "https://192.168.1.7:9000"),
        (None, "::", False, "http://192.168.1.7:9000"),
    ],
)
def test_urls_name_a_real_address_and_port(
    monkeypatch: pytest.MonkeyPatch, configured: str | None, host: str, tls: bool, expected: str
) -> None:
    """A URL for devices never has 0.0.0.0 and always a port."""
    monkeypatch.setattr(addresses, "first_address", lambda: "192.168.1.7")
    url = None if configured is None else URL(configured)
    assert device_url(url, host, 9000, tls=tls) == expected


def test_the_machine_around_a_container_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where every address is listened on, and nothing is configured."""
    monkeypatch.setattr(addresses, "first_address", lambda: "172.30.33.2")
    machine = ("192.168.1.7", 8444)
    assert device_url(None, ANYWHERE, 8443, tls=True, machine=machine) == "https://192.168.1.7:8444"
    assert device_url(None, "10.0.0.1", 8443, tls=True, machine=machine) == "https://10.0.0.1:8443"


def test_a_machine_without_network_has_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any address the loopback one is better than none."""
    monkeypatch.setattr(addresses, "first_address", lambda: None)
    assert device_url(None, ANYWHERE, 1, tls=True) == "https://127.0.0.1:1"


class Probe(socket.socket):
    """A socket whose machine has no way out."""

    def connect(self, _address: object) -> None:
        """Find no way."""
        msg = "Network is unreachable"
        raise OSError(msg)


def test_a_machine_without_a_way_out_looks_at_its_interfaces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The address of an interface that is no loopback is taken, and only such."""
    monkeypatch.setattr(addresses.socket, "socket", Probe)
    found = first_address()
    assert found is None or not found.startswith("127.")
    monkeypatch.setattr(
        addresses.fcntl, "ioctl", lambda *_: b"\0" * 20 + socket.inet_aton("10.1.2.3") + b"\0" * 8
    )
    assert first_address() == "10.1.2.3"
    monkeypatch.setattr(
        addresses.fcntl, "ioctl", lambda *_: b"\0" * 20 + socket.inet_aton("127.0.0.1")
    )
    assert first_address() is None


NETWORK: dict[str, Any] = {
    "interfaces": [
        {"connected": False, "primary": True, "ipv4": {"address": ["10.9.9.9/24"]}},
        {"connected": True, "primary": False, "ipv4": {"address": ["10.0.0.5/24"]}},
        {
            "connected": True,
            "primary": True,
            "ipv4": {
                "address": [
                    "127.0.0.1/8",
                    "169.254.3.4/16",
                    "172.30.32.1/23",
                    "192.168.1.7/24",
                    "x",
                ]
            },
        },
        {"connected": True, "ipv4": None},
    ],
    "docker": {"interface": "hassio", "address": "172.30.32.0/23"},
}
HOST = {"hostname": "local-mqtt-ota"}


@pytest.mark.parametrize(
    ("network", "app", "expected"),
    [
        (NETWORK, {**HOST, "network": {"8443/tcp": 8444}}, ("192.168.1.7", 8444)),
        (NETWORK, {**HOST, "network": {"8443/tcp": None}}, ("192.168.1.7", 8443)),
        (NETWORK, {**HOST, "network": None}, ("192.168.1.7", 8443)),
        (NETWORK, {"network": {}}, None),
        ({"interfaces": NETWORK["interfaces"][:1]}, {**HOST, "network": {}}, None),
        ({"interfaces": [{"ipv4": {"address": ["172.30.33.5/23"]}}]}, HOST, None),
        ({"interfaces": []}, {**HOST, "network": {}}, None),
        ({}, {"network": {}}, None),
        ("nonsense", {}, None),
        (NETWORK, None, None),
    ],
)
async def test_the_supervisor_tells_the_machine(
    monkeypatch: pytest.MonkeyPatch, network: Any, app: Any, expected: tuple[str, int] | None
) -> None:
    """The primary interface and the mapped port; anything unexpected is none."""

    async def answer(request: web.Request) -> web.Response:
        """Answer as the Supervisor does."""
        assert request.headers["Authorization"] == "Bearer token"
        data = network if request.path == "/network/info" else app
        if data is None:
            raise web.HTTPForbidden
        return web.json_response({"result": "ok", "data": data})

    application = web.Application()
    application.router.add_get("/network/info", answer)
    application.router.add_get("/addons/self/info", answer)
    async with TestServer(application) as server:
        monkeypatch.setattr(supervisor, "BASE", str(server.make_url("")).rstrip("/"))
        machine = await supervisor.ask_machine("token")
    told = None if machine is None else (machine.address, machine.port(8443))
    assert told == expected
    assert machine is None or machine.hostname == "local-mqtt-ota"


async def test_a_silent_supervisor_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without an answer the depot starts all the same and says what to set."""
    monkeypatch.setattr(supervisor, "BASE", "http://127.0.0.1:9")
    assert await supervisor.ask_machine("token") is None
    assert "set device_url" in caplog.text
