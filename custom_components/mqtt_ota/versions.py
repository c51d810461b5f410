"""Versions as makers write them: which of two is newer, where that can be told at all.

Home Assistant's own comparison takes every suffix for a pre-release and knows no order for
build numbers, dates and names; an upgrade that it offers can be one that it offers back.
"""

from dataclasses import dataclass
from functools import lru_cache
import re
from typing import Final

_NUMBERED: Final = re.compile(r"v?(\d+(?:\.\d+)*)(|[-_.~ ].*|[a-z]+[-_.]?\d*)")
# A letter alone is as often a correction (1.0.2b) as a beta (1.0b2): its number tells
_WORD: Final = re.compile(r"[-_.~ ]?([a-z]{2,}|[a-z](?=[-_.]?\d))")
_DIGITS: Final = re.compile(r"\d+")
_HASH: Final = re.compile(r"(?=.*[a-f])[0-9a-f]{7,64}")
# Whoever names a version decides how long it takes to compare
_MAX_REMEMBERED: Final = 4096
_MAX_DIGITS: Final = 18

_BEFORE_RELEASE: Final = {
    "dev": 0,
    "nightly": 0,
    "snapshot": 0,
    "a": 1,
    "alpha": 1,
    "b": 2,
    "beta": 2,
    "pre": 3,
    "preview": 3,
    "c": 4,
    "rc": 4,
}
_AFTER_RELEASE: Final = {"post": 6, "p": 6, "patch": 6, "hotfix": 6, "rev": 6, "r": 6}
_RELEASE: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class _Version:
    """A version in parts: `shape` is its suffix, or all of it, without the numbers."""

    text: str
    release: tuple[int, ...] | None
    shape: str
    numbers: tuple[int, ...]
    rank: int | None


def compare(version: str, other: str) -> int | None:
    """Return 1 for a newer version, -1 for an older one, 0 for the same, None if unknown.

    Versions that differ only in case, a leading v, closing zeros or build metadata
    (semver.org, item 10) are the same.
    """
    one, two = _parsed(version), _parsed(other)
    if one.text == two.text:
        return 0
    if one.release != two.release:
        if one.release is None or two.release is None:
            return None
        return _sign(one.release, two.release)
    if one.shape == two.shape and one.numbers and two.numbers:
        return _sign(one.numbers, two.numbers)
    if one.rank is None or two.rank is None or one.rank == two.rank:
        return None
    return _sign((one.rank,), (two.rank,))


@lru_cache(_MAX_REMEMBERED)
def _parsed(version: str) -> _Version:
    """Return a version in its parts."""
    text = version.strip().casefold().partition("+")[0]
    if (match := _NUMBERED.fullmatch(text)) is None or _HASH.fullmatch(text):
        return _unnumbered(text)
    release = _numbers(match[1])
    while len(release) > 1 and release[-1] == 0:
        release = release[:-1]
    suffix = match[2]
    return _Version(
        text=f"{'.'.join(map(str, release))}{suffix}",
        release=release,
        shape=_DIGITS.sub("#", suffix),
        numbers=_numbers(suffix),
        rank=_rank(suffix),
    )


def _unnumbered(text: str) -> _Version:
    """Return a name, which may have a number in it, or a hash, which has no order."""
    numbers = () if _HASH.fullmatch(text) else _numbers(text)
    return _Version(
        text=text, release=None, shape=_DIGITS.sub("#", text), numbers=numbers, rank=None
    )


def _rank(suffix: str) -> int | None:
    """Return where a suffix stands around the release, None for a word without a place."""
    if not suffix:
        return _RELEASE
    match = _WORD.match(suffix)
    word = match[1] if match else ""
    return _BEFORE_RELEASE.get(word, _AFTER_RELEASE.get(word))


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers in a text; of an endless one only the beginning counts."""
    return tuple(int(digits[:_MAX_DIGITS]) for digits in _DIGITS.findall(text))


def _sign(one: tuple[int, ...], two: tuple[int, ...]) -> int:
    """Return how one tuple stands to another."""
    return (one > two) - (one < two)
