"""Options are checked before anything is sent."""

from argparse import ArgumentParser
from pathlib import Path

import pytest

from mqtt_ota_check.command import add_parser
from mqtt_ota_check.options import Options, read_options
from mqtt_ota_tools.options import OptionsError
from mqtt_ota_tools.protocol import Kind


def options(*arguments: str) -> Options:
    """Return the options of a command line."""
    parser = ArgumentParser()
    add_parser(parser)
    return read_options(parser.parse_args(arguments))


RANDOM = ("--random-size", "4096")


def test_defaults() -> None:
    """Only the device and what to send must be named; downloads are served where the broker is reached from."""
    found = options("--device-id", "kitchen", *RANDOM)
    assert found.kind is Kind.FIRMWARE
    assert (found.broker.host, found.broker.port, found.broker.tls) == ("127.0.0.1", 1883, None)
    assert found.broker.topic_prefix == "$oc/devices"
    assert found.address == found.listen == "127.0.0.1"
    assert found.limits.answer == 180


def test_all(tmp_path: Path) -> None:
    """Everything that is given counts."""
    image = tmp_path / "image.bin"
    image.write_bytes(b"image")
    found = options(
        *("--device-id", "kitchen", "--broker", "mqtts://127.0.0.1", "--insecure"),
        *("--package", f"1.0={image}", "--kind", "software", "--topic-prefix", "home/ota/"),
        *("--address", "192.0.2.1", "--listen", "127.0.0.1", "--quiet-seconds", "2"),
    )
    assert (found.broker.port, found.broker.topic_prefix) == (8883, "home/ota")
    assert found.broker.tls is not None
    assert found.images[0].version == "1.0"
    assert found.images[0].content == b"image"
    assert (found.address, found.listen, found.limits.quiet) == ("192.0.2.1", "127.0.0.1", 2.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--device-id must be 1 to 256"),
        (["--device-id", "a/b"], "without / [+] #"),
        (["--device-id", "a", "--broker", "http://x"], "--broker must be mqtt"),
        (["--device-id", "a", "--broker", "mqtt://u:p@x"], "without user and password"),
        (["--device-id", "a", "--broker", "mqtt://x:99999"], "--broker: .*[Pp]ort"),
        (["--device-id", "a", "--topic-prefix", "a/+"], "without [+] and #"),
        (["--device-id", "a", "--port", "70000"], "--port must be 0 to 65535"),
        (["--device-id", "a", "--random-size", "5"], "--random-size must be 1024 to"),
        (["--device-id", "a", "--idle-seconds", "0"], "--idle-seconds must be above 0"),
        (["--device-id", "a", "--package", "1.0"], "is not VERSION=FILE"),
        (["--device-id", "a", "--package", "1.0=/nowhere"], "--package: .*No such file"),
        (["--device-id", "a", "--certfile", "x"], "belong together"),
        (["--device-id", "a", "--certfile", "x", "--keyfile", "y"], "no certificate with its key"),
        (
            ["--device-id", "a", "--broker", "mqtts://127.0.0.1", "--ca-file", "/nowhere"],
            "holds no usable certificate",
        ),
    ],
)
def test_refused(arguments: list[str], message: str) -> None:
    """A wrong option is named, with what to give instead."""
    with pytest.raises(OptionsError, match=message):
        options(*RANDOM, *arguments)


def test_random_bytes_only_when_asked_for() -> None:
    """A real device is never sent bytes that it cannot run; asking for a version sends none."""
    with pytest.raises(OptionsError, match="--package VERSION=FILE twice"):
        options("--device-id", "a")
    with pytest.raises(OptionsError, match="for a simulated device"):
        options("--device-id", "a", "--case", "version-query", "--case", "cut-50")
    assert options("--device-id", "a", "--case", "version-query").random_size is None


def test_packages_differ(tmp_path: Path) -> None:
    """Two packages of one version cannot follow each other; an empty one is none."""
    image = tmp_path / "image.bin"
    image.write_bytes(b"image")
    with pytest.raises(OptionsError, match="a version of its own"):
        options(*["--package", f"1={image}"] * 2, "--device-id", "a")
    image.write_bytes(b"")
    with pytest.raises(OptionsError, match="is empty"):
        options("--package", f"1={image}", "--device-id", "a")
