"""The reference device's download against servers that misbehave in every known way."""

from pathlib import Path
import ssl
import threading
import time

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from reference_device.download import Download, DownloadOptions, Patience, StoppedError
from reference_device.faults import Cutter
from reference_device.messages import Kind, Upgrade
from reference_device.partial import Partial
from reference_device.results import ResultCode, UpgradeError
from tests.integration.authority import make_authority, make_server, server_context

from .misbehaving_depot import (
    CONTENT,
    ETAG,
    HALF,
    SHA256,
    SIZE,
    Answer,
    MisbehavingDepot,
    cut,
    down,
    hold_open,
    honest,
    part,
    reply,
    stall,
    whole,
)

pytestmark = pytest.mark.long

PATIENCE = Patience(tries=6, bad_answers=4, first_wait=0.001, longest_wait=0.002, timeout=0.3)
OTHER = bytes(SIZE)


def upgrade_to(url: str, **changes: object) -> Upgrade:
    """Return a command for the package of the misbehaving depot."""
    fields = {"kind": Kind.FIRMWARE, "version": "2", "url": url, "token": "secret", "size": SIZE}
    fields |= {"sha256": SHA256, "expires": 86400}
    return Upgrade(**(fields | changes))  # type: ignore[arg-type]


def download(upgrade: Upgrade, folder: Path, **changes: object) -> Path:
    """Download with little patience and return the file."""
    partial = Partial(folder, sha256=upgrade.sha256, size=upgrade.size)
    options = DownloadOptions(
        tls=changes.pop("tls", ssl.create_default_context()),  # type: ignore[arg-type]
        patience=changes.pop("patience", PATIENCE),  # type: ignore[arg-type]
        throttle=changes.pop("throttle", None),  # type: ignore[arg-type]
    )
    parts: dict[str, object] = {"cutter": Cutter(None, 0), "on_bytes": lambda _: None}
    parts |= {"stopping": threading.Event()} | changes
    Download(upgrade, partial, options, **parts).run()  # type: ignore[arg-type]
    return partial.path


def always(answer: bytes) -> Answer:
    """Return an answer that does not care what was asked."""
    return lambda _request: answer


def ranges(*values: str) -> Answer:
    """Return an answer to a range request with these Content-Range headers."""
    return lambda request: part(request.start or 0, content_ranges=values)


LAST = SIZE - 1

# Names follow the list of server misbehaviours that Mender tests its client with.
RESUMED: dict[str, list[Answer]] = {
    "basic_download_and_resume": [cut],
    "unknown_content_length": [cut, ranges(f"bytes {HALF}-{LAST}/*")],
    "resumed_twice": [cut, cut],
    "server_down_and_up": [cut, down, down],
    "server_error_and_up": [cut, always(reply("503 Service Unavailable", []))],
    "silent_server": [stall],
    "garbage_for_a_status_line": [cut, always(b"\x00\xff garbage\r\n\r\n")],
    "part_shorter_than_asked": [
        cut,
        lambda _: part(
            HALF, content_ranges=[f"bytes {HALF}-{HALF + 9}/{SIZE}"], body=CONTENT[HALF : HALF + 10]
        ),
    ],
    "connection_kept_open": [cut, hold_open],
}

