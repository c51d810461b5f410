"""What the gate lets through and what it tells those whom it does not."""

import logging

import pytest

from mqtt_ota_depot.gate import Gate
from mqtt_ota_depot.guessing import BURST
from mqtt_ota_depot.limits import Limits
from mqtt_ota_depot.problems import Problem, ProblemKind
from mqtt_ota_depot.transfer import Transfer

from .test_transfers import SIZE, START, grant


def transfer() -> Transfer:
    """Return a transfer of which nothing was sent."""
    return Transfer(grant(), SIZE)


def test_no_token_is_no_guess() -> None:
    """Programs that send a password only when asked are asked, however often."""
    gate = Gate(Limits())
    for _ in range(2 * BURST):
        problem = gate.unauthorized("a", given=False)
        assert problem.kind is ProblemKind.UNAUTHORIZED
        assert problem.headers["WWW-Authenticate"] == 'Basic realm="mqtt-ota", Bearer'
    assert gate.counts()["wrong_tokens"] == 0


def test_wrong_tokens_are_guesses_of_their_address() -> None:
    """Both forms of an IPv4 address are the same one."""
    gate = Gate(Limits())
    for _ in range(BURST):
        assert gate.unauthorized("::ffff:10.0.0.1", given=True).kind is ProblemKind.UNAUTHORIZED
    problem = gate.unauthorized("10.0.0.1", given=True)
    assert (problem.status, problem.headers["Retry-After"]) == (429, "5")
    assert gate.unauthorized("10.0.0.2", given=True).status == 401
    assert gate.counts()["wrong_tokens"] == BURST + 2


def test_a_package_is_sent_so_many_times(caplog: pytest.LogCaptureFixture) -> None:
    """The next request is refused, the log tells it once, the transfer always."""
    gate = Gate(Limits(repeats=3))
    watched = transfer()
    for _ in range(3):
        gate.admit(watched, "a")
        watched.opened(0, SIZE, START)
        watched.served(0, SIZE, START)
        watched.closed(START)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            with pytest.raises(Problem) as caught:
                gate.admit(watched, "a")
            assert (caught.value.kind, caught.value.status) == (ProblemKind.DOWNLOAD_LIMIT, 403)
    assert len(caplog.records) == 1
    assert watched.as_dict()["exhausted"] is True
    assert (watched.bytes_served, watched.bytes_sent) == (SIZE, 3 * SIZE)
    restored = transfer()
    restored.restore(watched.state())
    assert restored.exhausted
    renewed = transfer()
    renewed.restore(watched.inheritance())
    gate.admit(renewed, "b")


@pytest.mark.parametrize("bound", [True, False])
def test_a_grant_may_belong_to_its_first_address(
    bound: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Another address is told what a stranger is told; a restart forgets nothing."""
    gate = Gate(Limits(bind_grants=bound))
    first = transfer()
    gate.admit(first, "10.0.0.1")
    watched = transfer()
    watched.restore(first.state())
    gate.admit(watched, "::ffff:10.0.0.1")
    if not bound:
        gate.admit(watched, "10.0.0.2")
        return
    with pytest.raises(Problem) as caught:
        gate.admit(watched, "10.0.0.2")
    stranger = gate.unauthorized("10.0.0.3", given=True)
    assert caught.value.as_dict() == stranger.as_dict()
    assert caught.value.headers == stranger.headers
    assert "10.0.0.2" in caplog.text


def test_connections_are_let_in_and_counted() -> None:
    """Those beyond the bound are not, until others end."""
    gate = Gate(Limits(connections_per_address=1))
    assert [gate.connected("a"), gate.connected("a"), gate.connected("b")] == [True, False, True]
    gate.disconnected("a")
    assert gate.connected("a")
    counts = gate.counts()
    assert (counts["connections"], counts["refused_connections"]) == (2, 1)
    assert not gate.paced
    assert Gate(Limits(total_rate=1024)).paced
