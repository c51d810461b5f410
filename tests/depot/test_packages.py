"""What the depot accepts about packages."""

import re
from typing import Any

from hypothesis import given, strategies as st
import pytest

from mqtt_ota_depot.packages import (
    PackageKind,
    read_changes,
    read_facts,
    safe_file_name,
    shortened,
)
from mqtt_ota_depot.problems import Problem, ProblemKind

FACTS = {"kind": "firmware", "model": "weather", "version": "1.4.0"}


def test_the_least_facts_are_enough() -> None:
    """Kind, model and version are all that is required."""
    facts = read_facts(FACTS)
    assert (facts.kind, facts.model, facts.version) == (PackageKind.FIRMWARE, "weather", "1.4.0")
    assert facts.source_versions == ()
    assert facts.release_notes is None


def test_all_facts_are_read() -> None:
    """Every optional fact arrives."""
    facts = read_facts(
        {
            **FACTS,
            "model": "Wetterstation 🌦",
            "source_versions": ["1.2.0", "1.3.0", "1.2.0"],
            "release_notes": "# New\r\n\n\t- faster 👩‍🔧",
            "custom_info": "  ",
            "sha256": "AB" * 32,
        }
    )
    assert facts.source_versions == ("1.2.0", "1.3.0")
    assert facts.release_notes == "# New\r\n\n\t- faster 👩‍🔧"
    assert facts.custom_info is None
    assert facts.sha256 == "ab" * 32


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("kind", "module", "must be firmware or software"),
        ("kind", "", "must be firmware or software"),
        ("model", "", "1 to 128 characters"),
        ("model", "   ", "must not be blank"),
        ("model", "x" * 129, "1 to 128 characters"),
        ("model", "a\nb", "control characters"),
        ("model", "a\x00b", "control characters"),
        ("version", "", "1 to 256 characters"),
        ("version", "1" * 257, "1 to 256 characters"),
        ("version", " 1.0", "must not begin or end with a space"),
        ("version", "1.0 ", "must not begin or end with a space"),
        ("version", "1.0\u00e9", "printable ASCII"),
        ("version", "1\t0", "printable ASCII"),
        ("source_versions", ["1"] * 21, "at most 20 versions"),
        ("source_versions", [""], "1 to 256 characters"),
        ("release_notes", "é" * 40_000, "at most 65536 bytes"),
        ("release_notes", "a\x00b", "control characters"),
        ("release_notes", "a\x1b[31mb", "control characters"),
        ("custom_info", "x" * 4097, "0 to 4096 characters"),
        ("sha256", "12", "64 hexadecimal digits"),
        ("sha256", "g" * 64, "64 hexadecimal digits"),
        ("colour", "red", ""),
        ("model", "\ud800", "valid Unicode"),
    ],
)
def test_wrong_facts_are_refused_by_name(field: str, value: Any, says: str) -> None:
    """The problem names the field and the rule."""
    with pytest.raises(Problem) as caught:
        read_facts({**FACTS, field: value})
    assert caught.value.kind is ProblemKind.INVALID_REQUEST
    assert caught.value.detail.startswith(field)
    assert says in caught.value.detail
    assert str(caught.value.members["field"]).startswith(field)


@pytest.mark.parametrize("field", ["kind", "model", "version"])
def test_required_facts_are_named(field: str) -> None:
    """A missing fact is named."""
    with pytest.raises(Problem, match=f"{field}: is required"):
        read_facts({name: value for name, value in FACTS.items() if name != field})


@pytest.mark.parametrize(
    "body",
    [[], None, "x", 1, {"withdrawn": "yes"}, {"withdrawn": 1}, {"size": 1}, {"sha256": "a" * 64},
     {"file_name": ""}, {"model": None}, {"source_versions": "1.0"}, {"source_versions": [1]}],
)  # fmt: skip
def test_wrong_changes_are_refused(body: object) -> None:
    """Only the facts that may change do, and only to valid values."""
    with pytest.raises(Problem) as caught:
        read_changes(body)
    assert caught.value.kind is ProblemKind.INVALID_REQUEST


def test_changes_are_read() -> None:
    """Facts can be changed and texts removed."""
    assert read_changes(
        {"withdrawn": True, "release_notes": None, "file_name": "../ä b.bin", "source_versions": []}
    ) == {
        "withdrawn": True,
        "release_notes": None,
        "file_name": "b.bin",
        "source_versions": (),
    }


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("weather.bin", "weather.bin"),
        ("../../etc/passwd", "passwd"),
        ("C:\\fw\\a b.bin", "a_b.bin"),
        ("/abs/x.bin", "x.bin"),
        ("..", "package.bin"),
        (".", "package.bin"),
        ("", "package.bin"),
        (None, "package.bin"),
        (".htaccess", "htaccess"),
        ("a\x00\r\nb.bin", "a_b.bin"),
        ('a";filename=b', "a_filename_b"),
        ("прошивка.bin", "bin"),
        ("x" * 300 + ".bin", "x" * 96 + ".bin"),
    ],
)
def test_file_names_become_safe(name: str | None, safe: str) -> None:
    """Path tricks and header tricks in names come to nothing."""
    assert safe_file_name(name) == safe


@given(st.text(max_size=300))
def test_no_file_name_is_unsafe(name: str) -> None:
    """Whatever comes in, an ASCII name without path comes out; again it stays."""
    safe = safe_file_name(name)
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}", safe)
    assert safe_file_name(safe) == safe


def test_names_are_shortened_before_the_suffix() -> None:
    """Devices see the kind of file even in a short name."""
    assert shortened("homeassistant-sensor.bin", 20) == "homeassistant-se.bin"
    assert shortened("short.bin", 20) == "short.bin"
    assert shortened("x." + "y" * 30, 10) == "x.yyyyyyyy"
