"""What the depot tells of downloads, and how often."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from mqtt_ota_depot.grants import Grant
from mqtt_ota_depot.transfers import LINGER, TELL_INTERVAL, Transfer, TransferBoard

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SIZE = 10_000


def grant(name: str = "g") -> Grant:
    """Return a grant."""
    return Grant(
        id=name,
        token_hash="h" + name,
        package_id="p",
        device_id="d",
        task_id="t" + name,
        expires_at=START + timedelta(days=1),
    )


@dataclass
class Bench:
    """A board with a clock that the test moves and a list of what was told."""

    seconds: float = 100.0
    told: list[dict[str, Any]] = field(default_factory=list)
    aborted: int = 0

    def __post_init__(self) -> None:
        """Create the board with one grant."""
        self.board = TransferBoard(
            self.told.append,
            now=lambda: START + timedelta(seconds=self.seconds),
            monotonic=lambda: self.seconds,
        )
        self.board.add(grant(), SIZE)

    def abort(self) -> None:
        """Count the cuts."""
        self.aborted += 1

    def last(self) -> dict[str, Any]:
        """Return the transfer that was told last."""
        return dict(self.told[-1]["transfer"])


@pytest.fixture
def bench() -> Bench:
    """Return a board under test."""
    return Bench()


def test_begin_and_first_byte_are_told_at_once(bench: Bench) -> None:
    """The first moments matter to who waits for them."""
    with bench.board.response("g", 0, SIZE, bench.abort) as served:
        assert (bench.last()["active"], bench.last()["bytes_served"]) == (True, 0)
        served(0, 1)
        assert bench.last()["bytes_served"] == 1


def test_steps_are_told_once_per_second_and_percent(bench: Bench) -> None:
    """Neither many small steps nor much time alone are told."""
    with bench.board.response("g", 0, SIZE, bench.abort) as served:
        served(0, 100)
        count = len(bench.told)
        for offset in range(100, 5000, 100):
            served(offset, offset + 100)
        assert len(bench.told) == count
        bench.seconds += TELL_INTERVAL
        served(5000, 5001)
        assert (len(bench.told), bench.last()["bytes_served"]) == (count + 1, 5001)
        bench.seconds += TELL_INTERVAL
        served(5001, 5050)
        assert len(bench.told) == count + 1
        served(5050, 5101)
        assert len(bench.told) == count + 2


def test_completion_is_told_at_once_and_ends_the_activity(bench: Bench) -> None:
    """The last byte is news; after it nothing more is expected."""
    with bench.board.response("g", 0, SIZE, bench.abort) as served:
        served(0, SIZE)
        assert (bench.last()["complete"], bench.last()["active"]) == (True, True)
    assert (bench.last()["complete"], bench.last()["active"]) == (True, False)


def test_pauses_between_small_ranges_are_no_news(bench: Bench) -> None:
    """A device that fetches block by block stays active until it rests."""
    for offset in range(0, 4000, 1000):
        with bench.board.response("g", offset, offset + 1000, bench.abort) as served:
            served(offset, offset + 1000)
        bench.seconds += LINGER / 2
        bench.board.flush()
    assert [event["transfer"]["active"] for event in bench.told].count(False) == 0
    bench.seconds += LINGER
    bench.board.flush()
    assert (bench.last()["active"], bench.last()["bytes_served"]) == (False, 4000)
    count = len(bench.told)
    bench.board.flush()
    assert len(bench.told) == count


def test_two_responses_at_once_are_one_activity(bench: Bench) -> None:
    """Only when the last response has ended the transfer rests."""
    with bench.board.response("g", 0, 10, bench.abort):
        with bench.board.response("g", 10, 20, bench.abort):
            pass
        bench.seconds += 10
        bench.board.flush()
        assert bench.last()["active"] is True
    assert bench.board.snapshot()[0]["requests"] == 2


def test_refusals_are_told_with_the_next_flush(bench: Bench) -> None:
    """A storm of refusals makes one event per second."""
    for _ in range(1000):
        bench.board.refused("g")
    assert bench.told == []
    bench.board.flush()
    assert (len(bench.told), bench.last()["refusals"]) == (1, 1000)


def test_a_removed_transfer_cuts_and_is_forgotten(bench: Bench) -> None:
    """Responses that end later change and tell nothing."""
    with bench.board.response("g", 0, SIZE, bench.abort) as served:
        bench.board.remove("g")
        assert bench.aborted == 1
        assert bench.told[-1] == {"type": "transfer_removed", "grant_id": "g"}
        count = len(bench.told)
        served(0, SIZE)
    assert len(bench.told) == count
    assert bench.board.take_unsaved() == {}
    assert bench.board.snapshot() == []


def test_only_changes_are_saved(bench: Bench) -> None:
    """What was saved once is not saved again."""
    bench.board.add(grant("other"), SIZE)
    with bench.board.response("g", 0, 10, bench.abort) as served:
        served(0, 10)
    assert bench.board.urgent.is_set()
    assert list(bench.board.take_unsaved()) == ["g"]
    assert not bench.board.urgent.is_set()
    assert bench.board.take_unsaved() == {}


def test_what_was_not_saved_is_taken_again(bench: Bench) -> None:
    """Without haste, as it was at the end, and not when its grant is gone by now."""
    bench.board.add(grant("other"), SIZE)
    bench.board.refused("other")
    with bench.board.response("g", 0, 10, bench.abort) as served:
        taken = bench.board.take_unsaved()
        bench.board.remove("other")
        bench.board.put_back(taken)
        assert not bench.board.urgent.is_set()
        served(0, 10)
    again = bench.board.take_unsaved()
    assert (sorted(taken), sorted(again)) == (["g", "other"], ["g"])
    assert again["g"]["served"] == [(0, 10)]


def test_a_stopped_board_saves_no_activity(bench: Bench) -> None:
    """After a clean stop nothing counts as interrupted."""
    with bench.board.response("g", 0, 10, bench.abort) as served:
        served(0, 10)
    bench.board.stop()
    assert bench.board.take_unsaved()["g"]["interrupted"] is False


@given(
    st.lists(
        st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)).map(lambda pair: tuple(sorted(pair))),
        max_size=20,
    )
)
def test_a_kept_state_is_the_whole_truth(ranges: list[tuple[int, int]]) -> None:
    """A transfer goes through the catalog's JSON without loss."""
    transfer = Transfer(grant(), SIZE)
    for start, end in ranges:
        transfer.opened(start, end, START)
        transfer.served(start, end, START)
        transfer.closed(START)
    transfer.active = False
    transfer.refused(START)
    again = Transfer(grant(), SIZE)
    again.restore(json.loads(json.dumps(transfer.state())))
    assert again.as_dict() == transfer.as_dict()


def interrupted(served: int) -> Transfer:
    """Return a transfer as it is after the process was killed."""
    transfer = Transfer(grant(), SIZE)
    transfer.opened(0, SIZE, START)
    transfer.served(0, served, START)
    state = transfer.state()
    again = Transfer(grant(), SIZE)
    again.restore(state)
    return again


def test_after_a_kill_the_device_knows_best() -> None:
    """A device that asks for the rest has what comes before, saved or not."""
    transfer = interrupted(1000)
    transfer.opened(6000, SIZE, START)
    assert transfer.bytes_served == 6000
    transfer.served(6000, SIZE, START)
    assert transfer.complete


def test_after_a_kill_a_block_in_the_middle_proves_nothing() -> None:
    """Only a request for the whole rest tells how far the device is."""
    transfer = interrupted(1000)
    transfer.opened(6000, 7000, START)
    assert transfer.bytes_served == 1000


def test_without_a_kill_nothing_is_assumed() -> None:
    """A device that begins in the middle is not said to have the beginning."""
    transfer = Transfer(grant(), SIZE)
    transfer.opened(6000, SIZE, START)
    assert transfer.bytes_served == 0
