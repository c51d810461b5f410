"""wrk: many connections that ask as fast as they are answered."""

from dataclasses import dataclass
import json
import os
from pathlib import Path
import shutil
import subprocess

from stack.errors import MissingPartError, StackError

from .machine import CLIENT_CORE, on_core

_SCRIPT = Path(__file__).with_name("wrk.lua")
_MARK = "RESULT "


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What is asked of a server; a range of 0 bytes asks for the whole."""

    url: str
    token: str
    size: int
    range_size: int
    connections: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a server answered; times in milliseconds."""

    requests: int
    requests_per_second: float
    p50: float
    p99: float


def run(load: Load, seconds: int) -> Result:
    """Load a server; raises StackError when a single request fails."""
    program = shutil.which("wrk")
    if program is None:
        raise MissingPartError("wrk is missing. On Debian: sudo apt-get install wrk")
    command = [*on_core(CLIENT_CORE), program, "-t1", f"-c{load.connections}", f"-d{seconds}s"]
    command += ["--timeout", "20s", "-s", str(_SCRIPT), load.url]
    settings = {
        "BENCH_TOKEN": load.token,
        "BENCH_SIZE": str(load.size),
        "BENCH_RANGE": str(load.range_size),
    }
    done = subprocess.run(
        command,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    line = next((line for line in done.stdout.splitlines() if line.startswith(_MARK)), None)
    if done.returncode or line is None:
        raise StackError(f"wrk failed for {load.url}:\n{done.stdout}{done.stderr}")
    found = json.loads(line.removeprefix(_MARK))
    if found["failed"]:
        raise StackError(f"{found['failed']} of {found['requests']} requests to {load.url} failed")
    return Result(
        requests=found["requests"],
        requests_per_second=found["requests"] / found["seconds"],
        p50=found["p50_ms"],
        p99=found["p99_ms"],
    )
