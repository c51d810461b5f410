"""What a person sees while the cases run and at the end."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from .case import Case, Outcome, Result
from .reports import count

_SIGNS = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.SKIPPED: "-"}
_STYLES = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.SKIPPED: "yellow"}
_LAST_LINES = 12


class Screen:
    """Writes verdicts as they come, below them the running case."""

    def __init__(self, console: Console, total: int) -> None:
        """Prepare for so many cases."""
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            MofNCompleteColumn(),
            BarColumn(bar_width=20),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("connecting", total=total)

    def start(self) -> None:
        """Show the progress; where there is no terminal, only verdicts are written."""
        if self._console.is_terminal:
            self._progress.start()

    def stop(self) -> None:
        """Take the progress away."""
        self._progress.stop()

    def step(self, text: str) -> None:
        """Show what is done now."""
        self._progress.update(self._task, description=text)

    def ask(self, text: str) -> None:
        """Ask the person at the terminal to do something, and wait for Enter."""
        self._progress.stop()
        self._console.input(f"[bold]{escape(text)}[/bold], then press Enter ")
        self._progress.start()

    def result(self, result: Result) -> None:
        """Write the verdict on a case."""
        self._progress.advance(self._task)
        verdict = result.verdict
        line = Text.assemble(
            (f"{_SIGNS[verdict.outcome]} {result.case.name}", _STYLES[verdict.outcome]),
            f"  {result.case.title}",
            (f"  {result.seconds:.1f} s", "dim"),
        )
        self._console.print(line)
        if verdict.outcome is Outcome.FAILED:
            self._explain(result)
        elif note := verdict.remark or (verdict.saw if verdict.outcome is Outcome.SKIPPED else ""):
            self._console.print(Padding(Text(note, style="dim"), (0, 0, 0, 4)))

    def summary(self, results: Sequence[Result]) -> None:
        """Write how it ended."""
        told = [f"{count(results, outcome)} {outcome}" for outcome in Outcome]
        ok = not count(results, Outcome.FAILED)
        self._console.print(Text(", ".join(told), style="bold green" if ok else "bold red"))

    def _explain(self, result: Result) -> None:
        """Write what a maker needs to mend a failure."""
        verdict = result.verdict
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, text in (
            ("what we saw", verdict.saw),
            ("what we expected", result.case.expected),
            ("likely reason", verdict.reason),
            ("how to fix", verdict.remedy),
            ("what happened", "\n".join(result.history[-_LAST_LINES:])),
        ):
            table.add_row(name, Text(text))
        self._console.print(Padding(table, (0, 0, 1, 4)))


def show_list(console: Console, cases: Sequence[Case]) -> None:
    """Write all cases."""
    table = Table(box=None, pad_edge=False)
    for heading in ("case", "the device …", "group"):
        table.add_column(heading, overflow="fold")
    for case in cases:
        table.add_row(case.name, case.title, case.group)
    console.print(table)
