"""The options: their sources, and what is wrong with them."""

from argparse import ArgumentParser
import io
from pathlib import Path
import sys

import pytest

from mqtt_ota_upload.errors import OptionsError
from mqtt_ota_upload.options import Options, add_options, read_options
from mqtt_ota_upload.trust import Trust

KEY = "the-api-key-of-the-tests"
FINGERPRINT = "AB:" * 31 + "CD"
ENVIRONMENT = {"MQTT_OTA_DEPOT": "depot.local", "MQTT_OTA_API_KEY": KEY}


def read(*arguments: str, **environment: str) -> Options:
    """Return the options of a command line."""
    parser = ArgumentParser()
    add_options(parser)
    return read_options(parser.parse_args(["a.bin", *arguments]), {**ENVIRONMENT, **environment})


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("192.168.1.10", "https://192.168.1.10:8443"),
        ("https://depot.local", "https://depot.local:8443"),
        ("https://depot.local:443/", "https://depot.local:443"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_the_address(typed: str, url: str) -> None:
    """It is completed as in Home Assistant: https, and the depot's own port."""
    address = read("--depot", typed).address
    assert f"http{'s' * address.tls}://" == url.partition("//")[0] + "//"
    assert address.url.removesuffix(":443") == url.removesuffix(":443")
    assert read(MQTT_OTA_DEPOT=typed).address == address


@pytest.mark.parametrize(
    ("arguments", "environment", "reason"),
    [
        ([], {"MQTT_OTA_DEPOT": ""}, "give the depot's address with --depot https://HOST:PORT"),
        (["--depot", "https://a/page"], {}, "--depot: must be a scheme, a host and a port"),
        (["--depot", "https://me:secret@a"], {}, "--depot: must be a scheme, a host and a port"),
        ([], {"MQTT_OTA_DEPOT": "ftp://a"}, "MQTT_OTA_DEPOT: must be like https://"),
        ([], {"MQTT_OTA_DEPOT": "a b"}, "MQTT_OTA_DEPOT: must be one word"),
        (["--depot", "https://a:99999"], {}, "--depot: "),
        ([], {"MQTT_OTA_API_KEY": " "}, "give the depot's API key in MQTT_OTA_API_KEY, or a file"),
        ([], {"MQTT_OTA_API_KEY": "two words"}, "MQTT_OTA_API_KEY holds no API key"),
        ([], {"MQTT_OTA_API_KEY": "a\nb: c"}, "MQTT_OTA_API_KEY holds no API key"),
        (["--api-key-file", "/absent"], {}, "--api-key-file /absent: No such file"),
        (["--api-key-file", "/dev/zero"], {}, "--api-key-file /dev/zero holds no API key"),
        (["--fingerprint", "AB:CD"], {}, "--fingerprint: must be the 64 hexadecimal digits"),
        (
            [],
            {"MQTT_OTA_FINGERPRINT": FINGERPRINT, "MQTT_OTA_CA_FILE": "ca.pem"},
            "MQTT_OTA_CA_FILE and MQTT_OTA_FINGERPRINT: give one of them",
        ),
        (["--depot", "http://a", "--ca-file", "ca.pem"], {}, "is plain HTTP, which shows no cert"),
        (["b.bin", "--version", "1.0"], {}, "--version is for one file"),
        (["--release-notes", "/absent"], {}, "--release-notes /absent: No such file"),
    ],
)
def test_what_cannot_be_meant(
    arguments: list[str], environment: dict[str, str], reason: str
) -> None:
    """Each error names the option or the variable, and never repeats a key."""
    with pytest.raises(OptionsError) as caught:
        read(*arguments, **environment)
    assert reason in str(caught.value)
    for secret in ("secret", "two words", KEY):
        assert secret not in str(caught.value)


def test_what_is_typed_goes_before_the_environment() -> None:
    """Also where both say whom to trust, in different ways."""
    trust = read("--fingerprint", FINGERPRINT.lower(), MQTT_OTA_CA_FILE="ca.pem").trust
    assert trust == Trust(fingerprint=FINGERPRINT)
    trust = read("--ca-file", "ca.pem", MQTT_OTA_FINGERPRINT=FINGERPRINT).trust
    assert trust == Trust(ca_file=Path("ca.pem"))
    assert read(MQTT_OTA_FINGERPRINT=FINGERPRINT.replace(":", "")).trust == Trust(
        fingerprint=FINGERPRINT
    )
    assert read(MQTT_OTA_FINGERPRINT="", MQTT_OTA_CA_FILE="").trust == Trust()


def test_release_notes_from_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """For notes that another program writes; what is no text is refused."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Größer\n".encode())))
    assert read("--release-notes", "-").wishes.release_notes == "Größer\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff")))
    with pytest.raises(OptionsError, match="--release-notes -: must be text in UTF-8"):
        read("--release-notes", "-")


@pytest.mark.parametrize("arguments", [["--api-key", KEY], [f"--api-key={KEY}"], ["--api-key"]])
def test_a_key_on_the_command_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused, with the reason and without repeating it."""
    with pytest.raises(SystemExit) as ended:
        read(*arguments)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "others on this machine see the command line" in told
    assert KEY not in told


def test_no_option_shows_the_key() -> None:
    """Options can be logged."""
    assert KEY not in repr(read())