# Bodies agree with their headers, so that only the check of the named field can refuse them.
STARTED_OVER: dict[str, list[Answer]] = {
    "early_range_start": [
        cut,
        lambda _: part(
            HALF, content_ranges=[f"bytes {HALF - 10}-{LAST}/{SIZE}"], body=CONTENT[HALF - 10 :]
        ),
    ],
    "late_range_start": [
        cut,
        lambda _: part(
            HALF, content_ranges=[f"bytes {HALF + 10}-{LAST}/{SIZE}"], body=CONTENT[HALF + 10 :]
        ),
    ],
    "broken_content_length": [cut, lambda _: part(HALF, length="12abc")],
    "content_length_contradicts_range": [cut, lambda _: part(HALF, length="7")],
    "empty_content_range": [cut, ranges("")],
    "formatted_but_invalid_content_range": [cut, ranges(f"bytes {LAST}-{HALF}/{SIZE}")],
    "improperly_formatted_content_range": [cut, ranges(f"bytes {HALF}-{LAST}-{SIZE}")],
    "missing_bytes_content_range": [cut, ranges(f"{HALF}-{LAST}/{SIZE}")],
    "missing_content_range": [cut, ranges()],
    "too_many_content_ranges": [cut, ranges(*[f"bytes {HALF}-{LAST}/{SIZE}"] * 2)],
    "invalid_content_range": [cut, ranges("bytes a-b/c")],
    "change_content_length": [cut, ranges(f"bytes {HALF}-{LAST}/{SIZE + 5}")],
    "negative_range": [cut, ranges(f"bytes -{HALF}-{LAST}/{SIZE}")],
    "invalid_end_range": [
        cut,
        lambda _: part(
            HALF, content_ranges=[f"bytes {HALF}-{SIZE}/{SIZE}"], body=CONTENT[HALF:] + b"x"
        ),
    ],
    "huge_numbers": [cut, ranges(f"bytes {HALF}-{'9' * 500}/{'9' * 500}")],
    "digits_of_another_script": [cut, ranges(f"bytes \u0661{HALF}-{LAST}/{SIZE}")],
    "etag_changed_in_part": [cut, lambda _: part(HALF, etag='"other"')],
    "range_not_satisfiable": [cut, always(reply("416 Range Not Satisfiable", []))],
    "garbled_content_start": [
        cut,
        lambda _: part(HALF, body=b"garbled" + CONTENT[HALF + 7 :]),
    ],
    "garbled_bytes": [cut, lambda _: part(HALF, body=CONTENT[HALF:-9] + b"\0garbled\0")],
}

WHOLE_AGAIN: dict[str, list[Answer]] = {
    "no_partial_content_support": [cut, always(whole())],
    "if_range_says_changed": [lambda _: whole(OTHER, etag='"old"')[:-HALF]],
}

ACCEPTED: dict[str, list[Answer]] = {
    "missing_content_length": [always(whole(length=None))],
    "chunked": [
        always(
            reply(
                "200 OK",
                [("Transfer-Encoding", "chunked")],
                f"{SIZE:x}\r\n".encode() + CONTENT + b"\r\n0\r\n\r\n",
            )
        )
    ],
    "more_body_than_announced": [always(whole(CONTENT + b"more"))],
}

ASKED_AGAIN: dict[str, list[Answer]] = {
    "unasked_part": [always(part(0))],
    "unasked_later_part": [always(part(HALF))],
    "compressed": [always(reply("200 OK", [("Content-Encoding", "gzip")], CONTENT))],
    "wrong_length_once": [always(whole(length=str(SIZE + 1)))],
    "two_lengths": [always(reply("200 OK", [("Content-Length", str(SIZE))] * 2, CONTENT))],
    "down_before_the_first_byte": [down],
}


@pytest.mark.parametrize("answers", RESUMED.values(), ids=RESUMED.keys())
def test_resumes(answers: list[Answer], tmp_path: Path) -> None:
    """A download that can go on never asks for its first byte again."""
    with MisbehavingDepot([*answers, honest]) as depot:
        file = download(upgrade_to(depot.url), tmp_path)
    assert file.read_bytes() == CONTENT
    assert depot.starts[0] is None
    assert all(depot.starts[1:])
    assert depot.requests[1].headers["if-range"] == ETAG


