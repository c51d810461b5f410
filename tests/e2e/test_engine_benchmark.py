"""The benchmark of the integration, in a form so small that its figures mean nothing."""

import subprocess
import sys
from unittest.mock import patch

from benchmarks import engine
from benchmarks.report import Figure, Target
import pytest
from stack.places import CHECKOUT


def figures(pause: float) -> list[Figure]:
    """Return what was measured, with a pause in milliseconds."""
    target = Target(bound=50, at_least=False)
    return [Figure(name="longest pause", values=[pause], unit="ms", targets=[target])]


@pytest.mark.parametrize(
    ("arguments", "pause", "code"),
    [(["--check"], 49.0, 0), (["--check"], 51.0, 1), ([], 51.0, 0)],
)
def test_missed_target(
    capsys: pytest.CaptureFixture[str], arguments: list[str], pause: float, code: int
) -> None:
    """It is named, and is an error only when asked to check."""
    with (
        patch.object(engine, "_measure", return_value=figures(pause)),
        patch.object(sys, "argv", ["engine", *arguments]),
    ):
        assert engine.main() == code
    assert ("Missed: longest pause" in capsys.readouterr().out) == (pause > 50)


@pytest.mark.e2e
@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("own_programs")
def test_few_devices() -> None:
    """Real homes start, meet their devices and are compared: every figure is there."""
    done = subprocess.run(
        [CHECKOUT / "script" / "bench", "engine", "--devices", "20"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "20 devices" in done.stdout
    for name in ("start of an empty home", "memory of an idle device", "messages", "longest pause"):
        assert name in done.stdout
