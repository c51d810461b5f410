"""Lets many questions leave one after the other: asked at once, all would answer at once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from random import uniform
from typing import Final

type Job = Callable[[], Awaitable[object]]

_AT_ONCE: Final = 5
# Fifty questions a second
_PAUSE: Final = 0.1


class PacedLine:
    """Questions in line, each only once."""

    def __init__(self, run: Callable[[Coroutine[None, None, None]], object], limit: int) -> None:
        """Remember how to run a job in the background, and how long the line may become."""
        self._run = run
        self._limit = limit
        self._jobs: dict[str, Job] = {}
        self._is_moving = False

    def add(self, question: str, job: Job) -> bool:
        """Queue a question behind the others, once; return False when the line is full."""
        if question not in self._jobs and len(self._jobs) >= self._limit:
            return False
        self._jobs.setdefault(question, job)
        if not self._is_moving:
            self._is_moving = True
            self._run(self._async_move())
        return True

    def remove(self, question: str) -> None:
        """Take a question out of the line, because it is asked at once."""
        self._jobs.pop(question, None)

    async def _async_move(self) -> None:
        """Ask one after the other until nobody waits."""
        try:
            while self._jobs:
                for _ in range(_AT_ONCE):
                    if self._jobs:
                        await self._jobs.pop(next(iter(self._jobs)))()
                await asyncio.sleep(_PAUSE * uniform(0.75, 1.25))  # noqa: S311
        finally:
            self._is_moving = False
