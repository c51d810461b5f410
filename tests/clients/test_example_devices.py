"""The example devices in conversation with a platform over a real broker, each in every case."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
import random
import re
import ssl

import pytest

from tests.documents import code_spans, table
from tests.integration.authority import make_authority, make_server, server_context
from tests.meta.files import ROOT

from .example_devices import (
    EVERY_EXAMPLE,
    MICROPYTHON,
    CheckedPlatform,
    Example,
    RunningDevice,
    Settings,
)
from .misbehaving_depot import (
    CONTENT,
    HALF,
    SHA256,
    SIZE,
    Answer,
    MisbehavingDepot,
    Request,
    cut,
    down,
    honest,
    part,
    reply,
    stall,
    whole,
)

pytestmark = pytest.mark.e2e

OLD = ("version_report", {"fw_version": "1"})
NEW = ("version_report", {"fw_version": "2"})
Run = Callable[[], RunningDevice]


@pytest.fixture(params=EVERY_EXAMPLE, ids=lambda example: example.name)
def example(request: pytest.FixtureRequest) -> Example:
    """Return one example after the other."""
    device: Example = request.param
    return device


@pytest.fixture
def settings(broker_port: int, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Return settings of a device named after the test."""
    device_id = "".join(char for char in request.node.name if char.isalnum() or char == "_")
    return Settings(device_id=device_id, broker_port=broker_port, folder=tmp_path / "device")


@pytest.fixture
def platform(settings: Settings) -> Iterator[CheckedPlatform]:
    """Return a platform that talks to the device."""
    platform = CheckedPlatform(settings.broker_port, settings.device_id)
    yield platform
    platform.close()
    assert platform.mistakes == []


@pytest.fixture
def run(example: Example, settings: Settings) -> Iterator[Run]:
    """Return a function that switches the device on until the end of the test."""
    with ExitStack() as running:
        yield lambda: running.enter_context(example.running(settings))


@pytest.fixture
def online(platform: CheckedPlatform, run: Run) -> RunningDevice:
    """Return a device that has reported its version."""
    device = run()
    assert platform.next() == OLD, device.log()
    return device


def no_such_package(_request: Request) -> bytes:
    """Answer as for a package that was withdrawn."""
    return reply("404 Not Found", [("Content-Length", "0")])


def unauthorized(_request: Request) -> bytes:
    """Answer as to a token that is over."""
    return reply("401 Unauthorized", [("Content-Length", "0")])


def prove_upgraded(platform: CheckedPlatform, device: RunningDevice) -> None:
    """See the upgrade through to the end: old version, restart, new version, result."""
    *progress, versions, (_, result) = platform.result()
    assert versions == NEW
    assert (result["result_code"], result["progress"]) == (0, 100)
    assert progress
    for event, paras in progress:
        assert event == "upgrade_progress_report"
        assert (paras["result_code"], paras["version"]) == (0, "1")
    assert device.image() == CONTENT


def failure(platform: CheckedPlatform) -> tuple[int, str]:
    """Return code and description of the failure that comes; the old version still runs."""
    _, paras = platform.result()[-1]
    assert paras["version"] == "1"
    return paras["result_code"], paras.get("description", "")


def test_answers_queries(online: RunningDevice, platform: CheckedPlatform) -> None:
    """The device reports unasked, and again whenever asked, whatever else it is sent."""
    platform.send("version_query")
    assert platform.next() == OLD
    platform.send_raw("not JSON")
    platform.send_raw('{"services":[{"service_id":"$log","event_type":"version_query"}]}')
    platform.send_raw(
        '{"later":1,"services":[{"paras":{"later":[{}]},"event_type":"version_query",'
        '"service_id":"$ota"}],"object_device_id":"another"}'
    )
    platform.send("tomorrow", version="2")
    platform.send("version_query", unknown={"version": "9"})
    assert platform.next() == OLD
    assert platform.silent_for(0.2)


