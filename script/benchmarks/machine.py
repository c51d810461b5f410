"""The machine: which core does what, and whether anybody else is at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import platform
import re
import time

# One core for the servers, one for what loads them: neither disturbs the other.
SERVER_CORE = 0
CLIENT_CORE = 1
QUIET_CORES = 0.15
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class ForeignLoad:
    """How many cores programs outside of a measurement used, at most."""

    cores: float = 0.0

    @property
    def is_quiet(self) -> bool:
        """Return whether the measurement was as good as alone."""
        return self.cores <= QUIET_CORES


def on_core(core: int) -> list[str]:
    """Return the beginning of a command that runs on one core."""
    return ["taskset", "--cpu-list", str(core)]


def pin_client() -> None:
    """Keep this process and its children off the servers' core."""
    os.sched_setaffinity(0, {CLIENT_CORE})


def process_tree(pid: int) -> list[int]:
    """Return a process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(found for child in children for found in process_tree(int(child)))]


def memory(pid: int) -> int:
    """Return the resident memory of a process and its descendants, in bytes."""
    return sum(_status_bytes(member, "VmRSS") for member in process_tree(pid))


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and its descendants so far."""
    return sum(_cpu_ticks(member) for member in process_tree(pid)) / _TICKS


@contextmanager
def watching_others(load: ForeignLoad, own: list[int]) -> Iterator[None]:
    """Note how many cores everybody but `own` and us used while the block ran."""
    watched = [os.getpid(), *own]
    begin, busy, ours = time.monotonic(), _busy_seconds(), _own_seconds(watched)
    yield
    used = (_busy_seconds() - busy) - (_own_seconds(watched) - ours)
    load.cores = max(load.cores, used / (time.monotonic() - begin))


def description() -> str:
    """Return what the figures were measured on."""
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    name = found[1].strip() if found else platform.machine()
    return f"{name}, {os.cpu_count()} cores; Linux {platform.release()}"


def _own_seconds(pids: list[int]) -> float:
    """Return the processor time of some process trees and of their ended children."""
    times = os.times()
    ended = times.children_user + times.children_system
    return ended + sum(cpu_seconds(pid) for pid in pids)


def _busy_seconds() -> float:
    """Return the time that all cores together have worked since the start."""
    first = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
    user, nice, system, _idle, _wait, irq, softirq, *_ = map(int, first.split()[1:])
    return (user + nice + system + irq + softirq) / _TICKS


def _cpu_ticks(pid: int) -> int:
    """Return the processor time of one process in clock ticks; none when it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return 0
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _status_bytes(pid: int, name: str) -> int:
    """Return a size from a process's status."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
