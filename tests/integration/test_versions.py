"""Versions as makers write them, by examples and by what holds for all."""

from hypothesis import given, strategies as st
import pytest

from custom_components.mqtt_ota.versions import compare

SAME = [
    ("1.2", "1.2"),
    ("v1.2", "1.2"),
    ("V1.2", "v1.2"),
    ("1.2", "1.2.0"),
    ("1.2.0+abc", "1.2.0"),
    ("1.2.0+abc", "1.2.0+def"),
    ("1.2.0-RC1", "1.2.0-rc1"),
    (" 1.2 ", "1.2"),
    ("0", "0.0"),
    ("Weather A", "weather a"),
]
OLDER = [
    ("1.9", "1.10"),
    ("v9", "v10"),
    ("1.2.3.4", "1.2.3.10"),
    ("1.4.0", "2026.5.1"),
    ("1.2.0-rc1", "1.2.0"),
    ("1.2.0-rc.2", "1.2.0-rc.10"),
    ("1.4.0b2", "1.4.0b10"),
    ("1.2a9", "1.2b3"),
    ("1.0-alpha", "1.0-beta"),
    ("1.0-dev", "1.0-alpha"),
    ("1.0", "1.0-post1"),
    ("3.0.0-54", "3.0.0-87"),
    ("2026-05-01", "2026-11-30"),
    ("20260501", "20261130"),
    ("build-54", "build-87"),
    ("esp32-1.2.3", "esp32-1.3.0"),
    ("1.0-rc" + "9" * 5000, "1.0"),
]
UNKNOWN = [
    ("3.0.0-54", "3.0.0"),
    ("a1b2c3d", "b2c3d4e"),
    ("1a2b3c4", "9f8e7d6"),
    ("1a2b3c4", "1a3b3c4"),
    ("dev", "1.4.0"),
    ("V1.0.2_a", "V1.0.2_b"),
    ("1.0.2", "1.0.2b"),
    ("1.0-alpha", "1.0-alpha.1"),
    ("spring", "summer"),
    ("", "1"),
]


@st.composite
def version_texts(draw: st.DrawFn) -> str:
    """Return a version as somebody may write it."""
    numbers = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    suffix = draw(st.sampled_from(["", "-rc1", "-rc2", "-54", "-87", "b", "b2", "+x", "_a"]))
    word = draw(st.sampled_from(["", "", "", "v", "a1b2c3d", "dev", "build-"]))
    return f"{word}{'.'.join(map(str, numbers))}{suffix}"


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_written_in_two_ways(one: str, other: str) -> None:
    """What differs only in its spelling is no update."""
    assert compare(one, other) == compare(other, one) == 0


@pytest.mark.parametrize(("older", "newer"), OLDER)
def test_one_is_newer(older: str, newer: str) -> None:
    """Numbers count, and the words that makers use around a release."""
    assert compare(older, newer) == -1
    assert compare(newer, older) == 1


@pytest.mark.parametrize(("one", "other"), UNKNOWN)
def test_hashes_and_names_have_no_order(one: str, other: str) -> None:
    """Hashes and names have no order, and none is made up."""
    assert compare(one, other) is None
    assert compare(other, one) is None


@given(version_texts() | st.text(max_size=20), version_texts() | st.text(max_size=20))
def test_both_ways_agree(one: str, other: str) -> None:
    """Seen from the other side the answer is the opposite."""
    there, back = compare(one, other), compare(other, one)
    assert (there is None and back is None) or (there is not None and there == -(back or 0))
    assert compare(one, one) == 0
