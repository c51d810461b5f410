"""The page of failure causes: whole, and up to date."""

from pathlib import Path
import shutil

import pytest

from custom_components.mqtt_ota.upgrade import CAUSES, MISTAKES, Cause, Mistake
from script.build_failure_causes import PAGE, main, page
from tests.meta.files import ROOT


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository with nothing but the page."""
    (tmp_path / PAGE).parent.mkdir()
    shutil.copy(ROOT / PAGE, tmp_path / PAGE)
    return tmp_path


def test_page_is_up_to_date(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page in the repository is what the table gives, and is not written again."""
    assert main(["--check"], root) == 0
    assert main([], root) == 0
    assert capsys.readouterr() == ("", "")


def test_page_that_was_edited_by_hand(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named with the remedy and left alone; without `--check` it is written anew."""
    (root / PAGE).write_text("# Failure causes\n", encoding="utf-8")
    assert main(["--check"], root) == 1
    assert "run script/failure-causes" in capsys.readouterr().err
    assert (root / PAGE).read_text(encoding="utf-8") == "# Failure causes\n"
    assert main([], root) == 0
    assert (root / PAGE).read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("cause", Cause)
def test_page_has_every_cause_once(cause: Cause) -> None:
    """All its texts stand in one row."""
    text = CAUSES[cause]
    rows = [line for line in page().splitlines() if line.startswith(f"| {text.message} |")]
    assert len(rows) == 1
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert cells[:4] == [text.message, text.description, text.solution, text.occurs]
    assert cells[5] == ("yes" if text.retryable else "no")


@pytest.mark.parametrize("mistake", Mistake)
def test_page_has_every_mistake_once(mistake: Mistake) -> None:
    """With what to do about it and what shows it."""
    text = MISTAKES[mistake]
    assert page().count(f"| {text.title} | {text.advice} | {text.evidence} |\n") == 1


def test_page_has_every_result_code() -> None:
    """Eleven that are told apart, one for everything else inside, and the rest."""
    codes = page().partition("| Code | Cause |")[2].splitlines()[2:]
    assert [row.split("|")[1].strip() for row in codes] == [
        *(str(code) for code in range(11)),
        "255",
        "any other",
    ]