def test_upgrade_through_a_cut(online: RunningDevice, platform: CheckedPlatform) -> None:
    """The rest is asked for with the same token, and the new version is proved."""
    with MisbehavingDepot([cut, down, cut, honest]) as depot:
        platform.upgrade(depot.url, custom_info='"url":"https://example.test/" ' * 64)
        prove_upgraded(platform, online)
    assert depot.starts == [None, HALF, HALF, SIZE - 1000]
    assert {request.headers["authorization"] for request in depot.requests} == {"Bearer secret"}
    assert {request.path for request in depot.requests} == {f"/p/{SHA256[:16]}"}


def test_restart_in_mid_download(
    online: RunningDevice, platform: CheckedPlatform, run: Run
) -> None:
    """A power cut costs neither the command nor the bytes, and the new version survives one, too."""
    with MisbehavingDepot([stall, honest]) as depot:
        platform.upgrade(depot.url)
        have = online.wait_for_bytes(SIZE // 4)
        online.kill()
        have = max(have, online.wait_for_bytes(0))
        device = run()
        assert ("version_report", {"fw_version": "1"}) in platform.until(
            lambda event, _: event == "version_report"
        )
        prove_upgraded(platform, device)
    assert depot.starts == [None, have]
    # The broker's word for the result is on its way: without it, the result would come again.
    assert platform.silent_for(0.3)
    device.kill()
    run()
    assert platform.next() == NEW
    assert platform.silent_for(0.2)


def other_part(request: Request) -> bytes:
    """Go on as asked, in another file of the same length."""
    assert request.start
    return part(request.start, body=random.Random(2).randbytes(SIZE - request.start), etag=None)


@pytest.mark.parametrize(
    "answers",
    [
        [cut, lambda _: whole(), honest],
        [cut, other_part, honest],
        [cut, lambda _: part(HALF + 1), honest],
        [cut, lambda _: reply("416 Range Not Satisfiable", [("Content-Length", "0")]), honest],
        [lambda _: reply("503 Service Unavailable", [("Content-Length", "0")]), honest],
        [lambda _: whole(CONTENT[:-1], length=str(SIZE - 1)), honest],
        [lambda _: b"garbage\r\n\r\n", honest],
    ],
    ids=["range ignored", "another file", "wrong offset", "416", "503", "too short", "garbage"],
)
def test_depots_that_misbehave(
    answers: list[Answer], online: RunningDevice, platform: CheckedPlatform
) -> None:
    """Whatever comes in between, the package is whole in the end."""
    with MisbehavingDepot(list(answers)) as depot:
        platform.upgrade(depot.url)
        prove_upgraded(platform, online)


def test_damaged_package(online: RunningDevice, platform: CheckedPlatform) -> None:
    """What differs from its SHA-256 is never installed, and the next attempt begins anew."""
    with MisbehavingDepot([lambda _: whole(CONTENT[::-1]), honest]) as depot:
        platform.upgrade(depot.url)
        assert failure(platform)[0] == 7
        assert online.image() is None
        platform.upgrade(depot.url)
        prove_upgraded(platform, online)
    assert depot.starts == [None, None]


@pytest.mark.parametrize(
    ("answer", "words"), [(unauthorized, ""), (no_such_package, "Invalid URI")]
)
def test_refused_download(
    answer: Answer, words: str, online: RunningDevice, platform: CheckedPlatform
) -> None:
    """A depot that refuses is asked once, and the reason reported."""
    with MisbehavingDepot([answer]) as depot:
        platform.upgrade(depot.url)
        code, description = failure(platform)
    assert code == 255
    assert description.startswith(words)
    assert description
    assert len(depot.requests) == 1
    assert online.image() is None


def test_patience_ends(online: RunningDevice, platform: CheckedPlatform) -> None:
    """A depot that never answers is given up, and the device is there for the next command."""
    with MisbehavingDepot([down]) as depot:
        platform.upgrade(depot.url)
        assert failure(platform)[0] == 6
        assert len(depot.requests) > 5
    platform.send("version_query")
    assert platform.next() == OLD


REFUSED: list[tuple[int, dict[str, object]]] = [
    (3, {"version": "1"}),
    (7, {"sign": None}),
    (7, {"sign": "5" * 63}),
    (8, {"event_type": "software_upgrade"}),
    (255, {"url": "ftp://127.0.0.1/p"}),
    (255, {"url": "http://127.0.0.1/p\r\nX: y"}),
    (255, {"file_size": "many"}),
    (255, {"file_size": -1}),
]


def test_refused_commands(online: RunningDevice, platform: CheckedPlatform) -> None:
    """A command that cannot be carried out is answered at once, without any request."""
    with MisbehavingDepot([honest]) as depot:
        for code, changes in REFUSED:
            platform.upgrade(**({"url": depot.url} | changes))  # type: ignore[arg-type]
            assert failure(platform)[0] == code, changes
        assert depot.requests == []
    platform.send("version_query")
    assert platform.next() == OLD


def test_second_command(online: RunningDevice, platform: CheckedPlatform) -> None:
    """Another package is refused while one is on its way; the same one is not begun twice."""
    with MisbehavingDepot([stall, honest]) as depot:
        platform.upgrade(depot.url)
        online.wait_for_bytes(HALF)
        platform.upgrade(depot.url, version="3")
        _, paras = platform.until(lambda _, paras: paras.get("result_code") == 1)[-1]
        assert paras["version"] == "1"
        platform.upgrade(depot.url, access_token="renewed")
        platform.send("version_query")
        platform.until(lambda event, _: event == "version_report")
        depot.released.set()
        prove_upgraded(platform, online)
    tokens = [request.headers["authorization"] for request in depot.requests]
    assert tokens == ["Bearer secret", "Bearer renewed"]


def test_a_long_life_of_a_small_board_leaves_memory_for_tls(
    settings: Settings, platform: CheckedPlatform, tmp_path: Path
) -> None:
    """However much was said before, every connection finds the memory that TLS wants in one piece."""
    authority = make_authority()
    der = tmp_path / "ca.der"
    der.write_bytes(ssl.PEM_cert_to_DER_cert(authority.pem))
    tls = server_context(tmp_path, make_server(authority))
    settings = replace(settings, ca_der=der)
    answers = [no_such_package] * 4 + [honest]
    with MICROPYTHON.running(settings) as device, MisbehavingDepot(answers, tls=tls) as depot:
        assert platform.next() == OLD, device.log()
        for talk in range(len(answers) - 1):
            # What an upgrade leaves behind lies at another place each time.
            for _ in range(3 + 5 * talk):
                platform.send("version_query")
                assert platform.next() == OLD
            platform.upgrade(depot.url)
            assert failure(platform)[0] == 255, device.log()
        platform.upgrade(depot.url)
        prove_upgraded(platform, device)


def test_settings_of_the_micropython_example() -> None:
    """The table has every setting that is read, and the modules are all there."""
    folder = ROOT / "examples/micropython"
    read = re.findall(r'settings(?:\.get\(|\[)"(\w+)"', (folder / "main.py").read_text())
    readme = "examples/micropython/README.md"
    spans = [name for row in table(readme, "MicroPython device") for name in code_spans(row[0])]
    assert sorted(spans) == sorted(set(read))
    for module in folder.glob("*.py"):
        assert f"| `{module.name}` |" in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("program", "readme", "heading"),
    [
        ("examples/shell/ota-device.sh", "examples/shell/README.md", "Shell device"),
        ("examples/c/main.c", "examples/c/README.md", "C device"),
    ],
)
def test_settings_of_the_examples(program: str, readme: str, heading: str) -> None:
    """The table has every variable that is read."""
    read = re.findall(r"\bOTA_[A-Z_]+", (ROOT / program).read_text())
    spans = [name for row in table(readme, heading) for name in code_spans(row[0])]
    assert sorted(spans) == sorted(set(read))
