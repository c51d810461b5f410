"""Questions that stand in line."""

import asyncio
from collections.abc import Coroutine
from unittest.mock import patch

from custom_components.mqtt_ota import pacing
from custom_components.mqtt_ota.pacing import PacedLine


class Asked:
    """Questions that were asked, and when."""

    def __init__(self) -> None:
        """Begin with none."""
        self.jobs: list[asyncio.Task[None]] = []
        self.names: list[str] = []
        self.times: list[float] = []

    def line(self, limit: int = 1000) -> PacedLine:
        """Return a line whose jobs run on this loop."""
        return PacedLine(self.run, limit)

    def run(self, job: Coroutine[None, None, None]) -> None:
        """Run a job."""
        self.jobs.append(asyncio.create_task(job))

    def ask(self, line: PacedLine, name: str) -> bool:
        """Put a question in line."""

        async def question() -> None:
            self.names.append(name)
            self.times.append(asyncio.get_running_loop().time())

        return line.add(name, question)

    async def wait(self) -> None:
        """Wait until all are asked."""
        await asyncio.gather(*self.jobs)


async def test_each_is_asked_once_and_in_turn() -> None:
    """Who stands in line already is not asked twice; afterwards anybody may again."""
    asked = Asked()
    line = asked.line()
    with patch.object(pacing, "_PAUSE", 0):
        for name in ("a", "b", "a", "c"):
            assert asked.ask(line, name)
        await asked.wait()
        assert asked.names == ["a", "b", "c"]
        asked.ask(line, "a")
        await asked.wait()
    assert asked.names == ["a", "b", "c", "a"]


async def test_so_many_in_a_while() -> None:
    """Fifty a second at the very most; the pauses are not all the same."""
    asked = Asked()
    line = asked.line()
    with patch.object(pacing, "_PAUSE", 0.02):
        for number in range(25):
            asked.ask(line, str(number))
        await asked.wait()
    gaps = [later - earlier for earlier, later in zip(asked.times, asked.times[1:], strict=False)]
    pauses = [gap for gap in gaps if gap > 0.01]
    assert len(pauses) == 4
    assert len({round(pause, 5) for pause in pauses}) > 1


async def test_who_was_asked_leaves_the_line() -> None:
    """A device that speaks is asked at once, and not once more later."""
    asked = Asked()
    line = asked.line()
    with patch.object(pacing, "_PAUSE", 0):
        for name in "abc":
            asked.ask(line, name)
        line.remove("b")
        line.remove("x")
        await asked.wait()
    assert asked.names == ["a", "c"]


async def test_a_line_has_an_end() -> None:
    """Whoever invents devices does not fill the memory."""
    asked = Asked()
    line = asked.line(limit=2)
    assert [asked.ask(line, name) for name in "abca"] == [True, True, False, True]
    with patch.object(pacing, "_PAUSE", 0):
        await asked.wait()


async def test_a_line_that_broke_off_moves_again() -> None:
    """One question that fails does not silence the rest for ever."""
    asked = Asked()
    line = asked.line()

    async def broken() -> None:
        raise OSError("broken")

    line.add("a", broken)
    asked.ask(line, "b")
    assert isinstance((await asyncio.gather(*asked.jobs, return_exceptions=True))[0], OSError)
    asked.ask(line, "c")
    with patch.object(pacing, "_PAUSE", 0):
        await asyncio.gather(*asked.jobs, return_exceptions=True)
    assert asked.names == ["b", "c"]
