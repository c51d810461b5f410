"""The set of byte intervals."""

from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from mqtt_ota_depot.intervals import IntervalSet

SIZE = 200
INTERVALS = st.lists(
    st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)).map(lambda pair: (min(pair), max(pair))),
    max_size=60,
)


def covered(pairs: list[tuple[int, int]]) -> set[int]:
    """Return every byte of the intervals."""
    return {byte for start, end in pairs for byte in range(start, end)}


@given(INTERVALS)
def test_counts_distinct_bytes_and_keeps_merged_pairs(intervals: list[tuple[int, int]]) -> None:
    """The set agrees with a naive set of bytes after each addition."""
    served, bytes_seen = IntervalSet(), set[int]()
    for start, end in intervals:
        new = set(range(start, end)) - bytes_seen
        assert served.add(start, end) == len(new)
        bytes_seen |= new
    assert served.total == len(bytes_seen)
    assert covered(served.pairs()) == bytes_seen
    pairs = served.pairs()
    assert all(end < start for (_, end), (start, _) in pairwise(pairs))


@given(INTERVALS, st.lists(INTERVALS, max_size=5))
def test_many_at_once_are_one_after_the_other(
    before: list[tuple[int, int]], batches: list[list[tuple[int, int]]]
) -> None:
    """Whatever order they come in, and whatever is there."""
    at_once, one_by_one = IntervalSet(before), IntervalSet(before)
    for batch in batches:
        for start, end in batch:
            one_by_one.add(start, end)
        at_once.add_all(batch)
        assert at_once.pairs() == one_by_one.pairs()
        assert at_once.total == one_by_one.total


@given(INTERVALS, st.integers(1, 5))
def test_is_bounded_and_never_claims_too_much(intervals: list[tuple[int, int]], limit: int) -> None:
    """With a small bound the set forgets, but never invents bytes."""
    served = IntervalSet(intervals, limit=limit)
    assert len(served.pairs()) <= limit
    assert covered(served.pairs()) <= covered(intervals)
    assert served.total == len(covered(served.pairs()))


@given(INTERVALS)
def test_is_restored_from_its_pairs(intervals: list[tuple[int, int]]) -> None:
    """Pairs are all that needs to be kept."""
    served = IntervalSet(intervals)
    assert IntervalSet(served.pairs()).pairs() == served.pairs()


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (5, 4)])
def test_refuses_what_is_no_interval(start: int, end: int) -> None:
    """Negative and reversed intervals are errors of the caller."""
    with pytest.raises(ValueError, match="not an interval"):
        IntervalSet().add(start, end)
    with pytest.raises(ValueError, match="not an interval"):
        IntervalSet().add_all([(start, end)])


@given(INTERVALS, st.integers(0, SIZE), st.integers(1, SIZE))
def test_tells_what_it_covers(intervals: list[tuple[int, int]], start: int, size: int) -> None:
    """Only when it has every single byte."""
    served = IntervalSet(intervals)
    assert served.covers(start, start + size) is (
        set(range(start, start + size)) <= covered(intervals)
    )
