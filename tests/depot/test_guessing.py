"""Guessing is slowed down, for the guesser alone and in bounded memory."""

from hypothesis import given, strategies as st

from mqtt_ota_depot.guessing import BURST, INTERVAL, MAX_ADDRESSES, Guesses


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        """Begin somewhere."""
        self.seconds = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.seconds


def test_after_a_burst_the_guesser_waits_and_nobody_else() -> None:
    """Twenty at once, then one per interval; the wait does not grow by trying on."""
    clock = Clock()
    guesses = Guesses(clock)
    assert [guesses.note("a") for _ in range(BURST)] == [0] * BURST
    assert [guesses.note("a") for _ in range(1000)] == [int(INTERVAL)] * 1000
    assert guesses.note("b") == 0
    clock.seconds += INTERVAL
    assert (guesses.note("a"), guesses.note("a")) == (0, int(INTERVAL))
    clock.seconds += 3600
    assert [guesses.note("a") for _ in range(BURST + 1)] == [0] * BURST + [int(INTERVAL)]
    assert guesses.wrong == BURST + 1000 + 1 + 2 + BURST + 1
    assert guesses.limited == 1000 + 1 + 1


@given(st.lists(st.floats(0, 20), max_size=300))
def test_no_rhythm_gets_more_guesses(pauses: list[float]) -> None:
    """In any time there are at most a burst and one guess per interval."""
    clock = Clock()
    guesses = Guesses(clock)
    allowed = 0
    for pause in pauses:
        clock.seconds += pause
        allowed += guesses.note("a") == 0
    assert allowed <= BURST + sum(pauses) / INTERVAL + 1


def test_memory_is_bounded() -> None:
    """An attacker with a million addresses fills no memory."""
    guesses = Guesses(Clock())
    for number in range(3 * MAX_ADDRESSES):
        guesses.note(str(number))
    assert len(guesses) == MAX_ADDRESSES
