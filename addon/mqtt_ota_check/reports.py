"""Results for machines: JSON, and the XML that test runners call JUnit."""

from collections.abc import Sequence
import json
from pathlib import Path
import xml.etree.ElementTree as ET

from .case import Outcome, Result

FORMAT_VERSION = 1


def as_json(device_id: str, results: Sequence[Result]) -> str:
    """Return all results, with what happened in each case."""
    return json.dumps(
        {
            "format": FORMAT_VERSION,
            "device_id": device_id,
            **{outcome: count(results, outcome) for outcome in Outcome},
            "cases": [_as_dict(result) for result in results],
        },
        indent=2,
    )


def as_junit(device_id: str, results: Sequence[Result]) -> str:
    """Return the results as one test suite."""
    suite = ET.Element(
        "testsuite",
        name=f"mqtt-ota check-device {_clean(device_id)}",
        tests=str(len(results)),
        failures=str(count(results, Outcome.FAILED)),
        errors="0",
        skipped=str(count(results, Outcome.SKIPPED)),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        _add_case(suite, result)
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def count(results: Sequence[Result], outcome: Outcome) -> int:
    """Return how many cases ended so."""
    return sum(result.verdict.outcome is outcome for result in results)


def write(path: Path, text: str) -> None:
    """Write a report; raises OSError."""
    path.write_text(text, encoding="utf-8")


def _as_dict(result: Result) -> dict[str, object]:
    """Return a result as JSON tells it."""
    verdict = result.verdict
    return {
        "name": result.case.name,
        "title": result.case.title,
        "group": result.case.group,
        "outcome": verdict.outcome,
        "saw": verdict.saw,
        "expected": result.case.expected,
        "remark": verdict.remark,
        "reason": verdict.reason,
        "remedy": verdict.remedy,
        "seconds": round(result.seconds, 3),
        "history": list(result.history),
    }


def _add_case(suite: ET.Element, result: Result) -> None:
    """Add one case to the suite."""
    verdict = result.verdict
    case = ET.SubElement(
        suite,
        "testcase",
        classname=str(result.case.group),
        name=result.case.name,
        time=f"{result.seconds:.3f}",
    )
    if verdict.outcome is Outcome.FAILED:
        failure = ET.SubElement(case, "failure", message=_clean(verdict.saw))
        failure.text = _clean(
            f"expected: {result.case.expected}\nlikely reason: {verdict.reason}\n"
            f"how to fix: {verdict.remedy}"
        )
    elif verdict.outcome is Outcome.SKIPPED:
        ET.SubElement(case, "skipped", message=_clean(verdict.saw))
    elif verdict.remark:
        ET.SubElement(case, "system-out").text = _clean(verdict.remark)


def _clean(text: str) -> str:
    """Return a text without the characters that XML forbids; devices choose their words freely."""
    return "".join(char for char in text if char.isprintable() or char == "\n")
