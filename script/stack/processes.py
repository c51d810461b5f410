"""Child processes that log to a file and never outlive the program which started them."""

from collections.abc import Callable, Mapping, Sequence
import ctypes
import os
from pathlib import Path
import signal
import subprocess
import sys
from types import TracebackType
from typing import Self

from .errors import NotInTimeError, PartFailedError, tail, wait_until

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 15.0
# Looked up before any fork: a child must not import between fork and exec.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Process:
    """One child in a process group of its own."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Remember how the child is started."""
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._folder = folder
        self._environment = {**os.environ, **(environment or {})}
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def __enter__(self) -> Self:
        """Start the child."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the child."""
        self.stop()

    @property
    def pid(self) -> int:
        """Return the process id of the running child."""
        if self._child is None:
            raise PartFailedError(self.name, "is not running", self.log)
        return self._child.pid

    @property
    def running(self) -> bool:
        """Return whether the child lives."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start the child; its output is added to its log."""
        parent = os.getpid()
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._child = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Safe beside threads: it makes two system calls and takes no lock.
                preexec_fn=lambda: _die_with(parent),  # noqa: PLW1509
            )

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End the child politely, then by force; a child that has ended is left alone."""
        if self.running:
            self._signal(signal.SIGTERM)
            try:
                self._reap(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self._child = None

    def kill(self) -> None:
        """End the child and its own children at once, as `kill -9` does."""
        self._signal(signal.SIGKILL)
        self._reap(STOP_SECONDS)
        self._child = None

    def wait(self, seconds: float) -> int:
        """Return the exit code of a child that ends by itself."""
        return self._reap(seconds)

    def wait_until[T](self, probe: Callable[[], T | None], what: str, seconds: float) -> T:
        """Return the probe's first truthy answer, or raise as soon as the child ends."""

        def probe_living_child() -> T | None:
            self.check_running()
            return probe()

        try:
            return wait_until(probe_living_child, what, seconds)
        except NotInTimeError as err:
            raise PartFailedError(self.name, str(err), self.log) from err

    def check_running(self) -> None:
        """Raise where the child has ended by itself."""
        if not self.running:
            code = self._child.returncode if self._child else None
            raise PartFailedError(self.name, f"ended with code {code}", self.log)

    def log_tail(self, lines: int = 25) -> str:
        """Return the last lines that the child wrote."""
        return tail(self.log, lines)

    def log_since_start(self) -> str:
        """Return what the child has written since its last start."""
        return self.log.read_bytes()[self._log_start :].decode(errors="replace")

    def _reap(self, seconds: float) -> int:
        """Wait for the child's end."""
        if self._child is None:
            raise PartFailedError(self.name, "is not running", self.log)
        return self._child.wait(seconds)

    def _signal(self, number: signal.Signals) -> None:
        """Signal the whole process group, which a child's own children belong to."""
        if self._child is None or self._child.returncode is not None:
            return
        os.killpg(self._child.pid, number)


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends, however that happens."""
    if _LIBC is None:
        return
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
