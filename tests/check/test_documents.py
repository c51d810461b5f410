"""The page for makers says what the command does."""

from argparse import ArgumentParser
import os
from pathlib import Path
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from stack.broker import Broker

from mqtt_ota_check.bench import Limits
from mqtt_ota_check.catalogue import CASES
from mqtt_ota_check.command import add_parser
from tests.documents import Claim, code_spans, runs, table

from .rig import Plug, reference_device

DOCUMENT = "docs/check-device.md"
DEVICE = "weather_kitchen"
OF_THE_TEST = " --quiet-seconds 0.5 --case good-package --case qos-0"


def test_cases() -> None:
    """The table has every case in order, with the same words as the command."""
    assert table(DOCUMENT, "Cases") == [
        [f"`{case.name}`", case.title, case.expected] for case in CASES
    ]


def test_options() -> None:
    """The table has every option, and the patience that is documented."""
    parser = ArgumentParser(add_help=False)
    add_parser(parser)
    rows = table(DOCUMENT, "Options")
    documented = [option for row in rows for option in code_spans(row[0])]
    known = [option for action in parser._actions for option in action.option_strings]
    assert sorted(documented) == sorted(known)
    defaults = {row[0].strip("`"): row[2] for row in rows}
    limits = Limits()
    for name in ("answer", "idle", "quiet"):
        assert float(defaults[f"--{name}-seconds"]) == getattr(limits, name)


@pytest.mark.e2e
@runs(DOCUMENT, "mqtt-ota check-device --broker")
def test_command(claim: Claim, broker: Broker, tmp_path: Path) -> None:
    """What a maker types goes to and fro between two images and writes the results."""
    for version in ("1.4.0", "1.5.0"):
        (tmp_path / f"weather-{version}.bin").write_bytes(version.encode() * 9000)
    plug = Plug(reference_device(broker, tmp_path / "flash", device_id=DEVICE))
    plug.insert()
    broker.wait_for_subscriber(f"$oc/devices/{DEVICE}/sys/events/down")
    text = claim.block().text.replace("192.168.1.10", f"127.0.0.1:{broker.port}")
    try:
        done = subprocess.run(
            ["bash", "-euc", text.rstrip() + OF_THE_TEST],
            cwd=tmp_path,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            check=False,
            capture_output=True,
            text=True,
            timeout=50,
        )
    finally:
        plug.pull()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed, 0 failed, 0 skipped" in done.stdout
    results = ET.parse(tmp_path / "results.xml").getroot()  # noqa: S314 - written just now
    assert [case.attrib["name"] for case in results] == ["version-query", "good-package", "qos-0"]
