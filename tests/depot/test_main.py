"""The command line: each command loads what it needs, and nothing else."""

import subprocess
import sys

import pytest

LIST_MODULES = """
import sys
from mqtt_ota_depot.__main__ import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("loaded", *{name.partition(".")[0] for name in sys.modules})
"""


def loaded(*arguments: str) -> tuple[str, set[str]]:
    """Return what a command prints, and the packages that it loads for it."""
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    printed, _, names = done.stdout.rpartition("loaded ")
    return printed, set(names.split())


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "says", "spared"),
    [
        (["--help"], "check-device", {"aiohttp", "sqlalchemy", "paho", "rich"}),
        (["upload", "--help"], "--depot", {"sqlalchemy", "alembic", "paho"}),
        (["check-device", "--help"], "--broker", {"sqlalchemy", "alembic"}),
        (["serve", "--help"], "--data-dir", {"paho", "rich"}),
    ],
)
def test_a_command_does_not_wait_for_what_others_need(
    arguments: list[str], says: str, spared: set[str]
) -> None:
    """A small machine takes seconds to load them all."""
    printed, names = loaded(*arguments)
    assert says in printed
    assert "mqtt_ota_depot" in names
    assert not spared & names
