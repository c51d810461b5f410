"""Writes the page of failure causes from the one table that the engine has of them."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
import sys
from typing import Final

from custom_components.mqtt_ota.upgrade import (
    CAUSE_OF_RESULT_CODE,
    CAUSES,
    MISTAKES,
    Cause,
    Origin,
)

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = Path("docs/failure-causes.md")

INTRODUCTION: Final = """\
# Failure causes

An upgrade that fails names one of these causes: in the attributes of its entities, in the
result event, in the log. The messages are the same in every log; the pages of Home Assistant
show them in the user's language. The time-outs below are the defaults; the options change them.

*Tried again* says whether another attempt may help; only then do the retries of an upgrade,
where some were asked for, begin one.
"""
HEADINGS: Final = {
    Origin.PLATFORM: "Reported by the platform",
    Origin.DEVICE: "Reported by devices",
    Origin.OWN: "Further causes",
}
CODES: Final = """\
## Result codes

What a device reports as `result_code`. A description that begins with a message from the
table "Reported by devices" counts more than the code. The device's own words and its code are
kept beside the cause.

| Code | Cause |
|---|---|
"""
MISTAKES_HEAD: Final = """\
## Likely mistakes of a device

Where what was seen of a failed upgrade shows what its device probably does wrong, that follows
the cause: in the same attributes, events, repairs, notifications and lines of the log. The depot
counts what it has seen; an older depot tells less, and less is guessed then. What stands in braces
is a number.

| Mistake | What to do | What shows it |
|---|---|---|
"""
# The two codes that report no failure.
NO_FAILURE: Final = {
    0: "none: progress, or success when the version is the package's",
    3: "none yet: the device says that it has the version, and is asked for it",
}
FURTHER_CODES: Final = "any other"


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write or check the page; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail on a difference")
    check = parser.parse_args(arguments).check
    path = root / PAGE
    if path.is_file() and path.read_text(encoding="utf-8") == page():
        return 0
    if check:
        print(
            f"Error: {PAGE} differs from the engine's table; "
            "change the table and run script/failure-causes",
            file=sys.stderr,
        )
        return 1
    path.write_text(page(), encoding="utf-8")
    print(f"updated {PAGE}")
    return 0


def page() -> str:
    """Return the whole page."""
    tables = [f"## {heading}\n\n{table(origin)}" for origin, heading in HEADINGS.items()]
    mistakes = MISTAKES_HEAD + "".join(mistake_rows())
    return "\n".join([INTRODUCTION, *tables, mistakes, CODES + "".join(code_rows())])


def table(origin: Origin) -> str:
    """Return the causes of one origin."""
    lines = [
        "| Error message | Description | Solution | When it happens | Result code | Tried again |",
        "|---|---|---|---|---|---|",
    ]
    for cause, text in CAUSES.items():
        if text.origin is origin:
            codes = ", ".join(str(code) for code in codes_of(cause)) or "-"
            again = "yes" if text.retryable else "no"
            lines.append(
                f"| {text.message} | {text.description} | {text.solution} "
                f"| {text.occurs} | {codes} | {again} |"
            )
    return "\n".join(lines) + "\n"


def mistake_rows() -> Iterator[str]:
    """Yield the rows of the table of mistakes."""
    for text in MISTAKES.values():
        yield f"| {text.title} | {text.advice} | {text.evidence} |\n"


def codes_of(cause: Cause) -> list[int]:
    """Return the result codes that stand for a cause."""
    return [code for code, meant in CAUSE_OF_RESULT_CODE.items() if meant is cause]


def code_rows() -> Iterator[str]:
    """Yield the rows of the table of result codes, in their order."""
    meanings = NO_FAILURE | {
        code: CAUSES[cause].message for code, cause in CAUSE_OF_RESULT_CODE.items()
    }
    # The same code stands for a conflict when the description says so.
    meanings[1] += (
        f"; {CAUSES[Cause.TASK_CONFLICT].message} when the description speaks of an upgrade, a log "
        "collection or a restart that goes on"
    )
    for code in sorted(meanings):
        yield f"| {code} | {meanings[code]} |\n"
    yield f"| {FURTHER_CODES} | {CAUSES[Cause.UPDATE_FAILED].message} |\n"


if __name__ == "__main__":
    sys.exit(main())
