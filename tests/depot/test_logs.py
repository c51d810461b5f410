"""What never gets into a log."""

import logging
import sys

import pytest
from yarl import URL

from mqtt_ota_depot.logs import RedactingFormatter

from .rig import KEY, Rig


@pytest.mark.parametrize(
    "message",
    ["GET /p/1?token=SECRET HTTP/1.1", "x?a=1&token=SECRET&b=2", "Authorization: Bearer SECRET",
     "authorization:bearer SECRET'", "Basic SECRET", b"Bearer SECRET"],
)  # fmt: skip
def test_secrets_are_taken_out(message: object) -> None:
    """Whatever a library logs, tokens and keys are replaced."""
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%s", (message,), None)
    assert "SECRET" not in RedactingFormatter().format(record)
    assert "***" in RedactingFormatter().format(record)


def test_tracebacks_are_redacted_too() -> None:
    """An exception may quote a request."""
    try:
        int("bad line: GET /p/1?token=SECRET")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), sys.exc_info())
    assert "SECRET" not in RedactingFormatter().format(record)


async def test_a_path_forges_no_line(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """Nor does it hide a token from the formatter that takes it out."""
    caplog.set_level(logging.DEBUG)
    url = URL(f"{rig.url}/x%0Aforged%3Ftoken%3DSECRET", encoded=True)
    async with rig.session.get(url) as response:
        assert response.status == 404
    await rig.api("GET", "/info")
    own = [record for record in caplog.records if record.name == "mqtt_ota_depot.access"]
    lines = [RedactingFormatter().format(record) for record in own]
    assert any("GET /x\\nforged?token=*** 404" in line for line in lines)
    assert not any("\nforged" in line for line in lines)


async def test_requests_are_logged_without_their_query(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """The access log has paths, never tokens or keys."""
    caplog.set_level(logging.DEBUG)
    grant = await rig.grant(await rig.package())
    async with rig.session.get(f"{grant['url']}?token={grant['token']}") as response:
        assert response.status == 200
        await response.read()
    # A request is logged after its answer; the next one on the connection comes after that.
    await rig.api("GET", "/info")
    own = [record for record in caplog.records if record.name.startswith("mqtt_ota_depot")]
    text = "\n".join(record.getMessage() for record in own)
    assert grant["url"][-19:] in text
    assert grant["token"] not in text
    assert KEY not in text
