"""Broker and downloads over TLS."""

from pathlib import Path
import ssl
import subprocess

import pytest
from stack.broker import Broker

from mqtt_ota_check.case import Outcome
from mqtt_ota_check.platform import Platform
from mqtt_ota_tools.connection import Broker as BrokerAddress, BrokerError

from .rig import DEVICE_ID, Plug, check, reference_device

pytestmark = pytest.mark.e2e


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Make a certificate of 127.0.0.1 and its key."""
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-out",
            str(paths[0]),
            "-keyout",
            str(paths[1]),
        ],
        check=True,
        capture_output=True,
    )
    return paths


async def test_everything_over_tls(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    """A device that verifies both servers is checked as any other; a stranger is not trusted."""
    certfile, keyfile = certificate
    broker = Broker(tmp_path / "mosquitto")
    with (tmp_path / "mosquitto/mosquitto.conf").open("a") as settings:
        settings.write(f"certfile {certfile}\nkeyfile {keyfile}\n")
    broker.start()
    trust = ssl.create_default_context(cafile=certfile)
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certfile, keyfile)
    plug = Plug(reference_device(broker, tmp_path / "flash", tls=trust))
    try:
        results = await check(["cut-50"], plug, broker, tls=trust, server_tls=served)
        assert {result.verdict.outcome for result in results.values()} == {Outcome.PASSED}
        address = BrokerAddress(
            host="127.0.0.1", port=broker.port, tls=ssl.create_default_context()
        )
        with pytest.raises(BrokerError, match="certificate verify failed"):
            await Platform(address, DEVICE_ID, lambda _: None).connect()
    finally:
        broker.stop()
