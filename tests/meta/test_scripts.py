"""The scripts: they work from anywhere, are quick when there is nothing to do, and say what is wrong."""

import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.meta.files import ROOT, lines_of, repository_files

SCRIPTS = [
    "script/setup",
    "script/test",
    "script/lint",
    "script/translations",
    "script/failure-causes",
    ".ci/run",
]


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end with a small environment of its own."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(cwd), **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )


def bash_function(call: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Call a function of the shell libraries."""
    sources = 'set -euo pipefail; . "$0/script/lib.sh"; . "$0/script/python.sh"; '
    return run("bash", "-c", sources + call, root, cwd=root)


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_strict(name: str) -> None:
    """A script can be run, and stops at the first failing command."""
    script = ROOT / name
    assert script.stat().st_mode & 0o111
    lines = lines_of(script)
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines


def test_only_runnable_files_have_a_shebang() -> None:
    """A file that names its interpreter can be run, and the other way round."""
    wrong = [
        str(file.relative_to(ROOT))
        for file in repository_files()
        if file.read_bytes()[:2] == b"#!" and not file.stat().st_mode & 0o111
    ]
    assert wrong == []


def test_second_setup_is_quick(tmp_path: Path) -> None:
    """Every script begins with it, from whatever directory."""
    start = time.monotonic()
    done = run(ROOT / "script/setup", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Setting up" not in done.stdout
    assert time.monotonic() - start < 5
    assert list(tmp_path.iterdir()) == []


def test_unknown_argument(tmp_path: Path) -> None:
    """A slip of the finger changes nothing and is answered with what is possible."""
    done = run(ROOT / "script/setup", "--agian", cwd=tmp_path)
    assert done.returncode == 1
    assert "--agian" in done.stderr
    assert "What to do: " in done.stderr
    assert "\x1b" not in done.stderr


def test_no_python_to_be_had(tmp_path: Path) -> None:
    """Without any way to a fitting Python, set-up ends with what to install."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in (
        "bash",
        "cat",
        "dirname",
        "flock",
        "grep",
        "id",
        "mkdir",
        "rm",
        "sed",
        "sha256sum",
    ):
        found = shutil.which(tool)
        assert found is not None
        (tools / tool).symlink_to(found)
    checkout = copy_of_scripts(tmp_path)
    done = run(checkout / "script/setup", cwd=tmp_path, PATH=str(tools))
    assert done.returncode == 1
    assert "No Python 3.14.2 or newer" in done.stderr
    assert "install Python 3.14" in done.stderr.splitlines()[-1]
    assert not (checkout / ".venv").exists()


def copy_of_scripts(folder: Path) -> Path:
    """Return a checkout that holds only what setup reads."""
    checkout = folder / "checkout"
    (checkout / "addon").mkdir(parents=True)
    shutil.copy(ROOT / "addon/pyproject.toml", checkout / "addon")
    shutil.copytree(ROOT / "script", checkout / "script")
    for path in ROOT.glob("requirements*.txt"):
        shutil.copy(path, checkout)
    return checkout


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """Return a folder in the system's place, whose apt-get and systemctl note their calls."""
    (tmp_path / "systemd").mkdir()
    for name, action in (("apt-get", '. "$SYSTEM/action"'), ("systemctl", "")):
        tool = tmp_path / name
        tool.write_text(f'#!/bin/sh\necho {name} "$@" >>"$SYSTEM/calls"\n{action}\n')
        tool.chmod(0o755)
    (tmp_path / "action").write_text('test -x "$SYSTEM/policy"\n')
    setup = tmp_path / "script/setup"
    shutil.copytree(ROOT / "script", setup.parent)
    setup.write_text(
        setup.read_text()
        .removesuffix('main "$@"\n')
        .replace("/usr/sbin/policy-rc.d", f"{tmp_path}/policy")
        .replace("/run/systemd/system", f"{tmp_path}/systemd")
    )
    return tmp_path


INSTALL = "without_starting_services apt_install"


def installation(system: Path, *packages: str) -> subprocess.Popen[str]:
    """Begin to install packages the way set-up does, in a process group of its own."""
    # Whoever runs the tests may ignore signals, which a shell could not trap then.
    signals = ["env", "--default-signal=HUP,INT,TERM"]
    return subprocess.Popen(
        [*signals, "bash", "-c", f'. "$0/script/setup"; {INSTALL} "$@"', system, *packages],
        env={"PATH": f"{system}:/usr/bin:/bin", "SYSTEM": str(system)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("packages", "disables"), [(["curl", "mosquitto"], True), (["curl"], False)]
)
def test_only_a_new_mosquitto_is_kept_from_starting(
    system: Path, packages: list[str], disables: bool
) -> None:
    """A broker that was there before belongs to the machine's owner."""
    with installation(system, *packages) as done:
        output, _ = done.communicate(timeout=10)
    assert done.returncode == 0, output
    calls = lines_of(system / "calls")
    assert calls[0].endswith(" ".join(["install", *packages]))
    assert calls[1:] == ["systemctl disable --quiet mosquitto.service"] * disables
    assert not (system / "policy").exists()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_installation_leaves_no_policy(system: Path, number: signal.Signals) -> None:
    """Otherwise no service of the machine would ever be started by an installation again."""
    (system / "action").write_text('echo >"$SYSTEM/begun"; exec sleep 20\n')
    with installation(system, "curl") as interrupted:
        deadline = time.monotonic() + 10
        while not (system / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert (system / "policy").exists()
        os.killpg(interrupted.pid, number)
        interrupted.communicate(timeout=10)
    assert interrupted.returncode != 0
    assert not (system / "policy").exists()


def test_sources_in_the_older_form(tmp_path: Path) -> None:
    """One-line package sources become stanzas, with the key that they are signed by."""
    source = tmp_path / "some.list"
    source.write_text(
        "# deb http://old.example/debian bookworm main\n"
        "deb http://a.example/debian bookworm main contrib\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://b.example/debian bookworm-updates main\n"
        "deb-src http://a.example/debian bookworm main\n"
    )
    assert bash_function(f"stanzas_from_list {source}").stdout == (
        "Types: deb\nURIs: http://a.example/debian\nSuites: bookworm\n"
        "Components: main contrib\n\n"
        "Types: deb\nURIs: http://b.example/debian\nSuites: bookworm-updates\n"
        "Components: main\nSigned-By: /k.gpg\n\n"
    )


@pytest.mark.parametrize(
    ("version", "fits"),
    [("3.14.2", True), ("3.14.10", True), ("3.14.1", False), ("3.13.9", False), ("3.15.0", False)],
)
def test_which_python_fits(tmp_path: Path, version: str, fits: bool) -> None:
    """Home Assistant's first fitting release or a later one of the same series."""
    python = tmp_path / "python"
    info = tuple(map(int, version.split(".")))
    python.write_text(
        "#!/usr/bin/env bash\n"
        f'exec {sys.executable} -c "import sys; sys.version_info = {info}; exec(sys.argv[1])" "$2"\n'
    )
    python.chmod(0o755)
    assert (bash_function(f"python_fits {python}").returncode == 0) is fits
