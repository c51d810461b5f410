"""What was measured, beside what was promised."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

_WHOLE_FROM = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A bound of a figure; an aim is worth knowing, but missing it is no failure."""

    bound: float
    at_least: bool = True
    is_aim: bool = False

    def is_met(self, value: float) -> bool:
        """Return whether a value keeps the bound."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        """Return the bound for a person."""
        sign = "at least" if self.at_least else "at most"
        return f"{'aim: ' if self.is_aim else ''}{sign} {self.bound:g}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One measured value with its unit, and what it is held against."""

    name: str
    values: Sequence[float]
    unit: str = ""
    targets: Sequence[Target] = field(default_factory=tuple)

    @property
    def value(self) -> float:
        """Return the median."""
        return median(self.values)

    @property
    def is_missed(self) -> bool:
        """Return whether a target that is no aim is missed."""
        return any(not target.is_aim and not target.is_met(self.value) for target in self.targets)

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        """Return name, median, spread, targets and verdict."""
        low, high = min(self.values), max(self.values)
        spread = f"{_text(low)} … {_text(high)}" if len(self.values) > 1 else ""
        verdicts = ["met" if target.is_met(self.value) else "missed" for target in self.targets]
        return (
            self.name,
            f"{_text(self.value)} {self.unit}".strip(),
            spread,
            "; ".join(str(target) for target in self.targets),
            "; ".join(verdicts),
        )


def ratio(name: str, ours: Figure, peer: Figure, *targets: Target) -> Figure:
    """Return our values by the peer's, round by round: what disturbed one, disturbed both."""
    values = [mine / theirs for mine, theirs in zip(ours.values, peer.values, strict=True)]
    return Figure(name=name, values=values, targets=targets)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose columns are aligned in the source, too."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in (header, ["-" * width for width in widths], *rows)
    ]
    return "\n".join(f"| {line} |" for line in lines)


def figure_table(figures: Sequence[Figure]) -> str:
    """Return a table of figures."""
    header = ("figure", "median", "spread", "target", "verdict")
    return markdown_table(header, [figure.row for figure in figures])


def _text(value: float) -> str:
    """Return a number with as many digits as mean something."""
    if abs(value) >= _WHOLE_FROM:
        return f"{value:,.0f}"
    return f"{value:.3g}"