@pytest.mark.parametrize(
    ("answers", "starts"),
    [
        pytest.param(answers, starts, id=name)
        for cases, starts in (
            (STARTED_OVER, [None, HALF, None]),
            (WHOLE_AGAIN, [None, HALF]),
            (ACCEPTED, [None]),
            (ASKED_AGAIN, [None, None]),
        )
        for name, answers in cases.items()
    ],
)
def test_starts_over(answers: list[Answer], starts: list[int | None], tmp_path: Path) -> None:
    """A contradictory answer costs the bytes so far, never the right content."""
    with MisbehavingDepot([*answers, honest]) as depot:
        file = download(upgrade_to(depot.url), tmp_path)
    assert file.read_bytes() == CONTENT
    assert depot.starts == starts


def test_weak_etag_is_no_condition(tmp_path: Path) -> None:
    """If-Range needs a strong ETag; without one the hash alone decides."""
    with MisbehavingDepot([always(whole(etag='W/"1"')[:-HALF]), honest]) as depot:
        file = download(upgrade_to(depot.url), tmp_path)
    assert file.read_bytes() == CONTENT
    assert depot.starts == [None, HALF]
    assert "if-range" not in depot.requests[1].headers


@pytest.mark.parametrize(
    ("answer", "code", "most_requests"),
    [
        (down, ResultCode.DOWNLOAD_TIMEOUT, 6),
        (always(reply("500 Internal Server Error", [])), ResultCode.DOWNLOAD_TIMEOUT, 6),
        (always(whole()[:-HALF]), ResultCode.DOWNLOAD_TIMEOUT, 8),
        (always(whole(OTHER)), ResultCode.VERIFICATION_FAILED, 1),
        (always(whole(length=str(SIZE - 1))), ResultCode.VERIFICATION_FAILED, 4),
        (always(part(0)), ResultCode.DOWNLOAD_TIMEOUT, 4),
        (always(reply("401 Unauthorized", [])), ResultCode.INTERNAL_ERROR, 1),
        (always(reply("403 Forbidden", [])), ResultCode.INTERNAL_ERROR, 1),
        (always(reply("404 Not Found", [])), ResultCode.INTERNAL_ERROR, 1),
        (always(reply("302 Found", [("Location", "/x")])), ResultCode.INTERNAL_ERROR, 1),
        (always(reply("204 No Content", [])), ResultCode.INTERNAL_ERROR, 1),
    ],
    ids=[
        "down",
        "500",
        "cuts_for_ever",
        "other",
        "length",
        "206",
        "401",
        "403",
        "404",
        "302",
        "204",
    ],
)
def test_gives_up_with_the_right_code(
    answer: Answer, code: ResultCode, most_requests: int, tmp_path: Path
) -> None:
    """What cannot succeed ends after a bounded number of requests and says why."""
    with MisbehavingDepot([answer]) as depot, pytest.raises(UpgradeError) as caught:
        download(upgrade_to(depot.url), tmp_path)
    assert caught.value.code is code
    assert 1 <= len(depot.requests) <= most_requests
    assert "secret" not in caught.value.reason


@pytest.mark.parametrize(
    ("downs", "tries", "succeeds"),
    [(20, 21, True), (20, 20, False), (3, 4, True), (3, 3, False)],
    ids=["20_sufficient", "20_insufficient", "3_sufficient", "3_insufficient"],
)
def test_server_down_and_up_many_times(
    downs: int, tries: int, succeeds: bool, tmp_path: Path
) -> None:
    """The number of tries decides, counted from the last new byte."""
    patience = Patience(tries=tries, first_wait=0.0001, longest_wait=0.0002, timeout=1)
    with MisbehavingDepot([*[down] * downs, honest]) as depot:
        if succeeds:
            file = download(upgrade_to(depot.url), tmp_path, patience=patience)
            assert file.read_bytes() == CONTENT
        else:
            with pytest.raises(UpgradeError, match="Connection lost"):
                download(upgrade_to(depot.url), tmp_path, patience=patience)
    assert len(depot.requests) == (downs + 1 if succeeds else tries)


