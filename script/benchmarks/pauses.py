"""How long an event loop was deaf."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import gc
import time
from typing import Any, Final

_TICK: Final = 0.001


@dataclass(slots=True)
class Pauses:
    """The longest pause in seconds, with the collection of garbage that fell into it and without.

    A collection walks through all that the process holds, whoever made it. `computing` is the
    most that was computed between two looks: on a busy machine only that says something of us.
    `seconds` is how long was watched, `computed` how much of it the loop's thread worked.
    """

    longest: float = 0.0
    without_collection: float = 0.0
    computing: float = 0.0
    collecting: float = 0.0
    seconds: float = 0.0
    computed: float = 0.0
    _collected: float = field(default=0.0, repr=False)
    _collection_began: float = field(default=0.0, repr=False)

    def note_collection(self, phase: str, _info: dict[str, Any]) -> None:
        """Time the collection of garbage, which stops everything."""
        now = time.perf_counter()
        if phase == "start":
            self._collection_began = now
        else:
            self.collecting = max(self.collecting, now - self._collection_began)
            self._collected += now - self._collection_began

    async def watch(self) -> None:
        """Look every millisecond how late it has become."""
        while True:
            began, computed, self._collected = time.perf_counter(), time.thread_time(), 0.0
            await asyncio.sleep(_TICK)
            late = time.perf_counter() - began - _TICK
            self.longest = max(self.longest, late)
            self.without_collection = max(self.without_collection, late - self._collected)
            self.computing = max(self.computing, time.thread_time() - computed)


@contextmanager
def watching_pauses() -> Iterator[Pauses]:
    """Watch the running loop while the block runs."""
    pauses, began, computed = Pauses(), time.perf_counter(), time.thread_time()
    watch = asyncio.get_running_loop().create_task(pauses.watch())
    gc.callbacks.append(pauses.note_collection)
    try:
        yield pauses
    finally:
        gc.callbacks.remove(pauses.note_collection)
        watch.cancel()
        pauses.seconds = time.perf_counter() - began
        pauses.computed = time.thread_time() - computed
