"""How the demo tells progress; nothing is started for these tests."""

import io

import pytest
from stack.progress import STAGES, Progress, ProgressDisplay

from custom_components.mqtt_ota.upgrade import State


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return that somebody watches."""
        return True


def entity(**attributes: object) -> dict[str, object]:
    """Return an update entity's state as the REST API gives it."""
    return {"state": "on", "attributes": attributes}


def test_every_state_of_a_task_has_words() -> None:
    """No stage is told by its bare name, and no words are left over."""
    assert set(STAGES) == set(State)


def test_an_entity_without_a_task_has_no_progress() -> None:
    """Nothing is told before Install is pressed."""
    assert Progress.of(entity(stage=None), cuts=0) is None


@pytest.mark.parametrize(
    ("percentage", "cuts", "line"),
    [
        (None, 0, f"{'downloading':<45}"),
        (0, 0, f"{'downloading':<45} [{'.' * 30}]   0 %"),
        (50, 1, f"{'downloading':<45} [{'#' * 15}{'.' * 15}]  50 %  (cut and resumed once)"),
        (100, 2, f"{'downloading':<45} [{'#' * 30}] 100 %  (cut and resumed 2 times)"),
    ],
)
def test_a_line_has_stage_bar_and_cuts(percentage: float | None, cuts: int, line: str) -> None:
    """The bar is as long as the percentage, and is left out where there is none."""
    progress = Progress.of(entity(stage="downloading", update_percentage=percentage), cuts=cuts)
    assert progress is not None
    assert progress.line() == line


def test_a_log_gets_few_lines() -> None:
    """Where nobody watches, a stage has a line per fifth, and each only once."""
    stream = io.StringIO()
    display = ProgressDisplay(stream)
    for percentage in range(101):
        display.show(Progress(stage="downloading", percentage=percentage))
    display.end()
    assert len(stream.getvalue().splitlines()) == 6


def test_a_terminal_gets_one_moving_line_per_stage() -> None:
    """The bar is drawn over itself; a new stage gets a new line."""
    stream = Terminal()
    display = ProgressDisplay(stream)
    for percentage in (1, 2):
        display.show(Progress(stage="downloading", percentage=percentage))
    display.show(Progress(stage="updating"))
    display.end()
    assert stream.getvalue().count("\n") == 3
    assert stream.getvalue().count("\r\x1b[2K") == 1