def test_tries_begin_anew_with_every_new_byte(tmp_path: Path) -> None:
    """A line that breaks a hundred times but always brings something still gets there."""
    patience = Patience(tries=2, first_wait=0.0001, longest_wait=0.0002, timeout=1)
    with MisbehavingDepot([honest]) as depot:
        file = download(
            upgrade_to(depot.url), tmp_path, patience=patience, cutter=Cutter(SIZE // 100, 99)
        )
    assert file.read_bytes() == CONTENT
    assert depot.starts == [None, *range(SIZE // 100, SIZE, SIZE // 100)]


@pytest.mark.parametrize("position", [1, HALF, SIZE - 1])
def test_cut_on_purpose_falls_on_the_very_byte(position: int, tmp_path: Path) -> None:
    """The fault knob cuts where it says, once, and the download resumes there."""
    with MisbehavingDepot([honest]) as depot:
        file = download(upgrade_to(depot.url), tmp_path, cutter=Cutter(position, 1))
    assert file.read_bytes() == CONTENT
    assert depot.starts == [None, position]


def test_goes_on_after_a_restart_of_the_program(tmp_path: Path) -> None:
    """Bytes of the same package are used again, under a renewed grant too."""
    with MisbehavingDepot([cut, down]) as depot, pytest.raises(UpgradeError):
        download(upgrade_to(depot.url), tmp_path)
    with MisbehavingDepot([honest]) as depot:
        file = download(upgrade_to(depot.url, token="renewed"), tmp_path)
    assert file.read_bytes() == CONTENT
    assert depot.starts == [HALF]
    assert depot.requests[0].headers["authorization"] == "Bearer renewed"
    assert depot.requests[0].headers["if-range"] == ETAG


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"[1]",
        b"{",
        b"\xff",
        f'{{"sha256": "{SHA256}", "size": {SIZE + 1}}}'.encode(),
        f'{{"sha256": "{"0" * 64}", "size": {SIZE}}}'.encode(),
    ],
)
def test_bytes_of_unknown_origin_are_not_used(note: bytes, tmp_path: Path) -> None:
    """A damaged note, or one of another package, means a download from the start."""
    (tmp_path / "package.part").write_bytes(OTHER[:HALF])
    (tmp_path / "package.json").write_bytes(note)
    with MisbehavingDepot([honest]) as depot:
        file = download(upgrade_to(depot.url), tmp_path)
    assert file.read_bytes() == CONTENT
    assert depot.starts == [None]


def test_bytes_lost_in_a_power_cut_are_fetched_again(tmp_path: Path) -> None:
    """A file system may keep the length and lose the content; the hash notices."""
    Partial(tmp_path, sha256=SHA256, size=SIZE).append(OTHER[:HALF])
    with MisbehavingDepot([honest]) as depot:
        file = download(upgrade_to(depot.url), tmp_path)
    assert file.read_bytes() == CONTENT
    assert depot.starts == [HALF, None]


def test_complete_file_needs_no_request(tmp_path: Path) -> None:
    """A restart between the last byte and the installation downloads nothing."""
    Partial(tmp_path, sha256=SHA256, size=SIZE).append(CONTENT)
    with MisbehavingDepot([down]) as depot:
        assert download(upgrade_to(depot.url), tmp_path).read_bytes() == CONTENT
    assert depot.requests == []


def test_asks_exactly_for_the_given_address(tmp_path: Path) -> None:
    """Path and query go out as they came in, the token only as a header."""
    with MisbehavingDepot([honest]) as depot:
        download(upgrade_to(f"{depot.url}?x=1"), tmp_path)
    (request,) = depot.requests
    assert request.path == f"/p/{SHA256[:16]}?x=1"
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["accept-encoding"] == "identity"


def test_no_room_on_the_storage(tmp_path: Path) -> None:
    """A full storage ends the upgrade with its own code instead of being tried again."""
    partial = Partial(tmp_path, sha256=SHA256, size=SIZE)
    partial.path = Path("/dev/full")
    with pytest.raises(UpgradeError) as caught:
        partial.append(b"x")
    assert caught.value.code is ResultCode.INSUFFICIENT_SPACE


def test_stops_at_once_and_keeps_the_bytes(tmp_path: Path) -> None:
    """The end of the program does not wait for the end of a throttled download."""
    stopping = threading.Event()

    def stop_after_a_while(done: int) -> None:
        if done > SIZE // 10:
            stopping.set()

    begun = time.monotonic()
    with MisbehavingDepot([honest]) as depot, pytest.raises(StoppedError):
        download(
            upgrade_to(depot.url),
            tmp_path,
            throttle=SIZE,
            on_bytes=stop_after_a_while,
            stopping=stopping,
        )
    assert time.monotonic() - begun < 2
    assert SIZE // 10 < (tmp_path / "package.part").stat().st_size < SIZE


def test_throttle_holds_the_speed(tmp_path: Path) -> None:
    """A throttled device takes the time that its speed says."""
    begun = time.monotonic()
    with MisbehavingDepot([honest]) as depot:
        download(upgrade_to(depot.url), tmp_path, throttle=SIZE * 4)
    assert 0.2 < time.monotonic() - begun < 3


def test_trusts_the_given_authority_and_resumes(tmp_path: Path) -> None:
    """A depot with a certificate of its own authority is trusted by that authority's file."""
    authority = make_authority()
    server = server_context(tmp_path, make_server(authority))
    trust = ssl.create_default_context(cadata=authority.pem)
    with MisbehavingDepot([cut, honest], tls=server) as depot:
        file = download(upgrade_to(depot.url), tmp_path, tls=trust)
    assert file.read_bytes() == CONTENT
    assert depot.starts == [None, HALF]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"], ids=["authority", "address"])
def test_sends_no_token_to_a_stranger(address: str, tmp_path: Path) -> None:
    """Another authority, or a certificate for another address: no request, a clear end."""
    authority, other = make_authority(), make_authority()
    issuer = other if address == "127.0.0.1" else authority
    server = server_context(tmp_path, make_server(issuer, address=address))
    trust = ssl.create_default_context(cadata=authority.pem)
    Partial(tmp_path, sha256=SHA256, size=SIZE).append(CONTENT[:HALF])
    with (
        MisbehavingDepot([honest], tls=server) as depot,
        pytest.raises(UpgradeError, match="certificate is not trusted") as caught,
    ):
        download(upgrade_to(depot.url), tmp_path, tls=trust)
    assert caught.value.code is ResultCode.INTERNAL_ERROR
    assert depot.requests == []
    assert Partial(tmp_path, sha256=SHA256, size=SIZE).offset == HALF


def test_grant_ends_the_download(tmp_path: Path) -> None:
    """Nobody asks on for longer than the grant lives."""
    with MisbehavingDepot([down]) as depot, pytest.raises(UpgradeError, match="grant is over"):
        download(
            upgrade_to(depot.url, expires=1),
            tmp_path,
            patience=Patience(tries=10**6, first_wait=0.05, longest_wait=0.05, timeout=1),
        )
    assert len(depot.requests) > 5


ANY_ANSWER = st.sampled_from(
    [
        answer
        for cases in (RESUMED, STARTED_OVER, WHOLE_AGAIN, ACCEPTED, ASKED_AGAIN)
        for answers in cases.values()
        for answer in answers
        if answer not in (stall, hold_open)
    ]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(answers=st.lists(ANY_ANSWER, max_size=8))
def test_never_ends_with_other_bytes(
    answers: list[Answer], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever servers do in whatever order: the right bytes, or an error with a code."""
    folder = tmp_path_factory.mktemp("download")
    with MisbehavingDepot([*answers, honest]) as depot:
        try:
            code = None
            file = download(upgrade_to(depot.url), folder)
        except UpgradeError as err:
            code = err.code
    if code is None:
        assert file.read_bytes() == CONTENT
    else:
        assert code in (ResultCode.DOWNLOAD_TIMEOUT, ResultCode.VERIFICATION_FAILED)
    assert len(depot.requests) < 40
