"""The list of cases is sound, and a choice brings what it needs."""

import pytest

from mqtt_ota_check.catalogue import CASES, UnknownCaseError, chosen


def test_needs_stand_before() -> None:
    """A case is run after those whose success it relies on."""
    seen: set[str] = set()
    for case in CASES:
        assert case.name not in seen
        assert set(case.needs) <= seen, case.name
        seen.add(case.name)


def test_every_case_tells_what_is_expected() -> None:
    """A maker can read each case without the code."""
    for case in CASES:
        assert case.title
        assert case.expected


def test_a_case_brings_what_it_needs() -> None:
    """Whoever asks for one case gets those below it as well, in order."""
    assert [case.name for case in chosen(["cut-99"])] == [
        "version-query",
        "good-package",
        "cut-99",
    ]
    assert chosen([]) == list(CASES)


def test_unchecked_bytes_are_dangerous() -> None:
    """No device is sent damaged bytes before it has shown that it checks them."""
    names = [case.name for case in chosen(["garbled-bytes"])]
    assert "wrong-hash" in names


def test_unknown_case() -> None:
    """A typing error is told, with the way to the list."""
    with pytest.raises(UnknownCaseError, match="no case 'cut-100'; --list shows all"):
        chosen(["cut-100"])
