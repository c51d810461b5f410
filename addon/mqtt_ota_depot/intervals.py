"""A bounded set of byte intervals."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from operator import itemgetter
import sys
from typing import Final

MAX_INTERVALS: Final = 1024
_BEYOND: Final = (sys.maxsize, sys.maxsize)
_START: Final = itemgetter(0)


class IntervalSet:
    """Half-open byte intervals, merged where they touch.

    More than `limit` separate intervals are never kept: the smallest one is
    forgotten then, so that a client which asks for every second byte costs
    bounded memory and the total can only be too low, never too high.
    """

    __slots__ = ("_ends", "_limit", "_starts", "_total")

    def __init__(
        self, intervals: Iterable[tuple[int, int]] = (), *, limit: int = MAX_INTERVALS
    ) -> None:
        """Create the set from pairs of start (inclusive) and end (exclusive)."""
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._total = 0
        self._limit = limit
        for start, end in intervals:
            self.add(start, end)

    @property
    def total(self) -> int:
        """Return the number of distinct bytes in the set."""
        return self._total

    def pairs(self) -> list[tuple[int, int]]:
        """Return the intervals in ascending order."""
        return list(zip(self._starts, self._ends, strict=True))

    def covers(self, start: int, end: int) -> bool:
        """Return whether all bytes from `start` to before `end` are in the set."""
        index = bisect_right(self._starts, start) - 1
        return index >= 0 and self._ends[index] >= end

    def add(self, start: int, end: int) -> int:
        """Add the bytes from `start` to before `end`; return how many are new.

        Raises ValueError when the interval is negative or reversed.
        """
        if not 0 <= start <= end:
            msg = f"not an interval: {start}..{end}"
            raise ValueError(msg)
        if start == end:
            return 0
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        known = 0
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
            known = sum(self._ends[i] - self._starts[i] for i in range(first, last))
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]
        new = end - start - known
        self._total += new
        if len(self._starts) > self._limit:
            self._forget_smallest()
        return new

    def add_all(self, intervals: list[tuple[int, int]]) -> None:
        """Add some intervals, which are sorted by that, neighbours together.

        Those that are in the set cost only a look. Raises ValueError as `add` does.
        """
        if not intervals:
            return
        intervals.sort(key=_START)
        starts, ends = self._starts, self._ends
        first, last = intervals[0]
        for start, end in (*intervals, _BEYOND):
            if start > last:
                index = bisect_right(starts, first) - 1
                if index < 0 or ends[index] < last:
                    self.add(first, last)
                first, last = start, end
            elif end > last:
                last = end

    def _forget_smallest(self) -> None:
        """Drop the shortest interval."""
        index = min(range(len(self._starts)), key=lambda i: self._ends[i] - self._starts[i])
        self._total -= self._ends.pop(index) - self._starts.pop(index)
