"""The reference device's command line: what it refuses, and the Python it keeps to."""

import ast
from pathlib import Path

import pytest

from reference_device.command_line import main

from .conftest import EXAMPLES


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--device-id", "x"], "--firmware, --software or both"),
        (["--device-id", "a/b", "--firmware", "1"], "printable characters without"),
        (["--device-id", "x", "--firmware", "1", "--throttle", "0"], "above 0"),
        (["--device-id", "x", "--firmware", "1", "--port", "65536"], "1 to 65535"),
        (["--device-id", "x", "--firmware", "1", "--reboot-seconds", "nan"], "from 0 to"),
        (["--device-id", "x", "--firmware", "1", "--fail-code", "0"], "one of 1, 2"),
        (["--device-id", "x", "--firmware", "1", "--topic-prefix", "#"], "without + #"),
        (["--device-id", "x", "--firmware", ""], "printable ASCII"),
    ],
)
def test_refuses_bad_options(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each bad option is named before anything starts."""
    with pytest.raises(SystemExit) as caught:
        main(options)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ca-file", "/nowhere/ca.pem"], "--ca-file /nowhere/ca.pem holds no usable"),
        (["--ca-file", __file__], "holds no usable certificate"),
        (["--state-dir", "/dev/null/x"], "/dev/null/x"),
    ],
)
def test_unusable_files_end_with_the_cause(
    options: list[str], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be used is named, without a traceback."""
    assert main(["--device-id", "x", "--firmware", "1", *options]) == 1
    assert message in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("file", sorted((EXAMPLES / "reference_device").glob("*.py")))
def test_keeps_to_the_oldest_python_it_promises(file: Path) -> None:
    """Makers have Python 3.11; newer syntax must not slip in."""
    ast.parse(file.read_text(), feature_version=(3, 11))
