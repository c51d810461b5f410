"""Options are checked before anything is sent."""

from argparse import ArgumentParser

import pytest

from mqtt_ota_simulate.command import add_parser
from mqtt_ota_simulate.fault import Fault
from mqtt_ota_simulate.options import Options, read_options
from mqtt_ota_simulate.personality import PERSONALITIES
from mqtt_ota_tools.options import OptionsError
from mqtt_ota_tools.protocol import Kind


def options(*arguments: str) -> Options:
    """Return the options of a command line."""
    parser = ArgumentParser()
    add_parser(parser)
    return read_options(parser.parse_args(arguments))


def test_defaults() -> None:
    """Without any option there is one well-behaved device with firmware."""
    found = options()
    (role,) = found.roles
    assert (role.device_id, role.personality, role.fault) == ("simulated_sim1", "plain", None)
    assert found.versions == {Kind.FIRMWARE: "1.0.0"}
    assert (found.rate, found.restart_seconds) == (None, 2.0)
    assert (found.broker.host, found.broker.port) == ("127.0.0.1", 1883)


def test_all() -> None:
    """Everything that is given counts."""
    found = options(
        *("--count", "10", "--model", "weather", "--software", "7", "--personality", "mixed"),
        *("--fault", "cut=20", "--fault", "silent=10", "--seed", "5", "--cells", "2"),
        *("--rate", "20000", "--restart-seconds", "0.5", "--depot-insecure"),
    )
    assert [role.device_id for role in found.roles[:2]] == ["weather_sim1", "weather_sim2"]
    assert {role.personality for role in found.roles} == set(PERSONALITIES)
    faults = [role.fault for role in found.roles]
    assert (faults.count(Fault.CUT), faults.count(Fault.SILENT), faults.count(None)) == (2, 1, 7)
    assert {role.cell for role in found.roles} == {"cell-1", "cell-2"}
    assert found.versions == {Kind.SOFTWARE: "7"}
    assert (found.rate, found.restart_seconds) == (20_000, 0.5)
    assert found.depot.check_hostname is False


def test_one_device_by_its_id() -> None:
    """It may be any id of the protocol."""
    (role,) = options("--device-id", "weather kitchen").roles
    assert role.device_id == "weather kitchen"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "0"], "--count must be 1 to 10000"),
        (["--count", "10001"], "--count must be 1 to 10000"),
        (["--count", "2", "--device-id", "a"], "--device-id is for one device"),
        (["--device-id", "a/b"], "--device-id: 'a/b' must be"),
        (["--model", "a+"], "--model: 'a[+]_sim1' must be"),
        (["--firmware", ""], "--firmware must be 1 to 256"),
        (["--software", "1\n"], "--software must be 1 to 256"),
        (["--fault", "tired"], "--fault: there is no fault 'tired'"),
        (["--fault", "cut", "--fault", "silent"], "--fault: the shares are more than 100 %"),
        (["--cells", "-1"], "--cells must be 0 to"),
        (["--rate", "0"], "--rate must be 1 to"),
        (["--restart-seconds", "nan"], "--restart-seconds must be 0 to"),
        (["--depot-ca-file", "/none"], "--depot-ca-file /none holds no usable certificate"),
        (["--ca-file", "/none"], "--ca-file /none holds no usable certificate"),
        (["--broker", "http://x"], "--broker must be mqtt"),
    ],
)
def test_slips(arguments: list[str], message: str) -> None:
    """Each is answered with what would be right."""
    with pytest.raises(OptionsError, match=message):
        options(*arguments)
