"""Results for machines and for people."""

import io
import json
import xml.etree.ElementTree as ET

from rich.console import Console

from mqtt_ota_check.case import Case, Group, Result, Verdict, failed, passed, skipped
from mqtt_ota_check.reports import as_json, as_junit
from mqtt_ota_check.screen import Screen, show_list


async def _unused(_bench: object) -> Verdict:
    """Stand for the code of a case that is not run."""
    return passed("")


def result(name: str, verdict: Verdict) -> Result:
    """Return a result of a case."""
    case = Case(
        name=name, title="does it", group=Group.REFUSALS, expected="all is well", run=_unused
    )
    return Result(case=case, verdict=verdict, seconds=1.25, history=("0.00 s  begun",))


RESULTS = [
    result("good", passed("fine", "but late")),
    result("bad", failed("[red]\x07 & <b>", reason="a reason", remedy="a remedy")),
    result("left", skipped("no package")),
]


def test_json() -> None:
    """JSON has everything, and the counts."""
    data = json.loads(as_json("kitchen", RESULTS))
    assert (data["device_id"], data["passed"], data["failed"], data["skipped"]) == (
        "kitchen",
        1,
        1,
        1,
    )
    bad = data["cases"][1]
    assert (bad["outcome"], bad["reason"], bad["remedy"]) == ("failed", "a reason", "a remedy")
    assert bad["expected"] == "all is well"
    assert bad["history"] == ["0.00 s  begun"]


def test_junit() -> None:
    """JUnit XML can be read, whatever a device has said."""
    suite = ET.fromstring(as_junit("kitchen", RESULTS))  # noqa: S314 - made one line before
    assert suite.attrib["tests"] == "3"
    assert suite.attrib["failures"] == suite.attrib["skipped"] == "1"
    failure = suite.find("testcase[@name='bad']/failure")
    assert failure is not None
    assert failure.attrib["message"] == "[red] & <b>"
    assert failure.text
    assert "how to fix: a remedy" in failure.text
    assert suite.find("testcase[@name='left']/skipped") is not None
    assert suite.findtext("testcase[@name='good']/system-out") == "but late"


def shown(console: Console) -> str:
    """Return what a console has written."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_screen() -> None:
    """A failure is told with all that helps; what a device says is no markup."""
    console = Console(file=io.StringIO(), width=120)
    screen = Screen(console, 3)
    screen.start()
    for each in RESULTS:
        screen.result(each)
    screen.stop()
    screen.summary(RESULTS)
    text = shown(console)
    for expected in ("✓ good", "but late", "✗ bad", "[red]", "likely reason", "a remedy", "begun"):
        assert expected in text
    assert "no package" in text
    assert "1 passed, 1 failed, 1 skipped" in text


def test_list() -> None:
    """The list has each case with what it is about."""
    console = Console(file=io.StringIO(), width=120)
    show_list(console, [each.case for each in RESULTS])
    assert "good  does it       refusals" in shown(console)
