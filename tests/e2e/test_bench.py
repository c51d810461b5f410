"""The benchmarks: they run to their end and say what they measured; speed itself is no test."""

from pathlib import Path
import subprocess

from benchmarks.report import Figure, Target, figure_table, ratio
import pytest
from stack.places import CHECKOUT

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own_programs")]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a benchmark to its end."""
    return subprocess.run(
        [CHECKOUT / "script" / "bench", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_short_form_measures_the_depot_beside_nginx() -> None:
    """It only shows that everything works: real nginx, real depot, real load."""
    document = CHECKOUT / "docs" / "benchmarks.md"
    before = document.read_bytes() if document.exists() else None
    done = bench("downloads", "--short", "--only", "ranges", "--only", "details", "--only", "slow")
    assert done.returncode == 0, done.stdout + done.stderr
    for figure in (
        "16 KiB ranges, plain: depot / nginx",
        "16 KiB ranges, TLS 1.3: depot / nginx",
        "head of an answer",
        "20 slow TLS clients, depot: failed",
    ):
        assert figure in done.stdout
    assert (document.read_bytes() if document.exists() else None) == before


@pytest.mark.parametrize("name", ["", "nonsense", "../setup"])
def test_unknown_benchmark_is_named_with_the_known_ones(name: str) -> None:
    """A typing error shows what there is."""
    done = bench(name)
    assert done.returncode == 1
    assert "downloads" in done.stderr


def test_ratio_is_taken_turn_by_turn() -> None:
    """A machine that was slow for one turn was slow for both."""
    ours = Figure(name="ours", values=[10, 1, 12])
    peer = Figure(name="peer", values=[20, 2, 20])
    figure = ratio("ours / peer", ours, peer, Target(bound=0.5))
    assert figure.value == 0.5
    assert not figure.is_missed


def test_missed_aim_is_told_but_is_no_failure() -> None:
    """Only a target that is no aim makes --check fail."""
    targets = (Target(bound=1, at_least=False), Target(bound=0.5, at_least=False, is_aim=True))
    figure = Figure(name="cost", values=[0.7], unit="KiB", targets=targets)
    assert not figure.is_missed
    assert figure.row[-1] == "met; missed"
    assert Figure(name="cost", values=[1.1], targets=targets).is_missed


def test_table_is_readable_in_its_source() -> None:
    """Columns are as wide as their widest cell."""
    table = figure_table([Figure(name="a", values=[1234.5], unit="MB/s")])
    widths = {len(line) for line in table.splitlines()}
    assert len(widths) == 1
    assert "1,234 MB/s" in table or "1,235 MB/s" in table


def test_temporary_files_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages that are served take room; none stays."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert bench("downloads", "--short", "--only", "details").returncode == 0
    assert list(tmp_path.iterdir()) == []
