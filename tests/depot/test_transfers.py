"""What the depot tells of downloads, and how often."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from mqtt_ota_depot.grants import Grant
from mqtt_ota_depot.transfer import MAX_DOUBTS, Transfer
from mqtt_ota_depot.transfers import LINGER, TELL_INTERVAL, Response, TransferBoard

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

    def open(self, start: int = 0, end: int = SIZE) -> Response:
        """Open a response."""
        return self.board.open("g", start, end, self.abort)

    def fetch(self, start: int, end: int) -> None:
        """Send a response to its end, piece by piece."""
        response = self.open(start, end)
        response.reached((start + end) // 2)
        response.reached(end)
        response.close()

    def last(self) -> dict[str, Any]:
        """Return the transfer that was told last."""
        return dict(self.told[-1]["transfer"])


@pytest.fixture
def bench() -> Bench:
    """Return a board under test."""
    return Bench()


def test_begin_and_first_byte_are_told_at_once(bench: Bench) -> None:
    """The first moments matter to who waits for them."""
    response = bench.open()
    assert (bench.last()["active"], bench.last()["bytes_served"]) == (True, 0)
    response.reached(1)
    assert bench.last()["bytes_served"] == 1


def test_steps_are_told_once_per_second_and_percent(bench: Bench) -> None:
    """Neither many small steps nor much time alone are told."""
    response = bench.open()
    response.reached(100)
    count = len(bench.told)
    for offset in range(100, 5000, 100):
        response.reached(offset + 100)
    assert len(bench.told) == count
    bench.seconds += TELL_INTERVAL
    response.reached(5001)
    assert (len(bench.told), bench.last()["bytes_served"]) == (count + 1, 5001)
    bench.seconds += TELL_INTERVAL
    response.reached(5050)
    assert len(bench.told) == count + 1
    response.reached(5101)
    assert len(bench.told) == count + 2


def test_a_response_never_goes_back(bench: Bench) -> None:
    """What has arrived once counts once, in both sums."""
    response = bench.open()
    for offset in (500, 400, 500, -3):
        response.reached(offset)
    (transfer,) = bench.board.snapshot()
    assert (transfer["bytes_served"], transfer["bytes_sent"]) == (500, 500)


def test_completion_is_told_at_once_and_ends_the_activity(bench: Bench) -> None:
    """The last byte is news; after it nothing more is expected."""
    response = bench.open()
    response.reached(SIZE)
    assert (bench.last()["complete"], bench.last()["active"]) == (True, True)
    response.close()
    assert (bench.last()["complete"], bench.last()["active"]) == (True, False)


def test_a_repeated_download_is_told_when_it_begins_and_rests(bench: Bench) -> None:
    """However many blocks are fetched again, they are two pieces of news."""
    bench.fetch(0, SIZE)
    count = len(bench.told)
    for offset in range(0, SIZE, 100):
        bench.board.served("g", offset, offset + 100)
    assert (len(bench.told), bench.last()["active"]) == (count + 1, True)
    for _ in range(3):
        bench.seconds += LINGER
        bench.board.flush()
    assert (len(bench.told), bench.last()["active"]) == (count + 2, False)
    assert (bench.last()["bytes_sent"], bench.last()["requests"]) == (2 * SIZE, 101)


@pytest.mark.parametrize("step", [1000, -1000], ids=["forwards", "backwards"])
def test_pauses_between_small_ranges_are_no_news(bench: Bench, step: int) -> None:
    """A device that fetches block by block stays active until it rests."""
    for offset in range(0, 4000, 1000)[:: step // 1000]:
        bench.board.served("g", offset, offset + 1000)
        bench.seconds += LINGER / 2
        bench.board.flush()
    assert [event["transfer"]["active"] for event in bench.told].count(False) == 0
    bench.seconds += LINGER
    bench.board.flush()
    assert (bench.last()["active"], bench.last()["bytes_served"]) == (False, 4000)
    count = len(bench.told)
    bench.board.flush()
    assert len(bench.told) == count


def test_what_could_complete_a_download_is_watched(bench: Bench) -> None:
    """It is not over before its last bytes have arrived; that of a complete one is no news."""
    for offset in range(0, SIZE - 100, 100):
        assert bench.board.served("g", offset, offset + 100)
    assert not bench.board.served("g", SIZE - 100, SIZE)
    assert bench.board.get("g").bytes_served == SIZE - 100
    bench.fetch(SIZE - 100, SIZE)
    assert bench.last()["complete"]
    assert bench.board.served("g", SIZE - 100, SIZE)


def test_a_doubt_elsewhere_does_not_disturb_small_ranges(bench: Bench) -> None:
    """Only a request from there on tells what became of a response that broke."""
    transfer = bench.board.get("g")
    bench.board.served("g", 0, 100)
    transfer.cut(5000, 6000)
    assert transfer.served_quietly(200, 300)
    assert not transfer.served_quietly(5500, 5600)
    bench.board.served("g", 5500, 5600)
    assert transfer.bytes_served == 100 + 100 + 500 + 100
    assert transfer.served_quietly(5700, 5800)


def test_progress_by_small_ranges_is_told_with_the_flush(bench: Bench) -> None:
    """Small ranges are counted without a word; who waits hears of them within a second."""
    for offset in range(0, 5000, 100):
        bench.board.served("g", offset, offset + 100)
    assert bench.last()["bytes_served"] == 100
    bench.seconds += TELL_INTERVAL
    bench.board.flush()
    assert bench.last()["bytes_served"] == 5000


@given(
    st.lists(
        st.tuples(st.integers(0, SIZE - 1), st.integers(1, 4000), st.booleans()).map(
            lambda each: (each[0], min(SIZE, each[0] + each[1]), each[2])
        ),
        max_size=60,
    )
)
def test_every_byte_counts_once(ranges: list[tuple[int, int, bool]]) -> None:
    """Overlapping ranges, at once or piece by piece, sum up as a set of bytes does."""
    bench = Bench()
    expected: set[int] = set()
    for start, end, at_once in ranges:
        expected |= set(range(start, end))
        if not at_once or not bench.board.served("g", start, end):
            bench.fetch(start, end)
    (transfer,) = bench.board.snapshot()
    assert transfer["bytes_served"] == len(expected)
    assert transfer["bytes_sent"] == sum(end - start for start, end, _ in ranges)
    assert transfer["requests"] == len(ranges)
    assert transfer["complete"] is (len(expected) == SIZE)


SPAN = st.tuples(st.integers(0, SIZE - 1), st.integers(1, 4000)).map(
    lambda each: (each[0], min(SIZE, each[0] + each[1]))
)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("fetch"), SPAN),
            st.tuples(st.just("break"), SPAN),
            st.tuples(st.just("rest"), st.just((0, 0))),
            st.tuples(st.just("kill"), st.just((0, 0))),
        ),
        max_size=40,
    )
)
def test_small_ranges_count_as_those_that_are_sent_piece_by_piece(
    steps: list[tuple[str, tuple[int, int]]],
) -> None:
    """Through breaks, rests and kills of the process."""
    quick, careful = Bench(), Bench()
    for what, (start, end) in steps:
        for bench in (quick, careful):
            if what == "fetch":
                if bench is careful or not bench.board.served("g", start, end):
                    bench.fetch(start, end)
            elif what == "break":
                response = bench.open(start, end)
                response.cut(end)
                response.close()
            elif what == "rest":
                for _ in range(3):
                    bench.seconds += LINGER
                    bench.board.flush()
            else:
                state = json.loads(json.dumps(bench.board.get("g").state()))
                bench.board.remove("g")
                bench.board.add(grant(), SIZE, state)
    ours, theirs = (bench.board.get("g") for bench in (quick, careful))
    undated = {"started_at": None, "updated_at": None}
    assert ours.state() | undated == theirs.state() | undated
    assert ours.as_dict() | undated == theirs.as_dict() | undated


def test_two_responses_at_once_are_one_activity(bench: Bench) -> None:
    """Only when the last response has ended the transfer rests."""
    first = bench.open(0, 10)
    bench.open(10, 20).close()
    bench.board.flush()
    bench.seconds += 10
    bench.board.flush()
    assert bench.last()["active"] is True
    first.close()
    bench.seconds += 10
    bench.board.flush()
    assert bench.last()["active"] is False
    assert bench.board.snapshot()[0]["requests"] == 2


def test_flushing_costs_nothing_for_transfers_at_rest(bench: Bench) -> None:
    """Only active transfers are looked at, not all that were ever granted."""
    bench.board.served("g", 0, 10)
    for _ in range(3):
        bench.seconds += LINGER
        bench.board.flush()
    assert bench.board._lively == {}
    bench.board.refused("g")
    bench.board.flush()
    assert bench.board._lively == {}
    assert bench.last()["refusals"] == 1


def test_refusals_are_told_with_the_next_flush(bench: Bench) -> None:
    """A storm of refusals makes one event per second."""
    for _ in range(1000):
        bench.board.refused("g")
    assert bench.told == []
    bench.board.flush()
    assert (len(bench.told), bench.last()["refusals"]) == (1, 1000)


def test_a_removed_transfer_cuts_and_is_forgotten(bench: Bench) -> None:
    """Responses that end later change and tell nothing."""
    response = bench.open()
    bench.board.remove("g")
    assert bench.aborted == 1
    assert bench.told[-1] == {"type": "transfer_removed", "grant_id": "g"}
    count = len(bench.told)
    response.reached(SIZE)
    response.close()
    bench.board.flush()
    assert len(bench.told) == count
    assert bench.board.take_unsaved() == {}
    assert bench.board.snapshot() == []


def test_only_changes_are_saved(bench: Bench) -> None:
    """What was saved once is not saved again."""
    bench.board.add(grant("other"), SIZE)
    bench.board.served("g", 0, 10)
    assert bench.board.urgent.is_set()
    assert list(bench.board.take_unsaved()) == ["g"]
    assert not bench.board.urgent.is_set()
    assert bench.board.take_unsaved() == {}


def test_small_ranges_are_saved_after_the_flush(bench: Bench) -> None:
    """Nothing that was counted without a word is lost."""
    bench.board.served("g", 0, 10)
    bench.board.take_unsaved()
    bench.board.served("g", 10, 30)
    bench.board.flush()
    assert bench.board.take_unsaved()["g"]["served"] == [(0, 30)]


def test_what_was_not_saved_is_taken_again(bench: Bench) -> None:
    """Without haste, as it was at the end, and not when its grant is gone by now."""
    bench.board.add(grant("other"), SIZE)
    bench.board.refused("other")
    response = bench.open(0, 10)
    taken = bench.board.take_unsaved()
    bench.board.remove("other")
    bench.board.put_back(taken)
    assert not bench.board.urgent.is_set()
    response.reached(10)
    again = bench.board.take_unsaved()
    assert (sorted(taken), sorted(again)) == (["g", "other"], ["g"])
    assert again["g"]["served"] == [(0, 10)]


def test_a_stopped_board_saves_no_activity(bench: Bench) -> None:
    """After a clean stop nothing counts as interrupted."""
    bench.board.served("g", 0, 10)
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
    transfer.cut(3, 5)
    transfer.rest()
    transfer.refused(START)
    again = Transfer(grant(), SIZE)
    again.restore(json.loads(json.dumps(transfer.state())))
    assert again.as_dict() == transfer.as_dict()
    assert again.state()["doubts"] == [(3, 5)]


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


@pytest.mark.parametrize("served", [[(0, 1000), (5000, 5500)], [(5000, 5500)]])
def test_after_a_kill_the_last_of_several_connections_proves_nothing(
    served: list[tuple[int, int]],
) -> None:
    """A device that fetches several parts at once has gaps before the one that it asks for."""
    transfer = Transfer(grant(), SIZE)
    for start, end in served:
        transfer.opened(start, end, START)
        transfer.served(start, end, START)
    again = Transfer(grant(), SIZE)
    again.restore(transfer.state())
    again.opened(5500, SIZE, START)
    assert again.bytes_served == transfer.bytes_served
    again.served(5500, SIZE, START)
    assert not again.complete


def test_without_a_kill_nothing_is_assumed() -> None:
    """A device that begins in the middle is not said to have the beginning."""
    transfer = Transfer(grant(), SIZE)
    transfer.opened(6000, SIZE, START)
    assert transfer.bytes_served == 0


def broken(reached: int, sent: int) -> Bench:
    """Return a bench with a response that broke with bytes under way."""
    bench = Bench()
    response = bench.open()
    response.reached(reached)
    response.cut(sent)
    response.close()
    return bench


@pytest.mark.parametrize(
    ("resumed", "served"),
    [(1000, 1000), (1001, 1001), (3000, 3000), (4000, 4000), (4001, 1000), (999, 1000), (0, 1000)],
)
def test_where_a_device_resumes_tells_what_it_has(resumed: int, served: int) -> None:
    """Bytes that were under way count when the device goes on behind them, only then."""
    bench = broken(1000, 4000)
    assert bench.board.get("g").bytes_served == 1000
    response = bench.open(resumed, SIZE)
    assert bench.board.get("g").bytes_served == served
    response.reached(SIZE)
    assert bench.board.get("g").complete is (served >= resumed)


def test_a_block_behind_a_break_tells_as_much(bench: Bench) -> None:
    """Devices that fetch small blocks resume like all others."""
    bench = broken(1000, 4000)
    bench.board.served("g", 2500, 2600)
    assert bench.board.get("g").bytes_served == 2600


def test_breaks_are_bounded() -> None:
    """A device that breaks for ever costs no more memory for it."""
    transfer = Transfer(grant(), SIZE)
    for start in range(1, 100):
        transfer.cut(start, SIZE)
    transfer.cut(5, 5)
    assert len(transfer.state()["doubts"]) == MAX_DOUBTS


def skipped(*ranges: tuple[int, int]) -> tuple[int, int] | None:
    """Return the gap of a transfer that was sent ranges, one after the other."""
    bench = Bench()
    for start, end in ranges:
        bench.board.served("g", start, end)
    bench.board.flush()
    return bench.board.get("g").gap


@pytest.mark.parametrize(
    ("ranges", "gap"),
    [
        ([(0, 100), (300, 400)], (100, 300)),
        ([(0, 100), (300, 400), (400, 900)], (100, 300)),
        ([(0, 100), (100, 200)], None),
        ([(0, 100), (50, 200)], None),
        ([(0, 100), (300, 400), (100, 300)], None),
        # What the device had before this grant is not known
        ([(300, 400)], None),
        ([(200, 300), (500, 600)], None),
        # Several connections
        ([(0, 100), (300, 400), (600, 700)], None),
    ],
)
def test_one_passage_passed_over_is_a_gap(
    ranges: list[tuple[int, int]], gap: tuple[int, int] | None
) -> None:
    """Only where the device began at the begin and went on too far once."""
    assert skipped(*ranges) == gap


@pytest.mark.parametrize(("resumed", "gap"), [(700, None), (400, None), (900, (700, 900))])
def test_bytes_under_way_are_no_gap(resumed: int, gap: tuple[int, int] | None) -> None:
    """A device that has all that was sent resumes where that ended; only further on is a gap."""
    bench = broken(reached=400, sent=700)
    bench.board.served("g", resumed, 1000)
    assert bench.board.get("g").gap == gap


def test_requests_without_a_token_are_told_with_the_next_flush(bench: Bench) -> None:
    """Once per second at most, as refusals are, and apart from them."""
    for _ in range(1000):
        bench.board.unauthorised("g")
    assert not bench.told
    bench.board.flush()
    bench.board.flush()
    assert (len(bench.told), bench.last()["unauthorized"], bench.last()["refusals"]) == (1, 1000, 0)
    assert bench.board.take_unsaved().keys() == {"g"}


def test_connection_that_idles_away_after_the_end_is_told_once(bench: Bench) -> None:
    """One that idles away in the middle of a download is a device that was lost."""
    response = bench.open()
    response.reached(SIZE - 1)
    bench.board.left_open("g")
    assert not bench.last()["left_open"]
    response.reached(SIZE)
    response.close()
    bench.board.left_open("g")
    told = len(bench.told)
    assert bench.last()["left_open"]
    bench.board.left_open("g")
    bench.board.left_open("a grant that is gone")
    assert len(bench.told) == told


def test_evidence_is_kept(bench: Bench) -> None:
    """Over a restart, from a state that an older depot has kept, and for the next grant."""
    bench.board.unauthorised("g")
    bench.fetch(0, SIZE)
    bench.board.left_open("g")
    state = json.loads(json.dumps(bench.board.get("g").state()))
    kept, old = Transfer(grant(), SIZE), Transfer(grant(), SIZE)
    kept.restore(state)
    assert (kept.as_dict()["unauthorized"], kept.as_dict()["left_open"]) == (1, True)
    assert kept.inheritance()["unauthorized"] == 1
    old.restore({key: state[key] for key in state.keys() - {"unauthorized", "left_open"}})
    assert (old.as_dict()["unauthorized"], old.as_dict()["left_open"]) == (0, False)
