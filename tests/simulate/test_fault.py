"""Faults: which there are, and which devices have them."""

from collections import Counter
from random import Random

from hypothesis import given, strategies as st
import pytest

from mqtt_ota_simulate.fault import ABOUT, Fault, Share, spread


def share(fault: Fault, percent: int) -> Share:
    """Return a share."""
    return Share(fault=fault, percent=percent)


def test_every_fault_is_described() -> None:
    """The list of the command leaves none out."""
    assert ABOUT.keys() == set(Fault)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cut", share(Fault.CUT, 100)),
        ("low-battery=20", share(Fault.LOW_BATTERY, 20)),
        ("silent=1", share(Fault.SILENT, 1)),
    ],
)
def test_a_fault_is_given_by_name_and_share(text: str, expected: Share) -> None:
    """Without a share it is that of all devices."""
    assert Share.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tired", "no fault 'tired'; --list shows"),
        ("cut=", "from 1 to 100, for example cut=20"),
        ("cut=0", "from 1 to 100"),
        ("cut=101", "from 1 to 100"),
        ("cut=-5", "from 1 to 100"),
        ("cut=²", "from 1 to 100"),
        ("cut=20%", "from 1 to 100"),
    ],
)
def test_a_slip_is_answered_with_what_would_be_right(text: str, says: str) -> None:
    """Names and numbers are both checked."""
    with pytest.raises(ValueError, match=says):
        Share.parse(text)


@given(
    count=st.integers(1, 200),
    cut=st.integers(1, 50),
    silent=st.integers(1, 50),
    seed=st.integers(),
)
def test_as_many_devices_are_faulty_as_was_asked_for(
    count: int, cut: int, silent: int, seed: int
) -> None:
    """Every device has one fault or none; the same seed gives the same devices."""
    shares = [share(Fault.CUT, cut), share(Fault.SILENT, silent)]
    faults = spread(shares, count, Random(seed))
    assert faults == spread(shares, count, Random(seed))
    counted = Counter(faults)
    assert counted.total() == count
    assert counted[Fault.CUT] == min(count, max(1, round(cut * count / 100)))


def test_more_than_all_devices_cannot_be_faulty() -> None:
    """Two faults without a share are one too many."""
    with pytest.raises(ValueError, match="more than 100 %"):
        spread([share(Fault.CUT, 60), share(Fault.SILENT, 41)], 10, Random(1))
